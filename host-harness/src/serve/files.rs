//! `/api/workflow`: the workflow file.
//!
//! Only files that end in `.yaml` or `.yml` and lie in one folder, at any depth, are read and written: the folder of the file
//! that the server was started with, or the working folder. Links out of it are not followed.

use super::app::App;
use super::blocking;
use super::error::{ApiError, Json};
use super::request::JsonBody;
use crate::file_access::Access;
use axum::extract::{Query, State};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tempfile::NamedTempFile;

/// The largest workflow file.
const MAX_BYTES: u64 = 2 << 20;

/// The workflow files that can be opened.
pub(super) struct WorkflowFiles {
    /// Without links.
    folder: PathBuf,
    /// The file that is open, within the folder. Locked while a file is written.
    opened: Mutex<Option<PathBuf>>,
}

impl WorkflowFiles {
    /// Opens a file, or none in the working folder. The file need not exist yet.
    ///
    /// # Errors
    ///
    /// Returns an error if the folder cannot be found, or if the file's name is not a workflow's.
    pub(super) fn new(file: Option<&Path>) -> io::Result<Self> {
        let Some(file) = file else {
            return Ok(Self { folder: std::env::current_dir()?.canonicalize()?, opened: Mutex::new(None) });
        };
        let file = match file.canonicalize() {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
                let name = file.file_name().ok_or(io::ErrorKind::InvalidInput)?;
                folder.canonicalize()?.join(name)
            }
            Err(error) => return Err(error),
        };
        if !is_yaml(&file) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a workflow file ends in .yaml or .yml"));
        }
        let folder = file.parent().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
        let name = file.strip_prefix(&folder).map_err(io::Error::other)?.to_owned();
        Ok(Self { folder, opened: Mutex::new(Some(name)) })
    }

    fn opened(&self) -> MutexGuard<'_, Option<PathBuf>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A file of the folder by its path in the folder. Its parent has no links out of the folder, and neither is it one.
    fn resolve(&self, path: &Path) -> Result<PathBuf, ApiError> {
        let refuse = |message: String| Err(ApiError::new(StatusCode::FORBIDDEN, message));
        let is_plain = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !is_plain || path.file_name().is_none() || path.as_os_str().as_encoded_bytes().contains(&0) {
            return refuse(format!("give a path within {}, without `..`", self.folder.display()));
        }
        if !is_yaml(path) {
            return refuse("a workflow file ends in .yaml or .yml; choose another name".to_owned());
        }
        let full = self.folder.join(path);
        let parent = full.parent().unwrap_or(&self.folder).canonicalize().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ApiError::not_found("there is no such folder; make it first"),
            _ => failed("the folder could not be opened", &error),
        })?;
        let Some(name) = full.file_name() else { return refuse("the path names no file".to_owned()) };
        let full = parent.join(name);
        // Through a link of the file itself: it may lead to another file of the folder.
        let full = full.canonicalize().unwrap_or(full);
        let is_link = full.symlink_metadata().is_ok_and(|file| file.is_symlink());
        if !full.starts_with(&self.folder) || !is_yaml(&full) || is_link {
            return refuse(format!("the path leads out of {}; choose a file in it", self.folder.display()));
        }
        Ok(full)
    }
}

/// A file as it is on disk.
struct Content {
    text: String,
    version: String,
}

fn read(path: &Path) -> Result<Option<Content>, ApiError> {
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("the file could not be read", &error)),
    };
    if !metadata.is_file() {
        return Err(ApiError::bad_request("the path is not a file"));
    }
    if metadata.len() > MAX_BYTES {
        return Err(ApiError::bad_request(format!(
            "the file has more than {} MiB; it is no workflow",
            MAX_BYTES >> 20
        )));
    }
    let bytes = std::fs::read(path).map_err(|error| failed("the file could not be read", &error))?;
    let version = version(&bytes);
    let text = String::from_utf8(bytes).map_err(|_| ApiError::bad_request("the file is not UTF-8"))?;
    Ok(Some(Content { text, version }))
}

/// Replaces the file in one step, so that a reader finds the old text or the new one. The file keeps its access.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let old = path.metadata().ok();
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    Access::of(old.as_ref()).give(file.as_file())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn version(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

fn failed(what: &str, error: &io::Error) -> ApiError {
    ApiError::internal(format!("{what}: {error}"))
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

#[derive(Deserialize)]
pub(super) struct Parameters {
    path: Option<PathBuf>,
}

/// The open file, or another one, which is then the open one.
pub(super) async fn get(State(app): State<Arc<App>>, Query(parameters): Query<Parameters>) -> Result<Json, ApiError> {
    blocking::run(move || {
        let mut opened = app.files.opened();
        let path = parameters.path.clone().or_else(|| opened.clone());
        let Some(path) = path else {
            return Ok(Json(json!({ "path": null, "text": "", "version": null })));
        };
        let content = read(&app.files.resolve(&path)?)?;
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
        if save.text.len() as u64 > MAX_BYTES {
            return Err(ApiError::bad_request(format!("a workflow has at most {} MiB", MAX_BYTES >> 20)));
        }
        let full = app.files.resolve(&path)?;
        let on_disk = read(&full)?.map(|content| content.version);
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
        write(&full, &save.text).map_err(|error| failed("the file could not be written", &error))?;
        *opened = Some(path.clone());
        Ok(Json(json!({ "path": path, "version": version(save.text.as_bytes()) })))
    })
    .await
}
