use crate::failure::Reason;
use crate::jobs::fixture::{Trial, permanent, resume, retryable};
use crate::mock_transport::MockTransport;
use crate::response::OutputBody;
use crate::transport::TransportErrorKind;
use serde_json::json;
use std::time::Duration;

const JOB: &str = "render_and_wait";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

fn status(looker: MockTransport, status: &str) -> MockTransport {
    looker.json(200, &format!(r#"{{"id":"r1","status":"{status}"}}"#))
}

fn started(looker: MockTransport) -> MockTransport {
    looker.json(200, r#"{"id":"r1"}"#)
}

fn file(looker: MockTransport) -> MockTransport {
    looker.response(200, &[("content-type", "image/png")], PNG)
}

#[test]
fn a_dashboard_is_drawn_with_filters_as_a_form() {
    let mut trial = Trial::new(JOB, |looker| {
        let looker = looker.json(200, r#"{"id":"1","dashboard_filters":[{"name":"Date"},{"name":"Sales & more"}]}"#);
        let looker = status(status(started(looker), "enqueued_for_query"), "success");
        looker.response(200, &[("content-type", "application/pdf")], b"%PDF-1.4")
    });
    let input = json!({"dashboard_id": "thelook::overview", "filters": {"Date": "7 days", "Sales & more": "a,b=c"},
                       "style": "single_column", "paper_size": "a4", "landscape": true, "theme": "Dark"});
    let output = trial.call(input).unwrap();
    assert!(matches!(&output.body, OutputBody::File(file) if file.media_type == "application/pdf"));
    let lines = trial.lines();
    let (path, query) = lines[1].split_once('?').unwrap();
    assert_eq!(path, "POST /render_tasks/dashboards/thelook%3A%3Aoverview/pdf");
    for part in ["width=1200", "height=800", "pdf_paper_size=a4", "pdf_landscape=true", "theme=Dark", "fields=id"] {
        assert!(query.split('&').any(|pair| pair == part), "{part} is not in {query}");
    }
    let body = trial.body(path);
    assert_eq!(body["dashboard_style"], "single_column");
    let filters = body["dashboard_filters"].as_str().unwrap();
    assert_eq!(filters, "Date=7%20days&Sales%20%26%20more=a%2Cb%3Dc");
}

#[test]
fn a_render_without_options_has_an_empty_body() {
    let mut trial = Trial::new(JOB, |looker| file(status(started(looker), "success")));
    trial.call(json!({"dashboard_id": 1, "format": "png"})).unwrap();
    assert_eq!(trial.body("POST /render_tasks/dashboards/1/png"), json!({}));
}

#[test]
fn everything_else_is_drawn_as_a_picture() {
    for (input, line) in [
        (json!({"look_id": "3"}), "POST /render_tasks/looks/3/png"),
        (json!({"query_id": "4", "format": "jpg"}), "POST /render_tasks/queries/4/jpg"),
        (json!({"dashboard_element_id": "5"}), "POST /render_tasks/dashboard_elements/5/png"),
    ] {
        let mut trial = Trial::new(JOB, |looker| file(status(started(looker), "success")));
        trial.call(input).unwrap();
        assert_eq!(trial.count(line), 1, "{:?}", trial.lines());
    }
}

#[test]
fn a_look_with_filters_is_drawn_as_another_query() {
    let query = r#"{"id":"8","model":"m","view":"orders","fields":["orders.id"],"filters":{"orders.status":"new"}}"#;
    let explore = r#"{"fields":{"dimensions":[{"name":"orders.status"}]}}"#;
    let mut trial = Trial::new(JOB, |looker| {
        let looker = looker.json(200, &format!(r#"{{"id":"3","query":{query}}}"#)).json(200, explore);
        file(status(started(looker.json(200, r#"{"id":"q9"}"#)), "success"))
    });
    trial.call(json!({"look_id": "3", "filters": {"orders.status": "done"}})).unwrap();
    assert_eq!(trial.body("POST /queries")["filters"], json!({"orders.status": "done"}));
    assert_eq!(trial.count("POST /render_tasks/queries/q9/png"), 1, "{:?}", trial.lines());
}

#[test]
fn without_time_to_wait_it_goes_on_by_resume_with_the_same_render() {
    let mut trial = Trial::new(JOB, |looker| {
        let looker = status(status(started(looker), "querying"), "rendering");
        let looker = status(looker, "success").response(202, &[("retry-after", "4")], b"");
        file(status(looker, "success"))
    });
    let mut input = json!({"look_id": "3"});
    for wait in [1, 1, 4] {
        let waiting = retryable(trial.call_once(input));
        assert_eq!((waiting.reason, waiting.retry_after), (Reason::Timeout, Some(Duration::from_secs(wait))));
        input = resume(&waiting);
        assert_eq!((&input["look_id"], &input["render_task_id"]), (&json!("3"), &json!("r1")));
    }
    assert!(matches!(trial.call_once(input).unwrap().body, OutputBody::File(file) if file.bytes == PNG));
    assert_eq!(trial.count("POST /render_tasks/looks/3/png"), 1);
    trial.is_used_up();
}

#[test]
fn a_failed_render_gives_looker_s_reason() {
    let input = json!({"look_id": "3"});
    let failed = r#"{"id":"r1","status":"failure","status_detail":"out of memory"}"#;
    let problem = permanent(Trial::new(JOB, |looker| started(looker).json(200, failed)).call(input.clone()));
    assert!(problem.reason == Reason::Rejected && problem.message.contains("out of memory"), "{}", problem.message);
    let problem = permanent(Trial::new(JOB, |looker| status(started(looker), "failure")).call(input));
    assert!(problem.message.contains("no reason"), "{}", problem.message);
}

#[test]
fn a_lost_file_is_drawn_again_once() {
    let lost = |looker| status(started(looker), "success").json(404, "{}");
    let mut trial = Trial::new(JOB, |looker| file(status(started(lost(looker)), "success")));
    trial.call(json!({"look_id": "3"})).unwrap();
    assert_eq!(trial.count("POST /render_tasks/looks/3/png"), 2);
    let twice = permanent(Trial::new(JOB, |looker| lost(lost(looker))).call(json!({"look_id": "3"})));
    assert!(twice.message.contains("twice"), "{}", twice.message);
    let gone = permanent(Trial::new(JOB, |looker| looker.json(404, "{}")).call(json!({"render_task_id": "r"})));
    assert_eq!((gone.reason, gone.fields[0].field.as_deref()), (Reason::NotFound, Some("render_task_id")));
}

#[test]
fn a_start_whose_outcome_is_unknown_is_retryable_and_not_repeated_in_the_call() {
    let mut trial = Trial::new(JOB, |looker| looker.error(TransportErrorKind::Timeout));
    let lost = retryable(trial.call(json!({"look_id": "3"})));
    assert!(lost.message.contains("create_look_render_task"), "{}", lost.message);
    assert_eq!(trial.lines().len(), 1);
}

#[test]
fn filters_that_the_dashboard_does_not_have_are_named() {
    let dashboard = |filters: &str| {
        let dashboard = format!(r#"{{"id":"1","dashboard_filters":[{filters}]}}"#);
        let mut trial = Trial::new(JOB, |looker| looker.json(200, &dashboard));
        let problem = permanent(trial.call(json!({"dashboard_id": "1", "filters": {"Dates": "x"}})));
        assert_eq!((problem.reason, trial.lines().len()), (Reason::InvalidInput, 1));
        problem.message
    };
    assert!(dashboard(r#"{"name":"Date"}"#).contains("Did you mean Date?"));
    assert!(dashboard(r#"{"name":"Country of the customer"}"#).contains("It has Country of the customer."));
    assert!(dashboard("").contains("It has no filters."));
}

#[test]
fn inputs_that_do_not_go_together_are_named() {
    for (input, fields) in [
        (json!({}), &["dashboard_id"][..]),
        (json!({"dashboard_id": "1", "look_id": "2"}), &["look_id"]),
        (json!({"look_id": "2", "format": "pdf", "theme": "x", "landscape": false}), &["format", "landscape", "theme"]),
        (json!({"query_id": "2", "filters": {"a.b": "c"}}), &["filters"]),
        (json!({"look_id": "2", "width": 0}), &["width"]),
    ] {
        let mut trial = Trial::new(JOB, |looker| looker);
        let problem = permanent(trial.call(input.clone()));
        let named: Vec<_> = problem.fields.iter().filter_map(|field| field.field.as_deref()).collect();
        assert_eq!((problem.reason, named.as_slice()), (Reason::InvalidInput, fields), "{input}");
        assert!(trial.lines().is_empty());
    }
}

#[test]
fn the_file_is_streamed_and_a_broken_stream_goes_on_with_the_same_render() {
    let pdf = [("content-type", "application/pdf")];
    let mut trial = Trial::new(JOB, |looker| {
        let looker = status(started(looker), "success").broken_body("{\"a\":");
        status(looker, "success").response(200, &pdf, b"%PDF-1.4 two")
    });
    let (_, end) = trial.stream(json!({"dashboard_id": "1"}));
    let again = resume(&retryable(end));
    assert_eq!(again["render_task_id"], "r1");
    let (pieces, end) = trial.stream(again);
    assert!(end.is_ok() && pieces.concat() == "%PDF-1.4 two", "{end:?}");
    assert_eq!(trial.count("POST /render_tasks/dashboards/1/pdf"), 1);
}
