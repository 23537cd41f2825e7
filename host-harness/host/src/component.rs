//! Loads components: reads, checks what they import and export, compiles, and keeps the result for the next time.

pub(crate) mod cache;

use crate::bindings;
use crate::host::Host;
use crate::instance::exports::Exports;
use crate::instance::state::State;
use crate::limits::call_meter::microseconds;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use wasmtime::Engine;
use wasmtime::component::InstancePre;

/// A compiled connector component. Clones are cheap and are the same component.
///
/// It imports nothing that the world `workflow-connector` does not allow, and exports what every connector exports. One
/// serves all users: it is code, without any state.
///
/// ```no_run
/// # async fn example(host: connector_host::Host) -> Result<(), connector_host::LoadError> {
/// use connector_host::Component;
///
/// let component = Component::from_file(&host, "connector.wasm").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Component {
    shared: Arc<Shared>,
}

struct Shared {
    linked: InstancePre<State>,
    exports: Arc<Exports>,
    sha256: [u8; 32],
}

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
    /// The bytes are not a component.
    #[error("this is not a WebAssembly component: {0}")]
    Invalid(String),
    /// It imports something that connectors may not have.
    #[error(
        "the component imports `{0}`, which is not on the list of the world `workflow-connector` (wit/connector.wit): \
         it is refused"
    )]
    Import(String),
    /// It does not export what a connector exports, or not with these types.
    #[error("the component is not a connector: {0}")]
    World(String),
    /// The program ended meanwhile.
    #[error("the async runtime stopped before the component was loaded")]
    Stopped,
}

impl Component {
    /// Loads a component from its bytes, in the binary format. The first time this compiles, which takes a good part of a
    /// second; later the host's cache has it. All of it happens on a thread for blocking work, so that no thread of the async
    /// runtime waits.
    ///
    /// # Errors
    ///
    /// Returns an error if the bytes are not a component, if it imports what connectors may not have, or if it is not a
    /// connector.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime. There, [`Component::load_blocking`] does the same.
    pub async fn load(host: &Host, bytes: impl AsRef<[u8]> + Send + 'static) -> Result<Self, LoadError> {
        let host = host.clone();
        off_the_runtime(move || Self::load_blocking(&host, bytes)).await
    }

    /// Loads a component from a file, as [`Component::load`].
    ///
    /// # Errors
    ///
    /// As [`Component::load`], and if the file cannot be read.
    ///
    /// # Panics
    ///
    /// As [`Component::load`].
    pub async fn from_file(host: &Host, path: impl Into<PathBuf>) -> Result<Self, LoadError> {
        let (host, path) = (host.clone(), path.into());
        off_the_runtime(move || Self::from_file_blocking(&host, path)).await
    }

    /// Loads a component from its bytes on this very thread: for programs without an async runtime, or before it starts.
    ///
    /// # Errors
    ///
    /// As [`Component::load`].
    pub fn load_blocking(host: &Host, bytes: impl AsRef<[u8]>) -> Result<Self, LoadError> {
        let bytes = bytes.as_ref();
        let started = Instant::now();
        let _span = tracing::debug_span!("load", bytes = bytes.len()).entered();
        let sha256: [u8; 32] = Sha256::digest(bytes).into();
        let compiled = compiled(host, bytes, &sha256)?;
        let not_a_connector = |error: wasmtime::Error| LoadError::World(format!("{error:#}"));
        let linked = host.linker().instantiate_pre(&compiled).map_err(not_a_connector)?;
        let exports = Arc::new(Exports::of(&linked).map_err(not_a_connector)?);
        tracing::debug!(time_us = microseconds(started), "loaded");
        Ok(Self { shared: Arc::new(Shared { linked, exports, sha256 }) })
    }

    /// Loads a component from a file on this very thread, as [`Component::load_blocking`].
    ///
    /// # Errors
    ///
    /// As [`Component::load`], and if the file cannot be read.
    pub fn from_file_blocking(host: &Host, path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|error| LoadError::Read { path: path.to_owned(), error })?;
        Self::load_blocking(host, bytes)
    }

    /// The SHA-256 of the component's bytes.
    pub fn sha256(&self) -> [u8; 32] {
        self.shared.sha256
    }

    /// The component, tied to what its host supplies.
    pub(crate) fn linked(&self) -> &InstancePre<State> {
        &self.shared.linked
    }

    /// Where its functions are.
    pub(crate) fn exports(&self) -> &Arc<Exports> {
        &self.shared.exports
    }
}

/// Does what takes long on a thread for blocking work.
async fn off_the_runtime<T: Send + 'static>(
    load: impl FnOnce() -> Result<T, LoadError> + Send + 'static,
) -> Result<T, LoadError> {
    let span = tracing::Span::current();
    match tokio::task::spawn_blocking(move || span.in_scope(load)).await {
        Ok(loaded) => loaded,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(LoadError::Stopped),
        },
    }
}

/// The compiled component: from the cache, else compiled and put there.
fn compiled(host: &Host, bytes: &[u8], sha256: &[u8; 32]) -> Result<wasmtime::component::Component, LoadError> {
    let engine = host.engine();
    if let Some(compiled) = host.cache().load(engine, sha256) {
        tracing::debug!("the cache has it");
        return Ok(compiled);
    }
    let compiled = wasmtime::component::Component::from_binary(engine, bytes)
        .map_err(|error| LoadError::Invalid(format!("{error:#}")))?;
    check_imports(engine, &compiled)?;
    match compiled.serialize() {
        Ok(code) => host.cache().store(engine, sha256, &code),
        Err(error) => tracing::warn!("the compiled component could not be kept: {error:#}"),
    }
    Ok(compiled)
}

fn check_imports(engine: &Engine, component: &wasmtime::component::Component) -> Result<(), LoadError> {
    component.component_type().imports(engine).try_for_each(|(name, _)| check_import(name))
}

/// Every 0.2 version of an interface on the list will do: they are compatible, and toolchains pick their own.
fn check_import(import: &str) -> Result<(), LoadError> {
    let (interface, version) = import.split_once('@').unwrap_or((import, ""));
    // The types of the package itself, which the world's exports use.
    let own_types = interface == "workflow:connector/types" && version == "0.2.0";
    let of_the_world = bindings::allowed_imports().any(|allowed| allowed == interface) && version.starts_with("0.2.");
    if own_types || of_the_world { Ok(()) } else { Err(LoadError::Import(import.to_owned())) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
