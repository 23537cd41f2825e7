//! `run_schedule_now`: delivers a schedule once, now.

use super::system_activity::{Ending, Run, runs};
use super::{Job, Outcome, StepState, id};
use crate::failure::{Failure, Reason, Result};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The wait between two looks for the outcome. System Activity has no new rows sooner, and each look is a query.
const BETWEEN_LOOKS: Duration = Duration::from_secs(30);
/// The input with which a call that waits goes on.
const RUN_ID: &str = "run_id";

pub(super) fn run(job: &mut Job) -> Result<Outcome> {
    let run_id = match job.text(RUN_ID) {
        Some(run_id) => run_id,
        None => start(job)?,
    };
    if !job.flag("wait_for_outcome") {
        return Ok(finished(job, &run_id, "unknown", None));
    }
    job.resume_with(RUN_ID, run_id.clone());
    let looked = job.poll_from(BETWEEN_LOOKS, "running the schedule, or has not reported its outcome yet", |job| {
        let filters = Map::from_iter([("scheduled_plan.id".to_owned(), json!(run_id))]);
        let of_run = |run: &Run| run.schedule == run_id && run.ending().is_some();
        Ok(runs(job, filters, 10)?.into_iter().find(of_run))
    });
    match looked {
        Ok(run) => {
            let outcome = if run.ending() == Some(Ending::Success) { "success" } else { "failure" };
            Ok(finished(job, &run_id, outcome, run.detail))
        }
        // The schedule was sent: that its outcome cannot be read is no reason to send it again.
        Err(failure) if is_refused(&failure) => {
            let detail = format!("The outcome cannot be read. {}", failure.problem().message);
            Ok(finished(job, &run_id, "unknown", Some(detail)))
        }
        Err(failure) => Err(failure),
    }
}

/// Starts a run and returns the id of the run-once schedule that Looker makes for it.
fn start(job: &mut Job) -> Result<String> {
    // The schema requires it.
    let plan_id = job.text("scheduled_plan_id").unwrap_or_default();
    let plan = job.find("scheduled_plan", &json!({ "scheduled_plan_id": plan_id, "fields": "id" }))?;
    if plan.is_none() {
        let message = format!("There is no schedule {plan_id}, or this API key may not see it.");
        return Err(job.fail_input("scheduled_plan_id", "not_found", Reason::NotFound, message));
    }
    let copy = job.write_once(
        "run_schedule",
        None,
        "scheduled_plan_run_once_by_id",
        &json!({ "scheduled_plan_id": plan_id }),
    )?;
    id(&copy["id"]).ok_or_else(|| {
        let message = "Looker accepted the run but did not say which schedule it made for it. It may be delivered.";
        job.fail(Reason::UnexpectedResponse, message)
    })
}

fn is_refused(failure: &Failure) -> bool {
    matches!(failure, Failure::Permanent(_)) && failure.problem().reason != Reason::InvalidAuth
}

fn finished(job: &mut Job, run_id: &str, outcome: &str, detail: Option<String>) -> Outcome {
    if job.ids_of("run_schedule", StepState::Done).is_empty() {
        job.record("run_schedule", StepState::Held, Some(run_id));
    }
    job.finished(&[("run_id", json!(run_id)), ("outcome", json!(outcome)), ("detail", Value::from(detail))])
}
