//! Runs a practice Looker until it is killed.

mod planned;

use std::{io::Write, process::ExitCode, thread};

use clap::Parser;
use planned::Planned;
use practice_looker::PracticeLooker;

/// A stand-in for Looker API 4.0 on loopback, to practise against. It keeps everything in memory.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// The port to listen on; 0 is any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// How many rows the view `numbers` has: what a query without limit gets from it.
    #[arg(long, default_value_t = 100_000)]
    rows: u64,
    /// Have requests fail or wait: the first TIMES that have this method and whose path begins like this get that status,
    /// or the right answer that much later. Can be given several times.
    #[arg(long, value_name = "METHOD PATH TIMES STATUS|DELAY")]
    fail: Vec<Planned>,
    /// Print one JSON object instead of lines for the shell.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    // Nobody can ask this process what it recorded.
    let looker = match PracticeLooker::builder().port(options.port).unlimited_rows(options.rows).record(false).start() {
        Ok(looker) => looker,
        Err(error) => {
            eprintln!("practice-looker: cannot listen on 127.0.0.1:{}: {error}", options.port);
            return ExitCode::FAILURE;
        }
    };
    for planned in options.fail {
        planned.apply(&looker);
    }
    let told = if options.json { tell_json(&looker) } else { tell_lines(&looker) };
    if let Err(error) = told {
        eprintln!("practice-looker: cannot say where it listens: {error}");
        return ExitCode::FAILURE;
    }
    loop {
        thread::park();
    }
}

/// The names that every Looker SDK reads from the environment.
fn tell_lines(looker: &PracticeLooker) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "LOOKERSDK_BASE_URL={}", looker.base_url())?;
    writeln!(out, "LOOKERSDK_CLIENT_ID={}", looker.client_id())?;
    writeln!(out, "LOOKERSDK_CLIENT_SECRET={}", looker.client_secret())?;
    out.flush()
}

fn tell_json(looker: &PracticeLooker) -> std::io::Result<()> {
    let line = serde_json::json!({
        "base_url": looker.base_url(),
        "client_id": looker.client_id(),
        "client_secret": looker.client_secret(),
    });
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
