//! `build_pdt_and_wait`: builds a persistent derived table.

use super::{Job, Outcome};
use crate::failure::{Failure, Problem, Reason, Result};
use serde_json::{Value, json};
use std::time::Duration;

/// The input by which a call that goes on finds its build. Looker has no other way to find one.
const BUILD: &str = "materialization_id";
/// The first wait between two looks. Builds take minutes.
const FIRST_WAIT: Duration = Duration::from_secs(10);

/// The state of a build.
struct Build {
    status: String,
    message: String,
}

pub(super) fn run(job: &mut Job) -> Result<Outcome> {
    let build = match job.text(BUILD) {
        Some(build) => build,
        None => start(job)?,
    };
    job.resume_with(BUILD, build.clone());
    let Build { status, message } = wait(job, &build)?;
    Ok(job.finished(&[(BUILD, json!(build)), ("status", json!(status)), ("message", json!(message))]))
}

/// Starts a build. A second start builds again, although it is a `GET`.
fn start(job: &mut Job) -> Result<String> {
    let (model, view) = (job.text("model").unwrap_or_default(), job.text("view").unwrap_or_default());
    // Looker takes the booleans as text.
    let input = json!({
        "model_name": model,
        "view_name": view,
        "force_rebuild": job.flag("force_rebuild").to_string(),
        "force_full_incremental": job.flag("force_full_incremental").to_string(),
        "workspace": job.text("workspace"),
    });
    let started = job.write_once("start_pdt_build", Some(&format!("{model}.{view}")), "start_pdt_build", &input);
    let started = started.map_err(|failure| match failure {
        Failure::Permanent(mut problem) if matches!(problem.status, Some(400 | 404 | 422)) => {
            problem.message.push_str(
                " Check that the view is a derived table that persists: for any other, Looker only says \
                                      that an error has occurred.",
            );
            Failure::Permanent(problem)
        }
        failure => failure,
    })?;
    super::id(&started[BUILD]).ok_or_else(|| {
        let message = "Looker did not start a build. Check that the view is a derived table that persists, and that the \
                       connection allows PDT API control.";
        job.fail(Reason::Rejected, message)
    })
}

/// Waits until a build is over. If the call may wait no longer, stops the build where the input asks for that.
///
/// # Errors
///
/// A permanent failure if the build did not complete.
fn wait(job: &mut Job, build: &str) -> Result<Build> {
    let mut is_running = false;
    let input = json!({ BUILD: build });
    let done = job.poll_from(FIRST_WAIT, "building the table", |job| {
        is_running = false;
        let state = read(job, &input)?;
        match state.status.as_str() {
            "complete" => return Ok(Some(state)),
            "error" | "killed" | "unknown" => {
                let message = match state.message.as_str() {
                    "" => "Looker gives no reason.".to_owned(),
                    message => format!("Looker says: {message}"),
                };
                let message = format!("The build {build} ended with the status {}. {message}", state.status);
                return Err(job.fail(Reason::Rejected, message));
            }
            _ => {}
        }
        is_running = true;
        Ok(None)
    });
    match done {
        Err(_) if is_running && job.text("on_timeout").as_deref() == Some("stop") => {
            job.write("stop_pdt_build", Some(build), "stop_pdt_build", &input)?;
            let message = "The build ran for longer than the call may wait, and was stopped as on_timeout asks.";
            let mut problem = Problem::new(Reason::Timeout, message);
            problem.request_sent = true;
            Err(problem.permanent())
        }
        done => done,
    }
}

/// Reads the state of a build, which is JSON within a text.
fn read(job: &mut Job, input: &Value) -> Result<Build> {
    let found = job.read("check_pdt_build", input)?;
    let state: Value = found["resp_text"].as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    match state["status"].as_str() {
        Some(status) => Ok(Build {
            status: status.to_ascii_lowercase(),
            message: state["message"].as_str().unwrap_or_default().trim().to_owned(),
        }),
        None => Err(job.fail(Reason::UnexpectedResponse, "Looker did not tell the state of the build.")),
    }
}

#[cfg(test)]
mod tests;
