//! What the worst workflow files cost: the longest paths that find the most, within all limits. It prints figures and checks
//! them against generous limits:
//!
//! `cargo test -p host-harness --test worst_case -- --ignored --nocapture`
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test should fail loudly where it fails")]

mod support;

use std::fmt::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Output of the first step, which the paths look through, in bytes.
const DOCUMENT_BYTES: usize = 4 * 1024 * 1024;

/// A document of nested lists, one of many items, and one of long texts.
fn documents() -> [(&'static str, String); 3] {
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let deep = format!("[{}]", vec![deep; DOCUMENT_BYTES / 202].join(","));
    let wide = format!("[{}]", vec!["0"; DOCUMENT_BYTES / 2].join(","));
    let texts = format!("[{}]", vec![format!("\"{}\"", "a".repeat(1000)); DOCUMENT_BYTES / 1003].join(","));
    [("nested lists", deep), ("two million numbers", wide), ("long texts", texts)]
}

/// Paths that take much, below the output of the first step.
fn paths() -> Vec<(&'static str, String)> {
    vec![
        ("every node", "..*".to_owned()),
        ("every node of every node", "..*..*..*".to_owned()),
        ("everything 60 times", format!("[{}]", vec!["*"; 60].join(","))),
        ("everything 10 times, 6 times over", "[*,*,*,*,*,*,*,*,*,*]".repeat(6)),
        ("a filter for each node", "..[?@ == 1]".to_owned()),
        ("filters in filters", "..[?@[?@[?@[?@[?@ == 1]]]]]".to_owned()),
        ("a comparison of everything with everything", "..[?@ == $.steps.first]".to_owned()),
        ("a count of everything for each node", "..[?count($..*) > 1]".to_owned()),
        ("a pattern that backtracks", "..[?match(@, '(a*)*(a*)*(a*)*b')]".to_owned()),
        ("a large pattern", "..[?search(@, '(a{1,50}){1,50}b')]".to_owned()),
    ]
}

#[test]
#[ignore = "takes minutes"]
fn the_worst_workflow_files() {
    let folder = tempfile::tempdir().unwrap();
    println!("{:20} {:46} {:>8} {:>10}  outcome", "output", "path", "time", "peak");
    for (what, document) in documents() {
        for (path_what, path) in paths() {
            let mut workflow = String::from("name: Worst\nsteps:\n");
            write!(workflow, "  - id: first\n    operation: echo\n    input: {{ \"list\": {document} }}\n").unwrap();
            write!(
                workflow,
                "  - id: second\n    operation: echo\n    input: {{ \"found\": {:?} }}\n",
                format!("$.steps.first.list{path}")
            )
            .unwrap();
            let file = folder.path().join("worst.yaml");
            std::fs::write(&file, workflow).unwrap();
            let started = Instant::now();
            let mut program = Command::new(env!("CARGO_BIN_EXE_host-harness"))
                .env("XDG_CACHE_HOME", folder.path())
                .arg("--component")
                .arg(support::guest_file())
                .args(["run", file.to_str().unwrap(), "--auth", "{}"])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut peak = 0;
            while program.try_wait().unwrap().is_none() {
                peak = peak.max(peak_mib(program.id()));
                std::thread::sleep(Duration::from_millis(20));
            }
            let (time, output) = (started.elapsed(), program.wait_with_output().unwrap());
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            let end = errors.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
            let end: String = end.trim().chars().take(90).collect();
            println!(
                "{what:20} {path_what:46} {:>6.1} s {peak:>6} MiB  {:?}: {end}",
                time.as_secs_f64(),
                output.status.code()
            );
            assert!(output.status.code().is_some(), "{what}, {path_what}: ended by a signal");
            assert!(time < Duration::from_secs(60) && peak < 4096, "{what}, {path_what}: {time:?}, {peak} MiB");
        }
    }
}

/// The most memory that a process has had so far. Nothing once it has ended.
fn peak_mib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0) / 1024
}
