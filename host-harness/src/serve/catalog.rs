//! `/api/connector` and `/api/operations`: what the connector is and what it can do.

use super::app::App;
use super::error::{ApiError, Json};
use super::failure;
use super::request::UrlPath;
use crate::description;
use axum::extract::State;
use std::sync::Arc;

pub(super) async fn connector(State(app): State<Arc<App>>) -> Json {
    Json(app.description.clone())
}

pub(super) async fn operations(State(app): State<Arc<App>>) -> Json {
    Json(app.operations.clone())
}

pub(super) async fn operation(State(app): State<Arc<App>>, UrlPath(name): UrlPath) -> Result<Json, ApiError> {
    let operation = app.connector.describe_operation(&name).await;
    let description = operation.and_then(|operation| description::operation(&operation));
    description.map(Json).map_err(|failure| failure::error(&failure, None))
}
