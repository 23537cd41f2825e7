//! Every operation of the catalog, as the component describes it and carries it out.
#![allow(clippy::unwrap_used, reason = "a test should fail loudly where it fails")]

mod lookups;
mod requests;
mod responses;
mod schemas;
