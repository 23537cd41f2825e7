//! `render_and_wait`: draws a dashboard, a Look, a query or a tile, and returns the file.

use super::look_query::{Change, store_changed};
use super::restart::{restart, taken_up};
use super::{Job, Outcome, id};
use crate::catalog::nearest;
use crate::failure::{FieldProblems, Reason, Result};
use crate::request::query_string;
use serde_json::{Map, Value, json};

/// The input by which a call that goes on finds its render.
const TASK: &str = "render_task_id";
/// What can be drawn: the input, and the operation that starts it.
const SUBJECTS: [(&str, &str); 4] = [
    ("dashboard_id", "create_dashboard_render_task"),
    ("look_id", "create_look_render_task"),
    ("query_id", "create_query_render_task"),
    ("dashboard_element_id", "create_dashboard_element_render_task"),
];
/// The inputs that only dashboards have, and their names in Looker's.
const OF_DASHBOARDS: [(&str, &str); 4] = [
    ("style", "dashboard_style"),
    ("paper_size", "pdf_paper_size"),
    ("landscape", "pdf_landscape"),
    ("theme", "theme"),
];

pub(super) fn run(job: &mut Job) -> Result<Outcome> {
    let subject = check(job)?;
    let mut task = taken_up(job, TASK);
    loop {
        let started = match task.take() {
            Some(task) => task,
            None => start(job, subject)?,
        };
        job.resume_with(TASK, started.clone());
        if wait(job, &started)? {
            match pass_on(job, &started) {
                Err(failure) if failure.problem().reason == Reason::NotFound => {}
                outcome => return outcome,
            }
        }
        restart(job, TASK, "Looker lost the rendered file twice. Render it again later.")?;
    }
}

/// Checks that the inputs go together. Returns what is drawn; `None` if the input names only a render.
fn check(job: &Job) -> Result<Option<(&'static str, &'static str)>> {
    let given = |name: &str| !job.input(name).is_null();
    let mut problems = FieldProblems::default();
    let subjects: Vec<(&str, &str)> = SUBJECTS.into_iter().filter(|(name, _)| given(name)).collect();
    if let [_, (second, _), ..] = subjects.as_slice() {
        let names = SUBJECTS.map(|(name, _)| name).join(", ");
        problems.add(*second, "conflict", format!("render_and_wait takes only one of {names}."));
    }
    let subject = subjects.first().copied();
    let is_dashboard = subject.is_none_or(|(name, _)| name == "dashboard_id");
    if !is_dashboard {
        if job.text("format").as_deref() == Some("pdf") {
            let message = "Looker makes a pdf only of a dashboard. Set format to png or jpg.";
            problems.add("format", "invalid", message);
        }
        for (name, _) in OF_DASHBOARDS.iter().filter(|(name, _)| given(name)) {
            problems.add(*name, "conflict", format!("{name} is only for dashboards."));
        }
        if given("filters") && !given("look_id") {
            problems.add("filters", "conflict", "filters are only for dashboards and Looks.");
        }
    }
    problems.into_result(Reason::InvalidInput)?;
    Ok(subject)
}

/// Starts a render.
fn start(job: &mut Job, subject: Option<(&'static str, &'static str)>) -> Result<String> {
    let Some((name, operation)) = subject else {
        let names = SUBJECTS.map(|(name, _)| name).join(", ");
        let message =
            format!("The render is gone, and the input does not say what to render again. Give one of {names}.");
        return Err(job.fail_input(TASK, "not_found", Reason::NotFound, message));
    };
    let default = if name == "dashboard_id" { "pdf" } else { "png" };
    let format = job.text("format").unwrap_or_else(|| default.to_owned());
    let subject_id = job.text(name).unwrap_or_default();
    let mut input = json!({ "result_format": format, "width": job.input("width"), "height": job.input("height") });
    let filters = job.input("filters").as_object().cloned().unwrap_or_default();
    let mut operation = operation;
    if name == "look_id" && !filters.is_empty() {
        // A render of a Look takes no filters.
        let change = Change { filters, ..Change::default() };
        input["query_id"] = json!(store_changed(job, &subject_id, &change)?);
        operation = "create_query_render_task";
    } else {
        input[name] = json!(subject_id);
        if name == "dashboard_id" && !filters.is_empty() {
            input["dashboard_filters"] = json!(dashboard_filters(job, &subject_id, &filters)?);
        }
    }
    for (own, property) in OF_DASHBOARDS {
        let value = job.input(own);
        if !value.is_null() {
            input[property] = value.clone();
        }
    }
    input["fields"] = json!("id");
    let task = job.write(operation, None, operation, &input)?;
    id(&task["id"]).ok_or_else(|| job.fail(Reason::UnexpectedResponse, "Looker started a render without an id."))
}

/// The filters of a dashboard as the text that Looker takes: a form. Looker ignores a filter that the dashboard does not
/// have, so that the names are checked here.
fn dashboard_filters(job: &mut Job, dashboard_id: &str, filters: &Map<String, Value>) -> Result<String> {
    let input = json!({ "dashboard_id": dashboard_id, "fields": "id,dashboard_filters(name)" });
    let Some(dashboard) = job.find("dashboard", &input)? else {
        let message = format!("There is no dashboard {dashboard_id}, or this API key may not see it.");
        return Err(job.fail_input("dashboard_id", "not_found", Reason::NotFound, message));
    };
    let known = dashboard["dashboard_filters"].as_array().into_iter().flatten();
    let known: Vec<&str> = known.filter_map(|filter| filter["name"].as_str()).collect();
    let mut problems = FieldProblems::default();
    for name in filters.keys().filter(|name| !known.contains(&name.as_str())) {
        let near = nearest(name, known.iter().copied());
        let advice = match (near.is_empty(), known.is_empty()) {
            (false, _) => format!("Did you mean {}?", near.join(" or ")),
            (true, true) => "It has no filters.".to_owned(),
            (true, false) => format!("It has {}.", known.join(", ")),
        };
        problems.add("filters", "unknown", format!("The dashboard has no filter {name}. {advice}"));
    }
    problems.into_result(Reason::InvalidInput)?;
    Ok(query_string(filters.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()))))
}

/// Waits until a render is over. Returns whether there is such a render.
///
/// # Errors
///
/// A permanent failure with Looker's reason if it failed.
fn wait(job: &mut Job, task: &str) -> Result<bool> {
    let input = json!({ TASK: task, "fields": "id,status,status_detail" });
    job.poll("rendering", |job| {
        let Some(found) = job.find("render_task", &input)? else { return Ok(Some(false)) };
        match found["status"].as_str() {
            Some("success") => Ok(Some(true)),
            Some("failure") => {
                let detail = found["status_detail"].as_str().filter(|detail| !detail.trim().is_empty());
                let reason = detail
                    .map_or_else(|| "Looker gives no reason.".to_owned(), |detail| format!("Looker says: {detail}"));
                Err(job.fail(Reason::Rejected, format!("The render {task} failed. {reason}")))
            }
            _ => Ok(None),
        }
    })
}

/// Passes the file on.
fn pass_on(job: &mut Job, task: &str) -> Result<Outcome> {
    let input = json!({ TASK: task });
    job.poll("rendering", |job| job.pass_on("render_task_results", &input).map(Some))
}

#[cfg(test)]
mod tests;
