use practice_looker::PracticeLooker;
use serde_json::{Value, json};

use crate::support::{Practice, each};

fn dev(branch: &str) -> Practice {
    let practice = Practice::from(PracticeLooker::builder().polls_until_done(1));
    practice.patch("/session", &json!({ "workspace_id": "dev" })).expect(200);
    let checked_out = practice.send("PUT", "/projects/thelook/git_branch", &json!({ "name": branch })).expect(200);
    assert_eq!(checked_out["name"], branch);
    practice
}

#[test]
fn branch_is_checked_out_only_in_development() {
    let practice = Practice::new();
    assert_eq!(practice.get("/projects/thelook/git_branch").expect(200)["name"], "main");
    assert_eq!(practice.send("PUT", "/projects/thelook/git_branch", &json!({ "name": "feature" })).status, 400);
    let practice = dev("feature");
    assert_eq!(practice.send("PUT", "/projects/thelook/git_branch", &json!({ "name": "none" })).status, 422);
    assert_eq!(practice.get("/projects/none/git_branch").status, 404);
    // Another session of the same user is in production.
    let other = practice.sign_in(practice.looker.client_id(), practice.looker.client_secret()).unwrap();
    let request = practice.client.get(practice.url("/projects/thelook/git_branch"));
    let reply = crate::support::reply(request.header("authorization", format!("token {other}"))).unwrap();
    assert_eq!(reply.expect(200)["name"], "main");
}

#[test]
fn branch_falls_behind_and_is_reset() {
    let practice = dev("feature");
    let commit = practice.looker.push_commit("thelook", "feature");
    let branch = practice.get("/projects/thelook/git_branch").expect(200);
    assert_eq!((&branch["ahead_count"], &branch["behind_count"]), (&json!(0), &json!(1)));
    assert_eq!(branch["remote_ref"], json!(commit));
    assert_ne!(branch["ref"], json!(commit));
    assert_eq!(practice.bare("POST", "/projects/thelook/reset_to_remote").status, 204);
    assert_eq!(practice.get("/projects/thelook/git_branch").expect(200)["ref"], json!(commit));
}

#[test]
fn deployed_commit_is_productions_head() {
    let practice = dev("feature");
    let head = practice.get("/projects/thelook/git_branch").expect(200)["ref"].clone();
    assert_eq!(practice.bare("POST", "/projects/thelook/deploy_to_production").status, 204);
    practice.patch("/session", &json!({ "workspace_id": "production" })).expect(200);
    assert_eq!(practice.get("/projects/thelook/current_workspace").expect(200)["git_head"], head);
    let commit = practice.looker.push_commit("thelook", "warnings");
    let path = format!("/projects/thelook/deploy_ref_to_production?ref={commit}");
    assert_eq!(practice.bare("POST", &path).status, 204);
    assert_eq!(practice.get("/projects/thelook/current_workspace").expect(200)["git_head"], json!(commit));
    assert_eq!(practice.bare("POST", "/projects/thelook/deploy_ref_to_production?ref=none").status, 422);
}

#[test]
fn findings_depend_on_the_branch() {
    for (branch, severity, unvalidated) in
        [("feature", None, 0), ("broken", Some("error"), 0), ("warnings", Some("warning"), 0), ("unvalidated", None, 1)]
    {
        let practice = dev(branch);
        assert_eq!(practice.get("/projects/thelook/validate").status, 204, "not validated yet");
        let result = practice.bare("POST", "/projects/thelook/validate").expect(200);
        assert_eq!(result["errors"][0]["severity"].as_str(), severity, "{branch}");
        assert_eq!(result["models_not_validated"].as_array().unwrap().len(), unvalidated, "{branch}");
        assert_eq!(practice.get("/projects/thelook/validate").status, 204, "not ready yet");
        let kept = practice.get("/projects/thelook/validate").expect(200);
        assert_eq!((&kept["errors"], &kept["stale"]), (&result["errors"], &json!(false)));
        practice.send("PUT", "/projects/thelook/git_branch", &json!({ "name": "main" })).expect(200);
        assert_eq!(practice.get("/projects/thelook/validate").expect(200)["stale"], true);
    }
}

#[test]
fn tests_of_one_branch_fail() {
    for (branch, outcomes) in [("feature", [true, true]), ("failing_tests", [true, false])] {
        let practice = dev(branch);
        let names = practice.get("/projects/thelook/lookml_tests").expect(200);
        assert_eq!(each(&names, "name"), ["orders_have_an_id", "totals_are_positive"]);
        let results = practice.get("/projects/thelook/lookml_tests/run?model=thelook").expect(200);
        let successes: Vec<&Value> = results.as_array().unwrap().iter().map(|result| &result["success"]).collect();
        assert_eq!(successes, outcomes.map(Value::from).each_ref(), "{branch}");
    }
}
