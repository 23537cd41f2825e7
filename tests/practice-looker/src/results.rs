//! The results of queries and renderings, in every format.

pub(crate) mod files;
