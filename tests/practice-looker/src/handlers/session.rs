//! The session of a token: its workspace.

use serde_json::json;

use super::{Handled, Outcome, text};
use crate::{
    call::Call,
    error_response::{ErrorResponse, invalid},
    state::State,
};

pub(super) fn handle(state: &mut State, call: &Call) -> Handled {
    Some(match call.operation.name {
        "session" => show(state, call),
        "update_session" => update(state, call),
        _ => return None,
    })
}

fn show(state: &State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let session = state.sessions.get(&call.token).ok_or(ErrorResponse::Unauthenticated)?;
    Ok(Outcome::Json(json!({
        "can": {},
        "workspace_id": session.workspace_id,
        "sudo_user_id": session.sudo_user_id,
    })))
}

fn update(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let body = call.object();
    if let Some(workspace) = text(&body, "workspace_id") {
        if !matches!(workspace, "production" | "dev") {
            return Err(invalid("workspace_id", "invalid", "workspace_id must be production or dev"));
        }
        let session = state.sessions.get_mut(&call.token).ok_or(ErrorResponse::Unauthenticated)?;
        session.workspace_id = workspace.to_owned();
    }
    show(state, call)
}
