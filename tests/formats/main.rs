//! Results in every format, through every operation that can return more than JSON.

#![allow(clippy::unwrap_used, reason = "a test should fail loudly where it fails")]

use connector_host::{Body, FailureKind, Reason};
use integration_tests::Practice;
use practice_looker::Fault;
use serde_json::{Value, json};

/// The name of each format and the media type of its result.
const FORMATS: [(&str, &str); 11] = [
    ("json", "application/json"),
    ("json_detail", "application/json"),
    ("json_bi", "application/json"),
    ("csv", "text"),
    ("txt", "text"),
    ("md", "text"),
    ("html", "text"),
    ("sql", "text"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
];

/// The media type and the bytes of an output.
fn kind(body: &Body) -> (String, Vec<u8>) {
    match body {
        Body::Json(text) => ("application/json".to_owned(), text.as_bytes().to_vec()),
        Body::Text(text) => ("text".to_owned(), text.as_bytes().to_vec()),
        Body::File(file) => (file.media_type.clone(), file.bytes.clone()),
        Body::Nothing => ("nothing".to_owned(), Vec::new()),
    }
}

fn looks_right(format: &str, bytes: &[u8]) -> bool {
    match format {
        "json" => bytes.starts_with(b"["),
        "json_detail" | "json_bi" => bytes.starts_with(b"{"),
        "xlsx" => bytes.starts_with(b"PK"),
        "png" => bytes.starts_with(b"\x89PNG"),
        "jpg" => bytes.starts_with(b"\xff\xd8"),
        "pdf" => bytes.starts_with(b"%PDF"),
        "svg" => bytes.windows(4).any(|window| window == b"<svg"),
        "sql" => bytes.starts_with(b"SELECT"),
        _ => !bytes.is_empty(),
    }
}

#[tokio::test]
async fn every_operation_that_runs_a_query_gives_every_format() {
    let mut practice = Practice::start().await;
    let query = json!({"model": "thelook", "view": "orders", "fields": ["orders.id", "orders.count"], "limit": "3"});
    let with = |mut input: Value, format: &str| {
        input["result_format"] = json!(format);
        input
    };
    let calls = [
        ("run_query", json!({"query_id": 1})),
        ("run_look", json!({"look_id": 1})),
        ("run_inline_query", query),
        ("run_url_encoded_query", json!({"model_name": "thelook", "view_name": "orders"})),
    ];
    for (operation, input) in calls {
        for (format, expected) in FORMATS {
            let body = practice.call(operation, with(input.clone(), format)).await;
            let body = body.unwrap_or_else(|failure| panic!("{operation} as {format}: {failure}"));
            let (media_type, bytes) = kind(&body);
            assert_eq!(media_type, expected, "{operation} as {format}");
            assert!(looks_right(format, &bytes), "{operation} as {format}: {:?}", &bytes[..bytes.len().min(40)]);
        }
    }
}

#[tokio::test]
async fn tasks_give_their_results_when_they_are_done() {
    let mut practice = Practice::start().await;
    for (format, expected) in [("json", "application/json"), ("csv", "text")] {
        let task = practice.json("create_query_task", json!({"query_id": 1, "result_format": format})).await;
        let mut waited = 0;
        let body = loop {
            match practice.call("query_task_results", json!({"query_task_id": task["id"]})).await {
                Ok(body) => break body,
                Err(failure)
                    if failure.is_retryable() && failure.problem().reason == Reason::Timeout && waited < 20 =>
                {
                    waited += 1;
                }
                Err(failure) => panic!("{failure:?}"),
            }
        };
        assert!(waited > 0, "a task is not done at once");
        assert_eq!(kind(&body).0, expected);
    }
}

#[tokio::test]
async fn renderings_and_pictures_are_files() {
    let mut practice = Practice::start().await;
    let size = json!({"width": 100, "height": 100});
    let tasks = [
        ("create_query_render_task", json!({"query_id": 1, "result_format": "png"}), "image/png"),
        ("create_look_render_task", json!({"look_id": 1, "result_format": "jpg"}), "image/jpeg"),
        ("create_dashboard_render_task", json!({"dashboard_id": 1, "result_format": "pdf"}), "application/pdf"),
    ];
    for (operation, mut input, expected) in tasks {
        input.as_object_mut().unwrap().extend(size.as_object().unwrap().clone());
        let task = practice.json(operation, input).await;
        // Looker says how long to wait, and the connector waits.
        let body = practice.call("render_task_results", json!({"render_task_id": task["id"]})).await.unwrap();
        assert_eq!(kind(&body).0, expected, "{operation}");
    }
    for operation in ["content_thumbnail", "vector_thumbnail"] {
        let input = json!({"type": "look", "resource_id": "1"});
        let body = practice.call(operation, input).await.unwrap_or_else(|failure| panic!("{operation}: {failure}"));
        let (media_type, bytes) = kind(&body);
        assert_eq!(media_type, "image/svg+xml", "{operation}");
        assert!(looks_right("svg", &bytes));
    }
    for operation in ["create_git_deploy_key", "git_deploy_key"] {
        let body = practice.call(operation, json!({"project_id": "1"})).await.unwrap();
        assert!(matches!(&body, Body::Text(text) if !text.is_empty()), "{operation}: {body:?}");
    }
}

#[tokio::test]
async fn sql_is_run_too() {
    let mut practice = Practice::start().await;
    for (format, expected) in [("json", "application/json"), ("csv", "text")] {
        let body = practice.call("run_sql_query", json!({"slug": "1", "result_format": format})).await.unwrap();
        assert_eq!(kind(&body).0, expected);
        let body =
            practice.call("run_sql_interface_query", json!({"query_id": 1, "result_format": format})).await.unwrap();
        assert_eq!(kind(&body).0, expected);
    }
}

#[tokio::test]
async fn a_query_that_fails_is_a_failure_in_every_format_that_says_so() {
    let mut practice = Practice::start().await;
    for format in ["json", "json_detail"] {
        let input = json!({"model": "broken", "view": "orders", "result_format": format});
        let failure = practice.call("run_inline_query", input).await.unwrap_err();
        assert!(
            matches!(failure.kind(), FailureKind::Permanent(problem) if problem.reason == Reason::Rejected),
            "{format}: {failure:?}"
        );
    }
}

#[tokio::test]
async fn errors_of_every_shape_are_told_by_their_status() {
    let mut practice = Practice::start().await;
    let shapes = [
        ("text/html", "<html><head><title>502 Bad Gateway</title></head></html>", "502 Bad Gateway"),
        ("text/plain", "upstream connect error\nreset reason", "upstream connect error"),
        ("application/json", r#"[{"message": "in an array"}]"#, "in an array"),
        ("application/json", r#"{"message": {"reason": "an object"}}"#, "an object"),
        ("application/json", r#"{"message": null, "documentation_url": null, "errors": null}"#, "(501)"),
        ("application/json", "", "(501)"),
    ];
    for (media_type, body, expected) in shapes {
        let fault = Fault::Response {
            status: 501,
            headers: vec![("content-type".into(), media_type.into())],
            body: body.as_bytes().to_vec(),
        };
        practice.looker.fail_on("GET", "/user", 1, fault);
        let failure = practice.call("me", json!({})).await.unwrap_err();
        assert!(failure.to_string().contains(expected), "{body}: {failure}");
        assert!(
            matches!(failure.kind(), FailureKind::Retryable(problem) if problem.reason == Reason::RemoteError),
            "{failure:?}"
        );
    }
}
