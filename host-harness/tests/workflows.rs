//! Workflows on the command line: inputs, `for_each`, `if`, `retry`, auths, and the check before the first call.
#![allow(clippy::unwrap_used, reason = "a test should fail loudly where it fails")]

mod support;

use practice_looker::PracticeLooker;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::command::{Run, host_harness};
use support::server::server;

/// A folder with files.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path: PathBuf = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

/// Runs a workflow with the guest that misbehaves on demand.
fn guest(steps: &str, arguments: &[&str]) -> Run {
    let folder = Folder::new();
    let workflow = folder.file("workflow.yaml", &format!("name: n\n{steps}"));
    let guest = support::guest_file().display().to_string();
    host_harness(&[&["run", &workflow, "--component", &guest], arguments].concat())
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn elements_run_side_by_side_within_the_limit_and_outputs_keep_their_order() {
    for (at_once, expected) in [(1, 1), (3, 3), (8, 6)] {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (counted, highest) = (Arc::clone(&now), Arc::clone(&most));
        // The first element takes the longest; the length of the body tells which one it was.
        let address = server(move |head| {
            highest.fetch_max(counted.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let number: u64 = head.split("/n").nth(1).unwrap()[..1].parse().unwrap();
            std::thread::sleep(Duration::from_millis(200 - 25 * number));
            counted.fetch_sub(1, Ordering::SeqCst);
            [
                "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
                "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1",
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n22",
                "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n333",
                "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n4444",
                "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n55555",
            ][usize::try_from(number).unwrap()]
        });
        let urls: Vec<String> = (0..6).map(|number| format!("\"http://{address}/n{number}\"")).collect();
        let steps = format!(
            "steps:\n  - id: each\n    for_each: [{}]\n    at_once: {at_once}\n    operation: get\n    input: {{ url: \"$.item\" }}\n  - id: \
             all\n    operation: echo\n    input: {{ id: x, bytes: \"$.steps.each[*].bytes\", second: \"$.steps.each[1]\" }}\n",
            urls.join(", ")
        );
        let address = address.to_string();
        let auth = json!({ "host": address }).to_string();
        let run = guest(&steps, &["--auth", &auth, "--allow-host", &address, "--json"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let outputs = json_of(&run.stdout);
        assert_eq!(outputs["steps"]["all"]["bytes"], json!([0, 1, 2, 3, 4, 5]));
        assert_eq!(outputs["steps"]["all"]["second"], json!({"status": 200, "bytes": 1}));
        assert_eq!(most.load(Ordering::SeqCst), expected, "at_once: {at_once}");
        assert_eq!(now.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn if_leaves_elements_and_steps_out() {
    let steps = "inputs: { flag: {} }\nsteps:\n  - id: each\n    for_each: [{ n: a, on: true }, { n: b, on: false }, { n: c, on: null }, { n: d }]\n    \
                 if: \"$.item.on\"\n    operation: echo\n    input: { id: \"$.item.n\", at: \"$.index\" }\n  - id: never\n    if: false\n    operation: \
                 trap\n  - id: flagged\n    if: \"$.inputs.flag\"\n    operation: echo\n    input: { id: x }\n";
    let run = guest(steps, &["--json", "--inputs", r#"{"flag": true}"#]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(
        json_of(&run.stdout),
        json!({"steps": {"each": [{"id": "a", "at": 0}, null, null, null], "never": null, "flagged": {"id": "x"}}})
    );
    // Text is not converted.
    let run = guest(steps, &["--json", "--set", "flag=false"]);
    assert_eq!(run.code, 1);
    let failure = json_of(&run.stderr);
    assert_eq!((&failure["step"], &failure["fields"][0]["field"]), (&json!("flagged"), &json!("if")));
    let message = failure["message"].as_str().unwrap();
    assert!(message.contains("`$.inputs.flag` gives text; text is not converted: declare the type"), "{message}");
}

#[test]
fn temporary_failures_are_repeated_only_if_the_step_says_so() {
    let refused = "steps:\n  - id: a\n    operation: refuse\n";
    let began = Instant::now();
    let once = guest(refused, &[]);
    assert_eq!(once.code, 75, "{}", once.stderr);
    assert!(!once.stderr.contains("attempt"), "{}", once.stderr);
    let without = began.elapsed();
    let began = Instant::now();
    let twice = guest(&format!("{refused}    retry: {{ attempts: 2 }}\n"), &[]);
    assert_eq!(twice.code, 75, "{}", twice.stderr);
    assert!(twice.stderr.contains("a: attempt 2 of 2 in 2 s: Too many requests."), "{}", twice.stderr);
    // What the failure asks for: 1.5 s.
    assert!(began.elapsed() >= Duration::from_millis(1500), "{:?} against {without:?}", began.elapsed());
    // A permanent failure is not repeated.
    let permanent = guest("steps:\n  - id: a\n    operation: bad-json\n    retry: { attempts: 5 }\n", &[]);
    assert_eq!(permanent.code, 1);
    assert!(!permanent.stderr.contains("attempt"), "{}", permanent.stderr);
}

#[test]
fn a_repeated_call_goes_on_where_it_stopped() {
    let parts = |attempts: u32| {
        guest(
            &format!(
                "steps:\n  - id: a\n    operation: parts\n    input: {{ parts: 9 }}\n    retry: {{ attempts: {attempts} }}\n"
            ),
            &["--json"],
        )
    };
    // Each call gets further, which uses up no attempt.
    let run = parts(2);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(json_of(&run.stdout)["steps"]["a"], json!({"parts": 1}));
    // Without `retry` there is one call, and the failure says how to go on.
    let run = parts(1);
    assert_eq!(run.code, 75);
    assert_eq!(json_of(&run.stderr)["resume"], json!("{\"parts\":8}"));
}

#[test]
fn a_failed_element_ends_the_step_with_the_numbers_and_the_failures() {
    let steps = "steps:\n  - id: first\n    operation: count\n  - id: each\n    for_each: [a, b, { x: 1 }, d, e]\n    operation: echo\n    input: { id: \"$.item\", x: \
                 \"$.item.x\" }\n  - id: last\n    operation: count\n";
    let run = guest(&steps.replace("[a, b, { x: 1 }, d, e]", "[{ x: 1 }, { x: 2 }, {}, { x: 4 }]"), &["--json"]);
    assert_eq!(run.code, 1);
    let failure = json_of(&run.stderr);
    let elements = &failure["elements"];
    assert_eq!(
        (&elements["done"], &elements["failed"], &elements["left"], &elements["failures"][0]["index"]),
        (&json!(2), &json!(1), &json!(1), &json!(2)),
        "{failure}"
    );
    // For people.
    let run = guest(&steps.replace("[a, b, { x: 1 }, d, e]", "[{ x: 1 }, { x: 2 }, {}, { x: 4 }]"), &[]);
    let summary = run.stderr.split("Summary").nth(1).unwrap();
    for expected in [
        ": the run stopped (1 of 3 steps done)\n",
        "\n  first  count  done\n",
        "\n  each   echo   2 done, 1 failed, 1 not started\n         [2] `input.x`: `$.item.x` finds nothing in the element of `for_each`\n",
        "\n  last   count  not started\n",
        "\nerror: step each[2]: ",
    ] {
        assert!(summary.contains(expected), "{expected:?}: {summary}");
    }
}

#[test]
fn auths_that_are_missing_or_ambiguous_are_told() {
    let folder = Folder::new();
    let named = format!("production=@{}", folder.file("production.json", r#"{"host":"b.example.com"}"#));
    let default = format!("@{}", folder.file("default.json", r#"{"host":"a.example.com"}"#));
    let steps = "steps:\n  - { id: a, operation: count }\n  - { id: b, operation: count, auth: production }\n";
    let only = guest(steps, &["--auth", &named]);
    assert_eq!(only.code, 0, "the only auth serves steps that name none: {}", only.stderr);
    let missing = guest(steps, &["--auth", &default]);
    assert_eq!(missing.code, 2, "{}", missing.stderr);
    assert!(
        missing.stderr.contains("step `b`, `auth`: there is no auth `production`; give it by --auth production=@FILE"),
        "{}",
        missing.stderr
    );
    let several = guest(steps, &["--auth", &named, "--auth", &format!("other={default}")]);
    assert!(
        several.stderr.contains("step `a`, `operation`: the step does not say which auth it uses"),
        "{}",
        several.stderr
    );
    let twice = guest(steps, &["--auth", &named, "--auth", &named]);
    assert!(twice.stderr.contains("--auth production is given twice"), "{}", twice.stderr);
}

#[test]
fn two_auths_sign_in_to_two_lookers() {
    let lookers = [PracticeLooker::start().unwrap(), PracticeLooker::start().unwrap()];
    let folder = Folder::new();
    let auth = |looker: &PracticeLooker, name: &str| {
        let auth = json!({"domain": looker.base_url(), "client_id": looker.client_id(), "client_secret": looker.client_secret()});
        format!("@{}", folder.file(name, &auth.to_string()))
    };
    let workflow = folder.file(
        "workflow.yaml",
        "name: n\nsteps:\n  - { id: a, operation: me }\n  - { id: b, operation: me, auth: other }\n  - { id: c, operation: me, auth: other }\n",
    );
    let (default, other) = (auth(&lookers[0], "default.json"), auth(&lookers[1], "other.json"));
    let run = host_harness(&[
        "run",
        &workflow,
        "--auth",
        &default,
        "--auth",
        &format!("other={other}"),
        "--allow-host",
        &lookers[0].base_url(),
        "--allow-host",
        &lookers[1].base_url(),
        "--json",
    ]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let paths =
        |looker: &PracticeLooker| looker.requests().iter().filter(|request| request.path.ends_with("/user")).count();
    assert_eq!((paths(&lookers[0]), paths(&lookers[1])), (1, 2));
    // Every name is the practice Looker with --practice.
    let practice = host_harness(&["run", &workflow, "--practice", "--json"]);
    assert_eq!(practice.code, 0, "{}", practice.stderr);
}

#[test]
fn all_mistakes_are_told_before_any_call() {
    let looker = PracticeLooker::start().unwrap();
    let folder = Folder::new();
    let auth =
        json!({"domain": looker.base_url(), "client_id": looker.client_id(), "client_secret": looker.client_secret()});
    let auth = format!("@{}", folder.file("auth.json", &auth.to_string()));
    let workflow = folder.file(
        "workflow.yaml",
        "name: n\nsteps:\n  - id: users\n    operation: al_users\n  - id: a\n    operation: create_user\n    input: { first_nam: Ada }\n  - id: b\n    \
         operation: user\n    input: { fields: 5, user_id: { x: 1 } }\n  - id: c\n    operation: user\n  - id: d\n    operation: user\n    input: \
         { user_id: \"$.steps.a.idd\", fields: \"$.steps.e.id\" }\n  - id: e\n    operation: all_users\n    for_each: 5\n    retry: 3\n",
    );
    for arguments in [&["--auth", &auth, "--allow-host", &looker.base_url()][..], &["--check"], &["--check", "--json"]]
    {
        let run = host_harness(&[&["run", &workflow], arguments].concat());
        assert_eq!(run.code, 2, "{}", run.stderr);
        for expected in [
            "line 4, step `users`, `operation`: there is no operation `al_users`; did you mean `all_users`?",
            "line 7, step `a`, `input.first_nam`: `create_user` has no input `first_nam`; did you mean `first_name`?",
            "line 10, step `b`, `input.user_id`: this has to be text; an object is not",
            "step `c`, `input`: `user` needs the input `user_id`",
            "line 15, step `d`, `input.user_id`: `$.steps.a.idd` cannot be found: `$.steps.a` has no `idd`; did you mean `id`?",
            "line 15, step `d`, `input.fields`: `$.steps.e.id` refers to step `e`, which runs later",
            "line 18, step `e`, `for_each`: `for_each` has to be a list",
            "line 19, step `e`, `retry`: `retry` has to be an object with `attempts`",
        ] {
            assert!(run.stderr.contains(expected), "{expected}: {}", run.stderr);
        }
        assert_eq!(run.stderr.lines().count(), 8, "{}", run.stderr);
        assert_eq!(looker.requests().len(), 0);
    }
}

#[test]
fn check_needs_no_auth_and_checks_inputs_that_are_given() {
    let example =
        |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name).display().to_string();
    let run = host_harness(&["run", &example("provision.yaml"), "--check"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, "no mistake found in 1 step\n"));
    let people = format!("people=@{}", example("people.csv"));
    let run = host_harness(&["run", &example("provision.yaml"), "--check", "--set", &people]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let folder = Folder::new();
    let csv = folder.file("people.csv", "email,active\na@example.com,true\nb@example.com\nc@example.com,maybe\n");
    let run = host_harness(&["run", &example("provision.yaml"), "--check", "--set", &format!("people=@{csv}")]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("people.csv: line 3: the row has 1 cell, but there are 2 columns"), "{}", run.stderr);
    assert!(run.stderr.contains("people.csv: line 4: column `active`: `maybe` is not true or false"), "{}", run.stderr);
}

#[test]
fn the_provision_example_says_who_was_there_already() {
    let example =
        |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name).display().to_string();
    let folder = Folder::new();
    // The same person twice: the second finds everything as wanted.
    let csv = folder.file(
        "people.csv",
        "email,first_name,last_name,active\na@example.com,A,B,true\nc@example.com,C,D,false\nA@example.com,A,B,TRUE\n",
    );
    let workflow = std::fs::read_to_string(example("provision.yaml")).unwrap().replace("at_once: 8", "at_once: 1");
    let workflow = folder.file("workflow.yaml", &workflow);
    let run = host_harness(&["run", &workflow, "--practice", "--set", &format!("people=@{csv}")]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stderr.ends_with(
            "Summary (1 of 1 steps done)\n  each  provision_user  1 done, 1 already as wanted, 1 left out\n"
        ),
        "{}",
        run.stderr
    );
    let all = format!("people=@{}", example("people.csv"));
    let run = host_harness(&["run", &example("provision.yaml"), "--practice", "--json", "--set", &all]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let outputs = json_of(&run.stdout);
    let each = outputs["steps"]["each"].as_array().unwrap();
    assert_eq!(each.iter().filter(|output| output["changed"] == true).count(), 4);
    assert_eq!(each[4], Value::Null);
}

#[test]
fn a_state_file_and_a_practice_looker_do_not_go_together() {
    let run = guest("steps:\n  - { id: a, operation: count }\n", &["--practice", "--state", "x.state"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("a practice Looker ends with its command"), "{}", run.stderr);
}

#[test]
fn a_state_file_goes_on_after_a_failure() {
    let folder = Folder::new();
    let state = folder.0.path().join("run.state").display().to_string();
    let workflow = folder.file(
        "workflow.yaml",
        "name: n\nsteps:\n  - { id: big, operation: echo, input: { id: x, n: \"12345678901234567890.10\" } }\n  - { id: left-out, if: false, \
         operation: trap }\n  - { id: b, operation: refuse }\n",
    );
    let guest = support::guest_file().display().to_string();
    let run = |arguments: &[&str]| {
        host_harness(&[&["run", &workflow, "--component", &guest, "--state", &state], arguments].concat())
    };
    let first = run(&["--json"]);
    assert_eq!(first.code, 75, "{}", first.stderr);
    let second = run(&[]);
    assert_eq!(second.code, 75);
    assert!(second.stderr.contains("[1/3] big echo already done by an earlier run\n"), "{}", second.stderr);
    assert!(
        second.stderr.contains("run.state has what was done: the same command goes on from there"),
        "{}",
        second.stderr
    );
    // The outputs of the earlier run are there as they were.
    assert_eq!(run(&["--json"]).stdout, first.stdout);
    assert_eq!(json_of(&first.stdout)["steps"]["big"]["n"], "12345678901234567890.10");
    let other =
        host_harness(&["run", &workflow, "--state", &state, "--component", &guest, "--auth", r#"{"host":"a.b"}"#]);
    assert_eq!(other.code, 2);
    assert!(other.stderr.contains("belongs to another run: the auth changed since"), "{}", other.stderr);
}
