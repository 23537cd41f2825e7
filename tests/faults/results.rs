//! The table of results: what a query's response may hold in place of a result, and what the platform gets.
//!
//! Each row is tried with every operation that returns the result of a query, in each of its formats, by `invoke` and by
//! `open`.

mod rows;

use connector_host::{Body, Call, Connector, Failure, Reason};
use integration_tests::{auth, connector_to};
use practice_looker::{Fault, PracticeLooker};
use rows::{Expect, Row, rows};
use serde_json::{Value, json};

/// A call that returns the result of a query.
struct Query {
    operation: &'static str,
    input: Value,
}

/// Every operation that returns the result of a query, asked for one format.
fn queries(format: &str) -> Vec<Query> {
    let query = |operation, mut input: Value| {
        input["result_format"] = json!(format);
        Query { operation, input }
    };
    vec![
        query("run_query", json!({"query_id": "1"})),
        query("run_look", json!({"look_id": "1"})),
        query("run_inline_query", json!({"model": "thelook", "view": "orders", "fields": ["orders.id"]})),
        query("run_url_encoded_query", json!({"model_name": "thelook", "view_name": "orders"})),
        query("run_sql_query", json!({"slug": "1"})),
        query("run_sql_interface_query", json!({"query_id": 1})),
        // These do not name the format.
        Query { operation: "query_task_results", input: json!({"query_task_id": "1"}) },
        Query { operation: "call_api", input: json!({"method": "GET", "path": format!("/queries/1/run/{format}")}) },
    ]
}

/// How the platform takes the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Invoke,
    Open,
}

/// Makes one call whose response is that of the row; the output as text.
async fn result(
    connector: &Connector,
    looker: &PracticeLooker,
    row: &Row,
    query: &Query,
    way: Way,
) -> Result<String, Failure> {
    let auth = auth(looker);
    let headers = row.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    looker.fail_on("*", "", 1, Fault::Response { status: row.status, headers, body: row.body.as_bytes().to_vec() });
    let call = Call::new(query.operation).input(query.input.to_string());
    let outcome = match way {
        Way::Invoke => connector.invoke(&auth, call).await.map(|output| match output.body {
            Body::Json(text) | Body::Text(text) => text,
            Body::File(file) => String::from_utf8_lossy(&file.bytes).into_owned(),
            _ => String::new(),
        }),
        Way::Open => read_all(connector, &auth, call).await,
    };
    looker.clear_faults();
    outcome
}

async fn read_all(connector: &Connector, auth: &connector_host::Auth, call: Call) -> Result<String, Failure> {
    let mut download = connector.open(auth, call).await?;
    let mut bytes = Vec::new();
    loop {
        let piece = download.read(7).await?;
        if piece.is_empty() {
            return Ok(String::from_utf8_lossy(&bytes).into_owned());
        }
        bytes.extend(piece);
    }
}

/// What is wrong with an outcome.
fn problem(row: &Row, outcome: &Result<String, Failure>) -> Option<String> {
    match (&row.expected, outcome) {
        (Expect::Output, Ok(text)) => (text != row.body).then(|| format!("another output: {text}")),
        (Expect::Output, Err(failure)) => Some(format!("a failure: {failure}")),
        (Expect::Failure(..), Ok(text)) => Some(format!("an output: {text}")),
        (Expect::Failure(reason, says), Err(failure)) => {
            let (seen, words) = (failure.problem(), super::words(failure));
            if failure.is_retryable() || seen.reason != *reason {
                return Some(format!("another failure: {failure:?}"));
            }
            says.iter().find(|part| !words.contains(**part)).map(|part| format!("no {part:?} in: {words}"))
        }
    }
}

#[tokio::test]
async fn failed_results_and_foreign_pages_are_never_outputs() {
    let looker = PracticeLooker::start().unwrap();
    let connector = connector_to(&looker).await;
    // The login is done before the first fault.
    connector.invoke(&auth(&looker), Call::new("me")).await.unwrap();
    let (mut calls, mut wrong) = (0, Vec::new());
    println!("{:58} {:12} expected", "result", "format");
    for row in rows() {
        for format in row.formats {
            println!("{:58} {:12} {}", row.name, format, row.expected);
            for query in queries(format) {
                // Only the other operations must return something.
                if row.body.is_empty() && query.operation == "call_api" {
                    continue;
                }
                for way in [Way::Invoke, Way::Open] {
                    calls += 1;
                    let outcome = result(&connector, &looker, &row, &query, way).await;
                    if let Some(problem) = problem(&row, &outcome) {
                        wrong.push(format!("{}, {} as {format} by {way:?}: {problem}", row.name, query.operation));
                    }
                }
            }
        }
    }
    println!("{} results, {calls} calls, {} wrong", rows().len(), wrong.len());
    assert!(wrong.is_empty(), "{} of {calls}:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn only_identity_encoding_is_requested_and_accepted() {
    let looker = PracticeLooker::start().unwrap();
    let connector = connector_to(&looker).await;
    connector.invoke(&auth(&looker), Call::new("me")).await.unwrap();
    for request in looker.requests() {
        assert_eq!(request.header("accept-encoding"), Some("identity"), "{request:?}");
    }
    for encoding in ["gzip", "br", "deflate", "zstd", "x-unknown"] {
        for media_type in ["application/json", "text/csv", "image/png"] {
            let headers = vec![("content-type", media_type), ("content-encoding", encoding)];
            let row = Row { headers, ..Row::failure("", &["json"], "\u{1f}\u{8b}", Reason::UnexpectedResponse) };
            for query in queries("json") {
                for way in [Way::Invoke, Way::Open] {
                    let failure = result(&connector, &looker, &row, &query, way).await.unwrap_err();
                    assert_eq!(failure.problem().reason, Reason::UnexpectedResponse, "{failure:?}");
                    assert!(failure.to_string().contains(encoding), "{encoding} is not named: {failure}");
                }
            }
        }
    }
    // Identity is no encoding.
    let headers = vec![("content-type", "application/json"), ("content-encoding", "identity")];
    let row = Row { headers, ..Row::output("", &["json"], "[]") };
    let outcome = result(&connector, &looker, &row, &queries("json")[0], Way::Invoke).await;
    assert_eq!(outcome.unwrap(), "[]");
}

#[tokio::test]
async fn one_failed_result_of_several_is_a_failure_that_names_its_task() {
    let looker = PracticeLooker::start().unwrap();
    let connector = connector_to(&looker).await;
    connector.invoke(&auth(&looker), Call::new("me")).await.unwrap();
    let query =
        Query { operation: "query_task_multi_results", input: json!({"query_task_ids": ["good-task", "bad-task"]}) };
    let body = r#"{"good-task": [{"orders.id": 1}], "bad-task": [{"looker_error": "no such table: orders"}]}"#;
    let row = Row::failure("", &["json"], body, Reason::Rejected);
    for way in [Way::Invoke, Way::Open] {
        let failure = result(&connector, &looker, &row, &query, way).await.unwrap_err();
        let words = super::words(&failure);
        assert_eq!(failure.problem().reason, Reason::Rejected, "{failure:?}");
        assert!(words.contains("bad-task") && words.contains("no such table: orders"), "{words}");
    }
    let row = Row::output("", &["json"], r#"{"good-task": [{"orders.id": 1}], "missing-task": {"status": "missing"}}"#);
    result(&connector, &looker, &row, &query, Way::Invoke).await.unwrap();
}
