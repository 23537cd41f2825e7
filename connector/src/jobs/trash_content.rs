//! `trash_content`: moves Looks and dashboards to the trash, unless they were used since.

use super::refusals::{failure, is_refusal, is_refused, refuse};
use super::usage::{Kind, Usage};
use super::{Job, Outcome, StepState, id, moment};
use crate::failure::{Reason, Result};
use serde_json::{Value, json};

/// The properties that are read again.
const FIELDS: &str = "id,deleted,created_at,last_accessed_at,last_viewed_at";

pub(super) fn run(job: &mut Job) -> Result<Outcome> {
    let items: Vec<Value> = job.input("items").as_array().cloned().unwrap_or_default();
    for item in &items {
        // The schema names the types and requires the ids.
        let (Some(kind), Some(id)) = (item["type"].as_str().and_then(Kind::named), id(&item["id"])) else { continue };
        let key = format!("{} {id}", kind.name());
        let is_settled = [StepState::Done, StepState::Held, StepState::Skipped]
            .into_iter()
            .any(|state| job.ids_of(step(kind), state).contains(&id));
        if is_settled || is_refused(job, &key) {
            continue;
        }
        match trash(job, kind, &id, item["last_used"].as_str()) {
            Err(failure) if is_refusal(&failure) => {
                let problem = failure.problem();
                refuse(job, &key, problem.reason, &problem.message);
            }
            result => result?,
        }
    }
    match failure(job, "the items") {
        Some(failure) => Err(failure),
        None => {
            let count =
                |job: &Job, state| Kind::ALL.iter().map(|kind| job.ids_of(step(*kind), state).len()).sum::<usize>();
            let (trashed, held) = (count(job, StepState::Done), count(job, StepState::Held));
            let skipped = count(job, StepState::Skipped);
            Ok(job.finished(&[("trashed", json!(trashed)), ("held", json!(held)), ("used_since", json!(skipped))]))
        }
    }
}

fn step(kind: Kind) -> &'static str {
    match kind {
        Kind::Dashboard => "trash_dashboard",
        Kind::Look => "trash_look",
    }
}

/// Moves one thing to the trash. Never deletes: a deletion cannot be undone.
fn trash(job: &mut Job, kind: Kind, id: &str, last_used: Option<&str>) -> Result<()> {
    let (read, update) = match kind {
        Kind::Dashboard => ("dashboard", "update_dashboard"),
        Kind::Look => ("look", "update_look"),
    };
    let one = json!({ kind.id_name(): id, "fields": FIELDS });
    let content = job.find(read, &one)?.ok_or_else(|| {
        let name = kind.name();
        job.fail(Reason::NotFound, format!("There is no {name} {id}, or this API key may not see it."))
    })?;
    if content["deleted"] == true {
        job.record(step(kind), StepState::Held, Some(id));
        return Ok(());
    }
    let then = last_used.and_then(moment::seconds);
    let was_used_since = match (then, Usage::read(&content).filter(|usage| usage.was_used)) {
        (Some(then), Some(usage)) => usage.seconds.is_none_or(|now| now > then),
        // Without a time to compare with, any use counts.
        (None, usage) => usage.is_some(),
        (Some(_), None) => false,
    };
    if was_used_since {
        job.record(step(kind), StepState::Skipped, Some(id));
        return Ok(());
    }
    let input = json!({ kind.id_name(): id, "deleted": true });
    job.write_or_find(step(kind), Some(id), update, &input, |job| {
        Ok(job.find(read, &one)?.filter(|content| content["deleted"] == true))
    })?;
    Ok(())
}
