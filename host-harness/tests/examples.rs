//! Runs every workflow in `examples/jobs` against the practice Looker, and checks that each job has one.

mod support;

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use support::command::host_harness;

/// The workflows of the jobs, by the names of the jobs.
fn examples() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/jobs");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| (file.file_stem().unwrap().to_string_lossy().into_owned(), file)).collect()
}

#[test]
fn every_job_has_an_example() {
    let run = host_harness(&["operations", "--json"]);
    let operations: Value = serde_json::from_str(&run.stdout).unwrap();
    let jobs = operations.as_array().unwrap().iter().filter(|operation| operation["group"] == "Jobs");
    let jobs: BTreeSet<&str> = jobs.map(|operation| operation["name"].as_str().unwrap()).collect();
    assert!(!jobs.is_empty(), "{}", run.stdout);
    let examples = examples();
    assert_eq!(examples.iter().map(|(name, _)| name.as_str()).collect::<BTreeSet<_>>(), jobs);
}

#[test]
fn every_example_of_a_job_runs_and_uses_the_job() {
    for (name, file) in examples() {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(&format!("operation: {name}\n")), "{name}");
        let run = host_harness(&["run", &file.display().to_string(), "--practice", "--json"]);
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        let steps: Value = serde_json::from_str(&run.stdout).unwrap();
        assert!(!steps["steps"].as_object().unwrap().is_empty(), "{name}: {}", run.stdout);
    }
}
