//! The folder of the spec: which files an import has to write or delete.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What has to be done to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The file has to be written, because it is not there or says something else.
    Write {
        /// Its name.
        name: String,
        /// What it has to say.
        text: String,
    },
    /// The file has to go, because Looker no longer has its tag.
    Delete {
        /// Its name.
        name: String,
    },
}

/// What has to change in a folder so that it holds exactly these JSON files.
///
/// # Errors
///
/// A message with the name of what cannot be read.
pub fn changes(folder: &Path, files: BTreeMap<String, String>) -> Result<Vec<Change>, String> {
    let mut gone = Vec::new();
    if folder.exists() {
        let cannot = |error| format!("{}: cannot be read: {error}", folder.display());
        for entry in fs::read_dir(folder).map_err(cannot)? {
            let name = entry.map_err(cannot)?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".json") && !files.contains_key(&name) {
                gone.push(Change::Delete { name });
            }
        }
    }
    gone.sort_by(|one, other| one.name().cmp(other.name()));
    let written = files.into_iter().filter(|(name, text)| {
        let present = fs::read(folder.join(name));
        present.map_or(true, |present| present != text.as_bytes())
    });
    Ok(written.map(|(name, text)| Change::Write { name, text }).chain(gone).collect())
}

/// Carries changes out.
///
/// # Errors
///
/// A message with the name of what cannot be written or deleted. What was done before it stays done; running the import
/// again does the rest.
pub fn apply(folder: &Path, changes: &[Change]) -> Result<(), String> {
    let cannot = |path: &Path, what: &str, error| format!("{}: cannot be {what}: {error}", path.display());
    fs::create_dir_all(folder).map_err(|error| cannot(folder, "made", error))?;
    for change in changes {
        let path = folder.join(change.name());
        match change {
            Change::Write { text, .. } => fs::write(&path, text).map_err(|error| cannot(&path, "written", error))?,
            Change::Delete { .. } => fs::remove_file(&path).map_err(|error| cannot(&path, "deleted", error))?,
        }
    }
    Ok(())
}

impl Change {
    /// The name of the file.
    pub fn name(&self) -> &str {
        match self {
            Self::Write { name, .. } | Self::Delete { name } => name,
        }
    }
}
