//! Jobs, through the component against the practice Looker: each run, run again, and with each of its requests failing.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test should fail loudly where it fails")]

mod builds;
mod content;
mod lists;
mod matrix;
mod migration;
mod projects;
mod queries;
mod reassign;
mod renders;
mod schedules;
mod users;
