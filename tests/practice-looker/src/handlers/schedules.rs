//! Scheduled plans: who sees them, and what a run of them leaves behind.

use serde_json::{Value, json};

use super::{Handled, Outcome, credentials::now, is_administrator, known_model, text};
use crate::{
    call::Call,
    error_response::{ErrorResponse, invalid},
    jobs::Trigger,
    present::present,
    sample,
    state::State,
    table::Row,
    write,
};

pub(super) fn handle(state: &mut State, call: &Call) -> Handled {
    let id = call.path("scheduled_plan_id");
    Some(match call.operation.name {
        "all_scheduled_plans" => listed(state, call, |_| true),
        "scheduled_plans_for_look" => for_content(state, call, "look_id"),
        "scheduled_plans_for_dashboard" => for_content(state, call, "dashboard_id"),
        "scheduled_plans_for_lookml_dashboard" => for_content(state, call, "lookml_dashboard_id"),
        "scheduled_plan" => show(state, id),
        "create_scheduled_plan" => create(state, call, sample_plan(call), false),
        "scheduled_plan_run_once" => create(state, call, sample_plan(call), true),
        "scheduled_plan_run_once_by_id" => run_once(state, call, id),
        "update_scheduled_plan" => update(state, call, id),
        _ => return None,
    })
}

/// The enabled plans of the caller, of the user `user_id`, or of all users. Other people's need `see_schedules`, which
/// administrators have here. Neither disabled plans nor those that run once are listed.
fn listed(state: &State, call: &Call, wanted: impl Fn(&Row) -> bool) -> Result<Outcome, ErrorResponse> {
    let caller = call.session.user_id.as_str();
    let owner = call.query("user_id").or((!call.is_set("all_users")).then_some(caller));
    if owner != Some(caller) && !is_administrator(state, caller) {
        return Err(ErrorResponse::Forbidden("Other people's schedules need the permission see_schedules.".to_owned()));
    }
    let model = known_model("ScheduledPlan")?;
    let plans = state.rows("ScheduledPlan").filter(|plan| {
        plan.get("enabled") == Some(&Value::Bool(true))
            && plan.get("run_once") != Some(&Value::Bool(true))
            && owner.is_none_or(|owner| text(plan, "user_id") == Some(owner))
            && wanted(plan)
    });
    Ok(Outcome::List(plans.map(|plan| present(state, model, plan)).collect()))
}

fn for_content(state: &State, call: &Call, property: &'static str) -> Result<Outcome, ErrorResponse> {
    let content = call.path(property);
    let (kept, id) = if property == "look_id" { ("Look", content) } else { ("Dashboard", content) };
    if property != "lookml_dashboard_id" {
        state.find(kept, id)?;
    }
    listed(state, call, |plan| text(plan, property) == Some(content))
}

fn show(state: &State, id: &str) -> Result<Outcome, ErrorResponse> {
    Ok(Outcome::Item(present(state, known_model("ScheduledPlan")?, state.find("ScheduledPlan", id)?)))
}

/// A blank plan that belongs to the caller.
fn sample_plan(call: &Call) -> Result<Row, ErrorResponse> {
    let mut plan = sample::blank(known_model("ScheduledPlan")?);
    plan.insert("user_id".to_owned(), json!(call.session.user_id));
    plan.insert("enabled".to_owned(), json!(true));
    Ok(plan)
}

/// Stores a plan with the properties of the body, and runs it if it runs once.
fn create(
    state: &mut State,
    call: &Call,
    plan: Result<Row, ErrorResponse>,
    run_once: bool,
) -> Result<Outcome, ErrorResponse> {
    let mut plan = plan?;
    write::apply(known_model("ScheduledPlan")?, &mut plan, &call.object());
    check(state, call, &plan)?;
    let id = state.table_mut("ScheduledPlan").new_id();
    for (name, value) in [
        ("id", json!(id)),
        ("run_once", json!(run_once)),
        ("created_at", json!(now())),
        ("updated_at", json!(now())),
        ("last_run_at", Value::Null),
        ("next_run_at", if run_once { Value::Null } else { json!(now()) }),
    ] {
        plan.insert(name.to_owned(), value);
    }
    name_destinations(&mut plan, &id);
    state.table_mut("ScheduledPlan").put(&id, plan);
    if run_once {
        state.run_plan(&id, Trigger::Once);
    }
    show(state, &id)
}

/// Copies a plan, applies the body, and runs the copy at once. The copy belongs to the owner of the original.
fn run_once(state: &mut State, call: &Call, id: &str) -> Result<Outcome, ErrorResponse> {
    let original = state.find("ScheduledPlan", id)?.clone();
    create(state, call, Ok(original), true)
}

/// Changes a plan. Destinations are replaced as a whole, without the secrets of the old ones. A plan that becomes enabled
/// runs once.
fn update(state: &mut State, call: &Call, id: &str) -> Result<Outcome, ErrorResponse> {
    let mut plan = state.find("ScheduledPlan", id)?.clone();
    let was_enabled = plan.get("enabled") == Some(&Value::Bool(true));
    write::apply(known_model("ScheduledPlan")?, &mut plan, &call.object());
    check(state, call, &plan)?;
    plan.insert("updated_at".to_owned(), json!(now()));
    name_destinations(&mut plan, id);
    let is_enabled = plan.get("enabled") == Some(&Value::Bool(true));
    state.table_mut("ScheduledPlan").put(id, plan);
    if is_enabled && !was_enabled {
        state.run_plan(id, Trigger::Regular);
    }
    show(state, id)
}

/// Only administrators write plans of other users, and the owner must exist. A plan that is sent as each recipient cannot
/// have recipients outside of Looker.
fn check(state: &State, call: &Call, plan: &Row) -> Result<(), ErrorResponse> {
    let owner = text(plan, "user_id").unwrap_or_default();
    if owner != call.session.user_id && !is_administrator(state, &call.session.user_id) {
        return Err(ErrorResponse::Forbidden("Only an administrator can change other people's schedules.".to_owned()));
    }
    if state.find("User", owner).is_err() {
        return Err(invalid("user_id", "invalid", format!("There is no user {owner}")));
    }
    let outsiders = plan.get("scheduled_plan_destination").and_then(Value::as_array).is_some_and(|destinations| {
        destinations.iter().filter_map(|it| it["address"].as_str()).any(|address| !is_user(state, address))
    });
    if plan.get("run_as_recipient") == Some(&Value::Bool(true)) && outsiders {
        return Err(invalid("run_as_recipient", "invalid", "Run as recipient needs recipients that are users"));
    }
    Ok(())
}

fn is_user(state: &State, address: &str) -> bool {
    state.rows("User").any(|user| text(user, "email").is_some_and(|email| email.eq_ignore_ascii_case(address)))
}

/// Gives every destination an id and the plan's. Secrets are write-only: nobody reads them back.
fn name_destinations(plan: &mut Row, id: &str) {
    let destinations = plan.get_mut("scheduled_plan_destination").and_then(Value::as_array_mut);
    for (index, destination) in destinations.into_iter().flatten().filter_map(Value::as_object_mut).enumerate() {
        destination.insert("id".to_owned(), json!(format!("{id}{index}")));
        destination.insert("scheduled_plan_id".to_owned(), json!(id));
        if destination.get("secret_parameters").is_some_and(|secret| !secret.is_null()) {
            destination.insert("secret_parameters".to_owned(), json!("{}"));
        }
    }
}
