//! What has to be right before a branch is deployed: its LookML, and its tests.

use super::super::Job;
use super::super::branch::Branch;
use crate::failure::{Failure, FieldProblem, Problem, Reason, Result};
use serde_json::{Map, Value, json};

/// The input in which a call that goes on finds what was checked before.
const PROGRESS: &str = "progress";
/// How many findings an output and a failure list.
const MAX_FINDINGS: usize = 200;
/// After this many seconds without a result, validation is started again. It takes up to two hours for very large projects.
const LONGEST_VALIDATION: u64 = 2 * 60 * 60;

/// How many calls look for a result in vain before validation is started again: the request for it may never have arrived.
const MAX_LOOKS: u64 = 20;

/// What was checked.
#[derive(Debug, Default)]
pub(super) struct Checks {
    /// What validation found that does not stop a deployment.
    pub(super) findings: Vec<Value>,
    /// How many tests passed.
    pub(super) tests_passed: u64,
}

/// Validates the project and runs its tests, as far as an earlier call has not done that for this commit.
pub(super) fn run(job: &mut Job, project: &str, branch: &Branch) -> Result<Checks> {
    let mut progress = match job.input(PROGRESS).as_object() {
        Some(progress) if progress.get("commit") == Some(&json!(branch.commit)) => progress.clone(),
        _ => Map::from_iter([("commit".to_owned(), json!(branch.commit))]),
    };
    let findings = match progress.get("findings").and_then(Value::as_array) {
        Some(findings) => findings.clone(),
        None => {
            let result = validate(job, project, &mut progress)?;
            let findings = accept(job, &result)?;
            note(job, &mut progress, "findings", json!(findings));
            findings
        }
    };
    let tests_passed = if job.flag("run_tests") { test(job, project, &mut progress)? } else { 0 };
    Ok(Checks { findings, tests_passed })
}

/// Remembers something for the call that goes on.
fn note(job: &mut Job, progress: &mut Map<String, Value>, name: &str, value: Value) {
    progress.insert(name.to_owned(), value);
    job.resume_with(PROGRESS, Value::Object(progress.clone()));
}

/// Validates, or waits for a validation that an earlier request has started.
fn validate(job: &mut Job, project: &str, progress: &mut Map<String, Value>) -> Result<Value> {
    let now = job.wall_clock().as_secs();
    let started = progress.get("validating_since").and_then(Value::as_u64);
    let looks = progress.get("looks").and_then(Value::as_u64).unwrap_or_default();
    let input = json!({ "project_id": project });
    let is_running =
        looks < MAX_LOOKS && started.is_some_and(|started| now.saturating_sub(started) <= LONGEST_VALIDATION);
    if is_running {
        note(job, progress, "looks", json!(looks + 1));
    } else {
        match job.read("validate_project", &input) {
            Err(failure) if may_be_running(&failure) => {}
            result => return result,
        }
        progress.insert("looks".to_owned(), json!(0));
        note(job, progress, "validating_since", json!(now));
    }
    job.poll("validating the project", |job| {
        let result = job.read("project_validation_results", &input)?;
        // No content: there is no result. Stale: the result is of another commit.
        Ok(Some(result).filter(|result| result.is_object() && result["stale"] != true))
    })
}

/// Whether validation may go on although the request for it failed: it was cut off on the way.
fn may_be_running(failure: &Failure) -> bool {
    failure.is_outcome_unknown() && matches!(failure.problem().status, None | Some(502 | 504))
}

/// Returns the findings that do not stop a deployment.
fn accept(job: &Job, result: &Value) -> Result<Vec<Value>> {
    let findings: Vec<Value> = result["errors"].as_array().into_iter().flatten().map(finding).collect();
    let stops = |finding: &&Value| match finding["severity"].as_str() {
        Some("error" | "fatal") | None => true,
        Some("warning") => !job.flag("allow_warnings"),
        Some(_) => false,
    };
    let wrong: Vec<&Value> = findings.iter().filter(stops).collect();
    if !wrong.is_empty() {
        return Err(failed("Validation", &wrong));
    }
    let unvalidated = result["models_not_validated"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !unvalidated.is_empty() {
        let names: Vec<&str> = unvalidated.iter().filter_map(|model| model["name"].as_str()).collect();
        let message = format!("Looker could not validate all models: {}. Nothing was deployed.", names.join(", "));
        return Err(job.fail(Reason::Rejected, message));
    }
    Ok(findings.into_iter().take(MAX_FINDINGS).collect())
}

fn finding(error: &Value) -> Value {
    json!({
        "severity": error["severity"], "message": error["message"], "file": error["file_path"],
        "line": error["line_number"], "model": error["model_id"], "explore": error["explore"],
        "field": error["field_name"],
    })
}

/// Runs the tests model by model, so that each request is short, and returns how many passed.
fn test(job: &mut Job, project: &str, progress: &mut Map<String, Value>) -> Result<u64> {
    let mut tested = match progress.get("tested").and_then(Value::as_object) {
        Some(tested) => tested.clone(),
        None => Map::new(),
    };
    let tests = job.read("all_lookml_tests", &json!({ "project_id": project }))?;
    let mut models: Vec<&str> =
        tests.as_array().into_iter().flatten().filter_map(|test| test["model_name"].as_str()).collect();
    models.sort_unstable();
    models.dedup();
    for model in models {
        if tested.contains_key(model) {
            continue;
        }
        let results = job.read("run_lookml_test", &json!({ "project_id": project, "model": model }))?;
        let results = results.as_array().map(Vec::as_slice).unwrap_or_default();
        let failing = results.iter().filter(|result| result["success"] != true).map(failed_test);
        let failing: Vec<Value> = failing.collect();
        if !failing.is_empty() {
            return Err(failed("A test", &failing.iter().collect::<Vec<_>>()));
        }
        tested.insert(model.to_owned(), json!(results.len()));
        note(job, progress, "tested", Value::Object(tested.clone()));
    }
    Ok(tested.values().filter_map(Value::as_u64).sum())
}

fn failed_test(result: &Value) -> Value {
    let errors = result["errors"].as_array().into_iter().flatten().filter_map(|error| error["message"].as_str());
    let errors: Vec<&str> = errors.collect();
    let name = result["test_name"].as_str().unwrap_or_default();
    json!({ "severity": "failed_test", "file": name, "message": errors.join(" "), "model": result["model_name"] })
}

/// The failure that lists what is wrong.
fn failed(what: &str, wrong: &[&Value]) -> Failure {
    let place = |finding: &Value| {
        let file = finding["file"].as_str().or(finding["model"].as_str()).unwrap_or("the project");
        finding["line"].as_u64().map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"))
    };
    let message = |finding: &Value| finding["message"].as_str().unwrap_or_default().to_owned();
    let first = wrong.iter().take(5).map(|finding| format!("{}: {}", place(finding), message(finding)));
    let first = first.collect::<Vec<_>>().join(" ");
    let more = if wrong.len() > 5 { format!(" And {} more.", wrong.len() - 5) } else { String::new() };
    let mut problem = Problem::new(Reason::Rejected, format!("{what} failed, so nothing was deployed. {first}{more}"));
    problem.fields = wrong
        .iter()
        .take(MAX_FINDINGS)
        .map(|finding| FieldProblem {
            field: Some(place(finding)),
            code: finding["severity"].as_str().unwrap_or("error").to_owned(),
            message: message(finding),
        })
        .collect();
    problem.permanent()
}
