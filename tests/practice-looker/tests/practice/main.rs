//! The promises of the practice Looker, kept over real HTTP.

#![allow(clippy::unwrap_used, missing_docs)]

mod access;
mod accounts;
mod catalog;
mod content;
mod credentials;
mod faults;
mod lifecycle;
mod lists;
mod migration;
mod oauth;
mod projects;
mod queries;
mod schedules;
mod sign_in;
mod support;
mod tasks;
mod users;
