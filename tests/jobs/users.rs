//! `provision_user` and `deprovision_user`.

use crate::trial::{Bench, Row};
use connector_host::Reason;
use serde_json::{Value, json};

const EMAIL: &str = "new.hire@example.com";

fn new_hire() -> Value {
    json!({
        "email": EMAIL, "first_name": "New", "last_name": "Hire", "role_names": ["Viewer"], "group_names": ["Analysts"],
        "attributes": { "department": "Support", "country": "NL" },
    })
}

/// What can be seen of users: all of them, and the roles, groups and attributes of the one that is made.
fn seen() -> Vec<(&'static str, Value)> {
    vec![("all_users", json!({})), ("user_attribute_user_values", json!({ "user_id": "14" }))]
}

#[tokio::test(flavor = "multi_thread")]
async fn provision_user_survives_the_failure_of_each_request() {
    let row = Row { job: "provision_user", input: new_hire(), before: vec![], seen: seen(), rewrites: false };
    Bench::new().await.try_row(&row).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn provision_user_completes_an_existing_user() {
    let bench = Bench::new().await;
    let mut trial = bench.start(&[]).await;
    let input = json!({ "email": "ADA.Lovelace@example.com", "first_name": "Other", "role_names": ["Viewer"], "invite": "email" });
    let output = trial.call("provision_user", &input).await.unwrap();
    // Existing names and roles stay.
    assert_eq!((&output["user"]["first_name"], &output["user"]["id"]), (&json!("Ada"), &json!("1")));
    assert_eq!(output["user"]["role_ids"], json!(["3", "1"]));
    assert_eq!(trial.looker.mails(), ["invitation to ada.lovelace@example.com"]);
    // The invitation is sent once, and its link is never shown.
    let again = trial.call("provision_user", &input).await.unwrap();
    assert_eq!((&again["changed"], trial.looker.mails().len()), (&json!(false), 1));
    assert!(!output.to_string().contains("/password/") && !again.to_string().contains("/password/"));
    let input = json!({ "email": "ada.lovelace@example.com", "role_ids": [1], "roles_mode": "replace" });
    let replaced = trial.call("provision_user", &input).await.unwrap();
    assert_eq!(replaced["user"]["role_ids"], json!(["1"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn provision_user_with_an_unknown_name_changes_nothing() {
    let bench = Bench::new().await;
    let mut trial = bench.start(&[]).await;
    for (input, field, says) in [
        (json!({ "email": EMAIL, "role_names": ["viewer"] }), "role_names", "Did you mean Viewer?"),
        (json!({ "email": EMAIL, "role_ids": ["77"] }), "role_ids", "no role with the ID 77"),
        // A wildcard of Looker's search is an ordinary character of a name.
        (json!({ "email": EMAIL, "group_names": ["Analyst_"] }), "group_names", "There is no group Analyst_"),
        (json!({ "email": EMAIL, "group_ids": ["77"] }), "group_ids", "no group with the ID 77"),
        (json!({ "email": EMAIL, "attributes": { "departement": "x" } }), "attributes", "Did you mean department?"),
        (json!({ "email": EMAIL, "user_id": "1" }), "user_id", "another e-mail address"),
        (json!({ "email": EMAIL, "user_id": "99" }), "user_id", "There is no user 99"),
    ] {
        let before = trial.read("all_users", &json!({})).await;
        let problem = trial.call("provision_user", &input).await.unwrap_err().problem();
        assert!(problem.message.contains(says), "{}", problem.message);
        assert!(problem.message.ends_with("Nothing was changed."), "{}", problem.message);
        assert_eq!(problem.fields[0].field.as_deref(), Some(field));
        assert_eq!(trial.read("all_users", &json!({})).await, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn provision_user_enables_only_if_it_may() {
    let bench = Bench::new().await;
    let mut trial = bench.start(&[("update_user", json!({ "user_id": "3", "is_disabled": true }))]).await;
    let user = trial.read("user", &json!({ "user_id": "3" })).await;
    let mut input = json!({ "email": user["email"] });
    let problem = trial.call("provision_user", &input).await.unwrap_err().problem();
    assert_eq!((problem.reason, problem.fields[0].field.as_deref()), (Reason::Conflict, Some("reenable")));
    input["reenable"] = "true".into();
    let output = trial.call("provision_user", &input).await.unwrap();
    assert_eq!((&output["changed"], &output["user"]["is_disabled"]), (&json!(true), &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_whose_response_is_lost_is_not_sent_again() {
    let bench = Bench::new().await;
    let mut trial = bench.start(&[]).await;
    trial.looker.fail_on("POST", "/users/14/credentials_email/send", 1, practice_looker::Fault::ResetBeforeHead);
    let input = json!({ "email": EMAIL, "invite": "email" });
    let failure = trial.call("provision_user", &input).await.unwrap_err();
    assert!(!failure.is_retryable() && failure.problem().request_sent, "{failure}");
    assert!(failure.problem().message.contains("done before: create_user (14), add_email (14)"), "{failure}");
    assert_eq!(trial.looker.mails().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_signs_in_through_an_identity_provider_is_found() {
    let bench = Bench::new().await;
    let mut trial = bench.start(&[]).await;
    let email = trial.read("user", &json!({ "user_id": "4" })).await["email"].clone();
    trial.read("update_user", &json!({ "user_id": "4", "credentials_saml": { "email": email } })).await;
    let output = trial.call("provision_user", &json!({ "email": email, "group_ids": [2, "2"] })).await.unwrap();
    assert_eq!(output["user"]["id"], "4");
    assert!(output["user"]["group_ids"].as_array().unwrap().contains(&json!("2")), "{output}");
}

/// User 2 has a schedule, an alert, two sessions and an API key.
fn leaving() -> Vec<(&'static str, Value)> {
    vec![("create_user_credentials_api3", json!({ "user_id": "2" }))]
}

fn belongings() -> Vec<(&'static str, Value)> {
    vec![
        ("all_users", json!({ "fields": "id,is_disabled,credentials_api3" })),
        ("all_scheduled_plans", json!({ "all_users": true })),
        ("search_alerts", json!({ "all_owners": true })),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn deprovision_user_survives_the_failure_of_each_request() {
    let input = json!({ "user_id": "2", "schedules_to": "1", "alerts_to": "3" });
    let row = Row { job: "deprovision_user", input, before: leaving(), seen: belongings(), rewrites: false };
    Bench::new().await.try_row(&row).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deprovision_user_deletes_and_finds_nobody_the_second_time() {
    let email = json!("alan.turing@example.com");
    let input = json!({ "email": email, "schedules_to": "1", "alerts_to": "1", "delete": true });
    let row = Row { job: "deprovision_user", input, before: leaving(), seen: belongings(), rewrites: false };
    let bench = Bench::new().await;
    bench.try_row(&row).await;
    let mut trial = bench.start(&row.before).await;
    let output = trial.call(row.job, &row.input).await.unwrap();
    assert_eq!(output["counts"], json!({ "schedules": 1, "alerts": 1, "sessions": 2, "api_keys": 1 }));
    assert_eq!(output["state"], "deleted");
    let plans = trial.read("all_scheduled_plans", &json!({ "all_users": true })).await;
    assert_eq!(plans.as_array().unwrap().len(), 2, "a schedule went with its owner: {plans}");
    let again = trial.call(row.job, &row.input).await.unwrap();
    assert_eq!((&again["state"], &again["changed"], &again["user"]), (&json!("absent"), &json!(false), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn deprovision_user_refuses_before_it_changes_anything() {
    let bench = Bench::new().await;
    let mut trial = bench.start(&[]).await;
    let me = trial.read("me", &json!({})).await["id"].clone();
    let disabled = ("update_user", json!({ "user_id": "5", "is_disabled": true }));
    trial.read(disabled.0, &disabled.1).await;
    for (input, says) in [
        (json!({ "user_id": me }), "the user of this API key"),
        (json!({ "user_id": "2" }), "Say in schedules_to who gets them"),
        (json!({ "user_id": "2", "schedules_to": "2" }), "must be another user"),
        (json!({ "user_id": "2", "schedules_to": "5" }), "User 5 is disabled"),
        (json!({ "user_id": "2", "schedules_to": "77" }), "There is no user 77"),
        (json!({ "user_id": "2", "email": "ada.lovelace@example.com" }), "another e-mail address"),
        (json!({ "user_id": "1", "delete": true, "schedules_to": "2" }), "has dashboards"),
    ] {
        let before = trial.read("all_users", &json!({})).await;
        let problem = trial.call("deprovision_user", &input).await.unwrap_err().problem();
        assert!(problem.message.contains(says), "{}", problem.message);
        assert_eq!(trial.read("all_users", &json!({})).await, before);
    }
    // Schedules may stay.
    let output = trial.call("deprovision_user", &json!({ "user_id": 2, "leave_schedules": true })).await.unwrap();
    assert_eq!((&output["state"], &output["counts"]["schedules"]), (&json!("disabled"), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn deprovision_user_with_500_schedules_stays_within_the_requests_of_a_call() {
    let bench = Bench::new().await;
    let mut trial = bench.start(&[]).await;
    for number in 0..499 {
        let plan = json!({ "name": format!("Plan {number}"), "user_id": "2", "look_id": "1", "crontab": "0 7 * * *" });
        trial.read("create_scheduled_plan", &plan).await;
    }
    trial.looker.clear_requests();
    // The host of this test allows 64 requests a call.
    let (output, calls) = trial.to_the_end("deprovision_user", json!({ "user_id": "2", "schedules_to": "1" })).await;
    assert_eq!(output["counts"]["schedules"], 500, "after {calls} calls");
    assert!(trial.looker.requests().len() <= calls * 40, "{} requests in {calls} calls", trial.looker.requests().len());
    let left = trial.read("all_scheduled_plans", &json!({ "user_id": "2" })).await;
    assert_eq!(left, json!([]));
}
