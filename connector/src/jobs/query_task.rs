//! Runs a query as a task in Looker and waits for its result, for the jobs that do that.

use super::restart::{restart, taken_up};
use super::{Job, Outcome, StepState, id};
use crate::failure::{Failure, Problem, Reason, Result};
use serde_json::{Value, json};
use std::time::Duration;

/// The input by which a call that goes on finds its task.
const TASK: &str = "query_task_id";
/// The input by which a call that goes on knows since when the task is shown as expired, in seconds since 1970.
const EXPIRED_SINCE: &str = "expired_since";
/// How long a task may be shown as expired. For some minutes, that can be said of a task that still runs.
const EXPIRED_FOR: Duration = Duration::from_secs(5 * 60);
/// The step that starts a task.
const STEP: &str = "create_query_task";

/// A query to run.
#[derive(Debug, Clone)]
pub struct Query {
    /// Its id.
    pub id: String,
    /// The Look that it is run for. Looker counts the run as one of the Look.
    pub look_id: Option<String>,
    /// The limit that replaces the query's own.
    pub limit: Option<i64>,
}

/// How a look at a task ended.
enum Seen {
    Complete,
    Failed(&'static str),
    Lost,
}

/// Runs a query, or goes on with the task of the input `query_task_id`, and returns the result. `query` makes or finds the
/// query; it is called only where a task has to be started.
///
/// The inputs are `result_format`, `cache`, `on_timeout`, and those with which a call goes on.
pub fn result(job: &mut Job, mut query: impl FnMut(&mut Job) -> Result<Query>) -> Result<Outcome> {
    let mut task = taken_up(job, TASK);
    loop {
        let started = match task.take() {
            Some(task) => task,
            None => {
                let query = query(job)?;
                start(job, &query)?
            }
        };
        job.resume_with(TASK, started.clone());
        let seen = match wait(job, &started)? {
            Seen::Complete => match pass_on(job, &started) {
                Err(failure) if failure.problem().reason == Reason::NotFound => Seen::Lost,
                outcome => return outcome,
            },
            seen => seen,
        };
        if let Seen::Failed(status) = seen {
            return Err(reason(job, &started, status));
        }
        let lost_twice = "Looker lost the result of the query twice. Run it again later, or with fewer rows.";
        restart(job, TASK, lost_twice)?;
        job.set_value(EXPIRED_SINCE, Value::Null);
        job.forget_resume(EXPIRED_SINCE);
    }
}

/// Starts a task for a query, unless one of this user's runs already.
fn start(job: &mut Job, query: &Query) -> Result<String> {
    if let Some(task) = running(job, query)? {
        job.record(STEP, StepState::Held, Some(&task));
        return Ok(task);
    }
    let mut input = json!({ "query_id": query.id, "result_format": format(job), "cache": job.flag("cache") });
    if let Some(look_id) = &query.look_id {
        input["look_id"] = json!(look_id);
    }
    if let Some(limit) = query.limit {
        input["limit"] = json!(limit);
    }
    let task = job.write_or_find(STEP, None, "create_query_task", &input, |job| {
        Ok(running(job, query)?.map(|task| json!({ "id": task })))
    })?;
    id(&task["id"]).ok_or_else(|| job.fail(Reason::UnexpectedResponse, "Looker started a query task without an id."))
}

fn format(job: &Job) -> String {
    job.text("result_format").unwrap_or_default()
}

/// A task of this user that runs the query already, in the same format. Looker does not tell its limit, so that a query
/// with a limit of its own finds none; and not every user may see what runs.
fn running(job: &mut Job, query: &Query) -> Result<Option<String>> {
    if query.limit.is_some() {
        return Ok(None);
    }
    let running = match job.find("all_running_queries", &json!({})) {
        Err(failure) if failure.problem().reason == Reason::Forbidden => return Ok(None),
        running => running?.unwrap_or_default(),
    };
    let is_of_query = |entry: &&Value| {
        let of = id(&entry["query_id"]).or_else(|| id(&entry["query"]["id"]));
        of.as_deref() == Some(query.id.as_str())
    };
    let entries: Vec<&Value> = running.as_array().into_iter().flatten().filter(is_of_query).collect();
    if entries.is_empty() {
        return Ok(None);
    }
    let me = id(&job.read("me", &json!({ "fields": "id" }))?["id"]);
    let tasks = entries.iter().filter(|entry| me.is_some() && id(&entry["user"]["id"]) == me);
    let tasks: Vec<String> = tasks.filter_map(|entry| id(&entry[TASK])).collect();
    // The latest ones; each costs a request.
    for task in tasks.iter().rev().take(3) {
        let input = json!({ TASK: task, "fields": "id,status,result_format" });
        let Some(found) = job.find("query_task", &input)? else { continue };
        let is_over = matches!(found["status"].as_str(), Some("error" | "killed" | "expired"));
        if !is_over && found["result_format"] == format(job) {
            return Ok(Some(task.clone()));
        }
    }
    Ok(None)
}

/// Waits until a task is over. If the call may wait no longer, cancels the task where the input asks for that.
fn wait(job: &mut Job, task: &str) -> Result<Seen> {
    let mut is_running = false;
    let input = json!({ TASK: task, "fields": "status" });
    let seen = job.poll("running the query", |job| {
        is_running = false;
        let Some(found) = job.find("query_task", &input)? else { return Ok(Some(Seen::Lost)) };
        let status = found["status"].as_str().unwrap_or_default();
        if status != "expired" {
            job.set_value(EXPIRED_SINCE, Value::Null);
            job.forget_resume(EXPIRED_SINCE);
        }
        match status {
            "complete" => return Ok(Some(Seen::Complete)),
            "error" => return Ok(Some(Seen::Failed("error"))),
            "killed" => return Ok(Some(Seen::Failed("killed"))),
            "expired" if has_expired(job) => return Ok(Some(Seen::Lost)),
            _ => {}
        }
        is_running = true;
        Ok(None)
    });
    match seen {
        Err(failure) if is_running && job.text("on_timeout").as_deref() == Some("cancel") => cancel(job, task, failure),
        seen => seen,
    }
}

/// Whether a task has been shown as expired for so long that it must be true.
fn has_expired(job: &mut Job) -> bool {
    let now = job.wall_clock().as_secs();
    let since = job.input(EXPIRED_SINCE).as_u64().unwrap_or(now);
    job.set_value(EXPIRED_SINCE, since.into());
    job.resume_with(EXPIRED_SINCE, since);
    now.saturating_sub(since) >= EXPIRED_FOR.as_secs()
}

/// Cancels a task that runs for too long. One that has ended in the meantime has a result.
fn cancel(job: &mut Job, task: &str, failure: Failure) -> Result<Seen> {
    if job.remove("kill_query", task, "kill_query", &json!({ TASK: task }))? == StepState::Held {
        return Ok(Seen::Complete);
    }
    let mut problem = failure.problem().clone();
    problem.message =
        "The query ran for longer than the call may wait, and was canceled as on_timeout asks.".to_owned();
    problem.retry_after = None;
    Err(problem.permanent())
}

/// Passes the result of a task on.
fn pass_on(job: &mut Job, task: &str) -> Result<Outcome> {
    let input = json!({ TASK: task });
    job.poll("running the query", |job| job.pass_on("query_task_results", &input).map(Some))
}

/// Why a task failed. The result tells, if Looker still has it.
fn reason(job: &mut Job, task: &str, status: &str) -> Failure {
    if status == "killed" {
        let message =
            format!("The query task {task} was canceled in Looker, by a person or by a limit of the instance.");
        return job.fail(Reason::Rejected, message);
    }
    match job.pass_on("query_task_results", &json!({ TASK: task })) {
        Err(Failure::Retryable(problem)) if problem.status != Some(202) => Failure::Retryable(problem),
        Err(Failure::Permanent(problem)) if problem.reason != Reason::NotFound => Failure::Permanent(problem),
        _ => {
            let mut problem = Problem::new(Reason::Rejected, "The query failed, and Looker gives no reason.");
            problem.request_sent = true;
            problem.permanent()
        }
    }
}

#[cfg(test)]
mod tests;
