//! The outputs of runs: kept in memory, the latest of each step, so that one step can be tried without the others.

pub(super) mod document;
mod kept;
mod node;
pub(super) mod path;
mod raw;
pub(super) mod routes;
mod store;
mod table;

pub(super) use kept::{Content, Kept};
pub(super) use store::{MAX_BYTES, Outputs};
