use crate::matrix::{Bench, Row, each};
use serde_json::{Value, json};

const JOB: &str = "list_everything";

#[test]
fn list_is_complete_whatever_breaks() {
    Bench::new().run(&Row {
        job: JOB,
        input: |calls| {
            calls.looker.hide("all_users", &["2", "5", "6"]);
            json!({ "operation": "all_users", "page_size": 3, "input": { "fields": "id" } })
        },
        check: |_, output| assert_eq!(each(output, "id"), ["1", "3", "4", "7", "8", "9", "10", "11", "12", "13"]),
        acts_once: None,
    });
}

#[test]
fn reports_are_listed_by_token() {
    let calls = Bench::new().calls();
    let output = calls.json(JOB, json!({ "operation": "search_reports", "page_size": 1 }));
    assert_eq!(each(&output, "id"), ["1", "2"]);
}

#[test]
fn most_items_are_returned_at_most() {
    let calls = Bench::new().calls();
    let (output, next) = calls.call(JOB, &json!({ "operation": "all_users", "page_size": 4, "max_items": 6 })).unwrap();
    assert_eq!((each(&output, "id").len(), next), (6, None));
}

#[test]
fn every_list_of_the_enum_can_be_read() {
    let calls = Bench::new().calls();
    let schema: Value = serde_json::from_str(&calls.describe(JOB).input_schema).unwrap();
    let names = schema["properties"]["operation"]["enum"].as_array().unwrap();
    let mut wrong = Vec::new();
    for name in names.iter().map(|name| name.as_str().unwrap()) {
        let schema: Value = serde_json::from_str(&calls.describe(name).input_schema).unwrap();
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let input = required.iter().map(|name| (name.as_str().unwrap().to_owned(), json!("1")));
        let input = Value::Object(input.collect());
        match calls.call(JOB, &json!({ "operation": name, "input": input })) {
            Ok((output, next)) if output.is_array() && next.is_none() => {}
            Ok(other) => wrong.push(format!("{name}: {other:?}")),
            // What is not there in the practice Looker.
            Err(failure) if failure.problem().status == Some(404) => {}
            Err(failure) => wrong.push(format!("{name}: {failure}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
