use crate::catalog::{Effect, Method, OPERATIONS, Type};
use crate::failure::Reason;
use crate::jobs::definition;
use crate::jobs::fixture::{Trial, json, permanent, resume, retryable};
use crate::mock_transport::MockTransport;
use serde_json::{Value, json};

const JOB: &str = "list_everything";

fn page(looker: MockTransport, ids: &[u32]) -> MockTransport {
    let items: Vec<String> = ids.iter().map(|id| format!(r#"{{"id":"{id}","n":1.10}}"#)).collect();
    looker.json(200, &format!("[{}]", items.join(",")))
}

fn pages(pages: &'static [&'static [u32]]) -> Trial {
    Trial::new(JOB, |looker| pages.iter().fold(looker, |looker, ids| page(looker, ids)))
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[test]
fn the_enum_names_every_list_of_the_catalog() {
    let schema: Value = serde_json::from_str(definition(JOB).unwrap().input_schema).unwrap();
    let listed: Vec<&str> = schema["properties"]["operation"]["enum"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    let is_list = |operation: &&crate::catalog::Operation| {
        let returns_list = |kind: Type| matches!(kind, Type::Array(Type::Model(_)));
        operation.method == Method::Get
            && operation.effect == Effect::Read
            && operation.responses.iter().any(|response| returns_list(response.kind))
    };
    let expected: Vec<&str> = OPERATIONS.iter().filter(is_list).map(|operation| operation.name).collect();
    assert_eq!(listed, expected);
}

#[test]
fn pages_are_read_until_an_empty_one() {
    // The second page is short, as where Looker leaves out what the user may not see.
    let mut trial = pages(&[&[1, 2], &[3], &[4, 5], &[]]);
    let output = trial.call(json!({"operation": "all_users", "page_size": 2, "input": {"fields": "id,n"}})).unwrap();
    assert_eq!(output.next, None);
    assert_eq!(ids(&json(Ok(output))), ["1", "2", "3", "4", "5"]);
    let offsets: Vec<String> = trial
        .lines()
        .iter()
        .map(|line| line.split(['?', '&']).find(|part| part.starts_with("offset=")).unwrap().to_owned())
        .collect();
    assert_eq!(offsets, ["offset=0", "offset=2", "offset=4", "offset=6"]);
    assert!(trial.lines().iter().all(|line| line.contains("limit=2") && line.contains("sorts=id")));
}

#[test]
fn numbers_keep_their_digits_and_repeated_ids_come_once() {
    let mut trial = pages(&[&[1, 2], &[2, 3], &[]]);
    let output = trial.call(json!({"operation": "all_users", "page_size": 2})).unwrap();
    let crate::response::OutputBody::Json(document) = &output.body else { panic!() };
    assert_eq!(document, r#"[{"id":"1","n":1.10},{"id":"2","n":1.10},{"id":"3","n":1.10}]"#);
}

#[test]
fn a_list_that_ignores_the_offset_ends() {
    let mut trial = pages(&[&[1, 2], &[1, 2]]);
    assert_eq!(ids(&json(trial.call(json!({"operation": "all_users", "page_size": 2})))), ["1", "2"]);
    let models = r#"[{"name":"a"},{"name":"b"}]"#;
    let mut trial = Trial::new(JOB, |looker| looker.json(200, models).json(200, models));
    assert_eq!(json(trial.call(json!({"operation": "all_lookml_models"}))), json!([{"name": "a"}, {"name": "b"}]));
    // Without an id, equal items are different ones.
    let mut trial = Trial::new(JOB, |looker| looker.json(200, r#"[{"title":"a"},{"title":"a"}]"#).json(200, "[]"));
    let input = json!({"operation": "search_looks", "input": {"fields": "title"}});
    assert_eq!(json(trial.call(input)).as_array().unwrap().len(), 2);
}

#[test]
fn most_items_ends_the_list() {
    let mut trial = pages(&[&[1, 2], &[3, 4]]);
    let output = trial.call(json!({"operation": "all_users", "page_size": 2, "max_items": 3})).unwrap();
    assert_eq!(output.next, None, "nobody asked for more");
    assert_eq!(ids(&json(Ok(output))), ["1", "2", "3"]);
}

#[test]
fn a_list_that_is_too_long_for_one_call_goes_on_with_next() {
    let mut trial = Trial::new(JOB, |looker| {
        let looker = (0..39).fold(looker, |looker, id| page(looker, &[id]));
        page(page(looker, &[39]), &[])
    });
    let first = trial.call(json!({"operation": "all_users", "page_size": 1, "max_items": 100})).unwrap();
    let next: Value = serde_json::from_str(first.next.as_deref().unwrap()).unwrap();
    assert_eq!(next, json!({"operation": "all_users", "page_size": 1, "offset": 39, "max_items": 61}));
    assert_eq!(json(Ok(first)).as_array().unwrap().len(), 39);
    let second = trial.call(next).unwrap();
    assert_eq!((second.next.clone(), ids(&json(Ok(second)))), (None, vec!["39"]));
}

#[test]
fn a_failure_after_the_first_page_loses_nothing() {
    let mut trial = Trial::new(JOB, |looker| page(page(looker, &[1]).json(500, "{}"), &[2]).json(200, "[]"));
    let first = trial.call_once(json!({"operation": "all_users", "page_size": 1})).unwrap();
    let next: Value = serde_json::from_str(first.next.as_deref().unwrap()).unwrap();
    assert_eq!((ids(&json(Ok(first))), &next["offset"]), (vec!["1"], &json!(1)));
    assert_eq!(ids(&json(trial.call_once(next))), ["2"]);
    // On the first page, there is nothing to return; a permanent failure must not look like the end.
    let failed =
        retryable(Trial::new(JOB, |looker| looker.json(500, "{}")).call_once(json!({"operation": "all_users"})));
    assert!(failed.message.contains("all_users failed"), "{}", failed.message);
    let input = json!({"operation": "all_users", "page_size": 1});
    let refused = permanent(Trial::new(JOB, |looker| page(looker, &[1]).json(403, "{}")).call_once(input));
    assert_eq!(refused.reason, Reason::Forbidden);
}

#[test]
fn a_list_that_cannot_be_sorted_by_id_is_read_as_it_comes() {
    let mut trial = Trial::new(JOB, |looker| page(looker.json(400, "{}"), &[1]).json(200, "[]"));
    assert_eq!(ids(&json(trial.call(json!({"operation": "search_boards"})))), ["1"]);
    let sorted: Vec<bool> = trial.lines().iter().map(|line| line.contains("sorts=")).collect();
    assert_eq!(sorted, [true, false, false]);
    // An order of the caller's is kept, and its refusal is a failure.
    let input = json!({"operation": "search_boards", "input": {"sorts": "title"}});
    let refused = permanent(Trial::new(JOB, |looker| looker.json(400, "{}")).call(input));
    assert_eq!(refused.reason, Reason::Rejected);
}

#[test]
fn lists_without_pages_are_read_whole() {
    let mut trial = pages(&[&[1, 1]]);
    assert_eq!(ids(&json(trial.call(json!({"operation": "all_roles"})))), ["1", "1"]);
    assert_eq!(trial.lines(), ["GET /roles"]);
}

#[test]
fn reports_are_read_by_token() {
    let link = |token: &str| {
        format!(r#"<https://looker.example.com/api/4.0/reports/search?limit=1&next_page_token={token}>; rel="next""#)
    };
    let report = |looker: MockTransport, id: u32, token: Option<&str>| {
        let link = token.map(link).unwrap_or_default();
        let body = format!(r#"[{{"id":"{id}"}}]"#);
        looker.response(200, &[("content-type", "application/json"), ("link", &link)], body.as_bytes())
    };
    let mut trial = Trial::new(JOB, |looker| report(report(report(looker, 1, Some("a")), 2, Some("b")), 3, None));
    let output = json(trial.call(json!({"operation": "search_reports", "page_size": 1})));
    assert_eq!(ids(&output), ["1", "2", "3"]);
    assert!(trial.lines()[2].contains("next_page_token=b") && !trial.lines()[2].contains("offset"));
}

#[test]
fn a_stream_has_one_line_for_each_item() {
    let mut trial = Trial::new(JOB, |looker| {
        page(looker.json(200, "[{\"id\":\"1\",\n  \"t\": \"a\\nb\"},\n {\"id\":\"2\"}]"), &[3]).json(200, "[]")
    });
    let (pieces, end) = trial.stream(json!({"operation": "all_users", "page_size": 2}));
    assert!(end.is_ok());
    assert_eq!(pieces.len(), 2, "one for each page, so that memory stays flat");
    let lines: Vec<Value> = pieces.concat().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0], json!({"id": "1", "t": "a\nb"}));
    assert_eq!(lines.len(), 3);
}

#[test]
fn a_stream_that_breaks_ends_on_a_whole_line_and_goes_on_by_resume() {
    let mut trial =
        Trial::new(JOB, |looker| page(page(looker, &[1, 2]).broken_body(r#"[{"id":"3"},"#), &[3]).json(200, "[]"));
    let (pieces, end) = trial.stream(json!({"operation": "all_users", "page_size": 2, "max_items": 9}));
    assert_eq!(pieces.concat().lines().count(), 2);
    let again = resume(&retryable(end));
    assert_eq!(again, json!({"operation": "all_users", "page_size": 2, "offset": 2, "max_items": 7}));
    let (pieces, end) = trial.stream(again);
    assert!(end.is_ok() && pieces.concat().lines().count() == 1);
}

#[test]
fn inputs_that_the_job_sets_itself_are_refused() {
    for (operation, name) in [("all_users", "limit"), ("search_looks", "offset"), ("search_reports", "next_page_token")]
    {
        let input = json!({"operation": operation, "input": {name: 5}});
        let problem = permanent(Trial::new(JOB, |looker| looker).call(input));
        assert!(problem.message.contains("page_size") && problem.fields[0].field.as_deref() == Some("input"));
    }
    let unknown = permanent(Trial::new(JOB, |looker| looker).call(json!({"operation": "delete_user"})));
    assert_eq!(unknown.fields[0].field.as_deref(), Some("operation"));
    let misspelt = json!({"operation": "all_users", "input": {"feilds": "id"}});
    let misspelt = permanent(Trial::new(JOB, |looker| looker).call(misspelt));
    assert!(misspelt.message.contains("fields") && !misspelt.request_sent, "{}", misspelt.message);
}
