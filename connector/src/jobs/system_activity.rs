//! The runs of schedules in System Activity, the only stable source of their outcome.

use super::{Job, id};
use crate::failure::Result;
use serde_json::{Map, Value, json};

/// One run of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The id of the schedule.
    pub schedule: String,
    /// The id of the run.
    pub job: Option<String>,
    /// The id of the schedule's owner.
    pub owner: Option<String>,
    /// The schedule's name.
    pub name: Option<String>,
    /// When the run ended, in the time zone of the instance; `None` while it runs.
    pub finished: Option<String>,
    /// What Looker says of the outcome.
    pub detail: Option<String>,
    status: String,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It was delivered.
    Success,
    /// It was not.
    Failure,
}

const SCHEDULE: &str = "scheduled_plan.id";
const OWNER: &str = "user.id";
const JOB: &str = "scheduled_job.id";
const NAME: &str = "scheduled_job.name";
const STATUS: &str = "scheduled_job.status";
const DETAIL: &str = "scheduled_job.status_detail";
const FINISHED: &str = "scheduled_job.finalized_time";

/// The runs that match the filters, newest first, at most `limit`. Asks for rows that are not from a cache.
pub fn runs(job: &mut Job, filters: Map<String, Value>, limit: usize) -> Result<Vec<Run>> {
    let rows = job.read(
        "run_inline_query",
        &json!({
            "result_format": "json", "cache": false, "model": "system__activity", "view": "scheduled_plan",
            "fields": [SCHEDULE, OWNER, JOB, NAME, STATUS, DETAIL, FINISHED], "filters": filters,
            "sorts": [format!("{FINISHED} desc"), format!("{JOB} desc")], "limit": limit.to_string(),
        }),
    )?;
    Ok(rows.as_array().into_iter().flatten().filter_map(Run::read).collect())
}

impl Run {
    fn read(row: &Value) -> Option<Self> {
        let text = |name: &str| row[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        Some(Self {
            schedule: id(&row[SCHEDULE])?,
            job: id(&row[JOB]),
            owner: id(&row[OWNER]),
            name: text(NAME),
            finished: text(FINISHED),
            detail: text(DETAIL),
            status: text(STATUS).unwrap_or_default().to_lowercase(),
        })
    }

    /// How the run ended; `None` while it runs, or if the status is one that is not known.
    pub fn ending(&self) -> Option<Ending> {
        match self.status.as_str() {
            "success" | "complete" | "completed" => Some(Ending::Success),
            "failure" | "failed" | "error" | "killed" => Some(Ending::Failure),
            _ => None,
        }
    }
}
