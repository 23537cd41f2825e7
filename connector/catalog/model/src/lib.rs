//! The Looker connector's catalog: reads and checks the spec and the overlay, and writes the connector's tables.
//!
//! The **spec** (`catalog/spec/*.json`) says what Looker can do. `cargo xtask import` generates it from Looker's API
//! description; nobody edits it. The **overlay** (`catalog/overlay/*.toml`) says how people read it: titles, one-line
//! help, look-ups and corrections. People write it by hand, and an import leaves it alone. The connector's build script
//! reads both and turns them into static Rust tables:
//!
//! ```text
//! Spec::read ────┬─> correct ─┬─> check ──> Findings
//! Overlay::read ─┴────────────┴─> Catalog::join ──> tables ──> tables.rs
//! ```

mod catalog;
mod check;
mod correct;
mod digest;
#[cfg(test)]
mod fixture;
mod humanize;
mod inputs;
mod jobs;
mod kind;
mod overlay;
mod spec;
mod tables;

pub use catalog::{
    Catalog, Effect, FieldText, JoinedBody, JoinedModel, JoinedOperation, JoinedParameter, PropertyInput,
};
pub use check::{Findings, check};
pub use correct::correct;
pub use digest::digest;
pub use humanize::{file_stem, humanize};
pub use inputs::{BODY, inputs, parameter_input, property_input};
pub use jobs::jobs;
pub use kind::{Format, Type};
pub use overlay::{EffectExceptions, FieldOverlay, Lookup, LookupOverlay, OperationOverlay, Overlay};
pub use spec::{
    Body, Cost, Group, Location, MODELS_FILE, Method, Model, Operation, Parameter, Property, Response, SOURCE_FILE,
    SdkSource, Source, Spec, Stability,
};
pub use tables::tables;
