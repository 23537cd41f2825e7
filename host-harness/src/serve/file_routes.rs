//! `/api/workflow`: reads and writes the workflow file.

use super::app::App;
use super::error::{ApiError, Json};
use super::request::{JsonBody, UrlQuery};
use super::{blocking, files};
use axum::extract::State;
use serde::Deserialize;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Deserialize)]
pub(super) struct Parameters {
    path: Option<PathBuf>,
}

/// The open file, or another one, which is then the open one.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    UrlQuery(parameters): UrlQuery<Parameters>,
) -> Result<Json, ApiError> {
    blocking::run(move || {
        let mut opened = app.files.opened();
        let path = parameters.path.clone().or_else(|| opened.clone());
        let Some(path) = path else {
            return Ok(Json(json!({ "path": null, "text": "", "version": null })));
        };
        let content = files::read(&app.files.resolve(&path)?)?;
        if content.is_none() && parameters.path.is_some() {
            return Err(ApiError::not_found("there is no such file"));
        }
        *opened = Some(path.clone());
        let (text, version) = content.map_or_else(Default::default, |content| (content.text, Some(content.version)));
        Ok(Json(json!({ "path": path, "text": text, "version": version })))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Save {
    path: Option<PathBuf>,
    text: String,
    /// That of the file that the text is to replace.
    version: Option<String>,
}

/// Writes the file, unless somebody else has written it since it was read.
pub(super) async fn put(State(app): State<Arc<App>>, JsonBody(save): JsonBody<Save>) -> Result<Json, ApiError> {
    blocking::run(move || {
        let mut opened = app.files.opened();
        let Some(path) = save.path.or_else(|| opened.clone()) else {
            return Err(ApiError::bad_request("no file is open: give `path`, such as workflow.yaml"));
        };
        if save.text.len() as u64 > files::MAX_BYTES {
            return Err(ApiError::bad_request(format!("a workflow has at most {} MiB", files::MAX_BYTES >> 20)));
        }
        let full = app.files.resolve(&path)?;
        let on_disk = files::read(&full)?.map(|content| content.version);
        if on_disk != save.version {
            return Err(ApiError::conflict(match on_disk {
                None => "the file was removed meanwhile; save it under a new name, or without a version",
                Some(_) if save.version.is_none() => {
                    "there is a file of this name already; open it, or choose another name"
                }
                Some(_) => {
                    "the file was changed by another program meanwhile; open it again, or save under another name"
                }
            }));
        }
        files::write(&full, &save.text)?;
        *opened = Some(path.clone());
        Ok(Json(json!({ "path": path, "version": files::version(save.text.as_bytes()) })))
    })
    .await
}
