//! The sessions of users in browsers.

use super::{Handled, Outcome, known_model, text};
use crate::{call::Call, error_response::ErrorResponse, state::State, write};

pub(super) fn handle(state: &mut State, call: &Call) -> Handled {
    Some(match call.operation.name {
        "all_user_sessions" => list(state, call.path("user_id")),
        "user_session" => show(state, call.path("user_id"), call.path("session_id")),
        "delete_user_session" => end(state, call.path("user_id"), call.path("session_id")),
        _ => return None,
    })
}

fn list(state: &State, user_id: &str) -> Result<Outcome, ErrorResponse> {
    state.find("User", user_id)?;
    let model = known_model("Session")?;
    // The property `user_id` is not part of the model: it only says whose session it is.
    let own = state.rows("Session").filter(|session| text(session, "user_id") == Some(user_id));
    Ok(Outcome::List(own.map(|session| write::project(model, session.clone())).collect()))
}

fn show(state: &State, user_id: &str, id: &str) -> Result<Outcome, ErrorResponse> {
    let session = state.find("Session", id)?;
    if text(session, "user_id") != Some(user_id) {
        return Err(ErrorResponse::NotFound);
    }
    Ok(Outcome::Item(write::project(known_model("Session")?, session.clone())))
}

fn end(state: &mut State, user_id: &str, id: &str) -> Result<Outcome, ErrorResponse> {
    show(state, user_id, id)?;
    state.table_mut("Session").remove(id);
    Ok(Outcome::Nothing)
}
