//! The runs of scheduled plans, and the part of System Activity that tells their outcome.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use crate::{error_response::ErrorResponse, state::State, table::Row};

/// What made a plan run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// Its time, or that it became enabled.
    Regular,
    /// A run that somebody asked for.
    Once,
}

/// One run of a plan.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    id: u64,
    plan: String,
    name: String,
    user: String,
    once: bool,
    failed: bool,
    /// How many more times System Activity shows it as running.
    polls: u32,
    finished: SystemTime,
}

impl State {
    /// Runs a plan: it fails if its name contains `broken`.
    pub(crate) fn run_plan(&mut self, id: &str, trigger: Trigger) {
        let Ok(plan) = self.find_mut("ScheduledPlan", id) else { return };
        plan.insert("last_run_at".to_owned(), json!(crate::handlers::credentials::now()));
        let text = |name: &str| plan.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (name, user) = (text("name"), text("user_id"));
        let job = Job {
            id: 1000 + self.jobs.len() as u64,
            plan: id.to_owned(),
            failed: name.to_lowercase().contains("broken"),
            name,
            user,
            once: trigger == Trigger::Once,
            polls: if trigger == Trigger::Once { self.polls_until_done } else { 0 },
            finished: SystemTime::now(),
        };
        self.jobs.push(job);
    }

    /// Runs every enabled plan that does not run once, as when their time comes.
    pub(crate) fn run_plans(&mut self) {
        let due = self.rows("ScheduledPlan").filter(|plan| {
            plan.get("enabled") == Some(&Value::Bool(true)) && plan.get("run_once") != Some(&Value::Bool(true))
        });
        let ids: Vec<String> = due.filter_map(|plan| plan.get("id")?.as_str().map(str::to_owned)).collect();
        for id in ids {
            self.run_plan(&id, Trigger::Regular);
        }
    }

    /// The rows of the Explore `scheduled_plan` in `system__activity`, newest first unless sorted ascending.
    ///
    /// # Errors
    /// 400 for a field that this Explore does not have here.
    pub(crate) fn scheduled_jobs(&mut self, query: &Row) -> Result<Vec<Value>, ErrorResponse> {
        let fields: Vec<String> = strings(query.get("fields"));
        let filters = query.get("filters").and_then(Value::as_object).cloned().unwrap_or_default();
        let mut rows = Vec::new();
        for job in self.jobs.iter_mut().rev() {
            let row = job.row();
            if !filters.iter().all(|(field, wanted)| job.passes(&row, field, wanted.as_str().unwrap_or_default())) {
                continue;
            }
            job.polls = job.polls.saturating_sub(1);
            rows.push(select(&row, &fields)?);
        }
        let sorts = strings(query.get("sorts"));
        if sorts.iter().any(|sort| !sort.ends_with(" desc")) {
            rows.reverse();
        }
        let limit = query.get("limit").and_then(Value::as_str).and_then(|limit| limit.parse::<usize>().ok());
        rows.truncate(limit.unwrap_or(500));
        Ok(rows)
    }
}

impl Job {
    /// Every field of its row. Ids are numbers here, as in the tables of Looker that this Explore reads.
    fn row(&self) -> Map<String, Value> {
        let number = |id: &str| id.parse::<u64>().map_or_else(|_| json!(id), Value::from);
        let is_over = self.polls == 0;
        let status = match (is_over, self.failed) {
            (false, _) => "in_progress",
            (true, true) => "failure",
            (true, false) => "success",
        };
        let detail = (is_over && self.failed).then_some("The practice mail server refused the recipient");
        let finished = humantime::format_rfc3339_seconds(self.finished).to_string();
        let finished = finished.trim_end_matches('Z').replace('T', " ");
        let fields = [
            ("scheduled_plan.id", number(&self.plan)),
            ("user.id", number(&self.user)),
            ("scheduled_job.id", json!(self.id)),
            ("scheduled_job.name", json!(self.name)),
            ("scheduled_job.status", json!(status)),
            ("scheduled_job.status_detail", json!(detail)),
            ("scheduled_job.finalized_time", if is_over { json!(finished) } else { Value::Null }),
            ("scheduled_job.run_once", json!(if self.once { "Yes" } else { "No" })),
        ];
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn passes(&self, row: &Map<String, Value>, field: &str, wanted: &str) -> bool {
        let shown = match row.get(field) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        match field {
            _ if wanted.is_empty() => true,
            "scheduled_job.finalized_time" => self.polls == 0 && is_within(self.finished, wanted),
            _ => wanted.split(',').any(|item| item.trim().eq_ignore_ascii_case(&shown)),
        }
    }
}

/// Whether a time lies in the last `3 days`. Other expressions of time match everything.
fn is_within(time: SystemTime, expression: &str) -> bool {
    let mut words = expression.split_whitespace();
    let Some(count) = words.next().and_then(|count| count.parse::<u64>().ok()) else { return true };
    let seconds = match words.next().unwrap_or_default().trim_end_matches('s') {
        "minute" => 60,
        "hour" => 3600,
        "day" => 86_400,
        "week" => 604_800,
        _ => return true,
    };
    time.elapsed().is_ok_and(|age| age <= Duration::from_secs(count.saturating_mul(seconds)))
}

fn select(row: &Map<String, Value>, fields: &[String]) -> Result<Value, ErrorResponse> {
    let mut selected = Map::new();
    for field in fields {
        let value = row
            .get(field)
            .ok_or_else(|| ErrorResponse::BadRequest(format!("Unknown field {field} in the Explore scheduled_plan")))?;
        selected.insert(field.clone(), value.clone());
    }
    Ok(Value::Object(selected))
}

fn strings(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}
