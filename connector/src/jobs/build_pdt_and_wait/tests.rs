use crate::failure::Reason;
use crate::jobs::fixture::{Trial, json, permanent, resume, retryable};
use crate::mock_transport::MockTransport;
use crate::transport::TransportErrorKind;
use serde_json::{Value, json};
use std::time::Duration;

const JOB: &str = "build_pdt_and_wait";
const START: &str = "GET /derived_table/m/orders/start";

fn build(looker: MockTransport, status: &str) -> MockTransport {
    let text =
        json!({"status": status, "runtime": null, "message": "Materialize orders, ", "task_slug": "b1"}).to_string();
    looker.json(200, &json!({"materialization_id": "b1", "resp_text": text}).to_string())
}

fn input() -> Value {
    json!({"model": "m", "view": "orders"})
}

#[test]
fn the_build_is_followed_to_its_end() {
    let mut trial =
        Trial::new(JOB, |looker| ["added", "pending", "running", "complete"].into_iter().fold(looker, build));
    let output = json(trial.call(json!({"model": "m", "view": "orders", "force_rebuild": "true"})));
    let steps = json!([{"step": "start_pdt_build", "state": "done", "id": "m.orders"}]);
    let expected = json!({"changed": true, "steps": steps, "materialization_id": "b1", "status": "complete",
                          "message": "Materialize orders,"});
    assert_eq!(output, expected);
    assert_eq!(
        trial.lines()[0],
        format!("{START}?force_rebuild=true&force_full_incremental=false&workspace=production")
    );
    assert_eq!(trial.engine.platform().waits, [Duration::from_secs(10), Duration::from_secs(15)]);
}

#[test]
fn without_time_to_wait_it_goes_on_by_resume_with_the_same_build() {
    let mut trial =
        Trial::new(JOB, |looker| ["added", "running", "running", "complete"].into_iter().fold(looker, build));
    let first = retryable(trial.call_once(input()));
    assert_eq!((first.reason, first.retry_after), (Reason::Timeout, Some(Duration::from_secs(10))));
    assert!(first.message.contains("done before: start_pdt_build (m.orders)"), "{}", first.message);
    assert_eq!(resume(&first)["materialization_id"], "b1");
    let second = retryable(trial.call_once(resume(&first)));
    let output = json(trial.call_once(resume(&second)));
    assert_eq!((&output["changed"], &output["steps"][0]["state"]), (&json!(true), &json!("done")));
    assert_eq!(trial.count(START), 1);
    trial.is_used_up();
}

#[test]
fn a_start_whose_outcome_is_unknown_is_never_repeated() {
    for kind in [TransportErrorKind::Broken, TransportErrorKind::Timeout] {
        let mut trial = Trial::new(JOB, |looker| looker.error(kind));
        let lost = permanent(trial.call(input()));
        assert!(lost.request_sent && lost.resume.is_none(), "{lost:?}");
        assert_eq!(trial.count(START), 1);
    }
    let refused = retryable(Trial::new(JOB, |looker| looker.json(429, "{}")).call_once(input()));
    assert_eq!(refused.reason, Reason::RateLimited);
}

#[test]
fn a_failed_look_at_the_build_goes_on_with_it() {
    let mut trial = Trial::new(JOB, |looker| build(build(looker, "added").json(500, "{}"), "complete"));
    let failed = retryable(trial.call_once(input()));
    assert!(failed.reason == Reason::RemoteError && failed.message.contains("check_pdt_build"), "{}", failed.message);
    json(trial.call_once(resume(&failed)));
    assert_eq!(trial.count(START), 1);
}

#[test]
fn every_other_end_is_a_failure() {
    for end in ["error", "killed", "unknown"] {
        let problem = permanent(Trial::new(JOB, |looker| build(build(looker, "added"), end)).call(input()));
        assert_eq!(problem.reason, Reason::Rejected);
        assert!(problem.message.contains(end) && problem.message.contains("Materialize orders"), "{}", problem.message);
    }
    let nothing = r#"{"materialization_id":"b1","resp_text":"no JSON"}"#;
    let problem = permanent(Trial::new(JOB, |looker| build(looker, "added").json(200, nothing)).call(input()));
    assert_eq!(problem.reason, Reason::UnexpectedResponse);
}

#[test]
fn a_table_that_does_not_persist_is_explained() {
    let refused = r#"{"message":"An error has occurred."}"#;
    let problem = permanent(Trial::new(JOB, |looker| looker.json(400, refused)).call(input()));
    assert!(
        problem.message.contains("An error has occurred") && problem.message.contains("persists"),
        "{}",
        problem.message
    );
    let nothing = r#"{"materialization_id":null,"resp_text":null}"#;
    let problem = permanent(Trial::new(JOB, |looker| looker.json(200, nothing)).call(input()));
    assert!(problem.message.contains("PDT API control"), "{}", problem.message);
}

#[test]
fn a_build_that_runs_for_too_long_is_stopped_if_asked() {
    let mut trial = Trial::new(JOB, |looker| build(build(build(looker, "added"), "running"), "killed"));
    let stopped = permanent(trial.call_once(json!({"model": "m", "view": "orders", "on_timeout": "stop"})));
    assert_eq!((stopped.reason, stopped.resume), (Reason::Timeout, None));
    assert_eq!(trial.count("GET /derived_table/b1/stop"), 1);
}
