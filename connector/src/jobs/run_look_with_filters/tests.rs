use crate::failure::Reason;
use crate::jobs::fixture::{Trial, permanent, resume, retryable};
use crate::mock_transport::MockTransport;
use serde_json::{Value, json};

const JOB: &str = "run_look_with_filters";
const QUERY: &str = r#"{"id":"8","model":"m","view":"orders","fields":["orders.id"],"pivots":null,"sorts":["orders.id desc"],
    "filters":{"orders.status":"new","orders.city":"Rome","gone.field":"1"},"filter_expression":"${orders.id} > 1",
    "filter_config":{"orders.status":[]},"limit":"500","slug":"s","client_id":"c","share_url":"u",
    "dynamic_fields":"[{\"dimension\":\"bucket\"},{\"measure\":\"mean\"},{\"table_calculation\":\"calc\"}]"}"#;
const EXPLORE: &str = r#"{"fields":{"dimensions":[{"name":"orders.id"},{"name":"orders.status"},{"name":"orders.city"},
    {"name":"orders.hidden"}],"measures":[{"name":"orders.count"}],"filters":[{"name":"orders.when"}],
    "parameters":[{"name":"orders.unit"}]}}"#;

fn look(looker: MockTransport) -> MockTransport {
    looker.json(200, &format!(r#"{{"id":"3","query":{QUERY}}}"#)).json(200, EXPLORE)
}

fn run(looker: MockTransport) -> MockTransport {
    let looker = looker.json(200, r#"{"id":"q9"}"#).json(200, "[]").json(200, r#"{"id":"t1"}"#);
    looker.json(200, r#"{"status":"complete"}"#).json(200, "[]")
}

#[test]
fn filters_are_merged_into_a_copy_of_the_query() {
    let mut trial = Trial::new(JOB, |looker| run(look(looker)));
    let filters =
        json!({"orders.status": "done", "orders.hidden": "x", "bucket": "1", "mean": ">2", "orders.when": "7 days"});
    let input = json!({"look_id": 3, "filters": filters, "remove_filters": ["orders.city", "gone.field"], "limit": 7});
    trial.call(input).unwrap();
    let expected: Value = json!({
        "model": "m", "view": "orders", "fields": ["orders.id"], "sorts": ["orders.id desc"], "limit": "7",
        "filter_expression": "${orders.id} > 1", "filters": filters,
        "dynamic_fields": r#"[{"dimension":"bucket"},{"measure":"mean"},{"table_calculation":"calc"}]"#,
    });
    assert_eq!(trial.body("POST /queries"), expected);
    let task = trial.body("POST /query_tasks");
    assert_eq!((&task["query_id"], &task["look_id"]), (&json!("q9"), &json!("3")));
}

#[test]
fn unknown_fields_are_named_with_those_that_are_near() {
    let mut trial = Trial::new(JOB, look);
    let input =
        json!({"look_id": "3", "filters": {"orders.statsu": "x"}, "remove_filters": ["orders.cities", "nonsense"]});
    let problem = permanent(trial.call(input));
    assert_eq!(problem.reason, Reason::InvalidInput);
    let fields: Vec<_> = problem.fields.iter().filter_map(|field| field.field.as_deref()).collect();
    assert_eq!(fields, ["filters", "remove_filters", "remove_filters"]);
    assert!(problem.fields[0].message.contains("Did you mean orders.status"), "{}", problem.message);
    assert_eq!(trial.count("POST /queries"), 0);
}

#[test]
fn a_title_names_one_look_exactly() {
    let found = |looks: &str, input: Value| {
        let looks = looks.to_owned();
        let mut trial = Trial::new(JOB, |looker| run(look(looker.json(200, &looks))));
        let result = trial.call(input);
        (trial.lines(), result)
    };
    let looks = r#"[{"id":3,"title":"A%","folder_id":"1"},{"id":4,"title":"Abc","folder_id":"1"}]"#;
    let (lines, result) = found(looks, json!({"title": "A%", "filters": {}}));
    assert!(result.is_ok() && lines[1].starts_with("GET /looks/3"), "{lines:?}");
    let looks = r#"[{"id":3,"title":"A","folder_id":"1"},{"id":5,"title":"A","folder_id":"2"}]"#;
    let (lines, result) = found(looks, json!({"title": "A", "folder_id": 2, "filters": {}}));
    assert!(result.is_ok() && lines[1].starts_with("GET /looks/5"), "{lines:?}");
    let several = permanent(found(looks, json!({"title": "A", "filters": {}})).1);
    assert!(several.reason == Reason::InvalidInput && several.message.contains("3, 5"), "{}", several.message);
    let none = permanent(found("[]", json!({"title": "A", "filters": {}})).1);
    assert_eq!((none.reason, none.fields[0].field.as_deref()), (Reason::NotFound, Some("title")));
    let both = permanent(found("[]", json!({"title": "A", "look_id": "3", "filters": {}})).1);
    assert_eq!(both.reason, Reason::InvalidInput);
}

#[test]
fn it_goes_on_by_resume_without_reading_the_look_again() {
    let mut trial = Trial::new(JOB, |looker| {
        let looker = look(looker).json(200, r#"{"id":"q9"}"#).json(200, "[]").json(200, r#"{"id":"t1"}"#);
        looker.json(200, r#"{"status":"running"}"#).json(200, r#"{"status":"complete"}"#).json(200, "[]")
    });
    let first = retryable(trial.call_once(json!({"look_id": "3", "filters": {"orders.status": "done"}})));
    assert!(first.message.contains("create_query (q9), create_query_task (t1)"), "{}", first.message);
    trial.call_once(resume(&first)).unwrap();
    assert_eq!((trial.count("GET /looks/3"), trial.count("POST /query_tasks")), (1, 1));
    trial.is_used_up();
}

#[test]
fn a_look_or_an_explore_that_is_gone_is_named() {
    let input = json!({"look_id": "3", "filters": {}});
    let gone = permanent(Trial::new(JOB, |looker| looker.json(404, "{}")).call(input.clone()));
    assert_eq!((gone.reason, gone.fields[0].field.as_deref()), (Reason::NotFound, Some("look_id")));
    let look = format!(r#"{{"id":"3","query":{QUERY}}}"#);
    let gone = permanent(Trial::new(JOB, |looker| looker.json(200, &look).json(404, "{}")).call(input));
    assert!(gone.message.contains("Explore orders of the model m"), "{}", gone.message);
}
