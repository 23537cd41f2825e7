//! Loads components: reads, checks what they import, compiles, and keeps the result for the next time.

mod cache;

pub use cache::Cache;

use crate::bindings;
use crate::host::Host;
use crate::limits::microseconds;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::time::Instant;

/// A compiled component that imports nothing which the world does not allow.
#[derive(Clone)]
pub struct Component {
    compiled: wasmtime::component::Component,
    sha256: [u8; 32],
}

/// A component that could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file could not be read.
    #[error("{path} could not be read: {error}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// The bytes are no component.
    #[error("this is no WebAssembly component: {0}")]
    Invalid(String),
    /// It imports something that connectors may not have.
    #[error(
        "the component imports `{0}`, which is not on the list of the world `workflow-connector` (wit/connector.wit): \
         it is refused"
    )]
    Import(String),
    /// It does not export what a connector exports, or not with these types.
    #[error("the component is no connector: {0}")]
    World(String),
}

impl Component {
    /// Loads a component from a file.
    ///
    /// # Errors
    ///
    /// Fails where the file cannot be read, and as [`Component::from_bytes`].
    pub fn from_file(host: &Host, path: &Path) -> Result<Self, LoadError> {
        let bytes = std::fs::read(path).map_err(|error| LoadError::Read { path: path.display().to_string(), error })?;
        Self::from_bytes(host, &bytes)
    }

    /// Loads a component from its bytes, in the binary format. The first time this compiles, which takes a good part of
    /// a second; later the host's cache has it.
    ///
    /// # Errors
    ///
    /// Fails where the bytes are no component, or one that imports what connectors may not have.
    pub fn from_bytes(host: &Host, bytes: &[u8]) -> Result<Self, LoadError> {
        let sha256: [u8; 32] = Sha256::digest(bytes).into();
        let span = tracing::debug_span!("load", bytes = bytes.len(), cached = tracing::field::Empty).entered();
        let started = Instant::now();
        let engine = host.engine();
        let cached = host.cache().load(engine, &sha256);
        span.record("cached", cached.is_some());
        let compiled = match cached {
            Some(compiled) => compiled,
            None => {
                let code =
                    engine.precompile_component(bytes).map_err(|error| LoadError::Invalid(format!("{error:#}")))?;
                host.cache().store(engine, &sha256, &code);
                // SAFETY: this engine made the code in the line above.
                unsafe { wasmtime::component::Component::deserialize(engine, &code) }
                    .map_err(|error| LoadError::Invalid(format!("{error:#}")))?
            }
        };
        for (name, _) in compiled.component_type().imports(engine) {
            check_import(name)?;
        }
        tracing::debug!(time_us = microseconds(started), "loaded");
        Ok(Self { compiled, sha256 })
    }

    /// The SHA-256 of the component's bytes.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    pub(crate) fn compiled(&self) -> &wasmtime::component::Component {
        &self.compiled
    }
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
