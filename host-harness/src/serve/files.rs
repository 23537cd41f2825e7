//! The workflow files that can be opened.
//!
//! Only files that end in `.yaml` or `.yml` and lie in one folder, at any depth, are read and written: the folder of the file
//! that the server was started with, or the working folder. Links out of it are not followed.

use super::error::ApiError;
use crate::file_access::Access;
use http::StatusCode;
use sha2::{Digest, Sha256};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::NamedTempFile;

/// The largest workflow file.
pub(super) const MAX_BYTES: u64 = 2 << 20;

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

    /// The file that is open.
    pub(super) fn opened(&self) -> MutexGuard<'_, Option<PathBuf>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A file of the folder by its path in the folder. Its parent has no links out of the folder, and neither is it one.
    pub(super) fn resolve(&self, path: &Path) -> Result<PathBuf, ApiError> {
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
pub(super) struct Content {
    pub(super) text: String,
    /// A digest of the text.
    pub(super) version: String,
}

/// Reads a file. [`None`] if there is none.
pub(super) fn read(path: &Path) -> Result<Option<Content>, ApiError> {
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
pub(super) fn write(path: &Path, text: &str) -> Result<(), ApiError> {
    replace(path, text).map_err(|error| failed("the file could not be written", &error))
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let old = path.metadata().ok();
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    Access::of(old.as_ref()).give(file.as_file())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// The version of a file with this content.
pub(super) fn version(bytes: &[u8]) -> String {
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
