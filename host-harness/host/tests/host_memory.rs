//! How much memory of the host a sandbox can cause. A program of its own, since it looks at the whole process.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{invoke, limited};
use connector_host::{FailureKind, Limits};

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
