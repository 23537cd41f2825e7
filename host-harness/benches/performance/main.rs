//! What a sandbox costs: `cargo bench -p host-harness --bench performance`.
//!
//! One run measures everything against a bare server on loopback, in turns with what it is compared to, so that the
//! ratios hold on a busy machine too. `host-harness/benches/peers.sh` installs Looker's own SDKs and runs this bench;
//! without the SDKs their rows are left out. Arguments, after `--`:
//!
//! - `--quick`: fewer rounds and smaller results: a check in less than a minute.
//! - `--calls`: only single calls, which most changes are about.
//! - `--pagemap-scan`: with the option of the host's of that name, which is off by default.
//! - `--write-docs`: writes the table and the plots into `docs/performance.md` and `docs/performance.svg`.

mod calls;
mod concurrency;
mod document;
mod floor;
mod measure;
mod peers;
mod plot;
mod process;
mod report;
mod server;
mod streaming;
mod subject;

use calls::{Calls, OfSize};
use concurrency::Concurrent;
use host_harness::DEFAULT_COMPONENT;
use peers::{Peer, Peers};
use report::{Report, Unit, Wanted};
use server::Server;
use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;

/// How many calls of one kind are made in a row.
const IN_A_ROW: usize = 50;

/// How much is measured.
struct Effort {
    rounds: usize,
    peer_calls: usize,
    python_calls: usize,
    sizes: &'static [u64],
    concurrent: &'static [usize],
    concurrent_time: Duration,
    processes: usize,
    streamed: u64,
    whole: u64,
    repetitions: usize,
}

const FULL: Effort = Effort {
    rounds: 5_000,
    peer_calls: 1_000,
    python_calls: 40,
    sizes: &[KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB],
    concurrent: &[1, 4, 16, 64, 256, 1_000],
    concurrent_time: Duration::from_secs(4),
    processes: 15,
    streamed: GIB,
    whole: 64 * MIB,
    repetitions: 3,
};

const QUICK: Effort = Effort {
    rounds: 300,
    peer_calls: 100,
    python_calls: 5,
    sizes: &[KIB, 64 * KIB, MIB],
    concurrent: &[1, 16],
    concurrent_time: Duration::from_millis(500),
    processes: 2,
    streamed: 64 * MIB,
    whole: 8 * MIB,
    repetitions: 1,
};

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    // As in platforms, calls are tasks on as many threads as there are cores.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let [flag, sandboxes, milliseconds, ..] = &arguments[..]
        && flag == concurrency::CHILD
    {
        let time = Duration::from_millis(milliseconds.parse()?);
        let seen = runtime.block_on(runtime.spawn(concurrency::child(sandboxes.parse()?, time)))??;
        println!("{}", serde_json::to_string(&seen)?);
        return Ok(());
    }
    let effort = if has("--quick") { QUICK } else { FULL };
    if has("--calls") {
        let report = runtime.block_on(runtime.spawn(run_calls(effort)))??;
        println!("{}", report.table());
        return Ok(());
    }
    let (report, plots) = runtime.block_on(runtime.spawn(run(effort)))??;
    println!("\n{}", report.table());
    let folder = target_folder().join("performance");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("performance.json"), format!("{:#}\n", report.json()))?;
    std::fs::write(folder.join("performance.svg"), plot::svg(&plots))?;
    println!("written: {}", folder.join("performance.{json,svg}").display());
    if has("--write-docs") {
        document::write(&report, &plots)?;
    }
    Ok(())
}

/// The workspace's target folder. This program is in `<target>/<profile>/deps`.
pub fn target_folder() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    program.ancestors().nth(3).map_or_else(|| PathBuf::from("target"), PathBuf::from)
}

async fn run_calls(effort: Effort) -> Outcome<Report> {
    let mut report = Report::default();
    one_call(&mut report, &Server::start()?, effort.rounds).await?;
    Ok(report)
}

async fn run(effort: Effort) -> Outcome<(Report, Vec<plot::Plot>)> {
    println!("{}", document::machine());
    let server = Server::start()?;
    let peers = Peers::find();
    let mut report = Report::default();

    println!("one call at a time …");
    let calls = one_call(&mut report, &server, effort.rounds).await?;
    println!("the same call by Looker's SDKs …");
    by_peers(&mut report, &peers, &server, &calls, &effort)?;

    println!("whole processes …");
    whole_processes(&mut report, &process::measure(&peers, effort.processes)?);

    println!("many sandboxes at once …");
    let mut at_once = Vec::new();
    for &sandboxes in effort.concurrent {
        at_once.push(concurrency::measure(sandboxes, effort.concurrent_time)?);
    }
    many_at_once(&mut report, &at_once);

    println!("large results …");
    large_results(&mut report, &server, &effort).await?;
    let mut sizes = Vec::new();
    for &bytes in effort.sizes {
        let rounds = (effort.rounds as u64 * 2 * KIB / bytes.max(8 * KIB)).max(20);
        sizes.push(calls::of_size(&server, bytes, rounds as usize).await?);
    }
    Ok((report, vec![cost_by_size(&sizes), cost_by_concurrency(&at_once)]))
}

/// Measures consecutive calls and, for comparison, calls that alternate with those of the other kinds.
async fn one_call(report: &mut Report, server: &Server, rounds: usize) -> Outcome<Calls> {
    let calls = calls::measure(server, rounds / IN_A_ROW, IN_A_ROW).await?;
    let by_turns = calls::measure(server, rounds, 1).await?;
    let floor = calls.floor.p50();
    report.note("GET by the HTTP client alone (the floor), p50", floor, Unit::Microseconds);
    report.note("call in a kept sandbox, p50", calls.warm.p50(), Unit::Microseconds);
    report.note("call in a fresh sandbox each, p50", calls.fresh.p50(), Unit::Microseconds);
    report.note("the three, p99: floor", calls.floor.p99(), Unit::Microseconds);
    report.note("the three, p99: kept", calls.warm.p99(), Unit::Microseconds);
    report.note("the three, p99: fresh", calls.fresh.p99(), Unit::Microseconds);
    report.check("kept sandbox / floor", calls.warm.p50() / floor, Unit::Times, Wanted::AtMost(1.35));
    report.check("fresh sandbox / floor", calls.fresh.p50() / floor, Unit::Times, Wanted::AtMost(1.6));
    let floor = by_turns.floor.p50();
    report.note("by turns, call by call: the floor, p50", floor, Unit::Microseconds);
    let ratio = by_turns.warm.p50() / floor;
    report.check("by turns, call by call: kept sandbox / floor", ratio, Unit::Times, Wanted::AtMost(1.35));
    let ratio = by_turns.fresh.p50() / floor;
    report.check("by turns, call by call: fresh sandbox / floor", ratio, Unit::Times, Wanted::AtMost(1.6));
    report.check("make a sandbox, p50", calls.instantiate.p50(), Unit::Microseconds, Wanted::AtMost(20.0));
    report.note("drop it, p50", calls.end.p50(), Unit::Microseconds);
    let bytes = DEFAULT_COMPONENT.len() as f64;
    report.check("the component", bytes, Unit::Bytes, Wanted::AtMost(1.2e6));
    Ok(calls)
}

fn by_peers(report: &mut Report, peers: &Peers, server: &Server, calls: &Calls, effort: &Effort) -> Outcome<()> {
    for (peer, name, wanted, count) in [
        (Peer::NodeSdk, "@looker/sdk-node", 3.0, effort.peer_calls),
        (Peer::PythonRequests, "Python's requests.Session", 3.0, effort.peer_calls),
        (Peer::PythonSdk, "looker_sdk (Python)", 100.0, effort.python_calls),
    ] {
        let Some(times) = peers.measure(peer, server, count)? else {
            report.leave_out(format!("{name} is not installed; host-harness/benches/peers.sh does that"));
            continue;
        };
        report.note(format!("the same call by {name}, p50"), times.p50(), Unit::Microseconds);
        for (sandbox, of_ours) in [("kept", &calls.warm), ("fresh", &calls.fresh)] {
            let ratio = times.p50() / of_ours.p50();
            report.check(format!("{name} / {sandbox} sandbox"), ratio, Unit::Times, Wanted::AtLeast(wanted));
        }
    }
    Ok(())
}

fn whole_processes(report: &mut Report, processes: &process::Processes) {
    let ours = processes.program.p50();
    report.note("`host-harness invoke me`, whole process, p50", ours, Unit::Microseconds);
    for (name, times, wanted) in [("`node -e`", &processes.node, 5.0), ("`python -c`", &processes.python, 15.0)] {
        if times.count() == 0 {
            report.leave_out(format!("the whole process {name}: its SDK is not installed"));
            continue;
        }
        report.note(format!("{name} with Looker's SDK, whole process, p50"), times.p50(), Unit::Microseconds);
        report.check(format!("{name} / `host-harness`"), times.p50() / ours, Unit::Times, Wanted::AtLeast(wanted));
    }
}

fn many_at_once(report: &mut Report, at_once: &[Concurrent]) {
    for seen in at_once {
        let sandboxes = seen.sandboxes;
        report.note(format!("{sandboxes} at once: calls"), seen.calls_per_second, Unit::CallsPerSecond);
        let ratio = seen.calls_per_second / seen.floor_calls_per_second;
        report.note(format!("{sandboxes} at once: calls / the floor's"), ratio, Unit::Times);
        report.note(format!("{sandboxes} at once: p50"), seen.p50, Unit::Microseconds);
        report.note(format!("{sandboxes} at once: p99"), seen.p99, Unit::Microseconds);
    }
    let Some(most) = at_once.last() else { return };
    match (most.resident_bytes, most.bytes_per_sandbox()) {
        (Some(all), Some(each)) => {
            let sandboxes = most.sandboxes;
            let what = format!("{sandboxes} that wait: memory of each");
            report.check(what, each, Unit::Bytes, Wanted::AtMost(MIB as f64));
            let what = format!("{sandboxes} that wait: memory of the process");
            report.check(what, all as f64, Unit::Bytes, Wanted::AtMost(GIB as f64));
        }
        _ => report.leave_out("memory: this system does not tell"),
    }
}

async fn large_results(report: &mut Report, server: &Server, effort: &Effort) -> Outcome<()> {
    let streamed = streaming::stream(server, effort.streamed, effort.repetitions).await?;
    let size = streamed.bytes / MIB;
    report.note(format!("stream {size} MiB of csv"), streamed.connector, Unit::BytesPerSecond);
    report.note(format!("stream {size} MiB of csv: the floor"), streamed.floor, Unit::BytesPerSecond);
    let ratio = streamed.connector / streamed.floor;
    report.check(format!("stream {size} MiB of csv / the floor"), ratio, Unit::Times, Wanted::AtLeast(0.8));
    let small = streaming::peak_memory(server, 10 * MIB).await?;
    let what = "stream 10 MiB of csv: most memory of the sandbox";
    report.check(what, small as f64, Unit::Bytes, Wanted::AtMost(8.0 * MIB as f64));
    let same = streaming::streams_within(server, effort.streamed, small).await;
    let what = format!("stream {size} MiB of csv with the memory that 10 MiB need");
    report.check(what, f64::from(u8::from(same)), Unit::Times, Wanted::AtLeast(1.0));
    let whole = streaming::whole(server, effort.whole, effort.repetitions).await?;
    let size = whole.bytes / MIB;
    report.note(format!("{size} MiB of JSON by `invoke`"), whole.connector, Unit::BytesPerSecond);
    report.note(format!("{size} MiB of JSON: the floor"), whole.floor, Unit::BytesPerSecond);
    report.note(format!("{size} MiB of JSON by `invoke` / the floor"), whole.connector / whole.floor, Unit::Times);
    Ok(())
}

fn cost_by_size(sizes: &[OfSize]) -> plot::Plot {
    let line = |name: &str, value: fn(&OfSize) -> f64| plot::Line {
        name: name.to_owned(),
        points: sizes.iter().map(|seen| (seen.bytes as f64, value(seen))).collect(),
    };
    let mark = |seen: &OfSize| {
        let bytes = seen.bytes as u64;
        (bytes as f64, if bytes >= MIB { format!("{} MiB", bytes / MIB) } else { format!("{} KiB", bytes / KIB) })
    };
    plot::Plot {
        title: "One call by the size of its answer".to_owned(),
        across: "bytes of JSON".to_owned(),
        up: "µs (p50)".to_owned(),
        marks: sizes.iter().map(mark).collect(),
        logarithmic: true,
        lines: vec![
            line("HTTP client alone", |seen| seen.floor),
            line("kept sandbox", |seen| seen.warm),
            line("fresh sandbox each", |seen| seen.fresh),
        ],
    }
}

fn cost_by_concurrency(at_once: &[Concurrent]) -> plot::Plot {
    let line = |name: &str, value: fn(&Concurrent) -> f64| plot::Line {
        name: name.to_owned(),
        points: at_once.iter().map(|seen| (seen.sandboxes as f64, value(seen))).collect(),
    };
    plot::Plot {
        title: "Calls by sandboxes at once".to_owned(),
        across: "sandboxes at once".to_owned(),
        up: "calls a second".to_owned(),
        marks: at_once.iter().map(|seen| (seen.sandboxes as f64, seen.sandboxes.to_string())).collect(),
        logarithmic: false,
        lines: vec![
            line("HTTP client alone", |seen| seen.floor_calls_per_second),
            line("kept sandboxes", |seen| seen.calls_per_second),
        ],
    }
}
