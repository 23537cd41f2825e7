//! Each limit ends the call with an error that names it, and the host goes on.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{answering, connector, policy, request, server};
use connector_host::bindings::Body;
use connector_host::failure::ExecutionFailure;
use connector_host::limits::{Limit, SANDBOXES};
use connector_host::{Cache, Component, Connector, Failure, Host, Limits};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

/// The limit that a call went over. After it, the host still serves calls.
async fn limit_of(connector: &Connector, operation: &str, input: &str) -> (Limit, bool) {
    let mut sandbox = connector.sandbox().await.unwrap();
    let failure = sandbox.invoke("{}", operation, input).await.unwrap_err();
    assert!(!sandbox.is_live());
    assert_eq!(sandbox.describe().await.unwrap_err(), Failure::Execution(ExecutionFailure::Ended));
    assert_eq!(connector.describe().await.unwrap().name, "test");
    match failure {
        Failure::Execution(ExecutionFailure::Limit { limit, request_sent }) => (limit, request_sent),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn memory() {
    let bytes = 16 * 1024 * 1024;
    let connector = connector().with_limits(Limits { memory_bytes: bytes, ..Limits::default() });
    assert_eq!(limit_of(&connector, "allocate", "{}").await, (Limit::Memory(bytes), false));
}

#[tokio::test]
async fn computing_time_while_other_calls_go_on() {
    let cpu_time = Duration::from_millis(300);
    let limited = connector().with_limits(Limits { cpu_time, ..Limits::default() });
    // One thread for both: the endless loop has to let the other calls have their turn.
    let spinning = limit_of(&limited, "spin", "{}");
    let others = async {
        let started = Instant::now();
        let mut calls = 0;
        while started.elapsed() < Duration::from_millis(150) {
            connector().invoke("{}", "echo", "{}").await.unwrap();
            calls += 1;
        }
        calls
    };
    let (limit, calls) = tokio::join!(spinning, others);
    assert_eq!(limit, (Limit::CpuTime(cpu_time), false));
    assert!(calls > 3, "{calls} calls beside an endless loop");
}

#[tokio::test]
async fn waiting_is_not_computing() {
    let limits = Limits { cpu_time: Duration::from_millis(100), ..Limits::default() };
    let address = server(|mut stream| async move {
        request(&mut stream).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    })
    .await;
    let connector = connector().with_limits(limits).with_policy(policy(&[&address.to_string()]));
    let output = connector.invoke("{}", "get", &format!(r#"{{"url":"http://{address}/"}}"#)).await.unwrap();
    assert!(matches!(output.body, Body::Json(json) if json == r#"{"status":200,"bytes":2}"#));
}

#[tokio::test]
async fn time_of_the_whole_call() {
    let call_time = Duration::from_millis(200);
    let connector = connector().with_limits(Limits { call_time, ..Limits::default() });
    let started = Instant::now();
    assert_eq!(limit_of(&connector, "wait", "{}").await, (Limit::CallTime(call_time), false));
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn received_data() {
    let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n01234567890123456789").await;
    let input = format!(r#"{{"url":"http://{address}/"}}"#);
    let limited = |response_bytes| {
        connector()
            .with_limits(Limits { response_bytes, ..Limits::default() })
            .with_policy(policy(&[&address.to_string()]))
    };
    assert_eq!(limit_of(&limited(19), "get", &input).await, (Limit::ResponseBytes(19), true));
    assert!(limited(20).invoke("{}", "get", &input).await.is_ok());
    // Streaming is exempt.
    let mut download = limited(19).open("{}", "get", &input).await.unwrap();
    assert_eq!(download.read(64).await.unwrap().len(), 20);
    assert_eq!(download.read(64).await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_download_that_stops_is_of_a_request_that_was_sent() {
    let address = server(|mut stream| async move {
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n01234").await.unwrap();
        request(&mut stream).await;
    })
    .await;
    let call_time = Duration::from_millis(300);
    let connector =
        connector().with_limits(Limits { call_time, ..Limits::default() }).with_policy(policy(&[&address.to_string()]));
    let mut download = connector.open("{}", "get", &format!(r#"{{"url":"http://{address}/"}}"#)).await.unwrap();
    assert_eq!(download.read(64).await.unwrap().len(), 5);
    let failure = download.read(64).await.unwrap_err();
    let ended = ExecutionFailure::Limit { limit: Limit::CallTime(call_time), request_sent: true };
    assert_eq!(failure, Failure::Execution(ended));
    assert!(!failure.is_retryable());
}

#[tokio::test]
async fn requests_of_one_call() {
    let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let limits = Limits { requests: 3, ..Limits::default() };
    let connector = connector().with_limits(limits).with_policy(policy(&[&address.to_string()]));
    let input = |times: u32| format!(r#"{{"url":"http://{address}/","times":{times}}}"#);
    assert_eq!(limit_of(&connector, "get", &input(4)).await, (Limit::Requests(3), true));
    // Each call has its own count.
    let mut sandbox = connector.sandbox().await.unwrap();
    for _ in 0..2 {
        assert!(sandbox.invoke("{}", "get", &input(3)).await.is_ok());
    }
    // What is refused counts too: a loop of refusals is a loop.
    let refused = connector.with_limits(Limits { requests: 1, ..Limits::default() });
    let refused = refused.with_policy(policy(&[]));
    assert!(matches!(
        refused.invoke("{}", "get", &input(1)).await.unwrap_err(),
        Failure::Permanent(problem) if problem.message.contains("HttpRequestDenied")
    ));
}

#[tokio::test]
async fn calls_at_once() {
    let host = Host::with_cache(Cache::none()).unwrap().with_concurrent_calls(2);
    let component = Component::from_file(&host, common::guest_file()).unwrap();
    let connector = Connector::new(&host, &component).unwrap();
    let busy = |failure: Failure| {
        assert!(failure.is_retryable());
        assert_eq!(failure, Failure::Execution(ExecutionFailure::Busy(2)));
        assert!(failure.to_string().contains("2 calls"), "{failure}");
    };
    // A download is one call until it is over, and can be read although there is no room for another.
    let mut download = connector.open("{}", "count", r#"{"bytes":100}"#).await.unwrap();
    let mut kept = connector.sandbox().await.unwrap();
    {
        let mut waiting = Box::pin(connector.invoke("{}", "wait", "{}"));
        assert!(tokio::time::timeout(Duration::from_millis(100), &mut waiting).await.is_err());
        busy(kept.invoke("{}", "echo", "{}").await.unwrap_err());
        busy(connector.open("{}", "count", "{}").await.err().unwrap());
        assert_eq!(download.read(64).await.unwrap().len(), 64);
        assert!(kept.is_live());
    }
    // A call that is dropped counts no more.
    assert!(kept.invoke("{}", "echo", "{}").await.is_ok());
    let _other = connector.open("{}", "count", "{}").await.unwrap();
    busy(kept.describe().await.unwrap_err());
    download.into_sandbox().await.unwrap();
    assert!(kept.describe().await.is_ok());
}

#[tokio::test]
async fn a_crash_ends_the_sandbox_and_not_the_host() {
    for (operation, words) in [("trap", "unreachable"), ("exit", "exited with code")] {
        let mut sandbox = connector().sandbox().await.unwrap();
        match sandbox.invoke("{}", operation, "{}").await.unwrap_err() {
            Failure::Execution(ExecutionFailure::Crash { message, request_sent: false }) => {
                assert!(message.contains(words), "{message}");
                assert!(!message.contains("last words"));
            }
            other => panic!("{other:?}"),
        }
        assert!(!sandbox.is_live());
    }
    assert_eq!(connector().describe().await.unwrap().name, "test");
}

#[tokio::test]
async fn a_flood_of_output_is_cut_and_the_call_goes_on() {
    let output = connector().invoke("{}", "flood", "{}").await.unwrap();
    assert!(matches!(output.body, Body::Nothing));
}

#[tokio::test]
async fn a_call_that_is_dropped_halfway_ends_its_sandbox() {
    let mut sandbox = connector().sandbox().await.unwrap();
    let call = sandbox.invoke("{}", "wait", "{}");
    assert!(tokio::time::timeout(Duration::from_millis(50), call).await.is_err());
    assert!(!sandbox.is_live());
}

#[tokio::test]
async fn a_warm_sandbox_keeps_its_memory_and_a_fresh_one_has_none() {
    let connector = connector();
    let mut sandbox = connector.sandbox().await.unwrap();
    for expected in ["1", "2", "3"] {
        let output = sandbox.invoke("{}", "count", "{}").await.unwrap();
        assert!(matches!(output.body, Body::Json(count) if count == expected));
    }
    let output = connector.invoke("{}", "count", "{}").await.unwrap();
    assert!(matches!(output.body, Body::Json(count) if count == "1"));
}

#[tokio::test]
async fn the_environment_is_what_the_caller_gives_and_nothing_else() {
    assert!(std::env::var_os("PATH").is_some());
    let none = connector().invoke("{}", "environment", "{}").await.unwrap();
    assert!(matches!(none.body, Body::Text(variables) if variables.is_empty()));
    let variables = [("NAME".to_owned(), "value".to_owned())];
    let one = connector().with_environment(variables).invoke("{}", "environment", "{}").await.unwrap();
    assert!(matches!(one.body, Body::Text(variables) if variables == "NAME=value"));
}

#[tokio::test]
async fn what_the_connector_may_not_answer_is_told() {
    assert_eq!(
        connector().invoke("{}", "execution-failed", "{}").await.unwrap_err(),
        Failure::Execution(ExecutionFailure::Answered)
    );
}

#[tokio::test]
async fn failures_of_the_connector_come_through_and_leave_the_sandbox_live() {
    let mut sandbox = connector().sandbox().await.unwrap();
    let failure = sandbox.invoke("{}", "refuse", "{}").await.unwrap_err();
    assert!(sandbox.is_live() && failure.is_retryable());
    assert_eq!(
        serde_json::to_string(&failure).unwrap(),
        r#"{"reason":"rate-limited","message":"Too many requests.","status":429,"retry_after_ms":1500,"request_sent":false,"fields":[],"documentation_url":null,"retryable":true}"#
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_sandboxes_at_once() {
    let connector = connector();
    let mut sandboxes = Vec::new();
    for _ in 0..200 {
        sandboxes.push(connector.sandbox().await.unwrap());
    }
    let calls: Vec<_> = sandboxes
        .into_iter()
        .map(|mut sandbox| tokio::spawn(async move { sandbox.invoke("{}", "echo", r#"{"a":1}"#).await }))
        .collect();
    for call in calls {
        let output = call.await.unwrap().unwrap();
        assert!(matches!(output.body, Body::Json(json) if json == r#"{"a":1}"#));
    }
}

#[tokio::test]
async fn a_host_without_room_for_one_more_sandbox_says_so_and_has_room_again_later() {
    let host = Host::with_cache(Cache::none()).unwrap();
    let component = Component::from_file(&host, common::guest_file()).unwrap();
    let connector = Connector::new(&host, &component).unwrap();
    let mut sandboxes = Vec::new();
    for _ in 0..SANDBOXES {
        sandboxes.push(connector.sandbox().await.unwrap());
    }
    match connector.sandbox().await.err().unwrap() {
        failure @ Failure::Execution(ExecutionFailure::NoSandbox(_)) => assert!(failure.is_retryable()),
        other => panic!("{other:?}"),
    }
    sandboxes.pop();
    assert_eq!(connector.describe().await.unwrap().name, "test");
}

#[tokio::test]
async fn a_connector_has_to_name_each_host_that_it_asks_for() {
    for asked in ["*.example.com", "https://example.com/path"] {
        match connector().allowing_its_hosts(asked, []).await.err().unwrap() {
            Failure::Execution(ExecutionFailure::Interface(message)) => assert!(message.contains(asked), "{message}"),
            other => panic!("{other:?}"),
        }
    }
}
