//! The files of the Looker connector's catalog: facts and words, read, checked and written.
//!
//! The **facts** (`catalog/spec/*.json`) say what Looker can do. `catalog-import` writes them from Looker's own API
//! description, and nobody edits them. The **words** (`catalog/overlay/*.toml`) say how people read it: titles, one-line
//! help and look-ups. They are written by hand and survive a new import. The connector's build script reads both
//! and turns them into static Rust tables:
//!
//! ```text
//! Facts::read ─┬─> correct ─┬─> check ──> Findings
//! Words::read ─┴────────────┴─> Catalog::join ──> tables ──> tables.rs
//! ```

mod catalog;
mod check;
mod correct;
mod digest;
mod facts;
#[cfg(test)]
mod fixture;
mod humanise;
mod kind;
mod tables;
mod words;

pub use catalog::{Catalog, Effect, FieldText, JoinedBody, JoinedModel, JoinedOperation, JoinedParameter, input_name};
pub use check::{Findings, check};
pub use correct::correct;
pub use digest::digest;
pub use facts::{
    Answer, Body, Cost, Facts, Group, Location, MODELS_FILE, Method, Model, Operation, Parameter, Property,
    SOURCE_FILE, Source, Stability,
};
pub use humanise::{file_stem, humanise};
pub use kind::{Format, Type};
pub use tables::tables;
pub use words::{EffectExceptions, FieldWords, Lookup, LookupWords, OperationWords, Words};
