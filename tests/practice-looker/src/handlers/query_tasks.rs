//! Query tasks: queries that run in the background.

use serde_json::{Value, json};

use super::{Handled, Outcome, credentials::now, known_model, queries, text};
use crate::{
    call::{Call, id_text},
    error_response::{ErrorResponse, invalid},
    present,
    response::Response,
    results::{self, FORMATS, Plan, TextFormat},
    sample,
    state::State,
    table::Row,
    task_plan::Progress,
    write,
};

pub(super) fn handle(state: &mut State, call: &Call) -> Handled {
    Some(match call.operation.name {
        "create_query_task" => create(state, call),
        "query_task" => show(state, call.path("query_task_id")),
        "query_task_results" => results(state, call.path("query_task_id")),
        "query_task_multi_results" => multi_results(state, call),
        "all_running_queries" => running(state),
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
    for (name, value) in [
        ("id", json!(id)),
        ("query_id", json!(query_id)),
        ("result_format", json!(format)),
        ("result_source", json!("query")),
        ("user_id", json!(call.session.user_id)),
        ("created_at", json!(now())),
        ("cache", json!(call.is_set("cache"))),
        // For when it runs; the model does not have it.
        ("limit", json!(call.integer("limit"))),
    ] {
        task.insert(name.to_owned(), value);
    }
    let last = if plan(state, &task)?.error().is_some() { "error" } else { "complete" };
    state.table_mut("QueryTask").put(&id, task);
    state.start_task(&id, ["added", "running", last]);
    show_status(state, &id)?;
    present_task(state, &id)
}

/// Sets the status that the task shows now.
fn show_status(state: &mut State, id: &str) -> Result<(), ErrorResponse> {
    if let Some(status) = state.progress.get(id).map(|progress| json!(progress.status())) {
        state.find_mut("QueryTask", id)?.insert("status".to_owned(), status);
    }
    Ok(())
}

fn present_task(state: &State, id: &str) -> Result<Outcome, ErrorResponse> {
    Ok(Outcome::Item(present::present(state, known_model("QueryTask")?, state.find("QueryTask", id)?)))
}

fn show(state: &mut State, id: &str) -> Result<Outcome, ErrorResponse> {
    advance(state, id)?;
    present_task(state, id)
}

/// Brings a task closer to its end, as each request does. Returns whether it has ended.
fn advance(state: &mut State, id: &str) -> Result<bool, ErrorResponse> {
    state.find("QueryTask", id)?;
    let Some(progress) = state.progress.get_mut(id) else { return Ok(true) };
    progress.advance();
    let has_ended = progress.has_ended();
    show_status(state, id)?;
    Ok(has_ended)
}

fn plan(state: &State, task: &Row) -> Result<Plan, ErrorResponse> {
    let query = queries::find(state, text(task, "query_id").unwrap_or_default())?;
    Plan::new(query, task.get("limit").and_then(Value::as_i64), state.unlimited_rows)
}

fn results(state: &mut State, id: &str) -> Result<Outcome, ErrorResponse> {
    if !advance(state, id)? {
        return Ok(Outcome::Response(Response::empty(202)));
    }
    let task = state.find("QueryTask", id)?;
    let plan = plan(state, task)?;
    let format = text(task, "result_format").unwrap_or_default();
    let has_results = state.progress.get(id).is_none_or(Progress::has_results) && !is_expired(&plan);
    if !has_results || matches!(text(task, "status"), Some("killed" | "expired")) {
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
        let result = match advance(state, id) {
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

/// Stops a task that runs. One that has ended is no running query.
fn kill(state: &mut State, id: &str) -> Result<Outcome, ErrorResponse> {
    let progress = state.progress.get_mut(id).filter(|progress| !progress.has_ended());
    progress.ok_or(ErrorResponse::NotFound)?.end("killed");
    show_status(state, id)?;
    Ok(Outcome::Nothing)
}

/// The tasks that have not ended, whoever started them.
fn running(state: &State) -> Result<Outcome, ErrorResponse> {
    let model = known_model("RunningQueries")?;
    let is_running = |task: &&Row| {
        text(task, "id").and_then(|id| state.progress.get(id)).is_some_and(|progress| !progress.has_ended())
    };
    let entry = |task: &Row| {
        let mut entry = sample::blank(model);
        let user_id = text(task, "user_id").unwrap_or_default();
        for (name, value) in [
            ("id", task.get("id").cloned().unwrap_or_default()),
            ("query_task_id", task.get("id").cloned().unwrap_or_default()),
            ("query_id", task.get("query_id").cloned().unwrap_or_default()),
            ("status", task.get("status").cloned().unwrap_or_default()),
            ("created_at", task.get("created_at").cloned().unwrap_or_default()),
            ("source", json!("api4")),
            ("query", present::nested(state, "Query", text(task, "query_id").unwrap_or_default())),
            ("user", present::nested(state, "UserPublic", user_id)),
        ] {
            entry.insert(name.to_owned(), value);
        }
        entry
    };
    Ok(Outcome::List(state.rows("QueryTask").filter(is_running).map(entry).collect()))
}
