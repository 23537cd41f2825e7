//! The workspace that this program was built in.

use std::path::{Path, PathBuf};

/// Its folder.
pub fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}
