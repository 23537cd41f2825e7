use crate::matrix::{Bench, Calls, Row};
use connector_host::Reason;
use practice_looker::TaskPlan;
use serde_json::{Value, json};

const RUN: &str = "run_query_and_wait";
const LOOK: &str = "run_look_with_filters";

fn query() -> Value {
    json!({ "model": "thelook", "explore": "orders", "fields": ["orders.status", "orders.count"], "limit": 3 })
}

fn has_rows(calls: &Calls, output: &Value) {
    assert_eq!(output.as_array().map(Vec::len), Some(3), "{output}");
    assert_eq!(calls.looker.tasks_started(), 1, "one task, whatever broke");
}

#[test]
fn query_runs_once_whatever_breaks() {
    Bench::new().run(&Row { job: RUN, input: |_| query(), check: has_rows, acts_once: None });
}

#[test]
fn look_runs_once_with_its_filters_whatever_breaks() {
    Bench::new().run(&Row {
        job: LOOK,
        input: |_| json!({ "title": "Customers by city", "filters": { "users.state": "%" }, "limit": "3" }),
        check: |calls, output| {
            has_rows(calls, output);
            // A fault that no request of the job met must not hit this one.
            calls.looker.clear_faults();
            assert_eq!(calls.json("look", json!({ "look_id": "2" }))["query"]["filters"], json!({}), "as it was");
        },
        acts_once: None,
    });
}

#[test]
fn filters_of_a_look_have_an_effect() {
    let calls = Bench::new().calls();
    let run = |filters: Value| calls.complete(LOOK, json!({ "look_id": "2", "filters": filters }));
    let all = run(json!({}));
    let some = run(json!({ "users.city": "Amber" }));
    assert!(some.as_array().unwrap().len() < all.as_array().unwrap().len());
    assert!(some.as_array().unwrap().iter().all(|row| row["users.city"] == "Amber"), "{some}");
    // A hidden field is a field.
    run(json!({ "users.internal_code": "%" }));
    let failure = calls.failure(LOOK, json!({ "look_id": "2", "filters": { "users.citi": "Amber" } }));
    assert!(failure.problem().message.contains("Did you mean users.city"), "{failure}");
}

#[test]
fn long_query_goes_on_by_resume() {
    let calls = Bench::new().calls();
    calls.looker.plan_task(TaskPlan::new(["added", "queued", "expired", "running", "running", "complete"]));
    calls.looker.clear_requests();
    has_rows(&calls, &calls.complete(RUN, query()));
    assert_eq!((calls.asked("POST", "/query_tasks"), calls.asked("POST", "/queries")), (1, 1));
}

#[test]
fn every_format_is_passed_on() {
    for (format, begins) in [("csv", "Orders"), ("txt", "Orders"), ("html", "<!DOCTYPE html>"), ("sql", "SELECT")] {
        let calls = Bench::new().calls();
        let mut input = query();
        input["result_format"] = json!(format);
        let output = calls.complete(RUN, input);
        assert!(output.as_str().is_some_and(|text| text.starts_with(begins)), "{output}");
    }
    let calls = Bench::new().calls();
    let mut input = query();
    input["result_format"] = json!("xlsx");
    assert!(calls.complete(RUN, input)["size"].as_u64().is_some_and(|size| size > 100));
}

#[test]
fn failed_killed_and_lost_tasks_are_told_apart() {
    let calls = Bench::new().calls();
    let mut broken = query();
    broken["model"] = json!("broken");
    let failure = calls.try_complete(RUN, broken).unwrap_err();
    assert_eq!(failure.problem().reason, Reason::Rejected);
    assert!(failure.problem().message.contains("Unknown column 'broken'"), "{failure}");

    calls.looker.plan_task(TaskPlan::new(["added", "killed"]));
    let failure = calls.try_complete(RUN, query()).unwrap_err();
    assert!(failure.problem().message.contains("canceled in Looker"), "{failure}");

    calls.looker.plan_task(TaskPlan::new(["added", "complete"]).without_results());
    let started = calls.looker.tasks_started();
    calls.complete(RUN, query());
    assert_eq!(calls.looker.tasks_started() - started, 2, "the lost result is made again");
}

#[test]
fn query_is_canceled_if_asked() {
    let calls = Bench::new().calls();
    calls.looker.plan_task(TaskPlan::new(["added", "running", "running", "running", "complete"]));
    let mut input = query();
    input["on_timeout"] = json!("cancel");
    let failure = calls.failure(RUN, input);
    assert_eq!((failure.problem().reason, failure.is_retryable()), (Reason::Timeout, false));
    assert_eq!(calls.json("all_running_queries", json!({})), json!([]));
}
