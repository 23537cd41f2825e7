//! `validate_content`: which Looks, dashboards, schedules and alerts refer to LookML that is not there.

use super::{Job, Outcome, branch, id};
use crate::auth::Workspace;
use crate::failure::{Reason, Result};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The totals in Looker's result and in the output.
const TOTALS: [(&str, &str); 6] = [
    ("total_looks_validated", "looks"),
    ("total_dashboard_elements_validated", "dashboard_elements"),
    ("total_dashboard_filters_validated", "dashboard_filters"),
    ("total_scheduled_plans_validated", "scheduled_plans"),
    ("total_alerts_validated", "alerts"),
    ("total_explores_validated", "explores"),
];
/// What makes an error the same as one of another run. Looker's own id of an error lives only as long as its run.
const KEY: [&str; 7] = ["content_type", "content_id", "part_id", "model", "explore", "field", "message"];

pub(super) fn run(job: &mut Job) -> Result<Outcome> {
    let is_dev = job.text("workspace").as_deref() == Some("dev");
    let (project, branch) = (job.text("project_id"), job.text("branch"));
    if !is_dev {
        if project.is_some() || branch.is_some() {
            let field = if project.is_some() { "project_id" } else { "branch" };
            let message = format!("{field} is only for workspace dev: production has one branch of each project.");
            return Err(job.fail_input(field, "conflict", Reason::InvalidInput, message));
        }
        return validate(job);
    }
    if branch.is_some() && project.is_none() {
        let message = "branch needs project_id: the project that has the branch.";
        return Err(job.fail_input("project_id", "missing", Reason::InvalidInput, message));
    }
    // The workspace belongs to the session, so that a shared one would change under other calls.
    job.in_own_session(Workspace::Dev, |job| match (project, branch) {
        (Some(project), Some(wanted)) => {
            let before = branch::check_out_quietly(job, &project, &wanted)?;
            let outcome = validate(job);
            if let Some(before) = before {
                // A branch that stays checked out is no reason to lose the result.
                let _ = branch::check_out_quietly(job, &project, &before);
            }
            outcome
        }
        _ => validate(job),
    })
}

fn validate(job: &mut Job) -> Result<Outcome> {
    let scope = scope(job)?;
    let baseline = baseline(job, &scope)?;
    let mut input = json!({});
    for (name, of_looker) in [("project_names", "project_names"), ("folder_ids", "space_ids")] {
        let values = job.texts(name);
        if !values.is_empty() {
            input[of_looker] = json!(values);
        }
    }
    let result = job.read("content_validation", &input)?;
    let errors = errors(&result);
    let keys: BTreeSet<String> = errors.iter().map(key).collect();
    let known: Option<BTreeSet<String>> = baseline.as_ref().map(|errors| errors.iter().map(key).collect());
    let is_new = |error: &&Value| known.as_ref().is_some_and(|known| !known.contains(&key(error)));
    let new: Vec<&Value> = errors.iter().filter(is_new).collect();
    let fixed: Vec<&Value> = baseline.iter().flatten().filter(|error| !keys.contains(&key(error))).collect();
    let unchanged = known.as_ref().map_or(0, |known| keys.intersection(known).count());
    let total = |name: &str| result[name].as_u64().unwrap_or_default();
    let totals: serde_json::Map<String, Value> =
        TOTALS.iter().map(|(of_looker, name)| ((*name).to_owned(), json!(total(of_looker)))).collect();
    let output = json!({
        "errors": errors, "new": new, "fixed": fixed, "unchanged": unchanged, "totals": totals, "scope": scope,
    });
    Ok(Outcome::Json(output.to_string(), None))
}

/// What this run looks at. A result can only be compared with one of the same scope and user.
fn scope(job: &mut Job) -> Result<Value> {
    let me = job.read("me", &json!({ "fields": "id" }))?;
    let sorted = |name: &str| job.texts(name).into_iter().collect::<BTreeSet<_>>();
    Ok(json!({
        "project_names": sorted("project_names"), "folder_ids": sorted("folder_ids"), "user_id": id(&me["id"]),
    }))
}

/// The errors of the earlier run, if there is one to compare with.
fn baseline(job: &Job, scope: &Value) -> Result<Option<Vec<Value>>> {
    let baseline = job.input("baseline");
    if baseline.is_null() {
        return Ok(None);
    }
    if baseline["scope"] != *scope {
        let message = format!(
            "baseline is of another scope or user: {}. This run has {scope}. Other content would count as fixed or new.",
            baseline["scope"]
        );
        return Err(job.fail_input("baseline", "conflict", Reason::InvalidInput, message));
    }
    Ok(Some(baseline["errors"].as_array().cloned().unwrap_or_default()))
}

fn key(error: &Value) -> String {
    Value::from(KEY.map(|name| error[name].clone()).to_vec()).to_string()
}

/// The errors of a result, one for each message, in the order of Looker's list.
fn errors(result: &Value) -> Vec<Value> {
    let mut errors = Vec::new();
    for content in result["content_with_errors"].as_array().into_iter().flatten() {
        let (content_type, owner) = owner(content);
        let (part_type, part) = part(content);
        let folder = &owner["folder"];
        for error in content["errors"].as_array().into_iter().flatten() {
            errors.push(json!({
                "content_type": content_type, "content_id": id(&owner["id"]).or_else(|| id(&owner["lookml_link_id"])),
                "title": first_text(owner, &["title", "name", "custom_title"]),
                "folder_id": id(&folder["id"]), "folder": folder["name"],
                "part_type": part_type, "part_id": id(&part["id"]).or_else(|| id(&part["lookml_link_id"])),
                "part_title": first_text(part, &["title", "title_text", "name"]),
                "model": error["model_name"], "explore": error["explore_name"], "field": error["field_name"],
                "message": error["message"],
            }));
        }
    }
    errors
}

/// The content that has an error.
fn owner(content: &Value) -> (&'static str, &Value) {
    let kinds = ["look", "dashboard", "lookml_dashboard", "scheduled_plan", "alert"];
    let found = kinds.into_iter().find(|kind| content[*kind].is_object());
    found.map_or(("other", &Value::Null), |kind| (kind, &content[kind]))
}

/// The part of a dashboard that has the error.
fn part(content: &Value) -> (Option<&'static str>, &Value) {
    let kinds = ["dashboard_element", "dashboard_filter", "lookml_dashboard_element"];
    let found = kinds.into_iter().find(|kind| content[*kind].is_object());
    found.map_or((None, &Value::Null), |kind| (Some(kind), &content[kind]))
}

fn first_text<'a>(value: &'a Value, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| value[*name].as_str().filter(|text| !text.is_empty()))
}
