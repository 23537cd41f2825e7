//! `serve` carries out runs, tells what happens, and keeps the outputs: with the practice Looker and with another connector.
#![allow(clippy::unwrap_used, reason = "a test should fail loudly where it fails")]

mod support;

use practice_looker::{Fault, PracticeLooker};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::thread;
use std::time::{Duration, Instant};
use support::serving::Serving;
use tempfile::TempDir;

const WORKFLOW: &str = r#"
name: Add a user
steps:
  - id: looker-1
    operation: all_users
    input: { limit: 3 }
  - id: looker-2
    operation: create_user
    input: { first_name: "$.steps.looker-1[0].first_name", last_name: New }
  - id: looker-3
    operation: user
    input: { user_id: "$.steps.looker-2.id" }
"#;

fn serve() -> (PracticeLooker, TempDir, Serving) {
    let (looker, folder) = (PracticeLooker::start().unwrap(), tempfile::tempdir().unwrap());
    let server = Serving::with_looker(&looker, folder.path(), &[]);
    (looker, folder, server)
}

fn begin(server: &Serving, request: Value) -> String {
    server.post("/api/runs", &request).expect(201)["id"].as_str().unwrap().to_owned()
}

/// The events of a run, to its end.
fn events(server: &Serving, id: &str) -> Vec<(String, Value)> {
    read_events(&server.get(&format!("/api/runs/{id}/events")).text())
}

fn read_events(text: &str) -> Vec<(String, Value)> {
    let mut events = Vec::new();
    for (number, block) in text.split("\n\n").filter(|block| block.starts_with("id: ")).enumerate() {
        let mut lines = block.lines();
        assert_eq!(lines.next().unwrap(), format!("id: {number}"));
        let event = lines.next().unwrap().strip_prefix("event: ").unwrap().to_owned();
        let data = serde_json::from_str(lines.next().unwrap().strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(lines.next(), None);
        events.push((event, data));
    }
    events
}

fn names(events: &[(String, Value)]) -> Vec<String> {
    let step = |data: &Value| data["step"].as_str().map(|step| format!(" {step}")).unwrap_or_default();
    events.iter().map(|(event, data)| format!("{event}{}", step(data))).collect()
}

fn outcome(events: &[(String, Value)]) -> &Value {
    &events.last().unwrap().1["outcome"]
}

/// Runs a workflow to its end.
fn run(server: &Serving, request: Value) -> Vec<(String, Value)> {
    let id = begin(server, request);
    events(server, &id)
}

/// Waits until the practice Looker has got a request.
fn wait_for(looker: &PracticeLooker, part: &str) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !looker.requests().iter().any(|request| format!("{request:?}").contains(part)) {
        assert!(Instant::now() < deadline, "{part} was not requested");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_run_tells_each_step_and_keeps_its_outputs() {
    let (_looker, _folder, server) = serve();
    let id = begin(&server, json!({ "text": WORKFLOW }));
    let events = events(&server, &id);
    let expected = [
        "started looker-1",
        "finished looker-1",
        "started looker-2",
        "finished looker-2",
        "started looker-3",
        "finished looker-3",
        "ended",
    ];
    assert_eq!(names(&events), expected);
    assert_eq!(outcome(&events), "succeeded");
    assert_eq!(events[2].1, json!({ "step": "looker-2", "operation": "create_user", "position": 2, "total": 3 }));
    let output = &events[1].1["output"];
    assert_eq!((&output["kind"], &output["has_next"], &output["pinned"]), (&json!("json"), &json!(true), &json!(true)));
    assert_eq!(server.get("/api/outputs").expect(200).as_array().unwrap().len(), 3);
    let created = server.get("/api/outputs/looker-2/node?path=$.last_name").expect(200);
    assert_eq!((&created["value"], &created["type"]), (&json!("New"), &json!("string")));

    // A reader that comes late gets the same, one that was there goes on, and one that has all is told not to come again.
    assert_eq!(read_events(&server.get(&format!("/api/runs/{id}/events")).text()), events);
    let headers = server.own_headers();
    let mut headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    headers.push(("last-event-id", "5"));
    let rest = server.send("GET", &format!("/api/runs/{id}/events"), &headers, b"");
    assert_eq!(rest.header("content-type"), "text/event-stream");
    assert!(rest.text().starts_with("id: 6\nevent: ended\n"), "{}", rest.text());
    *headers.last_mut().unwrap() = ("last-event-id", "6");
    assert_eq!(server.send("GET", &format!("/api/runs/{id}/events"), &headers, b"").status, 204);
    assert_eq!(server.get("/api/runs").expect(200), json!([{ "id": id, "outcome": "succeeded" }]));
    server.get("/api/runs/none/events").expect(404);
}

#[test]
fn one_step_runs_alone_with_what_earlier_runs_kept() {
    let (looker, _folder, server) = serve();
    let refused = server.post("/api/runs", &json!({ "text": WORKFLOW, "only": "looker-3" })).expect(409);
    assert!(refused["error"].as_str().unwrap().contains("run that step first"), "{refused}");
    let until = run(&server, json!({ "text": WORKFLOW, "until": "looker-2" }));
    assert_eq!(names(&until).last().unwrap(), "ended");
    assert!(!names(&until).contains(&"started looker-3".to_owned()));
    looker.clear_requests();
    let only = run(&server, json!({ "text": WORKFLOW, "only": "looker-3" }));
    assert_eq!(names(&only), ["started looker-3", "finished looker-3", "ended"]);
    assert_eq!(only[0].1["total"], 1);
    assert!(!format!("{:?}", looker.requests()).contains("POST"), "no user was created again");
    // A step that is not to run may be unfinished.
    let unfinished = format!("{WORKFLOW}  - id: later\n    operation: no_such\n");
    assert_eq!(outcome(&run(&server, json!({ "text": unfinished, "only": "looker-1" }))), "succeeded");
    for (field, value) in [("only", "none"), ("until", "none"), ("auth", "none")] {
        server.post("/api/runs", &json!({ "text": WORKFLOW, field: value })).expect(400);
    }
    server.post("/api/runs", &json!({ "text": WORKFLOW, "only": "looker-1", "until": "looker-1" })).expect(400);
    server.delete("/api/outputs/looker-1").expect(204);
    server.delete("/api/outputs/looker-1").expect(404);
    server.get("/api/outputs/looker-1/node").expect(404);
}

#[test]
fn mistakes_are_told_before_the_first_call() {
    let (looker, _folder, server) = serve();
    let text = WORKFLOW
        .replace("operation: user\n", "operation: usr\n")
        .replace("looker-1[0].first_name", "looker-9.first_name");
    let checked = server.post("/api/check", &json!({ "text": text })).expect(200);
    assert_eq!(checked["steps"], json!(["looker-1", "looker-2", "looker-3"]));
    let problems = checked["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 2, "{checked}");
    assert_eq!((&problems[0]["step"], &problems[0]["place"]), (&json!("looker-2"), &json!("input.first_name")));
    assert!(problems[0]["line"].is_u64() && problems[0]["message"].as_str().unwrap().contains("looker-9"));
    assert!(problems[1]["message"].as_str().unwrap().contains("user"));
    looker.clear_requests();
    let refused = server.post("/api/runs", &json!({ "text": text })).expect(422);
    assert_eq!(refused["problems"], checked["problems"]);
    assert!(looker.requests().is_empty());
    assert_eq!(server.post("/api/check", &json!({ "text": WORKFLOW })).expect(200)["problems"], json!([]));
    for text in ["", "name: [", "- 1", "name: x\nsteps: []\n", &"[".repeat(100_000)] {
        let checked = server.post("/api/check", &json!({ "text": text })).expect(200);
        assert!(!checked["problems"].as_array().unwrap().is_empty(), "{text}");
    }
}

#[test]
fn a_failure_says_what_to_do_and_what_has_changed() {
    let (looker, _folder, server) = serve();
    looker.fail_on("GET", "/users/", 5, Fault::status(404));
    let events = run(&server, json!({ "text": WORKFLOW }));
    assert_eq!(outcome(&events), "failed");
    let (event, data) = &events[events.len() - 2];
    assert_eq!((event.as_str(), &data["step"], &data["changed"]), ("failed", &json!("looker-3"), &json!(["looker-2"])));
    let failure = &data["failure"];
    assert_eq!(
        (&failure["reason"], &failure["status"], &failure["kind"]),
        (&json!("not-found"), &json!(404), &json!("permanent"))
    );
    assert!(failure["advice"].as_str().unwrap().contains("Check the IDs"));
}

#[test]
fn a_slow_step_is_canceled_at_once() {
    let (looker, _folder, server) = serve();
    looker.fail_on("GET", "/users", 1, Fault::Delay(Duration::from_secs(60)));
    let id = begin(&server, json!({ "text": WORKFLOW }));
    wait_for(&looker, "/users");
    server.post("/api/runs", &json!({ "text": WORKFLOW })).expect(409);
    let started = Instant::now();
    server.delete(&format!("/api/runs/{id}")).expect(204);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    let events = events(&server, &id);
    assert_eq!(names(&events), ["started looker-1", "ended"]);
    assert_eq!(outcome(&events), "canceled");
    server.delete(&format!("/api/runs/{id}")).expect(204);
    assert_eq!(outcome(&run(&server, json!({ "text": WORKFLOW }))), "succeeded", "the next run goes");
}

#[test]
fn a_run_goes_on_without_a_reader_and_a_reader_sees_events_as_they_come() {
    let (looker, _folder, server) = serve();
    looker.fail_on("GET", "/users", 1, Fault::Delay(Duration::from_millis(1500)));
    let id = begin(&server, json!({ "text": WORKFLOW }));
    let mut stream = server.connect();
    let headers = [("cookie", server.cookie.as_str())];
    server.write_head(&mut stream, "GET", &format!("/api/runs/{id}/events"), &headers, None);
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("event: started")), "before the run has ended");
    assert_eq!(server.get("/api/runs").expect(200)[0]["outcome"], Value::Null);
    stream.shutdown(std::net::Shutdown::Both).unwrap();
    drop(lines);
    assert_eq!(outcome(&events(&server, &id)), "succeeded");
}

#[test]
fn ctrl_c_ends_a_run() {
    let (looker, _folder, mut server) = serve();
    looker.fail_on("GET", "/users", 1, Fault::Delay(Duration::from_secs(60)));
    begin(&server, json!({ "text": WORKFLOW }));
    wait_for(&looker, "/users");
    let started = Instant::now();
    kill_process(Pid::from_raw(server.id() as i32).unwrap(), Signal::INT).unwrap();
    assert_eq!(server.wait(), 130);
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
}

#[test]
fn references_are_resolved_against_kept_outputs() {
    let (_looker, _folder, server) = serve();
    run(&server, json!({ "text": WORKFLOW }));
    let references = [
        "$.steps.looker-1[0].id",
        "$.steps.looker-1[*].id",
        "$.steps['looker-1'][?@.id == '2'].id",
        "$.steps.looker-1",
        "$.steps.looker-1[9]",
        "$.steps.none.id",
        "$.steps.",
        "$.item.id",
    ];
    let request = json!({ "text": WORKFLOW, "step": "looker-3", "references": references });
    let resolved = server.post("/api/resolve", &request).expect(200);
    let at = |index: usize| &resolved[index];
    assert_eq!(*at(0), json!({ "reference": references[0], "value": "1" }));
    assert_eq!(at(1)["value"], json!(["1", "2", "3"]));
    assert_eq!(at(2)["value"], json!(["2"]));
    assert_eq!(at(3)["truncated"], true);
    assert!(at(3)["value"].as_str().unwrap().len() <= 2048);
    for index in 4..8 {
        assert!(at(index)["error"].is_string() && at(index)["value"].is_null(), "{}", at(index));
    }
    let text = "name: x\ninputs:\n  people: { type: array, default: [{ name: Ada }] }\nsteps:\n  - id: a\n    for_each: \"$.inputs.people\"\n    \
                operation: create_user\n    input: { first_name: \"$.item.name\" }\n";
    let request = json!({ "text": text, "step": "a", "references": ["$.item.name", "$.index", "$.inputs.people[0]"] });
    let resolved = server.post("/api/resolve", &request).expect(200);
    assert_eq!((&resolved[0]["value"], &resolved[1]["value"]), (&json!("Ada"), &json!(0)));
    assert_eq!(resolved[2]["value"], json!({ "name": "Ada" }));
}

#[test]
fn for_each_tells_its_progress() {
    let (_looker, _folder, server) = serve();
    let text = "name: x\ninputs:\n  people: { type: array }\nsteps:\n  - id: a\n    for_each: \"$.inputs.people\"\n    at_once: 4\n    \
                operation: create_user\n    input: { first_name: \"$.item.name\" }\n  - id: b\n    if: false\n    operation: me\n";
    server.post("/api/runs", &json!({ "text": text })).expect(422);
    let people: Vec<Value> = (0..20).map(|number| json!({ "name": format!("User {number}") })).collect();
    let events = run(&server, json!({ "text": text, "inputs": { "people": people } }));
    assert_eq!(outcome(&events), "succeeded", "{events:?}");
    let progress: Vec<&Value> = events.iter().filter(|(event, _)| event == "progress").map(|(_, data)| data).collect();
    assert_eq!((&progress.last().unwrap()["done"], &progress.last().unwrap()["left"]), (&json!(20), &json!(0)));
    assert!(names(&events).contains(&"skipped b".to_owned()));
    let page = server.get("/api/outputs/a/node?path=$&offset=18").expect(200);
    assert_eq!((&page["size"], page["children"].as_array().unwrap().len()), (&json!(20), 2));
    let table = server.get("/api/outputs/a/table?path=$&limit=1").expect(200);
    assert_eq!((&table["total"], table["rows"].as_array().unwrap().len()), (&json!(20), 1));
}

/// A server with the tests' own connector.
fn serve_guest() -> (TempDir, Serving) {
    let folder = tempfile::tempdir().unwrap();
    let guest = support::guest_file().display().to_string();
    let server = Serving::start_in(folder.path(), &["--component", &guest]);
    (folder, server)
}

#[test]
fn another_connector_works_the_same() {
    let (_folder, server) = serve_guest();
    let connector = server.get("/api/connector").expect(200);
    assert_eq!((&connector["name"], &connector["auth_schema"]["title"]), (&json!("test"), &json!("Test")));
    let refused = server.put("/api/auths/a", &json!({ "values": { "password": "hush" } })).expect(422);
    assert_eq!(refused["fields"][0]["field"], "host");
    let auth =
        server.put("/api/auths/a", &json!({ "values": { "host": "example.com", "password": "hush" } })).expect(200);
    assert_eq!((&auth["values"], &auth["secrets"]), (&json!({ "host": "example.com" }), &json!(["password"])));
    assert_eq!(server.post("/api/auths/a/check", &json!({})).expect(200)["user"]["id"], "1");
    server.post("/api/auths/a/oauth", &json!({})).expect(400);
    let hostile = "<script>alert(1)</script>\u{202e}\"";
    let text = format!(
        "name: x\nsteps:\n  - id: a\n    operation: echo\n    input: {{ id: {}, more: true }}\n  - id: b\n    operation: file\n    input: {{ id: a }}\n  \
         - id: c\n    operation: text\n    input: {{ id: a }}\n  - id: d\n    operation: nothing\n    input: {{ id: a }}\n",
        json!(hostile)
    );
    let events = run(&server, json!({ "text": text }));
    assert_eq!(outcome(&events), "succeeded", "{events:?}");
    let output = |index: usize| &events[2 * index + 1].1["output"];
    assert_eq!(output(0)["has_next"], true);
    assert_eq!(
        (&output(1)["kind"], &output(1)["media_type"], &output(1)["name"]),
        (&json!("file"), &json!("image/png"), &json!("a.png"))
    );
    assert_eq!((&output(2)["kind"], &output(2)["media_type"]), (&json!("text"), &json!("text/csv")));
    assert_eq!(output(3)["kind"], "nothing");

    let node = server.get("/api/outputs/a/node?path=$.id");
    assert_eq!((node.expect(200)["value"].as_str(), node.header("content-type")), (Some(hostile), "application/json"));
    let raw = server.get("/api/outputs/a/raw?path=$.id&inline");
    assert_eq!((raw.text().as_str(), raw.header("content-type")), (hostile, "text/plain; charset=utf-8"));
    assert!(raw.header("content-disposition").starts_with("attachment"));
    assert!(raw.header("content-security-policy").contains("sandbox"));
    let file = server.get("/api/outputs/b/raw?inline");
    assert_eq!(
        (file.body.as_slice(), file.header("content-type")),
        (&[0x89, b'P', b'N', b'G', 0][..], "application/octet-stream")
    );
    let table = server.get("/api/outputs/c/table").expect(200);
    assert_eq!(table, json!({ "columns": ["a", "b"], "rows": [["1", "2"]], "total": 1 }));
    server.get("/api/outputs/a/table").expect(400);
    server.get("/api/outputs/d/raw").expect(404);
    for path in ["$..*", "x", "$[", "$.none"] {
        let status = server.get(&format!("/api/outputs/a/node?path={path}")).status;
        assert_eq!(status, if path == "$.none" { 404 } else { 400 }, "{path}");
    }
}

#[test]
fn a_connector_that_computes_without_end_is_ended_by_cancel() {
    let (_folder, server) = serve_guest();
    server.put("/api/auths/a", &json!({ "values": { "host": "example.com" } })).expect(200);
    let id = begin(&server, json!({ "text": "name: x\nsteps:\n  - { id: a, operation: spin, input: { id: a } }\n" }));
    thread::sleep(Duration::from_millis(300));
    let started = Instant::now();
    server.delete(&format!("/api/runs/{id}")).expect(204);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(outcome(&events(&server, &id)), "canceled");
    let crashed =
        run(&server, json!({ "text": "name: x\nsteps:\n  - { id: a, operation: trap, input: { id: a } }\n" }));
    assert_eq!(crashed[1].1["failure"]["reason"], "execution-failed");
}
