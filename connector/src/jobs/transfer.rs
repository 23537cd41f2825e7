//! Gives schedules another owner, for the jobs that do that.

use super::{Job, StepState, id};
use crate::failure::{Failure, Reason, Result};
use serde_json::{Value, json};

/// The step of each schedule.
pub const STEP: &str = "reassign_schedule";
/// The input in which a call that goes on finds the schedules that Looker refused to reassign.
pub const REFUSED: &str = "refused";

/// A schedule and its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Its id.
    pub id: String,
    /// The id of its owner.
    pub owner: Option<String>,
    /// Its title.
    pub title: String,
}

impl Schedule {
    /// Reads a scheduled plan; `None` if it has no id.
    pub fn read(plan: &Value) -> Option<Self> {
        let title = plan["title"].as_str().unwrap_or_default().to_owned();
        Some(Self { id: id(&plan["id"])?, owner: id(&plan["user_id"]), title })
    }
}

/// The enabled schedules of a user. Looker's list leaves out disabled ones.
pub fn schedules_of(job: &mut Job, user_id: &str) -> Result<Vec<Schedule>> {
    let plans = job.read("all_scheduled_plans", &json!({ "user_id": user_id, "fields": "id,title,user_id" }))?;
    let plans = plans.as_array().map(Vec::as_slice).unwrap_or_default();
    // An older instance may ignore the filter.
    let of_user = |schedule: &Schedule| schedule.owner.as_deref().is_none_or(|owner| owner == user_id);
    Ok(plans.iter().filter_map(Schedule::read).filter(of_user).collect())
}

/// Checks that schedules can be given to a user: the user exists and is enabled.
///
/// # Errors
///
/// A failure about the input `field`.
pub fn check_new_owner(job: &mut Job, field: &str, user_id: &str) -> Result<()> {
    let user = job.find("user", &json!({ "user_id": user_id, "fields": "id,is_disabled" }))?;
    match user {
        None => {
            let message =
                format!("There is no user {user_id} to give schedules to, or this API key may not see the user.");
            Err(job.fail_input(field, "not_found", Reason::NotFound, message))
        }
        Some(user) if user["is_disabled"] == true => {
            let message = format!("User {user_id} is disabled. Looker does not run the schedules of disabled users.");
            Err(job.fail_input(field, "disabled", Reason::Conflict, message))
        }
        Some(_) => Ok(()),
    }
}

/// Gives schedules to `to` and records a step for each. Sends the owner and nothing else: destinations that are sent
/// replace all that the schedule has, and Looker does not return their secrets.
///
/// A schedule that Looker refuses is remembered, and the others go on. [`refused`] returns these schedules afterwards.
pub fn transfer(job: &mut Job, schedules: &[Schedule], to: &str) -> Result<()> {
    let mut refusals = refused(job);
    for schedule in schedules {
        if refusals.iter().any(|refusal| refusal["id"] == *schedule.id) {
            continue;
        }
        if schedule.owner.as_deref() == Some(to) {
            job.record(STEP, StepState::Held, Some(&schedule.id));
            continue;
        }
        let message = match reassign(job, &schedule.id, to) {
            Ok(()) => continue,
            Err(failure) if failure.problem().reason == Reason::Rejected => failure.problem().message.clone(),
            Err(failure) => return Err(failure),
        };
        refusals.push(json!({ "id": schedule.id, "title": schedule.title, "message": message }));
        job.resume_with(REFUSED, refusals.clone());
        job.set_value(REFUSED, Value::Array(refusals.clone()));
    }
    Ok(())
}

fn reassign(job: &mut Job, schedule_id: &str, to: &str) -> Result<()> {
    let input = json!({ "scheduled_plan_id": schedule_id, "user_id": to });
    job.write_or_find(STEP, Some(schedule_id), "update_scheduled_plan", &input, |job| {
        let fields = json!({ "scheduled_plan_id": schedule_id, "fields": "id,user_id" });
        let plan = job.find("scheduled_plan", &fields)?;
        Ok(plan.filter(|plan| id(&plan["user_id"]).as_deref() == Some(to)))
    })?;
    Ok(())
}

/// The schedules that Looker refused to reassign, in this call and in those before: `{id, title, message}` each.
pub fn refused(job: &Job) -> Vec<Value> {
    job.input(REFUSED).as_array().cloned().unwrap_or_default()
}

/// The failure for schedules that were refused; `None` if there are none.
pub fn refusal(job: &Job) -> Option<Failure> {
    let refused = refused(job);
    if refused.is_empty() {
        return None;
    }
    let text = |refusal: &Value| {
        let part = |name: &str| refusal[name].as_str().unwrap_or_default().to_owned();
        format!("{} ({}): {}", part("id"), part("title"), part("message"))
    };
    let first: Vec<String> = refused.iter().take(5).map(text).collect();
    let more = if refused.len() > 5 { format!(" And {} more.", refused.len() - 5) } else { String::new() };
    let message = format!("Looker refuses to reassign {} schedules. {}{more}", refused.len(), first.join(" "));
    Some(job.fail(Reason::Rejected, message))
}
