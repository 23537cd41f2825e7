//! Runs a practice Looker until it is killed.

mod fault_option;

use std::{io::Write, process::ExitCode, thread};

use clap::Parser;
use fault_option::FaultOption;
use practice_looker::PracticeLooker;

/// A stand-in for Looker API 4.0 that serves sample data on loopback. It keeps everything in memory.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// The port to listen on; 0 picks any free port.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// How many rows the view `numbers` has. A query without a limit returns all of them.
    #[arg(long, default_value_t = 100_000)]
    rows: u64,
    /// Fail or delay requests: the first TIMES requests with this method whose path begins with PATH get the error STATUS,
    /// or the real response after DELAY. May be repeated.
    #[arg(long, value_name = "METHOD PATH TIMES STATUS|DELAY")]
    fail: Vec<FaultOption>,
    /// Print one JSON object instead of lines for the shell.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    // Nothing in this process reads the recorded requests.
    let looker = match PracticeLooker::builder().port(options.port).unlimited_rows(options.rows).record(false).start() {
        Ok(looker) => looker,
        Err(error) => {
            eprintln!("practice-looker: cannot listen on 127.0.0.1:{}: {error}", options.port);
            return ExitCode::FAILURE;
        }
    };
    for fault in options.fail {
        fault.apply(&looker);
    }
    let printed = if options.json { print_json(&looker) } else { print_lines(&looker) };
    if let Err(error) = printed {
        eprintln!("practice-looker: cannot print the address: {error}");
        return ExitCode::FAILURE;
    }
    loop {
        thread::park();
    }
}

/// Prints the address and the credentials as the environment variables that every Looker SDK reads.
fn print_lines(looker: &PracticeLooker) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "LOOKERSDK_BASE_URL={}", looker.base_url())?;
    writeln!(out, "LOOKERSDK_CLIENT_ID={}", looker.client_id())?;
    writeln!(out, "LOOKERSDK_CLIENT_SECRET={}", looker.client_secret())?;
    out.flush()
}

fn print_json(looker: &PracticeLooker) -> std::io::Result<()> {
    let line = serde_json::json!({
        "base_url": looker.base_url(),
        "client_id": looker.client_id(),
        "client_secret": looker.client_secret(),
    });
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
