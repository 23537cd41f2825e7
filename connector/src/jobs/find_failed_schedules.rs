//! `find_failed_schedules`: the schedules whose last run failed.

use super::system_activity::{Ending, runs};
use super::{Job, Outcome};
use crate::failure::{Reason, Result};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// How many runs are read at most. Each is about 200 bytes.
const MAX_RUNS: usize = 5000;

pub(super) fn run(job: &mut Job) -> Result<Outcome> {
    let mut filters = Map::new();
    // The schema has a default.
    filters.insert("scheduled_job.finalized_time".to_owned(), json!(job.text("since").unwrap_or_default()));
    filters.insert("scheduled_job.run_once".to_owned(), json!("No"));
    if let Some(owner) = job.text("owner") {
        filters.insert("user.id".to_owned(), json!(owner));
    }
    let runs = runs(job, filters, MAX_RUNS).map_err(|failure| {
        let refused = matches!(failure.problem().reason, Reason::NotFound | Reason::Forbidden);
        let advice = "The API key needs the permission see_system_activity.";
        if refused { failure.about(advice) } else { failure }
    })?;
    let limit = job.input("limit").as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    // The newest run comes first. The others of that schedule are over.
    let mut seen = BTreeSet::new();
    let last = runs.iter().filter(|run| seen.insert(run.schedule.clone()));
    let failed: Vec<Value> = last
        .filter(|run| run.ending() == Some(Ending::Failure))
        .map(|run| {
            json!({
                "scheduled_plan_id": run.schedule, "job_id": run.job, "name": run.name, "failed_at": run.finished,
                "detail": run.detail, "owner_id": run.owner,
            })
        })
        .collect();
    let complete = runs.len() < MAX_RUNS && failed.len() <= limit;
    let as_of = runs.iter().find_map(|run| run.finished.clone());
    let shown: Vec<Value> = failed.into_iter().take(limit).collect();
    let output = json!({ "failed": shown, "as_of": as_of, "complete": complete });
    Ok(Outcome::Json(output.to_string(), None))
}
