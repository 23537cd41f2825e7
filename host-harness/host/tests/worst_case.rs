//! What the worst sandboxes and the worst component files cost. It prints figures and checks them against generous limits:
//!
//! `cargo test -p connector-host --test worst_case -- --ignored --nocapture --test-threads 1`
//!
//! It takes some GiB of memory and some minutes, so it is left out of ordinary test runs.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{guest_file, no_auth, policy, request, server};
use connector_host::{Cache, Call, Component, Connector, Host, Limits, LoadError, limits};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

const MIB: u64 = 1024 * 1024;
const SANDBOXES: u32 = 1000;

/// A value of `/proc/self/status`, in MiB.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// Has the peak of the memory begin anew.
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// A server whose responses never end.
async fn endless() -> std::net::SocketAddr {
    server(|mut stream| async move {
        request(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n";
        if stream.write_all(head).await.is_ok() {
            while stream.write_all(&[b'x'; 16 * 1024]).await.is_ok() {}
        }
    })
    .await
}

/// Each of 1,000 sandboxes takes as much as it can of one kind, all at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes some GiB of memory"]
async fn a_thousand_sandboxes_at_their_limits() {
    let endless = endless().await;
    let url = format!(r#"{{"url":"http://{endless}/"}}"#);
    println!(
        "{:44} {:>10} {:>10} {:>10} {:>8}  ended by",
        "1,000 sandboxes, each with", "budget", "peak", "after", "time"
    );
    for budget in [512 * MIB, 2048 * MIB] {
        for (what, operation, input) in [
            ("nothing: they wait", "wait", "{}"),
            ("memory of its own", "allocate", "{}"),
            ("requests that it does not send", "hoard-unsent", "{}"),
            ("header fields", "hoard-fields", "{}"),
            ("resources", "hoard-resources", "{}"),
            ("responses that it does not read", "hoard-responses", &url),
        ] {
            let host = Host::builder().cache(Cache::none()).sandboxes(SANDBOXES).memory_bytes(budget);
            let host = host.concurrent_calls(SANDBOXES as usize).build().unwrap();
            let component = Component::from_file(&host, guest_file()).await.unwrap();
            // The sandboxes end in time, also those that only wait.
            let limits = Limits::default().with_call_timeout(Duration::from_secs(40));
            let connector = Connector::builder(&host, &component).sessions(false).limits(limits);
            let connector = connector.policy(policy(&[&endless.to_string()])).build().await.unwrap();
            forget_peak();
            let (before, started) = (memory("VmRSS"), Instant::now());
            let mut calls = JoinSet::new();
            for _ in 0..SANDBOXES {
                let (connector, call) = (connector.clone(), Call::new(operation).input(input));
                calls.spawn(async move { connector.invoke(&no_auth(), call).await.unwrap_err() });
            }
            if operation == "wait" {
                // They do nothing else, so there is nothing to wait for.
                tokio::time::sleep(Duration::from_secs(8)).await;
                calls.abort_all();
            }
            let mut ends = BTreeMap::<String, u32>::new();
            while let Some(outcome) = calls.join_next().await {
                *ends.entry(outcome.map_or("this test".to_owned(), |failure| failure.to_string())).or_default() += 1;
            }
            let (peak, time) = (memory("VmHWM"), started.elapsed());
            let more = peak.saturating_sub(before);
            println!(
                "{what:44} {:>6} MiB {more:>6} MiB {:>6} MiB {:>6.1} s  {ends:?}",
                budget / MIB,
                memory("VmRSS").saturating_sub(before),
                time.as_secs_f64()
            );
            // What the host estimates is right within a factor, whatever the sandboxes take.
            assert!(more < 2 * budget / MIB + 512, "{what}: {more} MiB of {} MiB", budget / MIB);
        }
    }
}

/// A component with one module.
fn component(module: &str) -> Vec<u8> {
    wat::parse_str(format!("(component (core module {module}))")).unwrap()
}

/// Code that takes long to compile, within all limits on files.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let repeated = |text: &str, times: usize| text.repeat(times);
    let locals = |count: usize| format!("(local {})", repeated("i64 ", count));
    let mut calls = String::new();
    for number in 0..80_000 {
        let _ = write!(
            calls,
            "(local.set {} (i64.add (local.get {}) (local.get {})))",
            number % 9_000,
            (number * 7) % 9_000,
            (number * 13) % 9_000
        );
    }
    vec![
        ("as many functions as may be", component(&repeated("(func)", limits::FUNCTIONS - 1))),
        (
            "many functions of some hundred bytes",
            component(&repeated(
                &format!(
                    "(func (param i64) (result i64) (local.get 0) {})",
                    repeated("(i64.mul (local.get 0)) (i64.const 7) (i64.add) ", 30)
                ),
                30_000,
            )),
        ),
        (
            "one function of 1 MiB: additions",
            component(&format!(
                "(func (param i64) (result i64) (local.get 0) {})",
                repeated("(local.get 0) (i64.add) ", 340_000)
            )),
        ),
        (
            "one function of 1 MiB: blocks in blocks",
            component(&format!(
                "(func (param i32) {}{})",
                repeated("(block (br_if 0 (local.get 0)) ", 20_000),
                repeated(")", 20_000)
            )),
        ),
        (
            "one function of 1 MiB: loops in sequence",
            component(&format!("(func (param i32) {})", repeated("(loop (br_if 0 (local.get 0)))", 120_000))),
        ),
        (
            "one function with 9,000 locals, all alive",
            component(&format!("(func (param i32) {} (loop {calls} (br_if 0 (local.get 0))))", locals(9_000))),
        ),
        (
            "one function of 1 MiB: a jump to each of 1,000 blocks",
            component(&format!(
                "(func (param i32) {}{}{})",
                repeated("(block ", 1_000),
                repeated(
                    &format!(
                        "(br_table {} (local.get 0)) ",
                        (0..1_000).map(|label| label.to_string()).collect::<Vec<_>>().join(" ")
                    ),
                    400
                ),
                repeated(")", 1_000)
            )),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn the_worst_component_files() {
    println!("{:56} {:>10} {:>8} {:>10}  outcome", "file", "size", "time", "peak");
    for (what, bytes) in files() {
        let host = Host::builder().cache(Cache::none()).build().unwrap();
        let size = bytes.len();
        forget_peak();
        let (before, started) = (memory("VmRSS"), Instant::now());
        let outcome = Component::load(&host, bytes).await.map(drop);
        let time = started.elapsed();
        println!(
            "{what:56} {:>6} KiB {:>6.1} s {:>6} MiB  {}",
            size / 1024,
            time.as_secs_f64(),
            memory("VmHWM").saturating_sub(before),
            outcome.as_ref().map_or_else(ToString::to_string, |()| "loaded".to_owned())
        );
        // None is a connector, so what compiles is refused afterwards.
        assert!(
            matches!(outcome, Err(LoadError::World(_) | LoadError::Timeout(_) | LoadError::Invalid(_))),
            "{outcome:?}"
        );
        assert!(time < limits::COMPILE_TIMEOUT + Duration::from_secs(30), "{what}: {time:?}");
    }
}
