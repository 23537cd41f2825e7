//! `/api/check`: every mistake in a workflow's text, as `run --check` finds them.

use super::app::App;
use super::error::{ApiError, Json};
use super::failure;
use super::request::JsonBody;
use crate::workflow::{Descriptions, Problem, Workflow, check_text};
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    text: String,
}

pub(super) async fn check(
    State(app): State<Arc<App>>,
    JsonBody(Request { text }): JsonBody<Request>,
) -> Result<Json, ApiError> {
    let workflow = Workflow::draft(&text).workflow;
    let descriptions = descriptions(&app, &workflow).await?;
    let problems: Vec<Value> = check_text(&text, &descriptions).iter().map(problem).collect();
    let steps: Vec<&str> = workflow.steps.iter().map(|step| step.id.as_str()).collect();
    Ok(Json(json!({ "problems": problems, "steps": steps })))
}

/// What the connector says about the operations of a workflow.
pub(super) async fn descriptions(app: &App, workflow: &Workflow) -> Result<Descriptions, ApiError> {
    let mut descriptions = app.descriptions.clone();
    descriptions.load(&app.connector, workflow).await.map_err(|failure| failure::error(&failure, None))?;
    Ok(descriptions)
}

/// A problem as the API has it.
pub(super) fn problem(problem: &Problem) -> Value {
    let mut json = json!({
        "line": problem.line,
        "step": problem.step,
        "place": problem.place,
        "message": problem.message,
    });
    if let Some(column) = problem.column {
        json["column"] = json!(column);
    }
    json
}
