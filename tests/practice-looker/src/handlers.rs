//! What the operations do: they change the state and make the output.
//!
//! An operation has its own handler where Looker's behavior is more than its shape. All others share `generic`, which
//! creates, reads, changes and deletes objects by what the catalog says about them.

mod alerts;
pub(crate) mod auth;
mod content;
mod content_validation;
pub(crate) mod credentials;
mod dashboard_lookml;
mod dashboards;
mod derived_tables;
mod explores;
mod folders;
mod generic;
mod groups;
mod looks;
pub(crate) mod projects;
mod queries;
mod query_tasks;
mod render_tasks;
mod roles;
mod schedules;
mod session;
mod user_attributes;
mod user_sessions;
pub(crate) mod users;

use looker_connector::catalog::{Effect, Model, Response as Success, Type, model};
use serde_json::Value;

use crate::{call::Call, error_response::ErrorResponse, response::Response, state::State, table::Row};

/// The result of a successful call.
pub(crate) enum Outcome {
    /// No content.
    Nothing,
    /// One object; `fields` applies.
    Item(Row),
    /// A list of objects; `fields`, `sorts` and paging apply.
    List(Vec<Row>),
    /// Other JSON.
    Json(Value),
    /// Any other response.
    Response(Response),
}

/// Carries a call out.
pub(crate) fn handle(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    administrators_only(state, call)?;
    let families = [
        auth::handle,
        session::handle,
        users::handle,
        user_attributes::handle,
        user_sessions::handle,
        credentials::handle,
        roles::handle,
        groups::handle,
        folders::handle,
        looks::handle,
        dashboards::handle,
        queries::handle,
        query_tasks::handle,
        render_tasks::handle,
        derived_tables::handle,
        explores::handle,
        schedules::handle,
        alerts::handle,
        projects::handle,
        content_validation::handle,
        dashboard_lookml::handle,
    ];
    for family in families {
        if let Some(outcome) = family(state, call) {
            return outcome;
        }
    }
    generic::handle(state, call)
}

/// The result of a handler; `None` if the operation belongs to another handler.
pub(crate) type Handled = Option<Result<Outcome, ErrorResponse>>;

/// Lets only administrators change users, roles and groups.
fn administrators_only(state: &State, call: &Call) -> Result<(), ErrorResponse> {
    let guarded = matches!(call.operation.group, "User" | "Role" | "Group") && call.operation.effect != Effect::Read;
    if guarded && !is_administrator(state, &call.session.user_id) {
        return Err(ErrorResponse::Forbidden("Only an administrator can do this.".to_owned()));
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

/// A model of the catalog by its name.
fn known_model(name: &'static str) -> Result<&'static Model, ErrorResponse> {
    model(name).ok_or(ErrorResponse::NotFound)
}

/// The success response to send: 200 before 201 before 204, unless the 200 describes a validation error.
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
