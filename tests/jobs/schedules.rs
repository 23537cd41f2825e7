//! `reassign_schedules`.

use crate::trial::{Bench, Row};
use connector_host::Reason;
use serde_json::{Value, json};

fn plan(name: &str) -> (&'static str, Value) {
    let destination =
        json!({ "type": "s3", "format": "csv", "address": "s3://b", "secret_parameters": "{\"key\":\"k\"}" });
    let plan = json!({ "name": name, "user_id": "2", "look_id": "1", "crontab": "0 7 * * *", "scheduled_plan_destination": [destination] });
    ("create_scheduled_plan", plan)
}

fn seen() -> Vec<(&'static str, Value)> {
    vec![("all_scheduled_plans", json!({ "all_users": true }))]
}

#[tokio::test(flavor = "multi_thread")]
async fn reassign_schedules_survives_the_failure_of_each_request() {
    let input = json!({ "from": "2", "to": "1" });
    let row =
        Row { job: "reassign_schedules", input, before: vec![plan("A"), plan("B")], seen: seen(), rewrites: false };
    Bench::new().await.try_row(&row).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_is_sent() {
    let bench = Bench::new().await;
    let mut trial = bench.start(&[plan("A")]).await;
    let output = trial.call("reassign_schedules", &json!({ "from": 2, "to": 1 })).await.unwrap();
    assert_eq!((output["moved"].as_array().unwrap().len(), &output["changed"]), (2, &json!(true)));
    let requests = trial.looker.requests();
    let patches: Vec<_> = requests.iter().filter(|request| request.method == "PATCH").collect();
    assert_eq!(patches.len(), 2);
    assert!(patches.iter().all(|request| request.json() == Some(json!({ "user_id": "1" }))));
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_are_named_by_id_even_disabled_ones() {
    let bench = Bench::new().await;
    let mut trial = bench.start(&[]).await;
    // The schedule 3 is disabled, so that no list has it.
    let input = json!({ "schedule_ids": [2, "3", "1"], "to": "1" });
    let dry = json!({ "schedule_ids": [2, "3", "1"], "to": "1", "dry_run": true });
    let output = trial.call("reassign_schedules", &dry).await.unwrap();
    assert_eq!((&output["would_move"], &output["changed"]), (&json!(["2"]), &json!(false)));
    let output = trial.call("reassign_schedules", &input).await.unwrap();
    assert_eq!((&output["moved"], &output["held"]), (&json!(["2"]), &json!(["3", "1"])));
    let input = json!({ "schedule_ids": "77", "to": "1" });
    let problem = trial.call("reassign_schedules", &input).await.unwrap_err().problem();
    assert_eq!((problem.reason, problem.fields[0].field.as_deref()), (Reason::NotFound, Some("schedule_ids")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_looker_refuses_does_not_stop_the_others() {
    let bench = Bench::new().await;
    let mut refused = plan("Refused");
    refused.1["scheduled_plan_destination"][0]["address"] = "outside@elsewhere.test".into();
    let mut trial = bench.start(&[refused, plan("Fine")]).await;
    // Looker refuses to send as each recipient to people whom it does not know.
    trial.looker.fail_on("PATCH", "/scheduled_plans/4", 1, practice_looker::Fault::status(422));
    let failure = trial.call("reassign_schedules", &json!({ "from": "2", "to": "1" })).await.unwrap_err();
    assert!(!failure.is_retryable(), "{failure}");
    let message = failure.problem().message;
    assert!(
        message.contains("refuses to reassign 1 schedules. 4 (") && message.contains("reassign_schedule (5)"),
        "{message}"
    );
    let left = trial.read("all_scheduled_plans", &json!({ "user_id": "2", "fields": "id" })).await;
    assert_eq!(left, json!([{ "id": "4" }]));
}
