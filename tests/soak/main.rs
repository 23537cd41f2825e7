//! The soak test: very many calls over 64 sandboxes. 5 % of them get a fault that client and server know in advance.
//!
//! `cargo bench -p integration-tests --bench soak` makes 200,000 calls, which takes some minutes. `cargo test` makes 2,000.
//! `SOAK_CALLS` and `SOAK_SEED` change that. It fails if the outcome or the number of requests of a call differs from what
//! its fault implies, if memory grows, if a task, a connection or an open file is left
//! over, or if it takes too long.

mod fault;
mod process;
mod server;

use connector_host::{Auth, Call, Component, Connector, Failure, Host, Limits, Sandbox};
use fault::PlannedCall;
use host_harness::DEFAULT_COMPONENT;
use integration_tests::outcome::Outcome;
use integration_tests::{auth_of, policy};
use serde_json::json;
use server::Server;
use std::collections::BTreeMap;
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How many sandboxes run at once.
const SANDBOXES: usize = 64;

/// Time limit of a call. All retries with their waits fit.
const CALL_TIME: Duration = Duration::from_secs(60);

/// Time limit for the first byte: generous, for busy machines.
const FIRST_BYTE_TIME: Duration = Duration::from_secs(8);

/// The maximum that a call may receive, in bytes.
const RESPONSE_BYTES: u64 = 4 * 1024 * 1024;

/// Time limit for everything: one minute plus what two slow cores need for the calls.
fn all_time(calls: usize) -> Duration {
    Duration::from_secs(60) + Duration::from_millis(5) * u32::try_from(calls).unwrap_or(u32::MAX)
}

/// How many bytes memory may grow from the first tenth to the end: what the allocator does not return.
const GROWTH: u64 = 24 * 1024 * 1024;

/// How many times it reports progress.
const LINES: usize = 10;

/// The shared state of all runs.
struct Soak {
    seed: u64,
    calls: usize,
    next: AtomicUsize,
    done: AtomicUsize,
    connector: Connector,
    auth: Auth,
    server: Server,
}

/// The results of one run.
#[derive(Default)]
struct Seen {
    outcomes: BTreeMap<String, usize>,
    wrong: Vec<String>,
    sandboxes: usize,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let whole = arguments.iter().any(|argument| argument == "--bench");
    let meant = |name: &String| name.starts_with('-') || "soak".contains(name.as_str());
    // Like the standard harness with a filter that names other tests.
    if arguments.contains(&"--list".to_owned()) || !arguments.iter().all(meant) {
        return ExitCode::SUCCESS;
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<usize>().ok());
    let calls = number("SOAK_CALLS").unwrap_or(if whole { 200_000 } else { 2_000 });
    let seed = number("SOAK_SEED").unwrap_or(1) as u64;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let outcome = runtime.map_err(Into::into).and_then(|runtime| {
        runtime.block_on(async {
            match tokio::time::timeout(all_time(calls), soak(seed, calls)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(format!("it takes longer than {:?}", all_time(calls)).into()),
            }
        })
    });
    match outcome {
        Ok(()) => {
            println!("soak ... ok");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("soak ... FAILED\n{error}");
            ExitCode::FAILURE
        }
    }
}

async fn soak(seed: u64, calls: usize) -> Result<(), Box<dyn Error>> {
    let server = Server::start(seed, calls)?;
    let host = Host::new()?;
    let component = Component::load(&host, DEFAULT_COMPONENT).await?;
    let address = format!("http://{}", server.address);
    let limits = Limits::default()
        .with_call_timeout(CALL_TIME)
        .with_first_byte_timeout(FIRST_BYTE_TIME)
        .with_response_bytes(RESPONSE_BYTES);
    let policy = policy([address.as_str()]);
    let connector = Connector::builder(&host, &component).policy(policy).limits(limits).build().await?;
    let auth = auth_of(&json!({"domain": address, "client_id": "soak", "client_secret": "soak-secret"}));

    // The first instance creates what all others share.
    drop(connector.sandbox().await?);
    let metrics = tokio::runtime::Handle::current().metrics();
    let before = (metrics.num_alive_tasks(), process::open_files());
    println!("{calls} calls in {SANDBOXES} sandboxes, seed {seed}; {} tasks, {} open files", before.0, before.1.len());

    let started = Instant::now();
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let soak = Arc::new(Soak { seed, calls, next, done, connector, auth, server });
    let mut runs = JoinSet::new();
    for _ in 0..SANDBOXES {
        let soak = Arc::clone(&soak);
        runs.spawn(async move { soak.run().await });
    }
    let first = report_progress(&soak, started).await;
    let mut seen = Seen::default();
    while let Some(run) = runs.join_next().await {
        seen.add(run??);
    }
    let time = started.elapsed();
    let last = process::resident();
    seen.compare_counts(&soak);

    println!("calls by outcome:");
    for (outcome, count) in &seen.outcomes {
        println!("  {count:>7}  {outcome}");
    }
    let soak = Arc::into_inner(soak).ok_or("a run is left over")?;
    let Soak { connector, server, .. } = soak;
    println!(
        "{:.0} calls a second for {time:.1?}; {} sandboxes made, {} connections, {} logins",
        calls as f64 / time.as_secs_f64(),
        seen.sandboxes,
        server.connections(),
        server.logins()
    );
    // Dropping the connector drops its HTTP client and its connections.
    drop(connector);
    let after = settle(&before, || (metrics.num_alive_tasks(), process::open_files()), &server).await;
    let files = (before.1.len(), after.1.len());
    println!("tasks {} -> {}, open files {} -> {}, connections {}", before.0, after.0, files.0, files.1, server.open());
    println!("resident: first {}, last {}, at the end {}", mib(first), mib(last), mib(process::resident()));

    if after != before || server.open() > 0 {
        let files: Vec<_> = after.1.difference(&before.1).collect();
        seen.wrong.push(format!("tasks, connections or files are left over: {files:?}"));
    }
    if let (Some(first), Some(last)) = (first, last)
        && last > first + GROWTH
    {
        seen.wrong.push(format!("memory grew by {}", mib(Some(last - first))));
    }
    let count = seen.wrong.len();
    seen.wrong.truncate(20);
    if count == 0 { Ok(()) } else { Err(format!("{count} wrong:\n{}", seen.wrong.join("\n")).into()) }
}

/// Reports progress; returns the resident memory after the first tenth.
async fn report_progress(soak: &Soak, started: Instant) -> Option<u64> {
    let mut first = None;
    for line in 1..=LINES {
        while soak.done.load(Relaxed) < soak.calls * line / LINES {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let resident = process::resident();
        first = first.or(resident);
        let (done, open) = (soak.done.load(Relaxed), soak.server.open());
        println!("{done:>8} calls  {:>7.1?}  {} resident, {open} connections", started.elapsed(), mib(resident));
    }
    first
}

/// Waits a while for the state from before to return; returns the last state.
async fn settle<T: PartialEq>(before: &T, now: impl Fn() -> T, server: &Server) -> T {
    for _ in 0..100 {
        if now() == *before && server.open() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    now()
}

fn mib(bytes: Option<u64>) -> String {
    bytes.map_or("unknown".to_owned(), |bytes| format!("{:.1} MiB", bytes as f64 / 1024.0 / 1024.0))
}

impl Soak {
    /// Makes calls in one sandbox, replacing it when a limit ended it, until all calls are made.
    async fn run(&self) -> Result<Seen, Failure> {
        let mut seen = Seen::default();
        let mut sandbox = self.sandbox(&mut seen).await?;
        loop {
            let number = self.next.fetch_add(1, Relaxed);
            if number >= self.calls {
                return Ok(seen);
            }
            let call = PlannedCall::new(self.seed, number);
            let input = format!(r#"{{"user_id":"{number}"}}"#);
            let outcome = sandbox.invoke(&self.auth, Call::new(call.operation()).input(input)).await;
            seen.note(call, &Outcome::of(&outcome));
            if !sandbox.is_live() {
                sandbox = self.sandbox(&mut seen).await?;
            }
            self.done.fetch_add(1, Relaxed);
        }
    }

    /// A sandbox that has signed in already, so that a refused token is a cached one.
    async fn sandbox(&self, seen: &mut Seen) -> Result<Sandbox, Failure> {
        seen.sandboxes += 1;
        let mut sandbox = self.connector.sandbox().await?;
        sandbox.invoke(&self.auth, Call::new("me")).await?;
        Ok(sandbox)
    }
}

impl Seen {
    fn note(&mut self, call: PlannedCall, outcome: &Outcome) {
        let expected = call.expected().outcome;
        if *outcome != expected {
            self.wrong.push(format!("{call:?}: expected {expected}, seen {outcome}"));
        }
        *self.outcomes.entry(outcome.to_string()).or_default() += 1;
    }

    fn add(&mut self, other: Self) {
        for (outcome, count) in other.outcomes {
            *self.outcomes.entry(outcome).or_default() += count;
        }
        self.wrong.extend(other.wrong);
        self.sandboxes += other.sandboxes;
    }

    /// Compares how many requests the server received. Requests that may act twice must not be repeated.
    fn compare_counts(&mut self, soak: &Soak) {
        for number in 0..soak.calls {
            let call = PlannedCall::new(soak.seed, number);
            let (expected, asked) = (call.expected().asked, soak.server.asked(number));
            if asked != expected {
                self.wrong.push(format!("{call:?}: expected {expected} requests, seen {asked}"));
            }
        }
    }
}
