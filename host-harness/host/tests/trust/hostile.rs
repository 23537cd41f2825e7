//! A connector that takes more than it may, or does what no connector does.

use super::{network, world};
use crate::common::{self, builder, invoke, no_auth, policy, server};
use crate::{Row, print_and_check};
use connector_host::{Body, Call, Connector, Limits};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

/// An attempt that is one call.
struct Attempt {
    what: &'static str,
    operation: &'static str,
    /// `{server}` in it stands for a server that the connector may connect to.
    input: &'static str,
    expected: &'static str,
    limits: fn() -> Limits,
}

const fn attempt(what: &'static str, operation: &'static str, input: &'static str, expected: &'static str) -> Attempt {
    Attempt { what, operation, input, expected, limits }
}

/// What a call may use here: little, so that all of it is tried in seconds.
fn limits() -> Limits {
    Limits::default()
        .with_memory_bytes(16 * 1024 * 1024)
        .with_cpu_time(Duration::from_millis(500))
        .with_call_timeout(Duration::from_secs(3))
        .with_response_bytes(1024 * 1024)
        .with_requests(8)
}

const URL: &str = r#"{"url":"http://{server}/"}"#;

const ATTEMPTS: [Attempt; 15] = [
    attempt("traps", "trap", "{}", "wasm `unreachable` instruction executed"),
    attempt("exits", "exit", "{}", "the connector crashed: it exited with code"),
    attempt("calls itself without end", "recurse", "{}", "call stack exhausted"),
    attempt("computes without end", "spin", "{}", "more than 500ms of computing time"),
    attempt("waits without end", "wait", "{}", "more than 3s of time"),
    attempt("takes memory without end", "allocate", "{}", "more than 16 MiB of memory"),
    attempt("takes resources without end", "hoard-resources", "{}", "the connector crashed: resource table"),
    attempt("opens requests without end, all at once", "hoard-requests", URL, "more than 8 HTTP requests"),
    attempt(
        "opens requests without end, one after the other",
        "get",
        r#"{"url":"http://{server}/small","times":1000000}"#,
        "more than 8 HTTP requests",
    ),
    attempt(
        "opens requests that are refused, without end",
        "hoard-requests",
        r#"{"url":"http://10.0.0.1/"}"#,
        "more than 8 HTTP requests",
    ),
    attempt("receives without end", "get", URL, "more than 1 MiB of received data"),
    attempt(
        "sends without end to a server that does not read",
        "post",
        r#"{"url":"http://{server}/","send":1000000000}"#,
        "because it used",
    ),
    // Not a limit that ends the call: what is too much is dropped, so that only the time for it is the call's own.
    Attempt { limits: Limits::default, ..attempt("floods its standard error", "flood", "{}", "an output: nothing") },
    attempt("says that the host could not run it", "execution-failed", "{}", "reserved for hosts"),
    attempt("gives more of a download than was asked for", "greedy", "{}", "`read` gave 65 bytes of 64"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_a_connector_does_gets_through() {
    let mut rows = Vec::new();
    let address = server(|mut stream| async move {
        // Without end, but for those that ask for little.
        let head = common::request(&mut stream).await;
        if head.contains("/small") {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok").await;
        } else if head.starts_with("POST") {
            tokio::time::sleep(Duration::from_secs(60)).await;
        } else {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
        }
    })
    .await;
    let address = address.to_string();
    for Attempt { what, operation, input, expected, limits } in ATTEMPTS {
        let connector = builder().limits(limits()).policy(policy(&[&address])).build().await.unwrap();
        let started = Instant::now();
        let seen = call(&connector, operation, &input.replace("{server}", &address)).await;
        let time = started.elapsed();
        rows.push(Row { attempt: what.to_owned(), expected, seen, time, problem: serves(&connector).await });
    }
    rows.extend(world::rows(&limits()).await);
    rows.extend(network::rows().await);
    print_and_check("a hostile connector", &rows);
}

/// What came of a call, in words.
async fn call(connector: &Connector, operation: &str, input: &str) -> String {
    if operation == "greedy" {
        let mut download = connector.open(&no_auth(), Call::new(operation).input(input)).await.unwrap();
        return match download.read(64).await {
            Ok(bytes) => format!("an output: {} bytes", bytes.len()),
            Err(failure) => failure.to_string(),
        };
    }
    match invoke(connector, operation, input).await {
        Ok(output) => match output.body {
            Body::Nothing => "an output: nothing".to_owned(),
            body => format!("an output: {body:?}"),
        },
        Err(failure) => failure.to_string(),
    }
}

/// What is wrong where the same host does not serve the same connector's next call.
pub async fn serves(connector: &Connector) -> Option<String> {
    match invoke(connector, "echo", r#"{"a":1}"#).await {
        Ok(_) => None,
        Err(failure) => Some(format!("the host does not serve the next call: {failure}")),
    }
}
