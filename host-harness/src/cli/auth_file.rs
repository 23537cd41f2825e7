//! Keeps the auth file up to date: where the remote service replaces the refresh token in it, the old one is void.

use super::terminal;
use super::text_source::TextSource;
use connector_host::Auth;
use host_harness::file_access::Access;
use serde_json::json;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// Writes the auth into the file that the old one came from, and tells the user. Where it came from no file, the user
/// is warned that it is lost.
pub(super) fn keep(source: &TextSource, auth: &Auth, json: bool) {
    let (kind, message) = match source {
        TextSource::File(path) => match write(path, auth) {
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
            "the refresh token was replaced, and the new one is lost: sign in again, and use --auth @FILE, which is kept \
             up to date"
                .to_owned(),
        ),
    };
    if json {
        terminal::tell(json!({ (kind): message }));
    } else {
        terminal::tell(format!("{kind}: {message}"));
    }
}

/// Replaces the file in one step: a reader finds the old auth or the new one, never a part. Nobody can read the new
/// file who could not read the old one.
fn write(path: &Path, auth: &Auth) -> io::Result<()> {
    // Through links, so that a link stays one.
    let path = path.canonicalize()?;
    let folder = path.parent().unwrap_or(Path::new("."));
    // Runs that use the same file write one after the other. The lock ends with the handle.
    let _lock = lock(folder)?;
    let old = path.metadata()?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(auth.expose_json().as_bytes())?;
    Access::of(Some(&old)).give(file.as_file())?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(unix)]
fn lock(folder: &Path) -> io::Result<Option<File>> {
    let folder = File::open(folder)?;
    // A file system without locks is no reason to lose the token.
    match folder.lock() {
        Err(error) if error.kind() != io::ErrorKind::Unsupported => Err(error),
        _ => Ok(Some(folder)),
    }
}

#[cfg(not(unix))]
fn lock(_: &Path) -> io::Result<Option<File>> {
    Ok(None)
}

#[cfg(test)]
#[cfg(unix)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    fn auth(token: usize) -> Auth {
        Auth::from_json(json!({"refresh_token": token.to_string().repeat(100_000)}).to_string()).unwrap()
    }

    #[test]
    fn the_file_keeps_its_access_and_a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("auth.json");
        let link = folder.path().join("link.json");
        std::fs::write(&file, "{}").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        for mode in [0o600, 0o640, 0o400] {
            std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
            write(&link, &auth(mode as usize)).unwrap();
            assert_eq!(std::fs::read_to_string(&file).unwrap(), auth(mode as usize).expose_json());
            assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, mode);
            assert!(link.is_symlink());
        }
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(names.len(), 2, "nothing else is left: {names:?}");
    }

    #[test]
    fn runs_that_write_at_once_leave_one_whole_auth() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("auth.json");
        std::fs::write(&file, "{}").unwrap();
        std::thread::scope(|scope| {
            for token in 0..8 {
                let file = &file;
                scope.spawn(move || write(file, &auth(token)).unwrap());
            }
        });
        let text = std::fs::read_to_string(&file).unwrap();
        assert!((0..8).any(|token| auth(token).expose_json() == text));
    }
}
