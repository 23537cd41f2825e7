//! Builds of persistent derived tables: started, followed and stopped by `GET`s.

use serde_json::json;

use super::{Handled, Outcome};
use crate::{call::Call, error_response::ErrorResponse, state::State, table::Row};

pub(super) fn handle(state: &mut State, call: &Call) -> Handled {
    let id = call.path("materialization_id");
    Some(match call.operation.name {
        "start_pdt_build" => start(state, call),
        "check_pdt_build" => check(state, id),
        "stop_pdt_build" => stop(state, id),
        _ => return None,
    })
}

/// The view `ephemeral` has no persistent table, and Looker does not say so. A table in the model or view `broken` fails.
fn start(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let (model, view) = (call.path("model_name"), call.path("view_name"));
    if view == "ephemeral" {
        return Err(ErrorResponse::BadRequest("An error has occurred.".to_owned()));
    }
    let id = state.random.text(32);
    let last = if [model, view].contains(&"broken") { "error" } else { "complete" };
    state.start_task(&id, ["added", "running", last]);
    Ok(Outcome::Item(build(state, &id)?))
}

fn check(state: &mut State, id: &str) -> Result<Outcome, ErrorResponse> {
    state.progress.get_mut(id).ok_or(ErrorResponse::NotFound)?.advance();
    build(state, id).map(Outcome::Item)
}

fn stop(state: &mut State, id: &str) -> Result<Outcome, ErrorResponse> {
    let progress = state.progress.get_mut(id).ok_or(ErrorResponse::NotFound)?;
    if !progress.has_ended() {
        progress.end("killed");
    }
    build(state, id).map(Outcome::Item)
}

/// A build as Looker shows it: its state is JSON within a text.
fn build(state: &State, id: &str) -> Result<Row, ErrorResponse> {
    let progress = state.progress.get(id).ok_or(ErrorResponse::NotFound)?;
    let message = match (progress.detail(), progress.status()) {
        (Some(detail), _) => detail,
        (None, "error") => "The practice database could not create the table",
        (None, _) => "Materialize practice table",
    };
    let shown = json!({ "status": progress.status(), "runtime": null, "message": message, "task_slug": id });
    let mut row = Row::new();
    row.insert("materialization_id".to_owned(), json!(id));
    row.insert("resp_text".to_owned(), json!(shown.to_string()));
    Ok(row)
}
