//! Builds a crate into a WebAssembly component, and writes into the component what it is.
//!
//! Build scripts use it for the component that a program embeds, tests for their guests, and `cargo xtask package` for
//! the component in `dist/`.

mod build;
mod metadata;

pub use build::{TARGET, build};
pub use metadata::add;
