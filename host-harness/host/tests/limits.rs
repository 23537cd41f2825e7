//! Each limit ends the call with an error that names it, and the host goes on.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{answering, builder, connector, invoke, limited, no_auth, policy, request, server};
use connector_host::limits::SANDBOXES;
use connector_host::{
    Auth, Body, Cache, Call, Component, Connector, ExecutionFailure, Failure, FailureKind, Host, Limit, Limits,
};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

/// The guest with these limits, allowed to connect to this address.
async fn limited_to(limits: Limits, address: SocketAddr) -> Connector {
    builder().limits(limits).policy(policy(&[&address.to_string()])).build().await.unwrap()
}

/// The limit that a call went over. After it, the host still serves calls.
async fn limit_of(connector: &Connector, operation: &str, input: &str) -> (Limit, bool) {
    let mut sandbox = connector.sandbox().await.unwrap();
    let failure = sandbox.invoke(&no_auth(), Call::new(operation).input(input)).await.unwrap_err();
    assert!(!sandbox.is_live());
    assert_eq!(sandbox.describe().await.unwrap_err(), ExecutionFailure::Ended.into());
    assert_eq!(connector.describe().await.unwrap().name, "test");
    match failure.into_kind() {
        FailureKind::Execution(ExecutionFailure::Limit { limit, request_sent }) => (limit, request_sent),
        other => panic!("{other:?}"),
    }
}

/// The guest on a host of its own.
async fn on(host: &Host) -> Connector {
    let component = Component::from_file(host, common::guest_file()).await.unwrap();
    Connector::builder(host, &component).build().await.unwrap()
}

#[tokio::test]
async fn memory() {
    let bytes = 16 * 1024 * 1024;
    let connector = limited(Limits::default().with_memory_bytes(bytes)).await;
    assert_eq!(limit_of(&connector, "allocate", "{}").await, (Limit::Memory(bytes), false));
}

#[tokio::test]
async fn computing_time_while_other_calls_go_on() {
    let cpu_time = Duration::from_millis(300);
    let limited = limited(Limits::default().with_cpu_time(cpu_time)).await;
    // One thread for both: the endless loop has to let the other calls have their turn.
    let spinning = limit_of(&limited, "spin", "{}");
    let others = async {
        let started = Instant::now();
        let mut calls = 0;
        while started.elapsed() < Duration::from_millis(150) {
            connector().await.invoke(&no_auth(), Call::new("echo")).await.unwrap();
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
    let limits = Limits::default().with_cpu_time(Duration::from_millis(100));
    let address = server(|mut stream| async move {
        request(&mut stream).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    })
    .await;
    let connector = limited_to(limits, address).await;
    let output = invoke(&connector, "get", &format!(r#"{{"url":"http://{address}/"}}"#)).await.unwrap();
    assert!(matches!(output.body, Body::Json(json) if json == r#"{"status":200,"bytes":2}"#));
}

#[tokio::test]
async fn time_of_the_whole_call() {
    let call_timeout = Duration::from_millis(200);
    let connector = limited(Limits::default().with_call_timeout(call_timeout)).await;
    let started = Instant::now();
    assert_eq!(limit_of(&connector, "wait", "{}").await, (Limit::CallTimeout(call_timeout), false));
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn received_data() {
    let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n01234567890123456789").await;
    let input = format!(r#"{{"url":"http://{address}/"}}"#);
    let too_few = limited_to(Limits::default().with_response_bytes(19), address).await;
    assert_eq!(limit_of(&too_few, "get", &input).await, (Limit::ResponseBytes(19), true));
    let enough = limited_to(Limits::default().with_response_bytes(20), address).await;
    assert!(invoke(&enough, "get", &input).await.is_ok());
    // Streaming is exempt.
    let mut download = too_few.open(&no_auth(), Call::new("get").input(&input)).await.unwrap();
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
    let call_timeout = Duration::from_millis(300);
    let connector = limited_to(Limits::default().with_call_timeout(call_timeout), address).await;
    let get = Call::new("get").input(format!(r#"{{"url":"http://{address}/"}}"#));
    let mut download = connector.open(&no_auth(), get).await.unwrap();
    assert_eq!(download.read(64).await.unwrap().len(), 5);
    let failure = download.read(64).await.unwrap_err();
    let ended = ExecutionFailure::Limit { limit: Limit::CallTimeout(call_timeout), request_sent: true };
    assert_eq!(failure, ended.into());
    assert!(!failure.is_retryable());
}

#[tokio::test]
async fn requests_of_one_call() {
    let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let connector = limited_to(Limits::default().with_requests(3), address).await;
    let input = |times: u32| format!(r#"{{"url":"http://{address}/","times":{times}}}"#);
    assert_eq!(limit_of(&connector, "get", &input(4)).await, (Limit::Requests(3), true));
    // Each call has its own count.
    let mut sandbox = connector.sandbox().await.unwrap();
    for _ in 0..2 {
        assert!(sandbox.invoke(&no_auth(), Call::new("get").input(input(3))).await.is_ok());
    }
    // What is refused counts too: a loop of refusals is a loop.
    let refused = limited(Limits::default().with_requests(1)).await;
    assert!(matches!(
        invoke(&refused, "get", &input(1)).await.unwrap_err().kind(),
        FailureKind::Permanent(problem) if problem.message.contains("HttpRequestDenied")
    ));
}

#[tokio::test]
async fn calls_at_once() {
    let host = Host::builder().cache(Cache::none()).concurrent_calls(2).build().unwrap();
    let connector = on(&host).await;
    let auth = no_auth();
    let busy = |failure: Failure| {
        assert!(failure.is_retryable());
        assert_eq!(failure, ExecutionFailure::Busy(2).into());
        assert!(failure.to_string().contains("2 calls"), "{failure}");
    };
    // A download is one call until it is over, and can be read although there is no room for another.
    let mut download = connector.open(&no_auth(), Call::new("count").input(r#"{"bytes":100}"#)).await.unwrap();
    let mut kept = connector.sandbox().await.unwrap();
    {
        let mut waiting = Box::pin(connector.invoke(&auth, Call::new("wait")));
        assert!(tokio::time::timeout(Duration::from_millis(100), &mut waiting).await.is_err());
        busy(kept.invoke(&no_auth(), Call::new("echo")).await.unwrap_err());
        busy(connector.open(&no_auth(), Call::new("count")).await.err().unwrap());
        assert_eq!(download.read(64).await.unwrap().len(), 64);
        assert!(kept.is_live());
    }
    // A call that is dropped counts no more.
    assert!(kept.invoke(&no_auth(), Call::new("echo")).await.is_ok());
    let _other = connector.open(&no_auth(), Call::new("count")).await.unwrap();
    busy(kept.describe().await.unwrap_err());
    download.into_sandbox().await.unwrap();
    assert!(kept.describe().await.is_ok());
}

#[tokio::test]
async fn a_crash_ends_the_sandbox_and_not_the_host() {
    for (operation, words) in [("trap", "unreachable"), ("exit", "exited with code")] {
        let mut sandbox = connector().await.sandbox().await.unwrap();
        match sandbox.invoke(&no_auth(), Call::new(operation)).await.unwrap_err().into_kind() {
            FailureKind::Execution(ExecutionFailure::Crash { message, request_sent: false }) => {
                assert!(message.contains(words), "{message}");
                assert!(!message.contains("last words"));
            }
            other => panic!("{other:?}"),
        }
        assert!(!sandbox.is_live());
    }
    assert_eq!(connector().await.describe().await.unwrap().name, "test");
}

#[tokio::test]
async fn a_flood_of_output_is_cut_and_the_call_goes_on() {
    let output = connector().await.invoke(&no_auth(), Call::new("flood")).await.unwrap();
    assert!(matches!(output.body, Body::Nothing));
}

#[tokio::test]
async fn a_call_that_is_dropped_halfway_ends_its_sandbox() {
    let mut sandbox = connector().await.sandbox().await.unwrap();
    let auth = no_auth();
    let call = sandbox.invoke(&auth, Call::new("wait"));
    assert!(tokio::time::timeout(Duration::from_millis(50), call).await.is_err());
    assert!(!sandbox.is_live());
}

#[tokio::test]
async fn a_warm_sandbox_keeps_its_memory_and_a_fresh_one_has_none() {
    let connector = connector().await;
    let mut sandbox = connector.sandbox().await.unwrap();
    for expected in ["1", "2", "3"] {
        let output = sandbox.invoke(&no_auth(), Call::new("count")).await.unwrap();
        assert!(matches!(output.body, Body::Json(count) if count == expected));
    }
    let output = connector.invoke(&no_auth(), Call::new("count")).await.unwrap();
    assert!(matches!(output.body, Body::Json(count) if count == "1"));
}

#[tokio::test]
async fn the_environment_is_what_the_caller_gives_and_nothing_else() {
    assert!(std::env::var_os("PATH").is_some());
    let none = connector().await.invoke(&no_auth(), Call::new("environment")).await.unwrap();
    assert!(matches!(none.body, Body::Text(variables) if variables.is_empty()));
    let variables = [("NAME".to_owned(), "value".to_owned())];
    let connector = builder().environment(variables).build().await.unwrap();
    let one = invoke(&connector, "environment", "{}").await.unwrap();
    assert!(matches!(one.body, Body::Text(variables) if variables == "NAME=value"));
}

#[tokio::test]
async fn what_the_connector_may_not_answer_is_told() {
    assert_eq!(
        connector().await.invoke(&no_auth(), Call::new("execution-failed")).await.unwrap_err(),
        ExecutionFailure::Reserved.into()
    );
}

#[tokio::test]
async fn failures_of_the_connector_come_through_and_leave_the_sandbox_live() {
    let mut sandbox = connector().await.sandbox().await.unwrap();
    let failure = sandbox.invoke(&no_auth(), Call::new("refuse")).await.unwrap_err();
    assert!(sandbox.is_live() && failure.is_retryable());
    assert_eq!(
        serde_json::to_string(&failure).unwrap(),
        r#"{"reason":"rate-limited","message":"Too many requests.","status":429,"retry_after_ms":1500,"resume":null,"request_sent":false,"fields":[],"documentation_url":null,"retryable":true}"#
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_sandboxes_at_once() {
    let connector = connector().await;
    let mut sandboxes = Vec::new();
    for _ in 0..200 {
        sandboxes.push(connector.sandbox().await.unwrap());
    }
    let calls: Vec<_> = sandboxes
        .into_iter()
        .map(|mut sandbox| {
            tokio::spawn(async move { sandbox.invoke(&no_auth(), Call::new("echo").input(r#"{"a":1}"#)).await })
        })
        .collect();
    for call in calls {
        let output = call.await.unwrap().unwrap();
        assert!(matches!(output.body, Body::Json(json) if json == r#"{"a":1}"#));
    }
}

#[tokio::test]
async fn a_host_without_room_for_one_more_sandbox_says_so_and_has_room_again_later() {
    for (host, max) in [
        (Host::builder().cache(Cache::none()).build().unwrap(), SANDBOXES),
        (Host::builder().cache(Cache::none()).sandboxes(3).build().unwrap(), 3),
    ] {
        let connector = on(&host).await;
        let mut sandboxes = Vec::new();
        for _ in 0..max {
            sandboxes.push(connector.sandbox().await.unwrap());
        }
        let failure = connector.sandbox().await.err().unwrap();
        assert!(failure.is_retryable());
        assert!(matches!(failure.kind(), FailureKind::Execution(ExecutionFailure::NoSandbox(_))), "{failure:?}");
        sandboxes.pop();
        assert_eq!(connector.describe().await.unwrap().name, "test");
    }
}

#[tokio::test]
async fn a_connector_has_to_name_each_host_that_it_asks_for() {
    let connector = builder().allow_requested_hosts([]).build().await.unwrap();
    for asked in ["*.example.com", "https://example.com/path"] {
        let auth = Auth::from_json(format!(r#"{{"host":"{asked}"}}"#)).unwrap();
        match connector.invoke(&auth, Call::new("echo")).await.unwrap_err().kind() {
            FailureKind::Execution(ExecutionFailure::Interface(message)) => {
                assert!(message.contains(asked), "{message}")
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_call_too_many_is_refused_before_a_sandbox_is_made_for_it() {
    let host = Host::builder().cache(Cache::none()).sandboxes(2).concurrent_calls(1).build().unwrap();
    let connector = on(&host).await;
    // One sandbox is there and one call is under way: a call too many that took the last sandbox would fail otherwise.
    let _kept = connector.sandbox().await.unwrap();
    let _download = connector.open(&no_auth(), Call::new("count").input(r#"{"bytes":100}"#)).await.unwrap();
    for _ in 0..3 {
        let failure = invoke(&connector, "echo", "{}").await.unwrap_err();
        assert_eq!(failure, ExecutionFailure::Busy(1).into());
        assert_eq!(connector.describe().await.unwrap_err(), ExecutionFailure::Busy(1).into());
    }
}

#[tokio::test]
async fn the_memory_of_all_sandboxes_together_is_charged_as_it_grows_and_given_back() {
    const MIB: u64 = 1024 * 1024;
    let host = Host::builder().cache(Cache::none()).memory_bytes(32 * MIB).build().unwrap();
    let connector = on(&host).await;
    // More than any of them may have alone, but for what the budget still has.
    for _ in 0..3 {
        let failure = invoke(&connector, "allocate", "{}").await.unwrap_err();
        let limit = ExecutionFailure::Limit { limit: Limit::TotalMemory(32 * MIB), request_sent: false };
        assert_eq!(failure, limit.into());
        assert!(failure.is_retryable());
        assert!(failure.to_string().contains("32 MiB for all sandboxes together"), "{failure}");
    }
    // What sandboxes have that are only there counts too.
    let mut kept = Vec::new();
    let failure = loop {
        match connector.sandbox().await {
            Ok(sandbox) => kept.push(sandbox),
            Err(failure) => break failure,
        }
        assert!(kept.len() < 64, "64 sandboxes in 32 MiB");
    };
    assert!(failure.is_retryable() && failure.to_string().contains("together"), "{failure}");
    kept.pop();
    assert!(connector.sandbox().await.is_ok());
}

#[tokio::test]
async fn a_request_that_was_sent_makes_a_lack_of_memory_permanent() {
    let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let host = Host::builder().cache(Cache::none()).memory_bytes(32 * 1024 * 1024).build().unwrap();
    let component = Component::from_file(&host, common::guest_file()).await.unwrap();
    let connector =
        Connector::builder(&host, &component).policy(policy(&[&address.to_string()])).build().await.unwrap();
    let failure =
        invoke(&connector, "get-and-allocate", &format!(r#"{{"url":"http://{address}/"}}"#)).await.unwrap_err();
    let limit = ExecutionFailure::Limit { limit: Limit::TotalMemory(32 * 1024 * 1024), request_sent: true };
    assert_eq!(failure, limit.into());
    assert!(!failure.is_retryable());
}

#[tokio::test]
async fn what_the_host_holds_for_a_sandbox_is_charged_to_it() {
    const MIB: u64 = 1024 * 1024;
    let limits = Limits::default().with_memory_bytes(4 * MIB);
    let connector = limited(limits.clone()).await;
    assert_eq!(limit_of(&connector, "hoard-unsent", "{}").await, (Limit::Memory(4 * MIB), false));
    // Requests count when they are made.
    let connector = limited(limits.with_memory_bytes(64 * MIB).with_requests(3)).await;
    assert_eq!(limit_of(&connector, "hoard-unsent", "{}").await, (Limit::Requests(3), false));
}

#[tokio::test]
async fn texts_of_requests_that_are_too_long_are_refused() {
    let output = invoke(&connector().await, "long-texts", "{}").await.unwrap();
    let Body::Json(taken) = output.body else { panic!("{:?}", output.body) };
    assert_eq!(taken, "[false, false, false, true, true, true]");
}

#[tokio::test]
async fn reading_a_download_often_renews_no_limit() {
    let cpu_time = Duration::from_millis(300);
    let connector = limited(Limits::default().with_cpu_time(cpu_time)).await;
    let mut download = connector.open(&no_auth(), Call::new("compute-for-each-byte")).await.unwrap();
    let failure = loop {
        if let Err(failure) = download.read(64).await {
            break failure;
        }
    };
    assert_eq!(failure, ExecutionFailure::Limit { limit: Limit::CpuTime(cpu_time), request_sent: true }.into());

    let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let connector = limited_to(Limits::default().with_requests(3), address).await;
    let call = Call::new("request-for-each-byte").input(format!(r#"{{"url":"http://{address}/"}}"#));
    let mut download = connector.open(&no_auth(), call).await.unwrap();
    for _ in 0..3 {
        assert_eq!(download.read(64).await.unwrap().len(), 1);
    }
    let failure = download.read(64).await.unwrap_err();
    assert_eq!(failure, ExecutionFailure::Limit { limit: Limit::Requests(3), request_sent: true }.into());
}

#[tokio::test]
async fn a_long_download_goes_on_for_as_long_as_bytes_come() {
    // Each MiB takes some milliseconds of computing, all of them together more than a call may compute.
    let connector = limited(Limits::default().with_cpu_time(Duration::from_millis(500))).await;
    let call = Call::new("count").input(r#"{"bytes":900000}"#);
    let mut download = connector.open(&no_auth(), call).await.unwrap();
    let mut bytes = 0;
    loop {
        let piece = download.read(1000).await.unwrap();
        if piece.is_empty() {
            break;
        }
        bytes += piece.len();
    }
    assert_eq!(bytes, 900_000);
}
