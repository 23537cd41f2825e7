//! Loads components: checks their imports and exports, compiles them, and caches the result.

pub(crate) mod cache;
mod inspect;
pub(crate) mod load_error;

use crate::host::Host;
use crate::instance::exports::Exports;
use crate::instance::state::State;
use crate::limits::COMPONENT_BYTES;
use crate::limits::call_meter::microseconds;
use inspect::inspect;
use load_error::LoadError;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Instant;
use wasmtime::component::InstancePre;

/// A compiled connector component. Clones are cheap and are the same component.
///
/// Its imports are on the list of the world `workflow-connector`, and it has every connector's exports. It is code
/// without state, so one serves all users.
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

impl Component {
    /// Loads a component from its bytes, in the binary format. The first time this compiles, which takes a good part of
    /// a second; later the host's cache has it. All of it happens on a thread of its own, so that no thread of the
    /// async runtime waits.
    ///
    /// # Errors
    ///
    /// Returns an error if the bytes are not a component, if it imports what connectors may not have, or if it is not a
    /// connector; if it is larger than the [`limits`](crate::limits) allow, or takes too long to compile.
    pub async fn load(host: &Host, bytes: impl AsRef<[u8]> + Send + 'static) -> Result<Self, LoadError> {
        let host = host.clone();
        off_the_runtime(move || Self::load_blocking(&host, bytes)).await
    }

    /// Loads a component from a file, as [`Component::load`].
    ///
    /// # Errors
    ///
    /// As [`Component::load`], and if the file cannot be read.
    pub async fn from_file(host: &Host, path: impl Into<PathBuf>) -> Result<Self, LoadError> {
        let (host, path) = (host.clone(), path.into());
        off_the_runtime(move || Self::from_file_blocking(&host, path)).await
    }

    /// Loads a component from its bytes on this very thread: for programs without an async runtime, or before it
    /// starts.
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
        Self::load_blocking(host, read(path).map_err(|error| LoadError::Read { path: path.to_owned(), error })?)
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

/// A file's bytes, or so many of them that it shows to be too large.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(COMPONENT_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Runs on a thread of its own, which neither the async runtime nor the program waits for at its end.
async fn off_the_runtime<T: Send + 'static>(
    load: impl FnOnce() -> Result<T, LoadError> + Send + 'static,
) -> Result<T, LoadError> {
    let span = tracing::Span::current();
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("load a component".to_owned())
        .spawn(move || sender.send(span.in_scope(load)))
        .map_err(|_| LoadError::Stopped)?;
    receiver.await.map_err(|_| LoadError::Stopped)?
}

/// The compiled component: from the cache, else compiled and put there.
fn compiled(host: &Host, bytes: &[u8], sha256: &[u8; 32]) -> Result<wasmtime::component::Component, LoadError> {
    let engine = host.engine();
    // Before the cache is asked: it may have what was compiled when other things were allowed.
    inspect(bytes)?;
    if let Some(compiled) = host.cache().load(engine, sha256) {
        tracing::debug!("the cache has it");
        return Ok(compiled);
    }
    let compiled = compile(host, bytes)?;
    match compiled.serialize() {
        Ok(code) => host.cache().store(engine, sha256, &code),
        Err(error) => tracing::warn!("the compiled component could not be kept: {error:#}"),
    }
    Ok(compiled)
}

/// Compiles on a thread of its own, and waits for it no longer than the limit.
fn compile(host: &Host, bytes: &[u8]) -> Result<wasmtime::component::Component, LoadError> {
    let permit = host.compilations().take().map_err(|full| LoadError::Busy(full.max))?;
    let (engine, bytes) = (host.engine().clone(), bytes.to_owned());
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::Builder::new()
        .name("compile a component".to_owned())
        .spawn(move || {
            let compiled = wasmtime::component::Component::from_binary(&engine, &bytes);
            // Before the result is there: whoever has it may compile the next one.
            drop(permit);
            sender.send(compiled)
        })
        .map_err(|_| LoadError::Stopped)?;
    let timeout = host.compile_timeout();
    match receiver.recv_timeout(timeout) {
        Ok(compiled) => compiled.map_err(|error| LoadError::Invalid(format!("{error:#}"))),
        Err(RecvTimeoutError::Timeout) => Err(LoadError::Timeout(timeout)),
        Err(RecvTimeoutError::Disconnected) => Err(LoadError::Stopped),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
