use practice_looker::{PracticeLooker, TaskPlan};
use serde_json::json;

use crate::support::{Practice, details, each};

fn query(practice: &Practice, view: &str) -> String {
    let query = practice.post("/queries", &json!({ "model": "m", "view": view, "limit": "3" })).expect(200);
    query["id"].as_str().unwrap().to_owned()
}

fn task(practice: &Practice, view: &str, format: &str) -> String {
    let body = json!({ "query_id": query(practice, view), "result_format": format });
    let task = practice.post("/query_tasks", &body).expect(200);
    assert_eq!(task["status"], "added");
    format!("/query_tasks/{}", task["id"].as_str().unwrap())
}

#[test]
fn results_are_ready_after_polling() {
    let practice = Practice::from(PracticeLooker::builder().polls_until_done(2));
    let path = task(&practice, "orders", "csv");
    let early = practice.get(&format!("{path}/results"));
    assert_eq!((early.status, early.bytes.len()), (202, 0));
    assert_eq!(practice.get(&path).expect(200)["status"], "running");
    let done = practice.get(&format!("{path}/results"));
    assert_eq!((done.status, done.text().lines().count()), (200, 4));
    let shown = practice.get(&path).expect(200);
    assert_eq!((&shown["status"], &shown["query"]["view"]), (&json!("complete"), &json!("orders")));
}

#[test]
fn invalid_tasks_are_rejected() {
    let practice = Practice::new();
    let id = query(&practice, "orders");
    assert_eq!(practice.post("/query_tasks", &json!({ "query_id": "no", "result_format": "json" })).status, 404);
    let refused = practice.post("/query_tasks", &json!({ "query_id": id, "result_format": "pdf" })).expect(422);
    assert_eq!(details(&refused), [("result_format", "invalid")]);
    let missing = practice.post("/query_tasks", &json!({ "query_id": id })).expect(422);
    assert_eq!(details(&missing), [("result_format", "missing_field")]);
    assert_eq!(practice.get("/query_tasks/no").status, 404);
    assert_eq!(practice.get("/query_tasks/no/results").status, 404);
}

#[test]
fn failed_task_uses_the_format_or_the_status() {
    let practice = Practice::from(PracticeLooker::builder().polls_until_done(0));
    let results = |format: &str| {
        let body = json!({ "query_id": query(&practice, "broken"), "result_format": format });
        let task = practice.post("/query_tasks", &body).expect(200);
        practice.get(&format!("/query_tasks/{}/results", task["id"].as_str().unwrap()))
    };
    assert!(results("json").expect(400)["message"].as_str().unwrap().contains("broken"));
    let detail = results("json_detail").expect(200);
    assert_eq!((&detail["data"], detail["errors"].as_array().unwrap().len()), (&json!([]), 1));
}

#[test]
fn results_expire() {
    let practice = Practice::from(PracticeLooker::builder().polls_until_done(0));
    let body = json!({ "query_id": query(&practice, "expired"), "result_format": "json" });
    let task = practice.post("/query_tasks", &body).expect(200);
    assert_eq!(practice.get(&format!("/query_tasks/{}/results", task["id"].as_str().unwrap())).status, 404);
}

#[test]
fn multi_results_returns_several_tasks() {
    let practice = Practice::new();
    let path = task(&practice, "orders", "json");
    let id = path.rsplit('/').next().unwrap();
    let ask = || practice.get(&format!("/query_tasks/multi_results?query_task_ids={id},nothing")).expect(200);
    let early = ask();
    assert_eq!((&early[id]["status"], &early["nothing"]["status"]), (&json!("running"), &json!("missing")));
    assert_eq!(ask()[id].as_array().unwrap().len(), 3);
    assert_eq!(practice.get("/query_tasks/multi_results").status, 400, "the ids are required");
}

#[test]
fn running_query_can_be_killed() {
    let practice = Practice::new();
    let path = task(&practice, "orders", "json");
    let id = path.rsplit('/').next().unwrap();
    assert_eq!(practice.delete(&format!("/running_queries/{id}")).status, 204);
    assert_eq!(practice.get(&path).expect(200)["status"], "killed");
    assert_eq!(practice.delete("/running_queries/nothing").status, 404);
}

#[test]
fn render_task_responds_202_with_retry_after() {
    let practice = Practice::new();
    let made = practice.post("/render_tasks/dashboards/1/pdf?width=800&height=600", &json!({})).expect(200);
    assert_eq!((&made["status"], &made["width"]), (&json!("enqueued_for_render"), &json!(800)));
    let path = format!("/render_tasks/{}", made["id"].as_str().unwrap());
    let early = practice.get(&format!("{path}/results"));
    assert_eq!((early.status, early.header("retry-after"), early.bytes.len()), (202, Some("1"), 0));
    let done = practice.get(&format!("{path}/results"));
    assert_eq!((done.status, done.header("content-type")), (200, Some("application/pdf")));
    assert!(done.bytes.starts_with(b"%PDF-1.4") && done.bytes.ends_with(b"%%EOF\n"));
    assert_eq!(practice.get(&path).expect(200)["status"], "success");
    assert_eq!(practice.get("/render_tasks/nothing/results").status, 404);
}

#[test]
fn only_dashboards_render_as_pdf() {
    let practice = Practice::new();
    for (of, format, status) in [
        ("looks/1", "png", 200),
        ("looks/1", "pdf", 400),
        ("queries/1", "jpg", 200),
        ("queries/1", "pdf", 400),
        ("dashboard_elements/1", "pdf", 400),
        ("dashboards/1", "gif", 422),
        ("dashboards/99", "pdf", 404),
    ] {
        let made = practice.post(&format!("/render_tasks/{of}/{format}?width=80&height=60"), &json!({}));
        assert_eq!(made.status, status, "{of} as {format}");
    }
    assert_eq!(practice.bare("POST", "/render_tasks/looks/1/png").status, 400, "width and height are required");
}

#[test]
fn planned_task_shows_each_status_in_turn() {
    let practice = Practice::new();
    practice.looker.plan_task(TaskPlan::new(["added", "queued", "expired", "running", "complete"]));
    let path = task(&practice, "orders", "json");
    let shown: Vec<_> = (0..3).map(|_| practice.get(&path).expect(200)["status"].clone()).collect();
    assert_eq!(shown, ["queued", "expired", "running"]);
    assert_eq!(practice.get(&format!("{path}/results")).status, 200, "the request for the results counts, too");
    assert_eq!(practice.get(&path).expect(200)["status"], "complete");
    // The plan was for one task.
    let other = task(&practice, "orders", "json");
    assert_eq!(practice.get(&other).expect(200)["status"], "running");
}

#[test]
fn planned_task_can_fail_or_lose_its_results() {
    let practice = Practice::new();
    for (plan, status, results) in [
        (TaskPlan::new(["added", "error"]), "error", 200),
        (TaskPlan::new(["added", "killed"]), "killed", 404),
        (TaskPlan::new(["added", "expired"]), "expired", 404),
        (TaskPlan::new(["added", "complete"]).without_results(), "complete", 404),
    ] {
        practice.looker.plan_task(plan);
        let path = task(&practice, "orders", "json");
        assert_eq!(practice.get(&path).expect(200)["status"], status);
        assert_eq!(practice.get(&format!("{path}/results")).status, results, "{status}");
    }
}

#[test]
fn running_queries_are_listed_until_they_end() {
    let practice = Practice::new();
    let running = || practice.get("/running_queries").expect(200);
    assert_eq!(running(), json!([]));
    practice.looker.plan_task(TaskPlan::new(["added", "running", "complete"]));
    let path = task(&practice, "orders", "json");
    let listed = running();
    assert_eq!(each(&listed, "query_task_id"), [path.rsplit('/').next().unwrap()]);
    assert_eq!((&listed[0]["user"]["id"], &listed[0]["status"]), (&json!("13"), &json!("added")));
    assert_eq!(listed[0]["query_id"], listed[0]["query"]["id"]);
    practice.get(&path);
    practice.get(&path);
    assert_eq!(running(), json!([]));
    let id = path.rsplit('/').next().unwrap();
    assert_eq!(practice.delete(&format!("/running_queries/{id}")).status, 404, "it has ended");
}

#[test]
fn failed_render_gives_its_reason() {
    let practice = Practice::new();
    practice
        .looker
        .plan_task(TaskPlan::new(["enqueued_for_query", "failure"]).detail("The renderer ran out of memory"));
    let made = practice.post("/render_tasks/dashboards/1/png?width=80&height=60", &json!({})).expect(200);
    assert_eq!((&made["status"], &made["status_detail"]), (&json!("enqueued_for_query"), &json!(null)));
    let path = format!("/render_tasks/{}", made["id"].as_str().unwrap());
    let shown = practice.get(&path).expect(200);
    assert_eq!(
        (&shown["status"], &shown["status_detail"]),
        (&json!("failure"), &json!("The renderer ran out of memory"))
    );
    assert_eq!(practice.get(&format!("{path}/results")).status, 404);
}

#[test]
fn derived_tables_are_built_by_gets() {
    let practice = Practice::new();
    let state = |build: &serde_json::Value| -> serde_json::Value {
        serde_json::from_str(build["resp_text"].as_str().unwrap()).unwrap()
    };
    let start = |view: &str| practice.get(&format!("/derived_table/thelook/{view}/start")).expect(200);
    let built = start("orders_pdt");
    assert_eq!(state(&built)["status"], "added");
    let path = format!("/derived_table/{}", built["materialization_id"].as_str().unwrap());
    let statuses = [0, 1, 2].map(|_| state(&practice.get(&format!("{path}/status")).expect(200))["status"].clone());
    assert_eq!(statuses, ["running", "complete", "complete"]);
    assert_ne!(built["materialization_id"], start("orders_pdt")["materialization_id"], "a second start builds again");

    let stopped = start("orders_pdt");
    let path = format!("/derived_table/{}", stopped["materialization_id"].as_str().unwrap());
    assert_eq!(state(&practice.get(&format!("{path}/stop")).expect(200))["status"], "killed");

    practice.looker.plan_task(TaskPlan::new(["added", "error"]).detail("disk full"));
    let failed = start("orders_pdt");
    let path = format!("/derived_table/{}/status", failed["materialization_id"].as_str().unwrap());
    let shown = state(&practice.get(&path).expect(200));
    assert_eq!((&shown["status"], &shown["message"]), (&json!("error"), &json!("disk full")));

    let refused = practice.get("/derived_table/thelook/ephemeral/start").expect(400);
    assert_eq!(refused["message"], "An error has occurred.");
    assert_eq!(practice.get("/derived_table/nothing/status").status, 404);
}

#[test]
fn same_definition_is_the_same_query() {
    let practice = Practice::new();
    let create = |limit: serde_json::Value| {
        let body = json!({ "model": "thelook", "view": "orders", "fields": ["orders.id"], "limit": limit });
        practice.post("/queries", &body).expect(200)
    };
    let first = create(json!("5"));
    assert_eq!((&create(json!("5"))["id"], &create(json!(5))["limit"]), (&first["id"], &json!("5")));
    assert_eq!(create(json!(5))["id"], first["id"], "a limit is kept as text");
    assert_ne!(create(json!("6"))["id"], first["id"]);
}
