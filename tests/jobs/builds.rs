use crate::matrix::{Bench, Row};
use connector_host::Reason;
use practice_looker::TaskPlan;
use serde_json::{Value, json};

const JOB: &str = "build_pdt_and_wait";

fn input() -> Value {
    json!({ "model": "thelook", "view": "order_facts" })
}

#[test]
fn table_is_built_once_whatever_breaks() {
    Bench::new().run(&Row {
        job: JOB,
        input: |_| input(),
        check: |calls, output| {
            assert_eq!((&output["changed"], &output["status"]), (&json!(true), &json!("complete")), "{output}");
            assert_eq!(
                output["steps"],
                json!([{ "step": "start_pdt_build", "state": "done", "id": "thelook.order_facts" }])
            );
            assert_eq!(calls.looker.tasks_started(), 1);
        },
        acts_once: Some("start_pdt_build"),
    });
}

#[test]
fn long_build_goes_on_by_resume() {
    let calls = Bench::new().calls();
    calls.looker.plan_task(TaskPlan::new(["added", "pending", "pending", "running", "running", "complete"]));
    assert_eq!(calls.complete(JOB, input())["status"], "complete");
    assert_eq!((calls.looker.tasks_started(), calls.asked("GET", "/order_facts/start")), (1, 1));
}

#[test]
fn failed_build_gives_its_reason() {
    let calls = Bench::new().calls();
    calls.looker.plan_task(TaskPlan::new(["added", "error"]).detail("disk full"));
    let failure = calls.try_complete(JOB, input()).unwrap_err();
    assert_eq!((failure.problem().reason, failure.is_retryable()), (Reason::Rejected, false));
    assert!(failure.problem().message.contains("disk full"), "{failure}");
    let failure = calls.failure(JOB, json!({ "model": "thelook", "view": "ephemeral" }));
    assert!(failure.problem().message.contains("a derived table that persists"), "{failure}");
}

#[test]
fn build_is_stopped_if_asked() {
    let calls = Bench::new().calls();
    calls.looker.plan_task(TaskPlan::new(["added", "running", "running", "complete"]));
    let mut input = input();
    input["on_timeout"] = json!("stop");
    let failure = calls.failure(JOB, input);
    assert_eq!((failure.problem().reason, failure.is_retryable()), (Reason::Timeout, false));
    assert_eq!(calls.asked("GET", "/stop"), 1);
}
