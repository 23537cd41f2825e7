//! `reassign_schedules`: gives schedules to another owner.

use super::transfer::{STEP, Schedule, check_new_owner, refusal, refused, schedules_of, transfer};
use super::{Job, Outcome, StepState};
use crate::failure::{Reason, Result};
use serde_json::json;

pub(super) fn run(job: &mut Job) -> Result<Outcome> {
    // The schema requires it.
    let to = job.text("to").unwrap_or_default();
    check_new_owner(job, "to", &to)?;
    let schedules = match job.text("from") {
        Some(from) => schedules_of(job, &from)?,
        None => named(job)?,
    };
    if job.flag("dry_run") {
        let (held, moving): (Vec<_>, Vec<_>) =
            schedules.into_iter().partition(|schedule| schedule.owner.as_deref() == Some(&to));
        let ids = |schedules: Vec<Schedule>| schedules.into_iter().map(|schedule| schedule.id).collect::<Vec<_>>();
        let (held, moving) = (ids(held), ids(moving));
        return Ok(job.finished(&[("would_move", json!(moving)), ("moved", json!([])), ("held", json!(held))]));
    }
    transfer(job, &schedules, &to)?;
    if let Some(failure) = refusal(job) {
        return Err(failure);
    }
    let (moved, held) = (job.ids_of(STEP, StepState::Done), job.ids_of(STEP, StepState::Held));
    Ok(job.finished(&[("moved", json!(moved)), ("held", json!(held))]))
}

/// The schedules that the input names. One list serves all; it leaves out disabled schedules, which are read one by one.
fn named(job: &mut Job) -> Result<Vec<Schedule>> {
    let plans = job.read("all_scheduled_plans", &json!({ "all_users": true, "fields": "id,title,user_id" }))?;
    let plans = plans.as_array().map(Vec::as_slice).unwrap_or_default();
    let listed: Vec<Schedule> = plans.iter().filter_map(Schedule::read).collect();
    let settled =
        job.ids_of(STEP, StepState::Held).into_iter().chain(job.ids_of(STEP, StepState::Done)).collect::<Vec<_>>();
    let settled = |id: &String| settled.contains(id) || refused(job).iter().any(|refusal| refusal["id"] == **id);
    let ids: Vec<String> = job.texts("schedule_ids").into_iter().filter(|id| !settled(id)).collect();
    let mut schedules: Vec<Schedule> = Vec::new();
    for id in ids.iter().map(|id| id.trim()) {
        if schedules.iter().any(|schedule| schedule.id == id) {
            continue;
        }
        if let Some(schedule) = listed.iter().find(|schedule| schedule.id == id) {
            schedules.push(schedule.clone());
            continue;
        }
        let plan = job.find("scheduled_plan", &json!({ "scheduled_plan_id": id, "fields": "id,title,user_id" }))?;
        match plan.as_ref().and_then(Schedule::read) {
            Some(schedule) => schedules.push(schedule),
            None => {
                let message = format!("There is no schedule {id}, or this API key may not see it.");
                return Err(job.fail_input("schedule_ids", "not_found", Reason::NotFound, message));
            }
        }
    }
    Ok(schedules)
}
