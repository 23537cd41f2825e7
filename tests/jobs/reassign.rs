//! `reassign_schedules`.

use crate::matrix::{Bench, Calls, Row, each};
use connector_host::Reason;
use practice_looker::Fault;
use serde_json::{Value, json};

/// Gives user 2 one more schedule, with a secret in its destination.
fn plan(calls: &Calls, name: &str) -> Value {
    let destination =
        json!({ "type": "s3", "format": "csv", "address": "s3://b", "secret_parameters": "{\"key\":\"k\"}" });
    let plan = json!({
        "name": name, "user_id": "2", "look_id": "1", "crontab": "0 7 * * *", "scheduled_plan_destination": [destination],
    });
    calls.json("create_scheduled_plan", plan)["id"].clone()
}

#[test]
fn schedules_change_hands_once_whatever_breaks() {
    Bench::new().run(&Row {
        job: "reassign_schedules",
        input: |calls| {
            plan(calls, "A");
            json!({ "from": "2", "to": "1" })
        },
        check: |calls, output| {
            let plans = calls.json("all_scheduled_plans", json!({ "all_users": true }));
            assert_eq!(each(&plans, "user_id"), ["1", "1", "1"]);
            assert_eq!(output["moved"].as_array().unwrap().len(), 2, "{output}");
            // Only the owner is sent: anything more would replace the destinations.
            let requests = calls.looker.requests();
            let patches = requests.iter().filter(|request| request.method == "PATCH");
            patches.for_each(|patch| assert_eq!(patch.json(), Some(json!({ "user_id": "1" }))));
            let again = calls.json("reassign_schedules", json!({ "from": 2, "to": 1 }));
            assert_eq!((&again["changed"], &again["moved"]), (&json!(false), &json!([])));
        },
        acts_once: None,
    });
}

#[test]
fn schedules_are_named_by_id_even_disabled_ones() {
    let calls = Bench::new().calls();
    // The schedule 3 is disabled, so that no list has it.
    let dry = json!({ "schedule_ids": [2, "3", "1"], "to": "1", "dry_run": true });
    let output = calls.json("reassign_schedules", dry);
    assert_eq!((&output["would_move"], &output["changed"]), (&json!(["2"]), &json!(false)));
    let output = calls.json("reassign_schedules", json!({ "schedule_ids": [2, "3", "1"], "to": "1" }));
    assert_eq!((&output["moved"], &output["held"]), (&json!(["2"]), &json!(["3", "1"])));
    let problem = calls.failure("reassign_schedules", json!({ "schedule_ids": "77", "to": "1" })).problem();
    assert_eq!((problem.reason, problem.fields[0].field.as_deref()), (Reason::NotFound, Some("schedule_ids")));
}

#[test]
fn schedule_that_looker_refuses_does_not_stop_the_others() {
    let calls = Bench::new().calls();
    let (refused, fine) = (plan(&calls, "Refused"), plan(&calls, "Fine"));
    let (refused, fine) = (refused.as_str().unwrap(), fine.as_str().unwrap());
    calls.looker.fail_on("PATCH", &format!("/scheduled_plans/{refused}"), 1, Fault::status(422));
    let failure = calls.failure("reassign_schedules", json!({ "from": "2", "to": "1" }));
    assert!(!failure.is_retryable(), "{failure}");
    let message = failure.problem().message;
    assert!(message.contains(&format!("refuses to reassign 1 schedules. {refused} (")), "{message}");
    assert!(message.contains(&format!("reassign_schedule ({fine})")), "{message}");
    let left = calls.json("all_scheduled_plans", json!({ "user_id": "2", "fields": "id" }));
    assert_eq!(left, json!([{ "id": refused }]));
}

#[test]
fn new_owner_must_be_there_and_enabled() {
    let calls = Bench::new().calls();
    calls.json("update_user", json!({ "user_id": "5", "is_disabled": true }));
    for (to, says, reason) in [("5", "User 5 is disabled", Reason::Conflict), ("77", "no user 77", Reason::NotFound)] {
        let problem = calls.failure("reassign_schedules", json!({ "from": "2", "to": to })).problem();
        assert!(problem.message.contains(says) && problem.reason == reason, "{}", problem.message);
        assert_eq!(problem.fields[0].field.as_deref(), Some("to"));
    }
}
