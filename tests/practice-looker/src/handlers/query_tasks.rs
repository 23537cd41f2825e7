//! Query tasks: queries that run in the background.

use serde_json::{Value, json};

use super::{Handled, Outcome, known_model, queries, text};
use crate::{
    call::{Call, id_text},
    error_response::{ErrorResponse, invalid},
    present,
    response::Response,
    results::{self, FORMATS, Plan, TextFormat},
    sample,
    state::State,
    table::Row,
    write,
};

pub(super) fn handle(state: &mut State, call: &Call) -> Handled {
    Some(match call.operation.name {
        "create_query_task" => create(state, call),
        "query_task" => show(state, call.path("query_task_id")),
        "query_task_results" => results(state, call.path("query_task_id")),
        "query_task_multi_results" => multi_results(state, call),
        "kill_query" => kill(state, call.path("query_task_id")),
        _ => return None,
    })
}

fn create(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let body = call.object();
    let query_id = body.get("query_id").and_then(id_text).unwrap_or_default();
    let query_id = text(queries::find(state, &query_id)?, "id").unwrap_or_default().to_owned();
    let format = text(&body, "result_format").unwrap_or_default();
    if !FORMATS.contains(&format) {
        return Err(invalid(
            "result_format",
            "invalid",
            format!("result_format must be one of: {}", FORMATS.join(", ")),
        ));
    }
    let model = known_model("QueryTask")?;
    let mut task = sample::blank(model);
    // A task is created from another model; only the properties that both have are taken.
    write::apply(model, &mut task, &body);
    let id = state.random.text(32);
    let status = if state.polls_until_done == 0 { "complete" } else { "added" };
    for (name, value) in [
        ("id", json!(id)),
        ("query_id", json!(query_id)),
        ("result_format", json!(format)),
        ("status", json!(status)),
        ("result_source", json!("query")),
        ("cache", json!(call.is_set("cache"))),
        // ReceivedRequest for when it runs; nobody sees it.
        ("limit", json!(call.integer("limit"))),
    ] {
        task.insert(name.to_owned(), value);
    }
    state.table_mut("QueryTask").put(&id, task);
    state.waiting.insert(id.clone(), state.polls_until_done);
    present_task(state, &id)
}

fn present_task(state: &State, id: &str) -> Result<Outcome, ErrorResponse> {
    Ok(Outcome::Item(present::present(state, known_model("QueryTask")?, state.find("QueryTask", id)?)))
}

fn show(state: &mut State, id: &str) -> Result<Outcome, ErrorResponse> {
    is_done(state, id)?;
    present_task(state, id)
}

/// Whether a task has finished. Each request brings it closer to its end.
fn is_done(state: &mut State, id: &str) -> Result<bool, ErrorResponse> {
    let left = state.waiting.get(id).copied().unwrap_or(0);
    let failed = plan(state, state.find("QueryTask", id)?)?.error().is_some();
    let task = state.find_mut("QueryTask", id)?;
    if text(task, "status") == Some("killed") {
        return Ok(true);
    }
    let status = match (left, failed) {
        (0, true) => "error",
        (0, false) => "complete",
        _ => "running",
    };
    task.insert("status".to_owned(), json!(status));
    state.waiting.insert(id.to_owned(), left.saturating_sub(1));
    Ok(left == 0)
}

fn plan(state: &State, task: &Row) -> Result<Plan, ErrorResponse> {
    let query = queries::find(state, text(task, "query_id").unwrap_or_default())?;
    Plan::new(query, task.get("limit").and_then(Value::as_i64), state.unlimited_rows)
}

fn results(state: &mut State, id: &str) -> Result<Outcome, ErrorResponse> {
    if !is_done(state, id)? {
        return Ok(Outcome::Response(Response::empty(202)));
    }
    let task = state.find("QueryTask", id)?;
    let plan = plan(state, task)?;
    let format = text(task, "result_format").unwrap_or_default();
    if is_expired(&plan) || text(task, "status") == Some("killed") {
        return Err(ErrorResponse::NotFound);
    }
    match plan.error() {
        // Unlike a query that runs at once, a failed task gets an error status if the format cannot carry the message.
        Some(error) if format != "json_detail" && format != "sql" => Err(ErrorResponse::BadRequest(error.to_owned())),
        _ => results::respond(plan, format).map(Outcome::Response),
    }
}

/// Results of queries on the view `expired` are never found.
fn is_expired(plan: &Plan) -> bool {
    plan.view == "expired"
}

fn multi_results(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let mut all = Row::new();
    for id in call.list("query_task_ids").unwrap_or_default() {
        let result = match is_done(state, id) {
            Err(_) => json!({ "id": id, "status": "missing" }),
            Ok(_) => one_of_many(state, id)?,
        };
        all.insert(id.to_owned(), result);
    }
    Ok(Outcome::Json(Value::Object(all)))
}

fn one_of_many(state: &State, id: &str) -> Result<Value, ErrorResponse> {
    let task = state.find("QueryTask", id)?;
    let plan = plan(state, task)?;
    let format = text(task, "result_format").and_then(TextFormat::named);
    Ok(match (text(task, "status"), format) {
        (Some("complete"), _) if is_expired(&plan) => json!({ "id": id, "status": "expired" }),
        (Some("complete"), Some(format)) => results::json(plan, format),
        (status, _) => json!({ "id": id, "status": status }),
    })
}

fn kill(state: &mut State, id: &str) -> Result<Outcome, ErrorResponse> {
    state.find_mut("QueryTask", id)?.insert("status".to_owned(), json!("killed"));
    Ok(Outcome::Nothing)
}
