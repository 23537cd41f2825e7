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

/// Only a whole dashboard can be rendered as a PDF; everything can be rendered as an image.
fn create(
    state: &mut State,
    call: &Call,
    of: &str,
    property: &str,
    formats: &[&str],
) -> Result<Outcome, ErrorResponse> {
    let format = call.path("result_format");
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
        ("status", json!("enqueued_for_render")),
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
    state.table_mut("RenderTask").put(&id, task.clone());
    state.waiting.insert(id, state.polls_until_done);
    Ok(Outcome::Item(task))
}

/// Whether a task has finished. Each request brings it closer to its end.
fn is_done(state: &mut State, id: &str) -> Result<bool, ErrorResponse> {
    let left = state.waiting.get(id).copied().unwrap_or(0);
    let task = state.find_mut("RenderTask", id)?;
    let status = if left == 0 { "success" } else { "rendering" };
    task.insert("status".to_owned(), json!(status));
    if left == 0 && task.get("finalized_at").is_none_or(serde_json::Value::is_null) {
        task.insert("finalized_at".to_owned(), json!(now()));
    }
    state.waiting.insert(id.to_owned(), left.saturating_sub(1));
    Ok(left == 0)
}

fn show(state: &mut State, id: &str) -> Result<Outcome, ErrorResponse> {
    is_done(state, id)?;
    Ok(Outcome::Item(state.find("RenderTask", id)?.clone()))
}

fn results(state: &mut State, id: &str) -> Result<Outcome, ErrorResponse> {
    if !is_done(state, id)? {
        let mut response = Response::empty(202);
        response.headers.push((HeaderName::from_static("retry-after"), "1".to_owned()));
        return Ok(Outcome::Response(response));
    }
    let task = state.find("RenderTask", id)?;
    let (media_type, bytes) = match text(task, "result_format") {
        Some("pdf") => {
            ("application/pdf", files::pdf(&format!("Dashboard {}", text(task, "dashboard_id").unwrap_or_default())))
        }
        Some("jpg") => ("image/jpeg", files::JPEG.to_vec()),
        _ => ("image/png", files::PNG.to_vec()),
    };
    Ok(Outcome::Response(Response::content(200, media_type, Content::Whole(bytes.into()))))
}
