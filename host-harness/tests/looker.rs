//! The command line with the Looker connector: the main job, and every kind of failure.
#![allow(clippy::unwrap_used, reason = "a test should fail loudly where it fails")]

mod support;

use practice_looker::{Fault, PracticeLooker};
use serde_json::{Value, json};
use std::path::Path;
use support::command::{Run, host_harness, host_harness_with};
use support::server::server;

fn example(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name).display().to_string()
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn the_main_job_shows_every_step_and_gets_the_user_that_it_created() {
    let run = host_harness(&["run", &example("add-a-user.yaml"), "--practice"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for (step, operation) in [("looker-1", "all_users"), ("looker-2", "create_user"), ("looker-3", "user")] {
        assert!(run.stdout.contains(step), "{}", run.stdout);
        assert!(run.stderr.contains(operation), "{}", run.stderr);
    }
    let steps = parse(&host_harness(&["run", &example("add-a-user.yaml"), "--practice", "--json"]).stdout);
    let steps = &steps["steps"];
    assert!(steps["looker-1"].as_array().is_some_and(|users| users.len() > 1));
    assert!(steps["looker-2"]["id"].is_string());
    assert_eq!(steps["looker-3"]["id"], steps["looker-2"]["id"]);
    assert!(!steps["looker-1"].as_array().unwrap().iter().any(|user| user["id"] == steps["looker-2"]["id"]));
}

#[test]
fn all_operations_are_listed() {
    let run = host_harness(&["operations", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let operations = parse(&run.stdout);
    let (jobs, others): (Vec<_>, Vec<_>) =
        operations.as_array().unwrap().iter().partition(|operation| operation["group"] == "Jobs");
    assert_eq!((others.len(), jobs.is_empty()), (507, false));
    let operation = parse(&host_harness(&["operations", "create_user", "--json"]).stdout);
    assert_eq!(operation["input_schema"]["properties"]["first_name"]["title"], "First name");
    assert!(operation["output_schema"].is_object());
}

/// A failure as a program sees it: exit code, reason, whether to try again, and the fields.
fn failure(run: &Run) -> (i32, String, bool, Vec<String>) {
    assert_eq!(run.stdout, "", "a failure has no result");
    let problem = parse(&run.stderr);
    let fields = problem["fields"].as_array().unwrap().iter();
    let fields = fields.map(|field| field["field"].as_str().unwrap().to_owned()).collect();
    let message = problem["message"].as_str().unwrap();
    assert!(message.len() > 20, "{message} does not say what to do");
    (run.code, problem["reason"].as_str().unwrap().to_owned(), problem["retryable"].as_bool().unwrap(), fields)
}

fn invoke(arguments: &[&str]) -> Run {
    host_harness(&[&["invoke", "--json"], arguments].concat())
}

fn expect(run: &Run, code: i32, reason: &str, fields: &[&str]) {
    let (seen_code, seen_reason, retryable, seen_fields) = failure(run);
    assert_eq!(
        (seen_code, seen_reason.as_str(), seen_fields),
        (code, reason, fields.iter().map(|field| (*field).to_owned()).collect())
    );
    assert_eq!(retryable, code == 75, "{}", run.stderr);
}

#[test]
fn an_auth_that_cannot_be_right_is_refused_by_field() {
    let both = r#"{"domain": "mycompany", "client_id": "i", "client_secret": "hunter2-hunter2", "port": 19999, "region": "eu"}"#;
    expect(&invoke(&["me", "--auth", both]), 1, "invalid-auth", &["region", "port"]);
    let no_secret = r#"{"domain": "mycompany", "client_id": "i"}"#;
    let run = invoke(&["me", "--auth", no_secret]);
    expect(&run, 1, "invalid-auth", &["client_secret"]);
    assert!(run.stderr.contains("LOOKERSDK_CLIENT_SECRET"), "{}", run.stderr);
    expect(&invoke(&["me", "--auth", "{}"]), 1, "invalid-auth", &["domain", "client_id", "client_secret"]);
}

#[test]
fn an_input_that_cannot_be_right_is_refused_by_field() {
    expect(&invoke(&["user", "--practice"]), 1, "invalid-input", &["user_id"]);
    expect(&invoke(&["user", "--practice", "--input", r#"{"user_id": ""}"#]), 1, "invalid-input", &["user_id"]);
    let misspelt = invoke(&["all_users", "--practice", "--input", r#"{"feilds": "id"}"#]);
    expect(&misspelt, 1, "invalid-input", &["feilds"]);
    assert!(misspelt.stderr.contains("did you mean fields"), "{}", misspelt.stderr);
}

#[test]
fn an_unknown_operation_is_told_with_what_was_meant() {
    let run = invoke(&["creat_user", "--practice"]);
    expect(&run, 1, "unknown-operation", &[]);
    assert!(run.stderr.contains("create_user"), "{}", run.stderr);
}

#[test]
fn looker_s_refusals_come_through() {
    let not_found = invoke(&["user", "--practice", "--input", r#"{"user_id": "999"}"#]);
    expect(&not_found, 1, "not-found", &[]);
    assert_eq!(parse(&not_found.stderr)["status"], 404);
    let rejected = invoke(&[
        "create_user_credentials_email",
        "--practice",
        "--input",
        r#"{"user_id": "13", "email": "no address"}"#,
    ]);
    expect(&rejected, 1, "rejected", &["email"]);
    assert_eq!(parse(&rejected.stderr)["status"], 422);
}

#[test]
fn a_wrong_password_is_told_as_such_and_not_shown() {
    let looker = PracticeLooker::start().unwrap();
    let address = looker.base_url();
    let auth =
        json!({"domain": address, "client_id": looker.client_id(), "client_secret": "hunter2-hunter2"}).to_string();
    let run = invoke(&["me", "--auth", &auth, "--allow-host", &address]);
    expect(&run, 1, "unauthenticated", &[]);
    assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
    assert_eq!(looker.requests().len(), 1, "a wrong secret is tried once");
}

#[test]
fn the_environment_signs_in() {
    let looker = PracticeLooker::start().unwrap();
    let address = looker.base_url();
    let variables = [
        ("LOOKERSDK_BASE_URL", address.as_str()),
        ("LOOKERSDK_CLIENT_ID", looker.client_id()),
        ("LOOKERSDK_CLIENT_SECRET", looker.client_secret()),
    ];
    let run = host_harness_with(&["check", "--json", "--allow-host", &address], &variables);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(parse(&run.stdout)["id"].is_string());
}

#[test]
fn what_may_pass_exits_with_75_and_what_may_have_acted_does_not() {
    let looker = PracticeLooker::start().unwrap();
    let address = looker.base_url();
    let auth = json!({"domain": address, "client_id": looker.client_id(), "client_secret": looker.client_secret()})
        .to_string();
    let call = |operation: &str, input: &str| {
        invoke(&[operation, "--input", input, "--auth", &auth, "--allow-host", &address])
    };
    looker.fail_on("GET", "/user", 1, Fault::too_many_requests(3600));
    let limited = call("me", "{}");
    expect(&limited, 75, "rate-limited", &[]);
    assert_eq!(parse(&limited.stderr)["retry_after_ms"], 3_600_000);
    looker.fail_on("GET", "/user", 1, Fault::status(500));
    expect(&call("me", "{}"), 75, "remote-error", &[]);
    looker.fail_on("POST", "/users", 1, Fault::status(500));
    let acted = call("create_user", "{}");
    expect(&acted, 1, "remote-error", &[]);
    assert_eq!(parse(&acted.stderr)["request_sent"], true);
    let sent =
        looker.requests().iter().filter(|request| request.method == "POST" && request.path.ends_with("/users")).count();
    assert_eq!(sent, 1, "a call that may have acted is not repeated");
}

#[test]
fn a_host_that_was_not_named_is_not_reached() {
    let looker = PracticeLooker::start().unwrap();
    let auth = json!({"domain": looker.base_url(), "client_id": "i", "client_secret": "s3cret"}).to_string();
    let run = invoke(&["me", "--auth", &auth]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("--allow-host"), "{}", run.stderr);
    assert!(looker.requests().is_empty());
}

fn workflow(name: &str, text: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn a_reference_that_finds_nothing_ends_the_run_before_its_step() {
    for (name, path, named) in [
        ("nothing.yaml", "$.steps.a.no_such_field", ["no_such_field", "b"]),
        ("no-step.yaml", "$.steps.c.id", ["c", "b"]),
    ] {
        let file = workflow(
            name,
            &format!(
                "name: x\ntrigger: manual\nsteps:\n  - id: a\n    operation: me\n  - id: b\n    operation: user\n    input: {{ user_id: \"{path}\" }}\n"
            ),
        );
        let run = host_harness(&["run", &file, "--practice"]);
        assert_ne!(run.code, 0);
        assert!(named.iter().all(|name| run.stderr.contains(name)), "{}", run.stderr);
    }
}

#[test]
fn results_of_every_kind_are_printed_or_written() {
    let csv = host_harness(&[
        "invoke",
        "run_query",
        "--practice",
        "--input",
        r#"{"query_id": 1, "result_format": "csv", "limit": 3}"#,
    ]);
    assert_eq!(csv.code, 0, "{}", csv.stderr);
    assert_eq!(csv.stdout.lines().count(), 4, "{}", csv.stdout);
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("query.png");
    let name = file.display().to_string();
    let png = host_harness(&[
        "invoke",
        "run_query",
        "--practice",
        "--input",
        r#"{"query_id": 1, "result_format": "png"}"#,
        "--output",
        &name,
    ]);
    assert_eq!(png.code, 0, "{}", png.stderr);
    assert!(std::fs::read(&file).unwrap().starts_with(b"\x89PNG"));
    let nothing = host_harness(&["invoke", "delete_user", "--practice", "--input", r#"{"user_id": 3}"#]);
    assert_eq!((nothing.code, nothing.stdout.trim()), (0, ""), "{}", nothing.stderr);
}

#[test]
fn a_refresh_token_that_is_replaced_is_kept_where_it_came_from() {
    let looker = PracticeLooker::start().unwrap();
    let (folder, address) = (tempfile::tempdir().unwrap(), looker.base_url());
    let file = folder.path().join("auth.json");
    let auth = |token: &str| json!({"domain": address, "client_id": "app", "refresh_token": token}).to_string();
    let first = looker.refresh_token("app");
    std::fs::write(&file, auth(&first)).unwrap();
    let source = format!("@{}", file.display());
    for command in [&["check"][..], &["invoke", "me"], &["invoke", "user", "--input", r#"{"user_id": "999"}"#]] {
        let before = std::fs::read_to_string(&file).unwrap();
        let run = host_harness(&[command, &["--auth", &source, "--allow-host", &address]].concat());
        assert!(run.stderr.contains("auth.json has the new one"), "{command:?}: {}", run.stderr);
        let after = std::fs::read_to_string(&file).unwrap();
        assert_ne!(before, after);
        assert_eq!(parse(&after)["client_id"], "app");
        let token = parse(&after)["refresh_token"].as_str().unwrap().to_owned();
        assert!(!run.stderr.contains(&token) && !run.stdout.contains(&token));
    }
    let run = host_harness(&["check", "--json", "--auth", &source, "--allow-host", &address]);
    assert!(parse(&run.stderr)["note"].as_str().unwrap().contains("auth.json has the new one"), "{}", run.stderr);
    // Without a file the new token is lost. The warning shows neither token.
    let given = looker.refresh_token("app");
    let run = host_harness(&["check", "--auth", &auth(&given), "--allow-host", &address]);
    assert!(!run.stderr.contains(&given) && !run.stdout.contains(&given), "{run:?}");
    assert_eq!(run.code, 0);
    assert!(run.stderr.contains("warning: the refresh token was replaced, and the new one is lost"), "{}", run.stderr);
    let run = host_harness(&["check", "--json", "--auth", &auth(&first), "--allow-host", &address]);
    expect(&run, 1, "unauthenticated", &[]);
}

/// An auth for a practice Looker, with another text as its domain.
fn auth_at(looker: &PracticeLooker, domain: &str) -> String {
    json!({"domain": domain, "client_id": looker.client_id(), "client_secret": looker.client_secret()}).to_string()
}

#[test]
fn any_url_of_the_instance_is_accepted_as_its_domain() {
    let looker = PracticeLooker::start().unwrap();
    let address = looker.base_url();
    for rest in ["", "/", "/browse", "/login?next=%2Fbrowse", "/api/4.0", "/api/4.0/docs", "/#top", "/browse?x=y#z"] {
        let auth = auth_at(&looker, &format!("{address}{rest}"));
        let run = host_harness(&["check", "--auth", &auth, "--allow-host", &address]);
        assert_eq!(run.code, 0, "{rest}: {}", run.stderr);
    }
    let auth = auth_at(&looker, &format!("{address}/looker"));
    let run = invoke(&["me", "--auth", &auth, "--allow-host", &address]);
    expect(&run, 1, "invalid-auth", &["domain"]);
    assert!(run.stderr.contains("/looker"), "{}", run.stderr);
}

#[test]
fn byte_order_marks_in_files_are_ignored() {
    let looker = PracticeLooker::start().unwrap();
    let (folder, address) = (tempfile::tempdir().unwrap(), looker.base_url());
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("\u{feff}{text}")).unwrap();
        format!("@{}", path.display())
    };
    let auth = file("auth.json", &auth_at(&looker, &address));
    let input = file("input.json", r#"{"user_id": "1"}"#);
    let run = invoke(&["user", "--input", &input, "--auth", &auth, "--allow-host", &address]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(parse(&run.stdout)["id"], "1");
}

#[test]
fn environment_values_may_be_quoted_and_are_named_in_failures() {
    let looker = PracticeLooker::start().unwrap();
    let address = looker.base_url();
    for quote in ["\"", "'"] {
        let quoted = |value: &str| format!("{quote}{value}{quote}");
        let (url, id, secret) = (quoted(&address), quoted(looker.client_id()), quoted(looker.client_secret()));
        let variables =
            [("LOOKERSDK_BASE_URL", url.as_str()), ("LOOKERSDK_CLIENT_ID", &id), ("LOOKERSDK_CLIENT_SECRET", &secret)];
        let run = host_harness_with(&["check", "--allow-host", &address], &variables);
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
    for wrong in ["ftp://looker.example.com", "https://looker.example.com/path", "a b"] {
        let run = host_harness_with(
            &["check", "--json"],
            &[
                ("LOOKERSDK_BASE_URL", wrong),
                ("LOOKERSDK_CLIENT_ID", "i"),
                ("LOOKERSDK_CLIENT_SECRET", "hunter2-hunter2"),
            ],
        );
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(run.stderr.contains("LOOKERSDK_BASE_URL"), "{wrong}: {}", run.stderr);
        assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
    }
}

/// As deeply nested as the connector's JSON parser allows: its stack must be large enough for that.
#[test]
fn a_deeply_nested_response_does_not_exhaust_the_connectors_stack() {
    const LEVELS: usize = 62;
    let nested = format!("{}1{}", r#"{"a":["#.repeat(LEVELS), "]}".repeat(LEVELS));
    let response = |status: &str, body: String| -> &'static str {
        let head =
            format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        (head + &body).leak()
    };
    let refused = response("422 Unprocessable Entity", format!(r#"{{"message":"no such field","errors":[{nested}]}}"#));
    let failed = response("200 OK", format!(r#"{{"errors":[{nested}]}}"#));
    let address = server(move |head| if head.starts_with("GET /api/4.0/user ") { refused } else { failed });
    let auth = json!({"domain": format!("http://{address}"), "access_token": "a-token"}).to_string();
    for (operation, input, expected) in [
        ("me", "{}", "no such field"),
        ("run_query", r#"{"query_id": "1", "result_format": "json_detail"}"#, "The query failed"),
    ] {
        let run = invoke(&[operation, "--input", input, "--auth", &auth, "--allow-host", &address.to_string()]);
        let message = parse(&run.stderr)["message"].as_str().unwrap().to_owned();
        assert!(message.contains(expected), "{operation}: {message}");
    }
}
