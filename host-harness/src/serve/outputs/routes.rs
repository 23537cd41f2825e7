//! `/api/outputs`: what is kept, and its parts.

use super::super::app::App;
use super::super::blocking;
use super::super::error::{ApiError, Json};
use super::super::request::{UrlPath, UrlQuery};
use super::document::{Document, NodeId};
use super::kept::{Content, Kept};
use super::node::{self, Part};
use super::path::Path;
use super::{raw, table};
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;

/// How many children or rows are sent where the request does not say.
const LIMIT: usize = 100;

#[derive(Deserialize)]
pub(in crate::serve) struct Parameters {
    path: Option<String>,
    offset: Option<usize>,
    limit: Option<usize>,
    filter: Option<String>,
    /// With any value, or none.
    inline: Option<String>,
}

impl Parameters {
    fn path(&self) -> Result<Path, ApiError> {
        let text = self.path.as_deref().unwrap_or("$");
        Path::parse(text).ok_or_else(|| {
            ApiError::bad_request("`path` has to be a JSONPath to one value, such as $.users[0]['e-mail']")
        })
    }
}

pub(in crate::serve) async fn list(State(app): State<Arc<App>>) -> Json {
    Json(app.outputs.all().iter().map(|kept| kept.info()).collect())
}

pub(in crate::serve) async fn delete(
    State(app): State<Arc<App>>,
    UrlPath(step): UrlPath,
) -> Result<StatusCode, ApiError> {
    if app.outputs.remove(&step) { Ok(StatusCode::NO_CONTENT) } else { Err(unknown(&step)) }
}

pub(in crate::serve) async fn node(
    State(app): State<Arc<App>>,
    UrlPath(step): UrlPath,
    UrlQuery(parameters): UrlQuery<Parameters>,
) -> Result<Json, ApiError> {
    read(app, step, move |kept| {
        let path = parameters.path()?;
        let (document, id) = found(kept, &path)?;
        let limit = parameters.limit.unwrap_or(LIMIT).min(node::MAX_CHILDREN);
        let part = Part { offset: parameters.offset.unwrap_or(0), limit, filter: parameters.filter.as_deref() };
        Ok(Json(node::node(document, &path, id, &part)))
    })
    .await
}

pub(in crate::serve) async fn table(
    State(app): State<Arc<App>>,
    UrlPath(step): UrlPath,
    UrlQuery(parameters): UrlQuery<Parameters>,
) -> Result<Json, ApiError> {
    read(app, step, move |kept| {
        let path = parameters.path()?;
        let (offset, limit) = (parameters.offset.unwrap_or(0), parameters.limit.unwrap_or(LIMIT).min(table::MAX_ROWS));
        let no_table = || ApiError::bad_request(format!("what is at {path} is neither a list nor CSV"));
        let found = match kept.content() {
            Content::Text(text) if path.segments().is_empty() => table::of_csv(text, offset, limit),
            _ => {
                let (document, id) = found(kept, &path)?;
                table::of_list(document, id, offset, limit)
            }
        };
        found.map(Json).ok_or_else(no_table)
    })
    .await
}

pub(in crate::serve) async fn raw(
    State(app): State<Arc<App>>,
    UrlPath(step): UrlPath,
    UrlQuery(parameters): UrlQuery<Parameters>,
) -> Result<Response, ApiError> {
    read(app, step, move |kept| {
        let path = parameters.path()?;
        raw::response(kept, Some(&path), parameters.inline.is_some())
    })
    .await
}

/// Reads an output on a thread for blocking work: what is large takes a moment.
async fn read<T: Send + 'static>(
    app: Arc<App>,
    step: String,
    work: impl FnOnce(&Kept) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let kept = app.outputs.get(&step).ok_or_else(|| unknown(&step))?;
    blocking::run(move || {
        let outcome = work(&kept);
        // Reading may have indexed it.
        app.outputs.trim();
        outcome
    })
    .await
}

fn unknown(step: &str) -> ApiError {
    ApiError::not_found(format!("no output of step `{step}` is kept; run the step"))
}

/// The value at a path of an output that is JSON.
fn found<'a>(kept: &'a Kept, path: &Path) -> Result<(&'a Document, NodeId), ApiError> {
    let not_json = || ApiError::bad_request("the output is not JSON that can be read in parts; download it");
    let document = kept.document().map_err(|_| not_json())?;
    let nothing = || ApiError::not_found(format!("the output has nothing at {path}"));
    Ok((document, document.find(path).ok_or_else(nothing)?))
}
