//! The fault table: what can go wrong between the connector and Looker, and what the platform gets.
//!
//! `cargo test -p integration-tests --test faults -- --nocapture` prints it. Each row is tried with a call that may be
//! repeated (`user`, a `GET`) and with one that may not (`create_user`, a `POST`); see [`rows`]. A row fails if the
//! platform gets anything other than the table says, if the server received more or fewer requests, or if the same
//! host does not serve the next call.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test should fail loudly where it fails")]

mod messages;
mod raw;
mod results;
mod rows;
mod secrets;
mod tls;
mod trial;

use connector_host::Failure;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use trial::{Access, Bench, Seen};

/// How many rows run at once. Most of them wait.
const AT_ONCE: usize = 8;

/// Time limit for the whole table, so that a hanging row fails.
const ALL_TIME: Duration = Duration::from_secs(180);

/// Everything that a failure says: its message, its fields and its causes.
fn words(failure: &Failure) -> String {
    let fields = failure
        .problem()
        .fields
        .into_iter()
        .map(|field| format!("{}: {}", field.field.unwrap_or_default(), field.message));
    let causes = failure.causes().iter().map(ToString::to_string);
    [failure.to_string()].into_iter().chain(fields).chain(causes).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_has_its_outcome_and_the_host_still_serves() {
    let started = Instant::now();
    let bench = Arc::new(Bench::new().await);
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut trials = Vec::new();
    for row in rows::rows().into_iter().map(Arc::new) {
        for access in [Access::Read, Access::Write] {
            let (bench, room, row) = (Arc::clone(&bench), Arc::clone(&room), Arc::clone(&row));
            trials.push(tokio::spawn(async move {
                let _room = room.acquire().await.unwrap();
                let seen = bench.try_row(&row, access).await;
                (row, access, seen)
            }));
        }
    }
    println!(
        "{:46} {:5} {:42} {:42} {:>5} {:>9}  host still serves",
        "fault", "call", "expected", "seen", "asked", "time"
    );
    let (mut lines, mut wrong) = (0, Vec::new());
    for trial in trials {
        let remaining = ALL_TIME.saturating_sub(started.elapsed());
        let (row, access, seen) =
            tokio::time::timeout(remaining, trial).await.expect("the table took too long").unwrap();
        let expected = match access {
            Access::Read => &row.read,
            Access::Write => &row.write,
        };
        let Seen { outcome, asked, time, problem } = &seen;
        let serves = if problem.is_none() { "yes" } else { "NO" };
        println!(
            "{:46} {:5} {:42} {:42} {:>5} {:>6} ms  {serves}",
            row.name,
            access.method(),
            expected.outcome,
            outcome,
            asked,
            time.as_millis(),
        );
        lines += 1;
        if *outcome != expected.outcome || *asked != expected.asked {
            wrong.push(format!(
                "{}, {}: expected {} after {} requests, seen {outcome} after {asked}",
                row.name,
                access.method(),
                expected.outcome,
                expected.asked
            ));
        }
        wrong.extend(problem.iter().map(|problem| format!("{}, {}: {problem}", row.name, access.method())));
    }
    println!("{} faults, {lines} calls, {} wrong, in {:.1?}", lines / 2, wrong.len(), started.elapsed());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
