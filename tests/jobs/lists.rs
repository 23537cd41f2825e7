use crate::matrix::{Bench, Row, each};
use connector_host::{Call, Limits, Rule};
use integration_tests::{auth, builder};
use practice_looker::{Fault, PracticeLooker};
use serde_json::{Value, json};
use std::time::Duration;

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

/// Less than the whole list has.
const MEMORY: usize = 16 * 1024 * 1024;

#[tokio::test]
async fn stream_of_a_long_list_needs_the_memory_of_a_page() {
    let looker = PracticeLooker::builder().users(12_000).record(false).start().unwrap();
    let rule: Rule = looker.base_url().parse().unwrap();
    let limits = Limits::default().with_memory_bytes(MEMORY as u64);
    let connector = builder().await.allow_requested_hosts([rule]).limits(limits).build().await.unwrap();
    // One page in the middle is lost, so that the rest comes by resume.
    looker.fail_request(9, Fault::ResetInBody);
    let mut input = json!({ "operation": "all_users", "page_size": 400 });
    let (mut ids, mut bytes, mut streams) = (Vec::new(), 0, 0);
    loop {
        streams += 1;
        let call = Call::new(JOB).input(input.to_string()).max_wait(Duration::ZERO);
        let mut download = connector.open(&auth(&looker), call).await.unwrap();
        assert_eq!((download.media_type(), download.size()), ("application/x-ndjson", None));
        let mut text = Vec::new();
        let end = loop {
            match download.read(100_000).await {
                Ok(piece) if piece.is_empty() => break None,
                Ok(piece) => text.extend(piece),
                Err(failure) => break Some(failure),
            }
        };
        bytes += text.len();
        assert!(text.ends_with(b"\n"), "whole lines");
        for line in std::str::from_utf8(&text).unwrap().lines() {
            let user: Value = serde_json::from_str(line).unwrap();
            ids.push(user["id"].as_str().unwrap().parse::<usize>().unwrap());
        }
        let Some(failure) = end else { break };
        assert!(failure.is_retryable(), "{failure}");
        input = serde_json::from_str(failure.problem().resume.as_deref().unwrap()).unwrap();
    }
    assert_eq!(ids, (1..=12_001).collect::<Vec<_>>());
    assert!(streams == 2 && bytes > MEMORY, "{streams} streams of {bytes} bytes in all");
}
