//! Writes the results into `docs/performance.md`, between two marker lines.

use crate::Outcome;
use crate::plot::{self, Plot};
use crate::report::Report;
use std::path::Path;
use std::process::Command;

const BEGIN: &str = "<!-- begin: written by the bench -->";
const END: &str = "<!-- end: written by the bench -->";

/// Writes the table and the plots.
pub fn write(report: &Report, plots: &[Plot]) -> Outcome<()> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let page = docs.join("performance.md");
    let text = std::fs::read_to_string(&page)?;
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.ok_or("docs/performance.md does not mark the place of the numbers")?;
    let text = format!("{before}{BEGIN}\n\n{}\n\n{}\n{END}{after}", machine(), report.table());
    std::fs::write(&page, text)?;
    std::fs::write(docs.join("performance.svg"), plot::svg(plots))?;
    println!("written: {}, and the plots beside it", page.display());
    Ok(())
}

/// The machine, the date and the versions.
pub fn machine() -> String {
    let processor = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("model name"))?;
        Some(line.trim_start_matches([' ', '\t', ':']).to_owned())
    });
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let told = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned()).filter(|told| !told.is_empty())
    };
    let system = told("uname", &["-sr"]).unwrap_or_else(|| std::env::consts::OS.to_owned());
    let day = told("date", &["+%Y-%m-%d"]).unwrap_or_default();
    let commit = told("git", &["rev-parse", "--short", "HEAD"]).unwrap_or_default();
    format!(
        "{cores} cores of {}, {system}; {day}, commit {commit}. \
         `host-harness/benches/peers.sh --write-docs`",
        processor.as_deref().unwrap_or("an unknown processor"),
    )
}
