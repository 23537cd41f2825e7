//! `deprovision_user`: takes a user's access away, without losing what others depend on.

use super::people::{FIELDS, by_email, has_email, shown};
use super::transfer::{self, Schedule, check_new_owner, schedules_of};
use super::{Job, Outcome, StepState, id};
use crate::failure::{Failure, Reason, Result};
use serde_json::{Value, json};

/// How many alerts one request asks for.
const ALERTS: usize = 500;

pub(super) fn run(job: &mut Job) -> Result<Outcome> {
    let Some(user) = find(job)? else {
        job.record("find", StepState::Held, None);
        return Ok(job.finished(&[("state", json!("absent")), ("user", Value::Null), ("counts", counts(job))]));
    };
    let user_id = id(&user["id"]).unwrap_or_default();
    let me = job.read("me", &json!({ "fields": "id" }))?;
    if id(&me["id"]).as_deref() == Some(&user_id) {
        let message = format!("User {user_id} is the user of this API key, who cannot take their own access away.");
        return Err(job.fail(Reason::InvalidInput, message));
    }
    check_content(job, &user_id)?;
    let schedules = schedules(job, &user_id)?;
    if let Some(to) = new_owner(job, "schedules_to", &user_id, !schedules.is_empty())? {
        transfer::transfer(job, &schedules, &to)?;
        if let Some(failure) = transfer::refusal(job) {
            return Err(failure);
        }
    }
    let alerts = if job.text("alerts_to").is_some() { alerts_of(job, &user_id)? } else { Vec::new() };
    if let Some(to) = new_owner(job, "alerts_to", &user_id, !alerts.is_empty())? {
        move_alerts(job, &alerts, &to)?;
    }
    disable(job, &user, &user_id)?;
    close(job, &user_id)?;
    let deletes = job.flag("delete");
    if deletes {
        let is_service_account = user["is_service_account"] == true;
        let operation = if is_service_account { "delete_service_account" } else { "delete_user" };
        job.remove("delete", &user_id, operation, &json!({ "user_id": user_id }))?;
    }
    let mut user = shown(&user);
    user["is_disabled"] = true.into();
    let state = if deletes { "deleted" } else { "disabled" };
    Ok(job.finished(&[("state", json!(state)), ("user", user), ("counts", counts(job))]))
}

/// The user of the input; `None` if there is none (any more).
fn find(job: &mut Job) -> Result<Option<Value>> {
    let email = job.text("email");
    let Some(user_id) = job.text("user_id") else {
        return by_email(job, &email.unwrap_or_default());
    };
    let user = job.find("user", &json!({ "user_id": user_id, "fields": FIELDS }))?;
    match (&user, email) {
        (Some(user), Some(email)) if !has_email(user, &email) => {
            let message = format!("User {user_id} has another e-mail address than {email}: give only one of the two.");
            Err(job.fail_input("user_id", "conflict", Reason::Conflict, message))
        }
        _ => Ok(user),
    }
}

/// Fails if the user is to be deleted and has content, which Looker would move to the trash.
fn check_content(job: &mut Job, user_id: &str) -> Result<()> {
    if !job.flag("delete") || job.text("content").as_deref() == Some("trash") {
        return Ok(());
    }
    for (operation, what) in [("search_dashboards", "dashboards"), ("search_looks", "Looks")] {
        let rows = job.read(operation, &json!({ "user_id": user_id, "fields": "id,user_id", "limit": 100 }))?;
        let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
        let count = rows.iter().filter(|row| id(&row["user_id"]).is_none_or(|owner| owner == user_id)).count();
        if count > 0 {
            let message = format!(
                "User {user_id} has {what} ({count}{}). Deleting the user would move them to the trash, with the schedules and \
                 alerts of everybody on them. Give their content to somebody else, set content to trash, or leave out delete.",
                if count == 100 { " or more" } else { "" }
            );
            return Err(job.fail_input("content", "has_content", Reason::Conflict, message));
        }
    }
    Ok(())
}

/// The user's schedules, which somebody must get unless they may be left.
fn schedules(job: &mut Job, user_id: &str) -> Result<Vec<Schedule>> {
    let schedules = schedules_of(job, user_id)?;
    if !schedules.is_empty() && job.text("schedules_to").is_none() && !job.flag("leave_schedules") {
        let message = format!(
            "User {user_id} has {} schedules, which stop when the user is disabled. Say in schedules_to who gets them, or set \
             leave_schedules.",
            schedules.len()
        );
        return Err(job.fail_input("schedules_to", "has_schedules", Reason::Conflict, message));
    }
    Ok(schedules)
}

/// The checked new owner, where one is given and gets anything.
fn new_owner(job: &mut Job, field: &str, user_id: &str, is_needed: bool) -> Result<Option<String>> {
    let Some(to) = job.text(field) else { return Ok(None) };
    if to == user_id {
        let message = format!("{field} must be another user than the one whose access is taken away.");
        return Err(job.fail_input(field, "invalid", Reason::InvalidInput, message));
    }
    if !is_needed {
        return Ok(None);
    }
    check_new_owner(job, field, &to)?;
    Ok(Some(to))
}

/// The ids of the user's alerts.
fn alerts_of(job: &mut Job, user_id: &str) -> Result<Vec<String>> {
    let (mut seen, mut alerts): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    loop {
        let input = json!({ "all_owners": true, "fields": "id,owner_id", "limit": ALERTS, "offset": seen.len() });
        let page = job.read("search_alerts", &input)?;
        let rows = page.as_array().map(Vec::as_slice).unwrap_or_default();
        let before = seen.len();
        for row in rows {
            let Some(alert) = id(&row["id"]).filter(|alert| !seen.contains(alert)) else { continue };
            if id(&row["owner_id"]).as_deref() == Some(user_id) {
                alerts.push(alert.clone());
            }
            seen.push(alert);
        }
        // Permissions can make a page short. An instance that ignores the offset returns the same page again.
        if seen.len() == before {
            return Ok(alerts);
        }
    }
}

fn move_alerts(job: &mut Job, alerts: &[String], to: &str) -> Result<()> {
    for alert in alerts {
        let input = json!({ "alert_id": alert, "owner_id": to });
        job.write("reassign_alert", Some(alert), "update_alert_field", &input)?;
    }
    Ok(())
}

fn disable(job: &mut Job, user: &Value, user_id: &str) -> Result<()> {
    if user["is_disabled"] == true {
        job.record("disable", StepState::Held, Some(user_id));
        return Ok(());
    }
    let input = json!({ "user_id": user_id, "is_disabled": true, "fields": "id,is_disabled" });
    job.write("disable", Some(user_id), "update_user", &input).map(|_| ())
}

/// Ends the user's sessions and deletes their API keys. One that cannot be removed must not save the others.
fn close(job: &mut Job, user_id: &str) -> Result<()> {
    let kinds = [
        ("end_sessions", "end_session", "all_user_sessions", "delete_user_session", "session_id"),
        (
            "delete_api_keys",
            "delete_api_key",
            "all_user_credentials_api3s",
            "delete_user_credentials_api3",
            "credentials_api3_id",
        ),
    ];
    let mut failed: Option<Failure> = None;
    for (flag, step, list, remove, name) in kinds {
        if !job.flag(flag) {
            job.record(step, StepState::Skipped, None);
            continue;
        }
        let listed = match job.read(list, &json!({ "user_id": user_id, "fields": "id" })) {
            Ok(listed) => listed,
            Err(failure) => {
                failed = Some(failed.unwrap_or(failure));
                continue;
            }
        };
        for thing in listed.as_array().into_iter().flatten().filter_map(|row| id(&row["id"])) {
            job.room()?;
            if let Err(failure) = job.remove(step, &thing, remove, &json!({ "user_id": user_id, name: thing })) {
                failed = Some(failed.unwrap_or(failure));
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

/// How many of each were moved, ended or deleted.
fn counts(job: &Job) -> Value {
    let count = |step: &str| job.ids_of(step, StepState::Done).len();
    json!({
        "schedules": count(transfer::STEP),
        "alerts": count("reassign_alert"),
        "sessions": count("end_session"),
        "api_keys": count("delete_api_key"),
    })
}
