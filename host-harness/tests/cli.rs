//! The command line: what it prints, where, and how it exits.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use assert_cmd::Command;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Output;
use support::server::server;

/// The command with the guest that misbehaves on demand.
fn guest(arguments: &[&str]) -> Output {
    command().arg("--component").arg(support::guest_file()).args(arguments).output().unwrap()
}

/// The command with the practice Looker.
fn practice(arguments: &[&str]) -> Output {
    command().arg("--practice").args(arguments).output().unwrap()
}

fn command() -> Command {
    let mut command = Command::cargo_bin("host-harness").unwrap();
    for name in ["LOOKERSDK_BASE_URL", "LOOKERSDK_CLIENT_ID", "LOOKERSDK_CLIENT_SECRET"] {
        command.env_remove(name);
    }
    command.env("XDG_CACHE_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
    command
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn describe_tells_what_the_connector_is_and_how_to_sign_in() {
    let output = guest(&["describe"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).starts_with("Test (test 0.1.0)\n"));
    assert!(stdout(&output).contains("host      string required  Host."), "{}", stdout(&output));
    let description = json_of(stdout(&guest(&["--json", "describe"])));
    assert_eq!(description["auth_schema"]["properties"]["password"]["format"], "password");
}

#[test]
fn operations_are_listed_searched_and_shown() {
    let all = guest(&["operations"]);
    assert!(stdout(&all).starts_with("Test\n  allocate          Do allocate\n"), "{}", stdout(&all));
    assert!(stdout(&all).contains("  post              Do post              write\n"));
    assert!(stdout(&all).contains("  spin              Do spin              beta\n"));
    let found = json_of(stdout(&guest(&["operations", "--search", "DOES echo", "--json"])));
    assert_eq!(
        found,
        json!([{"name": "echo", "title": "Do echo", "group": "Test", "description": "Does echo.", "effect": "read", "idempotent": true, "stability": "stable"}])
    );
    let none = guest(&["operations", "--search", "nothing-like-it"]);
    assert_eq!((code(&none), stdout(&none)), (0, ""));
    let one = guest(&["operations", "echo"]);
    assert!(stdout(&one).contains("  id  string required  ID. Which one.\n"), "{}", stdout(&one));
    let one = json_of(stdout(&guest(&["operations", "echo", "--json"])));
    assert_eq!(one["input_schema"]["required"], json!(["id"]));
    assert_eq!(one["media_types"], json!(["application/json"]));
    let unknown = guest(&["operations", "ecko"]);
    assert_eq!((code(&unknown), stderr(&unknown)), (1, "error: There is no operation `ecko`.\n"));
}

#[test]
fn an_output_is_printed_as_it_came() {
    let input = r#"{"z":1.10,"a":12345678901234567890.5}"#;
    let output = guest(&["invoke", "echo", "--input", input]);
    assert_eq!((code(&output), stdout(&output)), (0, format!("{input}\n").as_str()));
    assert_eq!(stdout(&guest(&["invoke", "echo", "--input", input, "--json"])), format!("{input}\n"));
    assert_eq!(stdout(&guest(&["invoke", "text"])), "a,b\n1,2\n");
    assert_eq!(stdout(&guest(&["invoke", "text", "--json"])), "\"a,b\\n1,2\\n\"\n");
    let nothing = guest(&["invoke", "nothing"]);
    assert_eq!((stdout(&nothing), stderr(&nothing)), ("", "done; the operation returns no output\n"));
    assert_eq!(stdout(&guest(&["invoke", "nothing", "--json"])), "null\n");
    assert_eq!(guest(&["invoke", "file"]).stdout, [0x89, b'P', b'N', b'G', 0]);
    assert_eq!(
        json_of(stdout(&guest(&["invoke", "file", "--json"]))),
        json!({"media_type": "image/png", "name": "a.png", "base64": "iVBORwA="})
    );
}

#[test]
fn inputs_come_from_the_command_line_a_file_or_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("input.json");
    fs::write(&file, "{\"from\": \"file\"}").unwrap();
    let from_file = guest(&["invoke", "echo", "--input", &format!("@{}", file.display())]);
    assert_eq!(stdout(&from_file), "{\"from\": \"file\"}\n");
    let mut piped = command();
    piped.arg("--component").arg(support::guest_file()).args(["invoke", "echo", "--input", "-"]);
    assert_eq!(stdout(&piped.write_stdin("{\"from\":\"stdin\"}").output().unwrap()), "{\"from\":\"stdin\"}\n");
}

#[test]
fn a_next_page_is_told_on_standard_error() {
    let input = r#"{"more":"it's"}"#;
    let output = guest(&["invoke", "echo", "--input", input]);
    assert_eq!(stderr(&output), "there is more; the next page is --input '{\"more\":\"it'\\''s\"}'\n");
    let output = guest(&["invoke", "echo", "--input", input, "--json"]);
    assert_eq!(json_of(stderr(&output)), json!({"next": {"more": "it's"}}));
}

#[test]
fn what_comes_from_outside_cannot_control_a_terminal() {
    // What is told of a next page is the connector's text: as JSON it stays the same, and is escaped.
    let input = "{\"more\":\"\u{9b}31m\u{202e}gnp\u{7f}\"}";
    for arguments in [&[][..], &["--json"]] {
        let output = guest(&[&["invoke", "echo", "--input", input], arguments].concat());
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(stderr(&output).contains(r"\u009b31m\u202egnp\u007f"), "{}", stderr(&output));
        assert!(!stderr(&output).contains(['\u{9b}', '\u{202e}', '\u{7f}']));
        // A program that reads the output gets it as it came.
        assert_eq!(stdout(&output), format!("{input}\n"));
    }
    // The log is escaped too.
    let log = guest(&["--log", "guest=debug", "invoke", "whisper", "--input", r#"{"text":"\u001b[2J"}"#]);
    assert!(stderr(&log).contains(r"\u{1b}[2J") && !stderr(&log).contains('\u{1b}'), "{:?}", stderr(&log));
}

#[test]
fn json_output_is_json() {
    let output = guest(&["--json", "invoke", "bad-json"]);
    assert_eq!((code(&output), stdout(&output)), (1, ""));
    assert!(stderr(&output).contains("its output is not JSON"), "{}", stderr(&output));
}

#[test]
fn wrong_usage_exits_with_2_and_shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let unknown_key = file("unknown.yaml", "name: n\nsteps:\n  - id: a\n    operation: echo\n    with: {}\n");
    let no_component = file("no.wasm", "no component");
    let secret_list = file("secret.json", "[\"hunter2\"]");
    let rows: [(&[&str], &str); 14] = [
        (&[], "Usage"),
        (&["frobnicate"], "frobnicate"),
        (&["invoke", "echo", "--input", "{"], "--input: the JSON ends too early (line 1, column 1)"),
        (&["invoke", "echo", "--input", "[1]"], "--input: it has to be a JSON object"),
        (&["invoke", "echo", "--input", "@/nowhere.json"], "--input: /nowhere.json could not be read"),
        (&["invoke", "echo", "--auth", "{\"client_secret\": \"hunter2\", x"], "--auth: it is no JSON"),
        (&["invoke", "echo", "--auth", "\"hunter2\""], "--auth: it has to be a JSON object"),
        (&["invoke", "echo", "--auth", &format!("@{secret_list}")], "it has to be a JSON object"),
        (&["check", "--allow-host", "user@host"], "is not a valid rule"),
        (&["check", "--timeout", "soon"], "90s"),
        (&["check", "--max-memory", "5GiB"], "4GiB"),
        (&["run", "/nowhere.yaml"], "/nowhere.yaml could not be read"),
        (&["run", &unknown_key], "with"),
        (&["describe", "--component", &no_component], "this is not a WebAssembly component"),
    ];
    for (arguments, message) in rows {
        let output = if arguments.contains(&"--component") {
            command().args(arguments).output().unwrap()
        } else {
            guest(arguments)
        };
        assert_eq!(code(&output), 2, "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(message), "{arguments:?}: {}", stderr(&output));
        assert!(!stderr(&output).contains("hunter2"), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn failures_exit_with_1_and_those_that_may_pass_with_75() {
    let retryable = guest(&["invoke", "refuse"]);
    assert_eq!(code(&retryable), 75);
    assert_eq!(stderr(&retryable), "error: Too many requests. (HTTP 429)\nnote: temporary failure; retry in 1.5 s\n");
    let retryable = guest(&["invoke", "refuse", "--json"]);
    assert_eq!(code(&retryable), 75);
    assert_eq!(
        json_of(stderr(&retryable)),
        json!({"reason": "rate-limited", "message": "Too many requests.", "status": 429, "retry_after_ms": 1500, "resume": null,
            "request_sent": false, "fields": [], "documentation_url": null, "retryable": true})
    );
    let permanent = guest(&["invoke", "no-such", "--json"]);
    assert_eq!((code(&permanent), json_of(stderr(&permanent))["reason"].clone()), (1, json!("unknown-operation")));
}

#[test]
fn limits_are_set_by_flags_and_their_failures_name_them() {
    let memory = guest(&["invoke", "allocate", "--max-memory", "16MiB"]);
    assert_eq!(code(&memory), 1);
    assert_eq!(
        stderr(&memory),
        "error: the call was ended because it used more than 16 MiB of memory\nnote: --max-memory raises the limit\n"
    );
    let time = guest(&["invoke", "wait", "--timeout", "200ms", "--json"]);
    assert_eq!(code(&time), 75);
    let time = json_of(stderr(&time));
    assert_eq!((&time["reason"], &time["retryable"]), (&json!("execution-failed"), &json!(true)));
    assert_eq!(time["hints"], json!(["--timeout raises the limit"]));
    let computing = guest(&["invoke", "spin", "--max-cpu-time", "200ms"]);
    assert!(stderr(&computing).contains("--max-cpu-time raises the limit"), "{}", stderr(&computing));

    let endless = server(|head| match head.contains("/body") {
        true => "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n0123456789",
        false => "",
    });
    for (path, flags, expected) in [
        (
            "late",
            ["--first-byte-timeout", "200ms"],
            "did not start its response within 200ms; --first-byte-timeout raises",
        ),
        (
            "body",
            ["--between-bytes-timeout", "200ms"],
            "paused its response for more than 200ms; --between-bytes-timeout raises",
        ),
        ("body", ["--max-response", "9"], "more than 9 bytes of received data"),
    ] {
        let input = json!({ "url": format!("http://{endless}/{path}") }).to_string();
        let (auth, host) = (json!({ "host": endless.to_string() }).to_string(), endless.to_string());
        let call = ["invoke", "get", "--input", &input, "--auth", &auth, "--allow-host", &host];
        let output = guest(&[&call[..], &flags].concat());
        assert_eq!(code(&output), 1);
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
}

#[test]
fn a_refused_connection_is_told_with_the_flag_that_allows_it() {
    let input = r#"{"url":"http://127.0.0.1:9/"}"#;
    let asking = ["invoke", "get", "--input", input, "--auth", r#"{"host":"127.0.0.1:9"}"#];
    for (named, allowed) in
        [(&[][..], false), (&["--allow-host", "*.example.com"], false), (&["--allow-host", "127.0.0.1:9"], true)]
    {
        let output = guest(&[&asking, named].concat());
        assert_eq!(code(&output), 1);
        let expected = if allowed { "ConnectionRefused" } else { "--allow-host 127.0.0.1:9 allows it" };
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
    // What the connector did not ask for is not to be had by a flag.
    let other = guest(&["invoke", "get", "--input", input, "--allow-host", "127.0.0.1:9"]);
    assert!(stderr(&other).contains("the connector did not declare this host"), "{}", stderr(&other));
    assert!(!stderr(&other).contains("allows it"), "{}", stderr(&other));
}

#[test]
fn a_download_appears_when_it_is_complete_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.bin");
    let path = file.display().to_string();
    let download =
        |bytes: u32| guest(&["invoke", "any", "--input", &format!("{{\"bytes\":{bytes}}}"), "--output", &path]);
    let complete = download(700_000);
    assert_eq!(code(&complete), 0, "{}", stderr(&complete));
    assert_eq!(stderr(&complete), format!("wrote {path} (700000 bytes, application/octet-stream)\n"));
    assert_eq!(fs::metadata(&file).unwrap().len(), 700_000);
    // It breaks halfway: the old file stays, and nothing else is left.
    let broken = download(1_600_000);
    assert_eq!((code(&broken), stderr(&broken).contains("The connection broke.")), (75, true));
    assert_eq!(fs::metadata(&file).unwrap().len(), 700_000);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let nowhere = guest(&["invoke", "any", "--output", "/nowhere/file"]);
    assert_eq!(code(&nowhere), 2, "{}", stderr(&nowhere));
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_enough_is_no_error() {
    let program = assert_cmd::cargo::cargo_bin("host-harness");
    // More than a pipe holds, so that the writer meets the closed end.
    let script = format!("set -o pipefail; '{}' operations --json | head -c 1", program.display());
    let output = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
    assert_eq!((code(&output), stdout(&output), stderr(&output)), (0, "[", ""));
    // A reader that is gone before the first word.
    let script = format!("'{}' --component '{}' operations >&-", program.display(), support::guest_file().display());
    let output = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
    assert!(!stderr(&output).contains("panic"), "{}", stderr(&output));
}

fn workflow(folder: &Path, text: &str) -> String {
    let path = folder.join("workflow.yaml");
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn a_workflow_hands_outputs_on_and_each_call_has_its_own_sandbox() {
    let folder = tempfile::tempdir().unwrap();
    let path = workflow(
        folder.path(),
        "name: Chain\nsteps:\n  - { id: first-1, operation: count }\n  - { id: second-2, operation: count }\n  - id: third-3\n    \
         operation: echo\n    input: { id: x, a: \"$.steps.first-1\", b: [\"$.steps.second-2\", \"$$.95\"], c: \"$.steps.*\" }\n  - { id: \
         file, operation: file }\n  - { id: none, operation: nothing }\n",
    );
    let output = guest(&["run", &path]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(
        stdout(&output),
        "# first-1: count\n1\n\n# second-2: count\n1\n\n# third-3: echo\n{\n  \"id\": \"x\",\n  \"a\": 1,\n  \"b\": [\n    1,\n    \
         \"$.95\"\n  ],\n  \"c\": [\n    1,\n    1\n  ]\n}\n\n# file: file\n(file: a.png, image/png, 5 bytes)\n\n# none: nothing\n(no output)\n\n"
    );
    assert!(stderr(&output).starts_with("Chain\n[1/5] first-1 count done in "), "{}", stderr(&output));
    let output = guest(&["run", &path, "--json"]);
    assert_eq!(stderr(&output), "");
    assert_eq!(
        json_of(stdout(&output)),
        json!({"steps": {"first-1": 1, "second-2": 1, "third-3": {"id": "x", "a": 1, "b": [1, "$.95"], "c": [1, 1]},
            "file": {"media_type": "image/png", "name": "a.png", "base64": "iVBORwA="}, "none": null}})
    );
}

#[test]
fn a_workflow_that_cannot_succeed_ends_before_the_step() {
    let folder = tempfile::tempdir().unwrap();
    let run = |steps: &str| {
        let path = workflow(folder.path(), &format!("name: n\nsteps:\n{steps}"));
        guest(&["run", &path, "--json"])
    };
    let unknown = run("  - { id: a, operation: count }\n  - { id: b, operation: no-such }\n");
    assert_eq!((code(&unknown), stdout(&unknown)), (2, ""));
    assert!(
        stderr(&unknown).contains("line 4, step `b`, `operation`: there is no operation `no-such`"),
        "{}",
        stderr(&unknown)
    );
    let nothing =
        run("  - { id: a, operation: count }\n  - { id: b, operation: trap, input: { x: \"$.steps.a.id\" } }\n");
    let failure = json_of(stderr(&nothing));
    assert_eq!((code(&nothing), &failure["reason"], &failure["step"]), (1, &json!("invalid-input"), &json!("b")));
    assert_eq!(failure["message"], "`input.x`: `$.steps.a.id` finds nothing in the output of step `a`");
    // What was done by then is told all the same.
    assert_eq!(json_of(stdout(&nothing)), json!({"steps": {"a": 1}}));
}

#[test]
fn a_workflow_may_be_repeated_only_where_nothing_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let reads =
        workflow(folder.path(), "name: n\nsteps:\n  - { id: a, operation: count }\n  - { id: b, operation: refuse }\n");
    assert_eq!(code(&guest(&["run", &reads])), 75);
    let address = server(|_| "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let writes = workflow(
        folder.path(),
        &format!(
            "name: n\nsteps:\n  - {{ id: a, operation: post, input: {{ url: \"http://{address}/\" }} }}\n  - {{ id: b, operation: refuse }}\n"
        ),
    );
    let address = address.to_string();
    let auth = json!({ "host": address }).to_string();
    let output = guest(&["run", &writes, "--auth", &auth, "--allow-host", &address]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(stderr(&output).contains("a already changed data"), "{}", stderr(&output));
}

#[test]
fn the_examples_run_against_the_practice_looker() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    for name in ["add-a-user.yaml", "onboard.yaml"] {
        let path = examples.join(name).display().to_string();
        let output = practice(&["run", &path, "--json"]);
        assert_eq!(code(&output), 0, "{name}: {}", stderr(&output));
        let steps = json_of(stdout(&output));
        let steps = steps["steps"].as_object().unwrap();
        let created = steps.values().find(|step| step["first_name"].is_string()).unwrap();
        let last = steps.values().next_back().unwrap();
        assert_eq!(last["id"], created["id"], "{name}");
        assert_eq!(last["last_name"], created["last_name"], "{name}");
    }
}

#[test]
fn the_practice_looker_signs_in_and_gets_no_credentials_of_a_real_one() {
    let check = practice(&["check", "--json"]);
    assert_eq!(code(&check), 0, "{}", stderr(&check));
    assert!(json_of(stdout(&check))["id"].is_string());
    let mut with_environment = command();
    with_environment
        .args(["check", "--practice", "--auth", "{\"client_secret\":\"wrong-hunter2\"}"])
        .env("LOOKERSDK_CLIENT_SECRET", "real-hunter2");
    let output = with_environment.output().unwrap();
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("error: "), "{}", stderr(&output));
    assert!(!stderr(&output).contains("hunter2"), "{}", stderr(&output));
}

#[test]
fn the_connector_gets_lookers_variables_and_no_others() {
    let mut command = command();
    command.arg("--component").arg(support::guest_file()).args(["invoke", "environment"]);
    command.env("LOOKERSDK_BASE_URL", "https://looker.example.com").env("LOOKERSDK_VERIFY_SSL", "true");
    assert_eq!(stdout(&command.output().unwrap()), "LOOKERSDK_BASE_URL=https://looker.example.com");
}
