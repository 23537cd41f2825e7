//! `provision_user` and `deprovision_user`.

use crate::matrix::{Bench, Calls, Row, each};
use connector_host::Reason;
use practice_looker::Fault;
use serde_json::{Value, json};

const EMAIL: &str = "new.hire@example.com";

/// How many users the practice Looker has at the start, the API-only account included.
const USERS: usize = 13;

#[test]
fn user_is_provisioned_once_whatever_breaks() {
    Bench::new().run(&Row {
        job: "provision_user",
        input: |_| {
            json!({
                "email": EMAIL, "first_name": "New", "last_name": "Hire", "role_names": ["Viewer"],
                "group_names": ["Analysts"], "attributes": { "department": "Support", "country": "NL" },
            })
        },
        check: |calls, output| {
            let users = calls.json("all_users", json!({}));
            assert_eq!(users.as_array().unwrap().len(), USERS + 1, "no user is left over or missing");
            let user = calls.json("user", json!({ "user_id": output["user"]["id"] }));
            assert_eq!((&user["email"], &user["display_name"]), (&json!(EMAIL), &json!("New Hire")));
            assert_eq!((&user["role_ids"], &user["group_ids"]), (&json!(["1"]), &json!(["2"])));
            let values = calls.json("user_attribute_user_values", json!({ "user_id": user["id"] }));
            assert_eq!(
                (each(&values, "value"), each(&values, "source")),
                (vec!["Support", "NL"], vec!["User", "User"])
            );
            let again = calls.json(
                "provision_user",
                json!({ "email": EMAIL, "role_names": "Viewer", "group_ids": 2, "attributes": { "country": "NL" } }),
            );
            assert_eq!(again["changed"], false, "{again}");
        },
        acts_once: None,
    });
}

#[test]
fn invitation_is_sent_once_whatever_breaks() {
    Bench::new().run(&Row {
        job: "provision_user",
        input: |_| json!({ "email": EMAIL, "invite": "email" }),
        check: |calls, _| {
            assert_eq!(calls.looker.mails(), [format!("invitation to {EMAIL}")]);
            let again = calls.json("provision_user", json!({ "email": EMAIL, "invite": "email" }));
            assert_eq!((&again["changed"], calls.looker.mails().len()), (&json!(false), 1));
        },
        acts_once: Some("send_user_credentials_email_password_reset"),
    });
}

#[test]
fn lost_invitation_names_what_was_done_before() {
    let calls = Bench::new().calls();
    calls.looker.fail_on("POST", "/users/14/credentials_email/send", 1, Fault::ResetBeforeHead);
    let failure = calls.failure("provision_user", json!({ "email": EMAIL, "invite": "email" }));
    assert!(!failure.is_retryable() && failure.problem().request_sent, "{failure}");
    assert!(failure.problem().message.contains("done before: create_user (14), add_email (14)"), "{failure}");
    assert_eq!(calls.looker.mails().len(), 1);
}

#[test]
fn existing_user_keeps_names_and_roles() {
    let calls = Bench::new().calls();
    let input = json!({ "email": "ADA.Lovelace@example.com", "first_name": "Other", "role_names": ["Viewer"] });
    let output = calls.json("provision_user", input);
    assert_eq!((&output["user"]["first_name"], &output["user"]["id"]), (&json!("Ada"), &json!("1")));
    assert_eq!(output["user"]["role_ids"], json!(["3", "1"]));
    let input = json!({ "email": "ada.lovelace@example.com", "role_ids": [1], "roles_mode": "replace" });
    assert_eq!(calls.json("provision_user", input)["user"]["role_ids"], json!(["1"]));
}

#[test]
fn links_to_sign_in_are_never_returned() {
    let calls = Bench::new().calls();
    let input = json!({ "email": EMAIL, "invite": "email" });
    let outputs = [calls.json("provision_user", input.clone()), calls.json("provision_user", input)];
    assert!(outputs.iter().all(|output| !output.to_string().contains("/password/")), "{outputs:?}");
}

#[test]
fn unknown_name_changes_nothing() {
    let calls = Bench::new().calls();
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
        let before = calls.json("all_users", json!({}));
        let problem = calls.failure("provision_user", input).problem();
        assert!(problem.message.contains(says), "{}", problem.message);
        assert!(problem.message.ends_with("Nothing was changed."), "{}", problem.message);
        assert_eq!(problem.fields[0].field.as_deref(), Some(field));
        assert_eq!(calls.json("all_users", json!({})), before);
    }
}

#[test]
fn disabled_user_is_enabled_only_if_asked() {
    let calls = Bench::new().calls();
    let user = calls.json("update_user", json!({ "user_id": "3", "is_disabled": true }));
    let problem = calls.failure("provision_user", json!({ "email": user["email"] })).problem();
    assert_eq!((problem.reason, problem.fields[0].field.as_deref()), (Reason::Conflict, Some("reenable")));
    let output = calls.json("provision_user", json!({ "email": user["email"], "reenable": "true" }));
    assert_eq!((&output["changed"], &output["user"]["is_disabled"]), (&json!(true), &json!(false)));
}

#[test]
fn search_that_ignores_its_filter_stops_the_job() {
    let calls = Bench::new().calls();
    let everybody = calls.json("all_users", json!({})).to_string().into_bytes();
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    calls.looker.fail_on("GET", "/users/search", 1, Fault::Response { status: 200, headers, body: everybody });
    let problem = calls.failure("provision_user", json!({ "email": EMAIL })).problem();
    assert!(problem.message.contains("ignores the filter"), "{}", problem.message);
    assert_eq!(calls.json("all_users", json!({})).as_array().unwrap().len(), USERS);
}

#[test]
fn run_that_was_faster_keeps_its_user_and_the_blank_one_is_deleted() {
    let calls = Bench::new().calls();
    // Between the search and the new credentials, a parallel run makes the user: the first look finds nobody.
    calls.json("create_user", json!({ "first_name": "Fast", "credentials_email": { "email": EMAIL } }));
    calls.looker.fail_on("GET", "/users/credential/", 1, Fault::status(404));
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    calls.looker.fail_on("GET", "/users/search", 2, Fault::Response { status: 200, headers, body: b"[]".to_vec() });
    let output = calls.json("provision_user", json!({ "email": EMAIL, "last_name": "Slow" }));
    assert_eq!((&output["user"]["id"], &output["user"]["first_name"]), (&json!("14"), &json!("Fast")));
    assert_eq!(calls.json("all_users", json!({})).as_array().unwrap().len(), USERS + 1);
}

/// User 2 has a schedule, an alert, two sessions and an API key.
fn leave(calls: &Calls) -> Value {
    calls.json("create_user_credentials_api3", json!({ "user_id": "2" }));
    json!({ "email": "alan.turing@example.com", "schedules_to": "1", "alerts_to": "3" })
}

/// Nothing that others depend on is lost, and nothing of the user's access is left.
fn check_left(calls: &Calls) {
    let plans = calls.json("all_scheduled_plans", json!({ "all_users": true }));
    assert_eq!((each(&plans, "id"), each(&plans, "user_id")), (vec!["1", "2"], vec!["1", "1"]));
    assert_eq!(each(&plans[1]["scheduled_plan_destination"], "address"), ["team2@example.com"]);
    let alerts = calls.json("search_alerts", json!({ "all_owners": true }));
    assert_eq!(each(&alerts, "owner_id"), ["1", "3"]);
    assert!(alerts.as_array().unwrap().iter().all(|alert| alert["is_disabled"] == false), "{alerts}");
}

#[test]
fn user_is_disabled_and_nothing_is_lost_whatever_breaks() {
    Bench::new().run(&Row {
        job: "deprovision_user",
        input: leave,
        check: |calls, output| {
            assert_eq!(output["state"], "disabled");
            check_left(calls);
            assert_eq!(calls.json("user", json!({ "user_id": "2" }))["is_disabled"], true);
            assert_eq!(calls.json("all_user_sessions", json!({ "user_id": "2" })), json!([]));
            assert_eq!(calls.json("all_user_credentials_api3s", json!({ "user_id": "2" })), json!([]));
            let again = calls.json("deprovision_user", json!({ "user_id": 2 }));
            assert_eq!((&again["changed"], &again["state"]), (&json!(false), &json!("disabled")));
        },
        acts_once: None,
    });
}

#[test]
fn user_is_deleted_and_nothing_is_lost_whatever_breaks() {
    Bench::new().run(&Row {
        job: "deprovision_user",
        input: |calls| {
            let mut input = leave(calls);
            input["delete"] = true.into();
            input
        },
        check: |calls, output| {
            // A response to the last request that was lost shows as nobody there.
            assert!(["deleted", "absent"].contains(&output["state"].as_str().unwrap()), "{output}");
            check_left(calls);
            assert!(!each(&calls.json("all_users", json!({})), "id").contains(&"2"));
            let again = calls.json("deprovision_user", json!({ "user_id": 2, "delete": true }));
            assert_eq!(
                (&again["state"], &again["changed"], &again["user"]),
                (&json!("absent"), &json!(false), &Value::Null)
            );
        },
        acts_once: None,
    });
}

#[test]
fn output_counts_what_was_taken() {
    let calls = Bench::new().calls();
    let input = leave(&calls);
    let output = calls.json("deprovision_user", input);
    assert_eq!(output["counts"], json!({ "schedules": 1, "alerts": 1, "sessions": 2, "api_keys": 1 }));
}

#[test]
fn deprovisioning_refuses_before_it_changes_anything() {
    let calls = Bench::new().calls();
    let me = calls.json("me", json!({}))["id"].clone();
    calls.json("update_user", json!({ "user_id": "5", "is_disabled": true }));
    for (input, says) in [
        (json!({ "user_id": me }), "the user of this API key"),
        (json!({ "user_id": "2" }), "Say in schedules_to who gets them"),
        (json!({ "user_id": "2", "schedules_to": "2" }), "must be another user"),
        (json!({ "user_id": "2", "schedules_to": "5" }), "User 5 is disabled"),
        (json!({ "user_id": "2", "schedules_to": "77" }), "There is no user 77"),
        (json!({ "user_id": "2", "email": "ada.lovelace@example.com" }), "another e-mail address"),
        (json!({ "user_id": "1", "delete": true, "schedules_to": "2" }), "has dashboards"),
    ] {
        let before = calls.json("all_users", json!({}));
        let problem = calls.failure("deprovision_user", input).problem();
        assert!(problem.message.contains(says), "{}", problem.message);
        assert!(problem.message.ends_with("Nothing was changed."), "{}", problem.message);
        assert_eq!(calls.json("all_users", json!({})), before);
    }
    let output = calls.json("deprovision_user", json!({ "user_id": 2, "leave_schedules": true }));
    assert_eq!((&output["state"], &output["counts"]["schedules"]), (&json!("disabled"), &json!(0)));
}

#[test]
fn session_that_cannot_be_ended_does_not_save_the_api_keys() {
    let calls = Bench::new().calls();
    let input = leave(&calls);
    calls.looker.fail_on("DELETE", "/users/2/sessions/2", 1, Fault::status(403));
    let failure = calls.failure("deprovision_user", input);
    assert!(failure.problem().message.contains("The step end_session (delete_user_session) failed."), "{failure}");
    assert!(failure.problem().message.contains("delete_api_key"), "{failure}");
    assert_eq!(calls.json("all_user_credentials_api3s", json!({ "user_id": "2" })), json!([]));
    assert_eq!(each(&calls.json("all_user_sessions", json!({ "user_id": "2" })), "id"), ["2"]);
}

#[test]
fn user_with_500_schedules_stays_within_the_requests_of_a_call() {
    let calls = Bench::new().calls();
    for number in 0..499 {
        let plan = json!({ "name": format!("Plan {number}"), "user_id": "2", "look_id": "1", "crontab": "0 7 * * *" });
        calls.json("create_scheduled_plan", plan);
    }
    calls.looker.clear_requests();
    let mut input = json!({ "user_id": "2", "schedules_to": "1" });
    let mut most = 0;
    let output = loop {
        let before = calls.looker.requests().len();
        let outcome = calls.call("deprovision_user", &input);
        most = most.max(calls.looker.requests().len() - before);
        match outcome {
            Ok((output, _)) => break output,
            Err(failure) => {
                assert!(failure.is_retryable(), "{failure}");
                input = serde_json::from_str(&failure.problem().resume.unwrap()).unwrap();
            }
        }
    };
    assert!(most <= 40, "{most} requests in one call");
    assert_eq!(output["counts"]["schedules"], 500);
    assert_eq!(calls.json("all_scheduled_plans", json!({ "user_id": "2" })), json!([]));
    assert_eq!(calls.json("all_scheduled_plans", json!({ "user_id": "1" })).as_array().unwrap().len(), 501);
}
