//! Keeps an auth of which the remote service replaced a part: the refresh token in the one that the user gave is good no
//! more.

use super::text_source::TextSource;
use connector_host::{ExposeSecret, SecretString};
use serde_json::json;
use std::io::{self, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// Writes the auth into the file that the old one came from, or tells the user that it is lost: for programs as one JSON
/// object.
pub(super) fn keep(source: Option<&TextSource>, auth: &SecretString, json: bool) {
    let (kind, message) = match source {
        Some(TextSource::File(path)) => match write(path, auth) {
            Ok(()) => ("note", format!("the refresh token was replaced; {} has the new one", path.display())),
            Err(error) => (
                "warning",
                format!(
                    "the refresh token was replaced, and the new one could not be written to {}: {error}; sign in again",
                    path.display()
                ),
            ),
        },
        _ => (
            "warning",
            "the refresh token was replaced, and is lost: sign in again, and use --auth @FILE, where the new one is kept"
                .to_owned(),
        ),
    };
    if json {
        eprintln!("{}", json!({ (kind): message }));
    } else {
        eprintln!("{kind}: {message}");
    }
}

/// There is the old file or the new one, never a part, and nobody may read it who could not read the old one.
fn write(path: &Path, auth: &SecretString) -> io::Result<()> {
    // A link stays one: what it points to is replaced.
    let path = path.canonicalize()?;
    let permissions = path.metadata()?.permissions();
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(auth.expose_secret().as_bytes())?;
    file.as_file().set_permissions(permissions)?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}
