//! What the tests of the program share: its command line, servers on loopback, and the guest of the host library's tests.
#![allow(dead_code, reason = "each test file uses a part")]

pub mod command;
pub mod server;
pub mod serving;
pub mod tls;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The guest's file. The first call builds it.
pub fn guest_file() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("host/tests/guest");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guest");
        component_build::build(&workspace, "test-guest", &folder).expect("the guest builds")
    })
}
