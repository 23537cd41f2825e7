//! Render tasks: documents and images that are made in the background.

use http::HeaderName;
use serde_json::json;

use super::{Handled, Outcome, credentials::now, known_model, queries, text};
use crate::{
    call::Call,
    error_response::{ErrorResponse, invalid},
    response::{Content, Response},
    results::files,
    sample,
    state::State,
    task_plan::Progress,
};

pub(super) fn handle(state: &mut State, call: &Call) -> Handled {
    Some(match call.operation.name {
        "create_dashboard_render_task" => create(state, call, "Dashboard", "dashboard_id", &["pdf", "png", "jpg"]),
        "create_dashboard_element_render_task" => {
            create(state, call, "DashboardElement", "dashboard_element_id", &["png", "jpg"])
        }
        "create_look_render_task" => create(state, call, "Look", "look_id", &["png", "jpg"]),
        "create_query_render_task" => create(state, call, "Query", "query_id", &["png", "jpg"]),
        "render_task" => show(state, call.path("render_task_id")),
        "render_task_results" => results(state, call.path("render_task_id")),
        _ => return None,
    })
}

/// Only a whole dashboard can be rendered as a PDF; everything can be rendered as an image. For any other PDF, Looker
/// only says that an error has occurred.
fn create(
    state: &mut State,
    call: &Call,
    of: &str,
    property: &str,
    formats: &[&str],
) -> Result<Outcome, ErrorResponse> {
    let format = call.path("result_format");
    if format == "pdf" && !formats.contains(&format) {
        return Err(ErrorResponse::BadRequest("An error has occurred.".to_owned()));
    }
    if !formats.contains(&format) {
        return Err(invalid(
            "result_format",
            "invalid",
            format!("result_format must be one of: {}", formats.join(", ")),
        ));
    }
    let about = call.path(property);
    match of {
        "Query" => queries::find(state, about)?,
        of => state.find(of, about)?,
    };
    for side in ["width", "height"] {
        if call.integer(side).is_none_or(|pixels| pixels <= 0) {
            return Err(invalid(side, "invalid", format!("{side} must be above 0")));
        }
    }
    let id = state.random.text(32);
    let mut task = sample::blank(known_model("RenderTask")?);
    for (name, value) in [
        ("id", json!(id)),
        (property, json!(about)),
        ("result_format", json!(format)),
        ("created_at", json!(now())),
        ("width", json!(call.integer("width"))),
        ("height", json!(call.integer("height"))),
        ("user_id", json!(call.session.user_id)),
    ] {
        task.insert(name.to_owned(), value);
    }
    for name in ["dashboard_filters", "dashboard_style"] {
        task.insert(name.to_owned(), call.object().get(name).cloned().unwrap_or_default());
    }
    state.table_mut("RenderTask").put(&id, task);
    state.start_task(&id, ["enqueued_for_render", "rendering", "success"]);
    show_status(state, &id)?;
    state.find("RenderTask", &id).cloned().map(Outcome::Item)
}

/// Sets the status that the task shows now.
fn show_status(state: &mut State, id: &str) -> Result<(), ErrorResponse> {
    let Some(progress) = state.progress.get(id) else { return Ok(()) };
    let (status, has_ended) = (progress.status().to_owned(), progress.has_ended());
    let detail = progress.detail().filter(|_| status == "failure").map(str::to_owned);
    let task = state.find_mut("RenderTask", id)?;
    task.insert("status".to_owned(), json!(status));
    if let Some(detail) = detail {
        task.insert("status_detail".to_owned(), json!(detail));
    }
    if has_ended && task.get("finalized_at").is_none_or(serde_json::Value::is_null) {
        task.insert("finalized_at".to_owned(), json!(now()));
    }
    Ok(())
}

/// Brings a task closer to its end, as each request does. Returns whether it has ended.
fn advance(state: &mut State, id: &str) -> Result<bool, ErrorResponse> {
    state.find("RenderTask", id)?;
    let Some(progress) = state.progress.get_mut(id) else { return Ok(true) };
    progress.advance();
    let has_ended = progress.has_ended();
    show_status(state, id)?;
    Ok(has_ended)
}

fn show(state: &mut State, id: &str) -> Result<Outcome, ErrorResponse> {
    advance(state, id)?;
    Ok(Outcome::Item(state.find("RenderTask", id)?.clone()))
}

fn results(state: &mut State, id: &str) -> Result<Outcome, ErrorResponse> {
    if !advance(state, id)? {
        let mut response = Response::empty(202);
        response.headers.push((HeaderName::from_static("retry-after"), "1".to_owned()));
        return Ok(Outcome::Response(response));
    }
    let task = state.find("RenderTask", id)?;
    let has_results = state.progress.get(id).is_none_or(Progress::has_results);
    if !has_results || text(task, "status") != Some("success") {
        return Err(ErrorResponse::NotFound);
    }
    let (media_type, bytes) = match text(task, "result_format") {
        Some("pdf") => {
            ("application/pdf", files::pdf(&format!("Dashboard {}", text(task, "dashboard_id").unwrap_or_default())))
        }
        Some("jpg") => ("image/jpeg", files::JPEG.to_vec()),
        _ => ("image/png", files::PNG.to_vec()),
    };
    Ok(Outcome::Response(Response::content(200, media_type, Content::Whole(bytes.into()))))
}
