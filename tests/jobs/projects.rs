use crate::matrix::{Bench, Calls, Row};
use connector_host::Reason;
use serde_json::{Value, json};

const JOB: &str = "validate_and_deploy_project";

fn input(branch: &str) -> Value {
    json!({ "project_id": "thelook", "branch": branch })
}

fn head(calls: &Calls) -> Value {
    calls.json("project_workspace", json!({ "project_id": "thelook" }))["git_head"].clone()
}

#[test]
fn branch_is_deployed_whatever_breaks() {
    Bench::new().run(&Row {
        job: JOB,
        input: |_| input("feature"),
        check: |calls, output| {
            assert_eq!(output["deployed"], true, "{output}");
            assert_eq!(head(calls), output["commit"]);
            assert_eq!(calls.json("session", json!({}))["workspace_id"], "production", "the shared session");
        },
        acts_once: None,
    });
}

#[test]
fn second_run_changes_nothing() {
    let calls = Bench::new().calls();
    let first = calls.complete(JOB, input("feature"));
    assert_eq!((&first["changed"], &first["tests_passed"]), (&json!(true), &json!(2)));
    let asked = calls.asked("POST", "/deploy_to_production");
    let second = calls.complete(JOB, input("feature"));
    assert_eq!(
        (&second["changed"], &second["deployed"], &second["commit"]),
        (&json!(false), &json!(true), &first["commit"])
    );
    assert_eq!(calls.asked("POST", "/deploy_to_production"), asked);
    // Each session of the job's own was ended. The host's shared one goes on.
    assert_eq!(calls.asked("POST", "/login"), calls.asked("DELETE", "/logout") + 1);
}

#[test]
fn what_is_wrong_is_not_deployed() {
    for (branch, told) in [
        ("broken", "orders.view.lkml:12: Unknown field"),
        ("failing_tests", "totals_are_positive: Assertion failed"),
        ("unvalidated", "could not validate all models: thelook"),
    ] {
        let calls = Bench::new().calls();
        let before = head(&calls);
        let failure = calls.failure(JOB, input(branch));
        assert!(failure.problem().message.contains(told), "{failure}");
        assert_eq!((failure.problem().reason, head(&calls)), (Reason::Rejected, before));
    }
}

#[test]
fn warnings_stop_only_if_asked_to() {
    let calls = Bench::new().calls();
    let mut strict = input("warnings");
    strict["allow_warnings"] = json!(false);
    assert!(calls.failure(JOB, strict).problem().message.contains("is defined twice"));
    let mut check = input("warnings");
    check["validate_only"] = json!(true);
    let before = head(&calls);
    let checked = calls.complete(JOB, check);
    assert_eq!((&checked["deployed"], &checked["findings"][0]["severity"]), (&json!(false), &json!("warning")));
    assert_eq!(head(&calls), before);
    let deployed = calls.complete(JOB, input("warnings"));
    assert_eq!((&deployed["deployed"], &head(&calls)), (&json!(true), &deployed["commit"]));
}

#[test]
fn branch_that_is_behind_or_unexpected_is_not_deployed() {
    let calls = Bench::new().calls();
    calls.complete(JOB, json!({ "project_id": "thelook", "branch": "feature", "validate_only": true }));
    let commit = calls.looker.push_commit("thelook", "feature");
    let failure = calls.failure(JOB, input("feature"));
    assert_eq!((failure.problem().reason, failure.problem().fields[0].code.as_str()), (Reason::Conflict, "behind"));
    assert!(failure.problem().message.contains("1 commits behind"), "{failure}");
    let mut reset = input("feature");
    reset["reset_to_remote"] = json!(true);
    reset["expected_commit"] = json!("0123456789");
    assert_eq!(calls.failure(JOB, reset.clone()).problem().fields[0].code, "unexpected");
    reset["expected_commit"] = json!(commit);
    let output = calls.complete(JOB, reset);
    assert_eq!((&output["commit"], head(&calls)), (&json!(commit), json!(commit)));
    assert!(calls.looker.requests().iter().all(|request| !request.text().contains("\"ref\"")), "never a hard reset");
}

#[test]
fn commit_is_deployed_in_advanced_deploy_mode() {
    let calls = Bench::new().calls();
    calls.json("update_project", json!({ "project_id": "thelook", "git_release_mgmt_enabled": true }));
    let output = calls.complete(JOB, input("feature"));
    assert_eq!(head(&calls), output["commit"]);
    assert_eq!(
        (calls.asked("POST", "/deploy_ref_to_production"), calls.asked("POST", "/deploy_to_production")),
        (1, 0)
    );
    let failure = calls.failure(JOB, input("none"));
    assert!(failure.problem().message.contains("There is no branch none"), "{failure}");
    let failure = calls.failure(JOB, json!({ "project_id": "none", "branch": "feature" }));
    assert_eq!(failure.problem().fields[0].field.as_deref(), Some("project_id"));
}
