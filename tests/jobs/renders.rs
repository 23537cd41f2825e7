use crate::matrix::{Bench, Calls, Row};
use connector_host::Reason;
use practice_looker::TaskPlan;
use serde_json::{Value, json};

const JOB: &str = "render_and_wait";

fn is_file(calls: &Calls, output: &Value, media_type: &str) {
    assert_eq!(output["media_type"], media_type, "{output}");
    assert!(output["size"].as_u64().is_some_and(|size| size > 100));
    // A render whose creation was not answered cannot be found, and a second one does no harm.
    assert!(calls.looker.tasks_started() <= 2);
}

#[test]
fn dashboard_is_drawn_whatever_breaks() {
    Bench::new().run(&Row {
        job: JOB,
        input: |_| json!({ "dashboard_id": "1", "filters": { "Date": "7 days & more" }, "style": "tiled" }),
        check: |calls, output| {
            is_file(calls, output, "application/pdf");
            let requests = calls.looker.requests();
            let made =
                requests.iter().rfind(|request| request.path.contains("/render_tasks/dashboards/1/pdf")).unwrap();
            assert_eq!(made.json().unwrap()["dashboard_filters"], "Date=7%20days%20%26%20more");
        },
        acts_once: None,
    });
}

#[test]
fn look_with_filters_is_drawn_whatever_breaks() {
    Bench::new().run(&Row {
        job: JOB,
        input: |_| json!({ "look_id": "1", "filters": { "orders.status": "Amber" }, "format": "jpg" }),
        check: |calls, output| is_file(calls, output, "image/jpeg"),
        acts_once: None,
    });
}

#[test]
fn long_render_goes_on_by_resume() {
    let calls = Bench::new().calls();
    let statuses = ["enqueued_for_query", "querying", "querying", "enqueued_for_render", "rendering", "success"];
    calls.looker.plan_task(TaskPlan::new(statuses));
    is_file(&calls, &calls.complete(JOB, json!({ "dashboard_element_id": "1" })), "image/png");
    assert_eq!(calls.looker.tasks_started(), 1);
}

#[test]
fn failed_render_gives_its_reason() {
    let calls = Bench::new().calls();
    calls.looker.plan_task(TaskPlan::new(["enqueued_for_render", "failure"]).detail("The renderer ran out of memory"));
    let failure = calls.try_complete(JOB, json!({ "query_id": "1" })).unwrap_err();
    assert_eq!((failure.problem().reason, failure.is_retryable()), (Reason::Rejected, false));
    assert!(failure.problem().message.contains("The renderer ran out of memory"), "{failure}");
}

#[test]
fn file_that_is_gone_is_made_again() {
    let calls = Bench::new().calls();
    calls.looker.plan_task(TaskPlan::new(["enqueued_for_render", "success"]).without_results());
    is_file(&calls, &calls.complete(JOB, json!({ "query_id": "1" })), "image/png");
    assert_eq!(calls.looker.tasks_started(), 2);
}
