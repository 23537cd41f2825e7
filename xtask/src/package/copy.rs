//! Emptying and copying folders.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Makes `folder` an empty folder.
///
/// # Errors
///
/// If it holds something but not `mark`, the file that every package has: then it may have been named by mistake.
pub fn empty(folder: &Path, mark: &str) -> Result<(), String> {
    let describe = |error: io::Error| format!("{}: {error}", folder.display());
    match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(describe(error)),
        Ok(mut entries) => {
            if entries.next().is_some() && !folder.join(mark).is_file() {
                return Err(format!("{} holds something else: name another folder", folder.display()));
            }
            fs::remove_dir_all(folder).map_err(describe)?;
        }
    }
    fs::create_dir_all(folder).map_err(describe)
}

/// Copies a folder with everything in it.
pub fn tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
