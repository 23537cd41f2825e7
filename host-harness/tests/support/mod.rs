//! The guest of the host library's tests, for the command line.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The guest's file, built when it is first asked for.
pub fn guest_file() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("host/tests/guest");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guest");
        component_build::build(&workspace, "test-guest", &folder).expect("the guest builds")
    })
}
