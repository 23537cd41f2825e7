use practice_looker::Fault;
use serde_json::{Value, json};

use crate::support::{Practice, each};

#[test]
fn a_value_of_an_attribute_says_where_it_comes_from() {
    let practice = Practice::new();
    let values = || practice.get("/users/1/attribute_values").expect(200);
    assert_eq!((each(&values(), "source"), each(&values(), "value")), (vec!["Default"], vec!["Sales"]));
    for id in ["1", "3"] {
        practice.patch(&format!("/users/1/attribute_values/{id}"), &json!({ "value": "own" })).expect(200);
    }
    // A hidden value is never shown.
    assert_eq!((each(&values(), "source"), each(&values(), "value")), (vec!["User", "User"], vec!["own", "null"]));
    let one = practice.get("/users/1/attribute_values?user_attribute_ids=1").expect(200);
    assert_eq!(each(&one, "name"), ["department"]);
    assert_eq!(practice.delete("/users/1/attribute_values/1").status, 204);
    assert_eq!(each(&values(), "source"), ["Default", "User"]);
    assert_eq!(practice.patch("/users/99/attribute_values/1", &json!({ "value": "x" })).status, 404);
    assert_eq!(practice.patch("/users/1/attribute_values/99", &json!({ "value": "x" })).status, 404);
}

#[test]
fn sessions_belong_to_one_user_and_end() {
    let practice = Practice::new();
    assert_eq!(practice.get("/users/3/sessions").expect(200), json!([]));
    let sessions = practice.get("/users/2/sessions").expect(200);
    assert_eq!(each(&sessions, "id"), ["2", "3"]);
    assert_eq!(practice.delete("/users/1/sessions/2").status, 404);
    assert_eq!(practice.delete("/users/2/sessions/2").status, 204);
    assert_eq!(practice.delete("/users/2/sessions/2").status, 404);
    assert_eq!(each(&practice.get("/users/2/sessions").expect(200), "id"), ["3"]);
}

#[test]
fn an_invitation_is_mailed_and_its_link_is_not_shown() {
    let practice = Practice::new();
    let credentials = || practice.get("/users/2/credentials_email").expect(200);
    assert_eq!(credentials()["account_setup_url_expired"], true);
    let sent = practice.post("/users/2/credentials_email/send_password_reset", &json!({})).expect(200);
    assert_eq!(sent["password_reset_url"], Value::Null);
    assert_eq!(credentials()["account_setup_url_expired"], false);
    assert_eq!(practice.looker.mails(), ["invitation to alan.turing@example.com"]);
}

#[test]
fn a_deleted_user_takes_schedules_and_content_along() {
    let practice = Practice::new();
    // Somebody else's schedule on the content of user 1.
    let plan = json!({ "name": "Other's", "user_id": "3", "dashboard_id": "1", "crontab": "0 7 * * *" });
    let plan = practice.post("/scheduled_plans", &plan).expect(200);
    let plan = format!("/scheduled_plans/{}", plan["id"].as_str().unwrap());
    assert_eq!(practice.delete("/users/1").status, 204);
    assert_eq!(practice.get(&plan).status, 404);
    assert_eq!(practice.get("/scheduled_plans/1").status, 404);
    assert_eq!(practice.get("/scheduled_plans?user_id=2").expect(200)[0]["id"], Value::Null, "it was on user 1's Look");
    assert_eq!(practice.get("/dashboards/1").expect(200)["deleted"], true);
    let alerts = practice.get("/alerts/search?all_owners=true").expect(200);
    let of_user = alerts.as_array().unwrap().iter().find(|alert| alert["owner_id"] == "1").unwrap();
    assert_eq!(of_user["is_disabled"], true);
}

#[test]
fn roles_of_groups_count_unless_only_direct_ones_are_asked_for() {
    let practice = Practice::new();
    practice.send("PUT", "/roles/3/groups", &json!(["2"])).expect(200);
    practice.post("/groups/2/users", &json!({ "user_id": "2" })).expect(200);
    assert_eq!(each(&practice.get("/users/2/roles").expect(200), "id"), ["1", "3"]);
    assert_eq!(each(&practice.get("/users/2/roles?direct_association_only=true").expect(200), "id"), ["1"]);
}

#[test]
fn a_fault_can_come_after_other_requests() {
    let practice = Practice::new();
    practice.looker.fail_request(2, Fault::status(500));
    let statuses: Vec<u16> = (0..4).map(|_| practice.get("/user").status).collect();
    assert_eq!(statuses, [200, 200, 500, 200]);
}
