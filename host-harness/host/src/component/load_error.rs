//! Why a component could not be loaded.

use std::path::PathBuf;
use std::time::Duration;

/// A component that could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file could not be read.
    #[error("{} could not be read: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The bytes are not a component, or not one that this host runs.
    #[error("this is not a WebAssembly component that can be run here: {0}")]
    Invalid(String),
    /// It imports something that connectors may not have.
    #[error(
        "the component imports `{0}`, which is not on the list of the world `workflow-connector` (wit/connector.wit): \
         it is refused"
    )]
    Import(String),
    /// It is larger than a component may be; see [`limits`](crate::limits).
    #[error("the component is too large: {what} is {size}, and {max} is the limit")]
    TooLarge {
        /// What is too large: the file, the number of its functions, ….
        what: &'static str,
        /// How large it is.
        size: usize,
        /// How large it may be.
        max: usize,
    },
    /// Compiling took too long. A thread goes on with it, which cannot be stopped; while too many of them do, nothing else is
    /// compiled. A program that loads components of strangers should be one that can be restarted.
    #[error("compiling the component took longer than {0:?}, which is the limit")]
    Timeout(Duration),
    /// The host compiles as many components as it may at once.
    #[error("the host compiles {0} components at the moment, which is the limit; load it again later")]
    Busy(usize),
    /// It does not export what a connector exports, or not with these types.
    #[error("the component is not a connector: {0}")]
    World(String),
    /// The thread that loads it ended before it was done.
    #[error("the component was not loaded: its thread ended")]
    Stopped,
}
