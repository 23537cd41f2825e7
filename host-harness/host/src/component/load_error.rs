//! Why a component could not be loaded.

use std::path::PathBuf;
use std::time::Duration;

/// Why a component could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file could not be read.
    #[error("{} could not be read: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: std::io::Error,
    },
    /// The bytes are not a component, or not one that this host runs.
    #[error("this is not a WebAssembly component that can be run here: {0}")]
    Invalid(String),
    /// It has an import that connectors may not have.
    #[error("the component imports `{0}`, which the world `workflow-connector` (wit/connector.wit) does not allow")]
    Import(String),
    /// It is larger than a component may be; see [`limits`](crate::limits).
    #[error("the component is too large: {what} is {size}; the limit is {max}")]
    TooLarge {
        /// What is too large: the file, the number of its functions, ….
        what: &'static str,
        /// How large it is.
        size: usize,
        /// How large it may be.
        max: usize,
    },
    /// Compiling took too long. Its thread cannot be stopped and goes on; while too many such threads run, nothing else
    /// is compiled. A program that loads components of strangers should be able to restart.
    #[error("compiling the component took longer than the limit of {0:?}")]
    Timeout(Duration),
    /// The host already compiles its maximum number of components.
    #[error("the host is busy: it already compiles {0} components, which is its limit; load this one again later")]
    Busy(usize),
    /// It lacks an export of a connector, or has it with other types.
    #[error("the component is not a connector: {0}")]
    World(String),
    /// The thread that loads it ended early.
    #[error("the component was not loaded: its thread ended")]
    Stopped,
}
