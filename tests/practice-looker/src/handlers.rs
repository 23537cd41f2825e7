//! What the operations do to the state, and what they give.
//!
//! An operation has a handler here where Looker's behaviour is more than its shape. All others are `generic`: they create,
//! read, change and delete things by what the catalog says of them.

pub(crate) mod auth;
mod content;
pub(crate) mod credentials;
mod dashboards;
mod folders;
mod generic;
mod groups;
mod looks;
mod queries;
mod query_tasks;
mod render_tasks;
mod roles;
mod session;
pub(crate) mod users;

use looker_connector::catalog::{Effect, Model, Response as Success, Type, model};
use serde_json::Value;

use crate::{answer::Answer, call::Call, refusal::Refusal, state::State, table::Row};

/// What a call gives.
pub(crate) enum Outcome {
    /// No content.
    Nothing,
    /// One thing; `fields` applies.
    Item(Row),
    /// A list of things; `fields`, `sorts` and the page apply.
    List(Vec<Row>),
    /// Other JSON.
    Json(Value),
    /// Anything else.
    Answer(Answer),
}

/// Carries a call out.
pub(crate) fn handle(state: &mut State, call: &Call) -> Result<Outcome, Refusal> {
    administrators_only(state, call)?;
    let families = [
        auth::handle,
        session::handle,
        users::handle,
        credentials::handle,
        roles::handle,
        groups::handle,
        folders::handle,
        looks::handle,
        dashboards::handle,
        queries::handle,
        query_tasks::handle,
        render_tasks::handle,
    ];
    for family in families {
        if let Some(outcome) = family(state, call) {
            return outcome;
        }
    }
    generic::handle(state, call)
}

/// What a handler gives back: nothing when the operation is not one of its own.
pub(crate) type Handled = Option<Result<Outcome, Refusal>>;

/// Users, roles and groups are changed by administrators only.
fn administrators_only(state: &State, call: &Call) -> Result<(), Refusal> {
    let guarded = matches!(call.operation.group, "User" | "Role" | "Group") && call.operation.effect != Effect::Read;
    if guarded && !is_administrator(state, &call.session.user_id) {
        return Err(Refusal::Forbidden("Only an administrator can do this.".to_owned()));
    }
    Ok(())
}

/// Whether a user has the role Admin.
fn is_administrator(state: &State, user_id: &str) -> bool {
    let has_role = |user: &Row| {
        let roles = user.get("role_ids").and_then(Value::as_array);
        roles.is_some_and(|roles| roles.iter().any(|role| role == crate::seed::ADMIN_ROLE))
    };
    state.find("User", user_id).is_ok_and(has_role)
}

/// A model that this crate knows by name.
fn known_model(name: &'static str) -> Result<&'static Model, Refusal> {
    model(name).ok_or(Refusal::NotFound)
}

/// The success that the practice Looker answers: 200 before 201 before 204, except where 200 tells what is wrong.
fn success(call: &Call) -> Option<&'static Success> {
    let is_complaint =
        |success: &&Success| matches!(success.kind, Type::Model(model) if model.name == "ValidationError");
    let mut successes: Vec<&'static Success> =
        call.operation.responses.iter().filter(|success| !is_complaint(success) && success.status != 202).collect();
    successes.sort_by_key(|success| (success.media_types.is_empty() && success.status != 204, success.status));
    successes.first().copied()
}

/// The text of a property.
fn text<'a>(row: &'a Row, name: &str) -> Option<&'a str> {
    row.get(name).and_then(Value::as_str)
}
