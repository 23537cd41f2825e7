//! How much memory of the host a sandbox can cause. A program of its own, since it looks at the whole process.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{builder, invoke, limited, policy, request, server};
use connector_host::{ExecutionFailure, FailureKind, Limit, Limits};
use tokio::io::AsyncWriteExt;

/// The most memory that this process has had so far, in bytes.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn a_sandbox_of_four_mib_has_the_host_hold_no_more_than_some_mib_for_it() {
    const MIB: u64 = 1024 * 1024;
    let connector = limited(Limits::default().with_memory_bytes(4 * MIB)).await;
    connector.describe().await.unwrap();
    for operation in ["hoard-unsent", "hoard-fields"] {
        let before = most_memory();
        let failure = invoke(&connector, operation, "{}").await.unwrap_err();
        let more = most_memory() - before;
        assert!(more < 64 * MIB, "{operation}: {} MiB", more / MIB);
        assert!(matches!(failure.kind(), FailureKind::Execution(_)), "{failure}");
    }
}

/// Each request under way can fill the HTTP client's buffers, while the sandbox itself has next to nothing.
#[tokio::test]
async fn responses_that_are_not_read_count_as_the_sandbox_s_memory() {
    const MIB: u64 = 1024 * 1024;
    let endless = server(|mut stream| async move {
        request(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n";
        if stream.write_all(head).await.is_ok() {
            while stream.write_all(&[b'x'; 65536]).await.is_ok() {}
        }
    })
    .await;
    let limits = Limits::default().with_memory_bytes(16 * MIB);
    let rules = policy(&[&endless.to_string()]);
    let connector = builder().limits(limits).policy(rules).build().await.unwrap();
    connector.describe().await.unwrap();
    let before = most_memory();
    let failure =
        invoke(&connector, "hoard-responses", &format!(r#"{{"url":"http://{endless}/"}}"#)).await.unwrap_err();
    let is_memory =
        matches!(failure.kind(), FailureKind::Execution(ExecutionFailure::Limit { limit: Limit::Memory(_), .. }));
    assert!(is_memory, "{failure}");
    let more = most_memory() - before;
    assert!(more < 32 * MIB, "{} MiB", more / MIB);
}
