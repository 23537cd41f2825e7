//! Which path leads where.

use super::app::App;
use super::error::ApiError;
use super::outputs::routes as outputs;
use super::runs::routes as runs;
use super::{auth_routes, catalog, checks, file_routes, guard, headers, invoke, oauth, page, resolve};
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post};
use http::StatusCode;
use std::sync::Arc;

pub(super) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route(guard::PAGE, get(page::index))
        .route("/assets/{*path}", get(page::asset))
        .route("/api/connector", get(catalog::connector))
        .route("/api/operations", get(catalog::operations))
        .route("/api/operations/{name}", get(catalog::operation))
        .route("/api/auths", get(auth_routes::list))
        .route("/api/auths/{name}", delete(auth_routes::delete).put(auth_routes::put))
        .route("/api/auths/{name}/check", post(auth_routes::check))
        .route("/api/auths/{name}/oauth", post(oauth::begin))
        .route(guard::CALLBACK, get(oauth::callback))
        .route("/api/invoke", post(invoke::invoke))
        .route("/api/workflow", get(file_routes::get).put(file_routes::put))
        .route("/api/check", post(checks::check))
        .route("/api/resolve", post(resolve::resolve))
        .route("/api/runs", get(runs::list).post(runs::begin))
        .route("/api/runs/{id}", delete(runs::cancel))
        .route("/api/runs/{id}/events", get(runs::events))
        .route("/api/outputs", get(outputs::list))
        .route("/api/outputs/{step}", delete(outputs::delete))
        .route("/api/outputs/{step}/node", get(outputs::node))
        .route("/api/outputs/{step}/table", get(outputs::table))
        .route("/api/outputs/{step}/raw", get(outputs::raw))
        .fallback(|| async { ApiError::not_found("there is nothing at this path; docs/serve.md lists the paths") })
        .method_not_allowed_fallback(|| async {
            ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "this path has no such method; docs/serve.md lists the paths")
        })
        .layer(from_fn_with_state(Arc::clone(&app), guard::check))
        .layer(from_fn(headers::add))
        .with_state(app)
}
