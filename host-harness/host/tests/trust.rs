//! What the host keeps from whom, as two tables: a connector that is hostile, and tenants that share a host.
//!
//! `cargo test -p connector-host --test trust -- --nocapture --test-threads 1` prints both. Each row is one attempt to get
//! something that the host must not give; a row fails where it gives it, or where the host does not serve the next call.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test should fail loudly where it fails")]

mod common;
mod trust {
    mod hostile;
    mod network;
    mod tenants;
    mod world;
}

use std::time::Duration;

/// One line of a table, after it was tried.
pub struct Row {
    /// What was attempted.
    pub attempt: String,
    /// What has to be in `seen`.
    pub expected: &'static str,
    /// What came of it.
    pub seen: String,
    /// How long it took.
    pub time: Duration,
    /// What is wrong beside that: the host serves no more, or somebody was reached.
    pub problem: Option<String>,
}

/// Prints a table, and fails where a row is not as it should be.
pub fn print_and_check(title: &str, rows: &[Row]) {
    println!("{title:70} {:42} {:44} {:>9}  host still serves", "expected", "seen", "time");
    let mut wrong = Vec::new();
    for Row { attempt, expected, seen, time, problem } in rows {
        let shown: String = seen.chars().filter(|letter| !letter.is_control()).collect();
        let at = shown.find(expected).unwrap_or(0);
        let near: String = shown.chars().skip(shown[..at].chars().count()).take(44).collect();
        let serves = if problem.is_none() { "yes" } else { "NO" };
        println!("{attempt:70} {expected:42} {near:44} {:>6} ms  {serves}", time.as_millis());
        if !seen.contains(expected) {
            wrong.push(format!("{attempt}: expected `{expected}`, seen `{seen}`"));
        }
        wrong.extend(problem.iter().map(|problem| format!("{attempt}: {problem}")));
    }
    println!("{} attempts, {} got through\n", rows.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
