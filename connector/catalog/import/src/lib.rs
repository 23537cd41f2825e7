//! Makes the Looker connector's catalog from Looker's own API description.
//!
//! ```text
//! description ──json──> nodes ──description──> Spec ─┬─report──> what is new, changed, gone
//!                                                     ├─folder──> connector/catalog/spec
//!                                                     └─catalog_model::check, sentences──> what the overlay lacks
//! ```
//!
//! The importer understands exactly what Looker's description says today. A key, type, format, location, media type
//! or status that it does not know is an error with its place, never ignored: whoever brings a newer description must
//! decide what the new thing means for the connector.

mod description;
mod folder;
mod json;
mod models;
mod operations;
mod report;
mod schema;
mod sentences;

pub use description::{Description, read_description};
pub use folder::{Change, apply, changes};
pub use report::report;
pub use sentences::shared_sentences;
