use practice_looker::PracticeLooker;
use serde_json::{Value, json};

use crate::support::{Practice, each};

fn activity(practice: &Practice, filters: &Value) -> Value {
    let fields = [
        "scheduled_plan.id",
        "user.id",
        "scheduled_job.id",
        "scheduled_job.name",
        "scheduled_job.status",
        "scheduled_job.status_detail",
        "scheduled_job.finalized_time",
    ];
    let query = json!({ "model": "system__activity", "view": "scheduled_plan", "fields": fields, "filters": filters });
    practice.post("/queries/run/json?cache=false", &query).expect(200)
}

#[test]
fn only_enabled_plans_are_listed() {
    let practice = Practice::new();
    assert_eq!(practice.get("/scheduled_plans").expect(200), json!([]), "the caller has none");
    assert_eq!(each(&practice.get("/scheduled_plans?all_users=true").expect(200), "id"), ["1", "2"]);
    assert_eq!(each(&practice.get("/scheduled_plans?user_id=1").expect(200), "id"), ["1"]);
    assert_eq!(each(&practice.get("/scheduled_plans/dashboard/1?all_users=true").expect(200), "id"), ["1"]);
    assert_eq!(each(&practice.get("/scheduled_plans/look/1?all_users=true").expect(200), "id"), ["2"]);
    assert_eq!(practice.get("/scheduled_plans/3").expect(200)["enabled"], false, "a disabled one can be read");
}

#[test]
fn sending_destinations_replaces_all_of_them() {
    let practice = Practice::new();
    let moved = practice.patch("/scheduled_plans/1", &json!({ "user_id": "3" })).expect(200);
    assert_eq!(moved["scheduled_plan_destination"][0]["address"], "team1@example.com");
    let body = json!({ "scheduled_plan_destination": [{ "type": "webhook", "address": "https://hook.example.com",
                       "format": "json", "secret_parameters": "{\"token\":\"hunter2\"}" }] });
    let changed = practice.patch("/scheduled_plans/1", &body).expect(200);
    assert_eq!(changed["scheduled_plan_destination"].as_array().unwrap().len(), 1);
    assert!(!changed.to_string().contains("hunter2"), "secrets are not read back");
    assert_eq!(practice.patch("/scheduled_plans/1", &json!({ "user_id": "99" })).status, 422);
    assert_eq!(practice.patch("/scheduled_plans/1", &json!({ "run_as_recipient": true })).status, 422, "an outsider");
}

#[test]
fn run_once_makes_a_new_plan_and_its_outcome_comes_later() {
    let practice = Practice::from(PracticeLooker::builder().polls_until_done(1));
    let copy = practice.post("/scheduled_plans/1/run_once", &json!({})).expect(200);
    let id = copy["id"].as_str().unwrap();
    assert_eq!((&copy["run_once"], &copy["user_id"], &copy["next_run_at"]), (&json!(true), &json!("1"), &Value::Null));
    assert_ne!(id, "1");
    assert_eq!(each(&practice.get("/scheduled_plans?all_users=true").expect(200), "id"), ["1", "2"]);
    let filter = json!({ "scheduled_plan.id": id });
    assert_eq!(activity(&practice, &filter)[0]["scheduled_job.status"], "in_progress");
    let row = &activity(&practice, &filter)[0];
    assert_eq!((&row["scheduled_job.status"], &row["user.id"]), (&json!("success"), &json!(1)), "ids are numbers");
}

#[test]
fn system_activity_tells_the_outcomes_of_plans() {
    let practice = Practice::new();
    let failed = activity(&practice, &json!({ "scheduled_job.status": "failure", "scheduled_job.run_once": "No" }));
    assert_eq!(failed.as_array().unwrap().len(), 1);
    assert_eq!(failed[0]["scheduled_plan.id"], 2);
    practice.looker.run_schedules();
    let all = activity(&practice, &json!({ "scheduled_job.finalized_time": "24 hours" }));
    assert_eq!(all.as_array().unwrap().len(), 4);
    let nobody = practice.post("/users", &json!({ "first_name": "Nobody" })).expect(200);
    let path = format!("/login/{}", nobody["id"].as_str().unwrap());
    let token = practice.bare("POST", &path).expect(200)["access_token"].as_str().unwrap().to_owned();
    let query = json!({ "model": "system__activity", "view": "scheduled_plan", "fields": ["scheduled_plan.id"] });
    let request = practice.client.post(practice.url("/queries/run/json")).json(&query);
    let refused = crate::support::reply(request.header("authorization", format!("token {token}"))).unwrap();
    assert_eq!(refused.status, 404, "without permission it is not there");
}

#[test]
fn alerts_of_all_owners_are_for_administrators() {
    let practice = Practice::new();
    assert_eq!(practice.get("/alerts/search").expect(200), json!([]));
    assert_eq!(each(&practice.get("/alerts/search?all_owners=true").expect(200), "owner_id"), ["1", "2"]);
    assert_eq!(practice.patch("/alerts/1", &json!({ "owner_id": "3" })).expect(200)["owner_id"], "3");
    assert_eq!(each(&practice.get("/alerts/search?all_owners=true").expect(200), "owner_id"), ["3", "2"]);
}
