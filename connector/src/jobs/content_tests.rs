//! Jobs about content, schedules and projects over a mock transport: which requests they send, and what becomes of responses
//! that are hard to get from a real server.

use crate::engine::{Call, Engine};
use crate::failure::{Failure, Reason, Result};
use crate::mock_transport::MockTransport;
use crate::response::OutputBody;
use crate::transport::TransportErrorKind;
use serde_json::{Value, json};
use std::time::Duration;

const AUTH: &str = r#"{"domain": "looker.example.com", "client_id": "the-id", "client_secret": "the-secret"}"#;

/// Runs a job that may not wait; returns its output and `METHOD path` of what was sent after the login.
fn run(job: &str, input: Value, responses: MockTransport) -> (Result<Value>, Vec<String>) {
    run_for(job, input, responses, Duration::ZERO)
}

fn run_for(job: &str, input: Value, responses: MockTransport, wait: Duration) -> (Result<Value>, Vec<String>) {
    let mut engine = Engine::new(responses);
    let input = input.to_string();
    let output = engine.invoke(AUTH, Call { operation: job, input: &input, max_wait: Some(wait) });
    assert_eq!(engine.platform().unused(), 0, "{output:?}");
    let line = |line: &str| line.replace("https://looker.example.com/api/4.0", "");
    let sent = engine.platform().lines().into_iter().map(line).filter(|line| line != "POST /login").collect();
    let output = output.map(|output| match output.body {
        OutputBody::Json(document) => serde_json::from_str(&document).unwrap(),
        other => panic!("{other:?}"),
    });
    (output, sent)
}

fn signed_in() -> MockTransport {
    MockTransport::default().token("token-1")
}

fn resume(failure: &Failure) -> Value {
    serde_json::from_str(failure.problem().resume.as_deref().unwrap_or("null")).unwrap()
}

fn row(plan: &str, job: u64, status: &str) -> String {
    json!({ "scheduled_plan.id": plan, "scheduled_job.id": job, "scheduled_job.status": status }).to_string()
}

#[test]
fn newest_run_of_a_schedule_decides() {
    let rows = [row("1", 9, "success"), row("2", 8, "failure"), row("1", 7, "failure"), row("3", 6, "in_progress")];
    let body = format!("[{}]", rows.join(","));
    let (output, sent) = run("find_failed_schedules", json!({}), signed_in().json(200, &body));
    let failed = output.unwrap()["failed"].clone();
    assert_eq!(failed.as_array().unwrap().len(), 1);
    assert_eq!((&failed[0]["scheduled_plan_id"], &failed[0]["job_id"]), (&json!("2"), &json!("8")));
    assert_eq!(sent, ["POST /queries/run/json?cache=false"]);
}

#[test]
fn missing_permission_for_system_activity_is_named() {
    let (output, _) = run("find_failed_schedules", json!({}), signed_in().json(404, r#"{"message": "Not found"}"#));
    let failure = output.unwrap_err();
    assert!(
        failure.problem().message.starts_with("The API key needs the permission see_system_activity."),
        "{failure:?}"
    );
}

#[test]
fn lost_run_of_a_schedule_is_not_sent_again() {
    for lost in [TransportErrorKind::Broken, TransportErrorKind::Timeout] {
        let responses = signed_in().json(200, r#"{"id":"5"}"#).error(lost);
        let input = json!({ "scheduled_plan_id": "5" });
        let (output, sent) = run_for("run_schedule_now", input, responses, Duration::from_secs(30));
        let Err(Failure::Permanent(problem)) = output else { panic!("{output:?}") };
        assert!(problem.request_sent);
        assert_eq!(sent, ["GET /scheduled_plans/5?fields=id", "POST /scheduled_plans/5/run_once"]);
    }
}

#[test]
fn outcome_that_cannot_be_read_is_unknown_and_no_failure() {
    let responses = signed_in().json(200, r#"{"id":5}"#).json(200, r#"{"id":77}"#).json(403, "{}");
    let input = json!({ "scheduled_plan_id": 5, "wait_for_outcome": "true" });
    let (output, _) = run("run_schedule_now", input, responses);
    let output = output.unwrap();
    assert_eq!((&output["run_id"], &output["outcome"]), (&json!("77"), &json!("unknown")));
}

#[test]
fn content_without_dates_is_never_unused() {
    let page = r#"[{"id":1,"title":"A","created_at":null},{"id":2,"title":"B","created_at":"2020-01-01T00:00:00Z"},
                   {"id":"m::x","created_at":"2020-01-01T00:00:00Z"},{"id":4,"created_at":"2020-01-01T00:00:00Z","deleted":true}]"#;
    let responses = signed_in().json(200, "[]").json(200, "[]").json(200, "[]").json(200, page).json(200, "[]");
    let (output, sent) = run("find_unused_content", json!({ "types": ["look"] }), responses);
    let output = output.unwrap();
    assert_eq!((&output["items"][0]["id"], output["items"].as_array().unwrap().len()), (&json!("2"), 1));
    assert_eq!(output["unused_since"], "2025-07-05T00:00:00Z");
    assert!(sent[4].contains("offset=500"), "a short page is not the end: {sent:?}");
}

#[test]
fn content_used_since_is_not_trashed() {
    let look =
        r#"{"id":"3","deleted":false,"last_viewed_at":"2026-01-02T00:00:00Z","created_at":"2020-01-01T00:00:00Z"}"#;
    let item = |last_used: Value| json!({ "items": [{ "type": "look", "id": 3, "last_used": last_used }] });
    for (last_used, trashed) in [
        (json!("2026-01-02T00:00:00.000+00:00"), true),
        (json!("2026-01-01T00:00:00Z"), false),
        (json!(null), false),
        (json!("long ago"), false),
    ] {
        let responses = signed_in().json(200, look);
        let responses = if trashed { responses.json(200, "{}") } else { responses };
        let (output, sent) = run("trash_content", item(last_used.clone()), responses);
        assert_eq!(
            (&output.unwrap()["trashed"], sent.len()),
            (&json!(u8::from(trashed)), 1 + usize::from(trashed)),
            "{last_used}"
        );
    }
}

/// The responses of a run up to its validation: two sessions, in development and in production.
fn until_validation() -> MockTransport {
    let branch = r#"{"name":"dev","ref":"aaaaaaa1","behind_count":0,"ahead_count":0}"#;
    signed_in()
        .json(200, "{}")
        .json(200, r#"{"id":"p"}"#)
        .json(200, branch)
        .response(204, &[], b"")
        .token("token-2")
        .json(200, "{}")
        .json(200, r#"{"git_head":"bbbbbbb2"}"#)
        .response(204, &[], b"")
        .token("token-3")
        .json(200, "{}")
        .json(200, branch)
}

const DEPLOY: &str = "validate_and_deploy_project";

fn deploy_input() -> Value {
    json!({ "project_id": "p", "branch": "dev", "run_tests": false })
}

#[test]
fn cut_off_validation_is_waited_for_and_not_started_again() {
    let responses =
        until_validation().error(TransportErrorKind::Timeout).response(204, &[], b"").response(204, &[], b"");
    let (output, sent) = run(DEPLOY, deploy_input(), responses);
    let failure = output.unwrap_err();
    assert!(matches!(failure, Failure::Retryable(_)), "{failure:?}");
    assert_eq!(sent[sent.len() - 2..], ["GET /projects/p/validate", "DELETE /logout"]);
    let input = resume(&failure);
    assert_eq!(input["progress"]["commit"], "aaaaaaa1");
    assert!(input["progress"]["validating_since"].is_u64());
    let branch = r#"{"name":"dev","ref":"aaaaaaa1","behind_count":0,"ahead_count":0}"#;
    let responses = until_validation()
        .json(200, r#"{"errors":[],"stale":false}"#)
        .json(200, branch)
        .response(204, &[], b"")
        .response(204, &[], b"");
    let (output, sent) = run(DEPLOY, input, responses);
    assert_eq!(output.unwrap()["deployed"], true);
    assert!(
        sent.contains(&"GET /projects/p/validate".to_owned())
            && !sent.contains(&"POST /projects/p/validate".to_owned())
    );
}

#[test]
fn validation_that_looker_refused_is_not_waited_for() {
    let responses = until_validation().json(500, "{}").response(204, &[], b"");
    let (output, _) = run(DEPLOY, deploy_input(), responses);
    let failure = output.unwrap_err();
    assert!(matches!(failure, Failure::Retryable(_)) && resume(&failure)["progress"].is_null(), "{failure:?}");
}

#[test]
fn lost_deployment_is_looked_up_in_production() {
    let branch = r#"{"name":"dev","ref":"aaaaaaa1","behind_count":0,"ahead_count":0}"#;
    for (head, deployed) in [("aaaaaaa1", true), ("bbbbbbb2", false)] {
        let responses = until_validation()
            .json(200, r#"{"errors":[]}"#)
            .json(200, branch)
            .error(TransportErrorKind::Broken)
            .response(204, &[], b"")
            .token("token-4")
            .json(200, "{}")
            .json(200, &format!(r#"{{"git_head":"{head}"}}"#))
            .response(204, &[], b"");
        let (output, sent) = run(DEPLOY, deploy_input(), responses);
        assert_eq!(sent.iter().filter(|line| line.ends_with("/deploy_to_production")).count(), 1);
        match output {
            Ok(output) => assert!(deployed && output["deployed"] == true),
            Err(failure) => assert!(!deployed && matches!(failure, Failure::Retryable(_)), "{failure:?}"),
        }
    }
}

#[test]
fn deployment_needs_a_session_of_its_own() {
    let auth = r#"{"domain": "looker.example.com", "access_token": "shared"}"#;
    let mut engine = Engine::new(MockTransport::default());
    let input = deploy_input().to_string();
    let failure = engine.invoke(auth, Call::new(DEPLOY, &input)).unwrap_err();
    assert_eq!((failure.problem().reason, failure.problem().request_sent), (Reason::InvalidAuth, false));
    let failure = engine.invoke(auth, Call::new("validate_content", r#"{"workspace": "dev"}"#)).unwrap_err();
    assert_eq!((failure.problem().reason, failure.problem().request_sent), (Reason::InvalidAuth, false));
}

#[test]
fn lost_import_is_looked_up_by_its_slug() {
    let export = json!({ "format": 1, "dashboards": [{ "id": "1", "title": "A", "slug": "s_1", "folder_path": [],
        "explores": [], "lookml": "- dashboard: a\n  title: A\n  preferred_slug: s_1\n" }] });
    let input = json!({ "export": export, "folder_id": "9" });
    // The search takes `_` as a wildcard, so that another slug comes too.
    let other = r#"[{"id":"6","slug":"sx1","deleted":false,"folder_id":"9"}]"#;
    let it = r#"[{"id":"7","slug":"s_1","deleted":false,"folder_id":"9"}]"#;
    let responses = signed_in()
        .json(200, r#"{"id":"9"}"#)
        .json(200, other)
        .json(200, "[]")
        .error(TransportErrorKind::Broken)
        .json(200, it)
        .json(200, r#"{"lookml":"---\n- dashboard: a_2\n  title: A\n  preferred_slug: s_1\n"}"#);
    let (output, sent) = run("import_content", input, responses);
    assert_eq!(output.unwrap()["imported"][0]["new_id"], "7");
    assert_eq!(sent.iter().filter(|line| **line == "POST /dashboards/lookml").count(), 1);
}

#[test]
fn export_without_the_right_to_see_schedules_does_not_count_them() {
    let responses = signed_in().json(403, "{}").json(200, r#"{"id":"4","title":"L","query":{"model":"m","view":"v"}}"#);
    let (output, _) = run("export_content", json!({ "look_ids": [4] }), responses);
    let output = output.unwrap();
    assert_eq!(output["looks"][0]["schedules"], Value::Null);
    assert_eq!(output["looks"][0]["query"], json!({ "model": "m", "view": "v" }));
}
