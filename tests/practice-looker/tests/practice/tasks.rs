use practice_looker::PracticeLooker;
use serde_json::json;

use crate::support::{Practice, details};

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
        ("looks/1", "pdf", 422),
        ("queries/1", "jpg", 200),
        ("queries/1", "pdf", 422),
        ("dashboard_elements/1", "pdf", 422),
        ("dashboards/1", "gif", 422),
        ("dashboards/99", "pdf", 404),
    ] {
        let made = practice.post(&format!("/render_tasks/{of}/{format}?width=80&height=60"), &json!({}));
        assert_eq!(made.status, status, "{of} as {format}");
    }
    assert_eq!(practice.bare("POST", "/render_tasks/looks/1/png").status, 400, "width and height are required");
}
