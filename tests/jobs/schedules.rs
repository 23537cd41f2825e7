use crate::matrix::{Bench, Calls, Row, each};
use connector_host::FailureKind;
use serde_json::{Value, json};

#[test]
fn failed_schedules_are_found_whatever_breaks() {
    Bench::new().run(&Row {
        job: "find_failed_schedules",
        input: |_| json!({}),
        check: |_, output| {
            assert_eq!(each(&output["failed"], "scheduled_plan_id"), ["2"]);
            assert_eq!((&output["failed"][0]["owner_id"], &output["complete"]), (&json!("2"), &json!(true)));
            assert!(output["failed"][0]["detail"].as_str().unwrap().contains("refused the recipient"));
        },
        acts_once: None,
    });
}

/// How many schedules the practice Looker has beyond those at the start.
fn copies(calls: &Calls) -> usize {
    (4..8).filter(|id| calls.call("scheduled_plan", &json!({ "scheduled_plan_id": id.to_string() })).is_ok()).count()
}

#[test]
fn schedule_runs_once_whatever_breaks() {
    Bench::new().run(&Row {
        job: "run_schedule_now",
        input: |_| json!({ "scheduled_plan_id": "1", "wait_for_outcome": true }),
        check: |calls, output| {
            assert_eq!(output["outcome"], "success", "{output}");
            assert_eq!((copies(calls), &output["run_id"]), (1, &json!("4")));
        },
        acts_once: Some("scheduled_plan_run_once_by_id"),
    });
}

#[test]
fn schedule_whose_last_run_succeeded_is_not_listed() {
    let calls = Bench::new().calls();
    calls.json("update_scheduled_plan", json!({ "scheduled_plan_id": "2", "name": "Orders" }));
    calls.looker.run_schedules();
    assert_eq!(calls.json("find_failed_schedules", json!({}))["failed"], json!([]));
    // A run that somebody asked for is not the schedule's own.
    calls.json("update_scheduled_plan", json!({ "scheduled_plan_id": "1", "name": "Sales, broken" }));
    let run = calls.complete("run_schedule_now", json!({ "scheduled_plan_id": 1, "wait_for_outcome": true }));
    assert_eq!((&run["outcome"], &run["changed"]), (&json!("failure"), &json!(true)));
    assert_eq!(calls.json("find_failed_schedules", json!({}))["failed"], json!([]));
    calls.looker.run_schedules();
    let found = calls.json("find_failed_schedules", json!({ "owner": "1", "since": "1 hour" }));
    assert_eq!(each(&found["failed"], "scheduled_plan_id"), ["1"]);
    assert_eq!(calls.json("find_failed_schedules", json!({ "owner": "3" }))["failed"], json!([]));
}

#[test]
fn outcome_comes_by_resume_and_nothing_is_sent_again() {
    let calls = Bench::new().calls();
    let input = json!({ "scheduled_plan_id": "1", "wait_for_outcome": true });
    let waiting = calls.failure("run_schedule_now", input);
    let FailureKind::Retryable(problem) = waiting.kind() else { panic!("{waiting}") };
    let resume: Value = serde_json::from_str(problem.resume.as_deref().unwrap()).unwrap();
    assert_eq!(resume["run_id"], "4");
    let run = calls.json("run_schedule_now", resume);
    assert_eq!((&run["outcome"], &run["steps"][0]["state"]), (&json!("success"), &json!("done")));
    assert_eq!(copies(&calls), 1);
    let later =
        calls.json("run_schedule_now", json!({ "scheduled_plan_id": "1", "run_id": "4", "wait_for_outcome": true }));
    assert_eq!((&later["changed"], &later["steps"][0]["state"], copies(&calls)), (&json!(false), &json!("held"), 1));
}

#[test]
fn unknown_schedule_is_not_run() {
    let calls = Bench::new().calls();
    let failure = calls.failure("run_schedule_now", json!({ "scheduled_plan_id": "99" }));
    assert_eq!(failure.problem().fields[0].field.as_deref(), Some("scheduled_plan_id"));
    assert_eq!(calls.asked("POST", "/run_once"), 0);
    assert_eq!(calls.json("run_schedule_now", json!({ "scheduled_plan_id": "1" }))["outcome"], "unknown");
}
