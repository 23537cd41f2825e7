//! Every workflow in `examples/` runs against the practice Looker.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test should fail loudly where it fails")]

mod support;

use std::path::{Path, PathBuf};
use support::command::host_harness;

/// The workflows in a folder.
fn workflows(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|ending| ending == "yaml")).collect();
    files.sort();
    files
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("examples")
}

/// The options that the comment at the beginning of a workflow gives for the practice Looker.
fn options(text: &str) -> Vec<String> {
    let command = text.lines().take_while(|line| line.starts_with('#')).find(|line| line.contains("--practice"));
    let command = command.and_then(|line| line.split_once(".yaml")).map_or("", |(_, options)| options);
    let options = command.split('#').next().unwrap_or_default();
    // The comments name files as seen from the repository's folder.
    let files = format!("@{}/", examples().display());
    options.split_whitespace().map(|option| option.trim_matches('\'').replace("@examples/", &files)).collect()
}

#[test]
fn every_example_runs_as_its_comment_says() {
    let mut failed = Vec::new();
    for path in [workflows(&examples()), workflows(&examples().join("jobs"))].concat() {
        let text = std::fs::read_to_string(&path).unwrap();
        let options = options(&text);
        assert!(options.contains(&"--practice".to_owned()), "{} says how to run it", path.display());
        let mut arguments = vec!["run", path.to_str().unwrap(), "--json"];
        arguments.extend(options.iter().map(String::as_str));
        let run = host_harness(&arguments);
        if run.code != 0 {
            failed.push(format!("{}: {}", path.display(), run.stderr));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_job_has_an_example_that_uses_it() {
    let run = host_harness(&["operations", "--json"]);
    let operations: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let jobs = operations.as_array().unwrap().iter().filter(|operation| operation["group"] == "Jobs");
    let jobs: Vec<&str> = jobs.map(|operation| operation["name"].as_str().unwrap()).collect();
    let files = workflows(&examples().join("jobs"));
    let names: Vec<String> = files.iter().map(|path| path.file_stem().unwrap().display().to_string()).collect();
    assert_eq!(names, jobs);
    for (name, file) in names.iter().zip(files) {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(&format!("operation: {name}\n")), "{name}");
    }
}
