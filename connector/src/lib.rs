//! Looker API 4.0 as a connector for workflow platforms.
//!
//! Compiled to WebAssembly, this crate is a component that exports the world of `wit/connector.wit`. Compiled natively, it
//! is a library with the same engine, which tests drive without WebAssembly and without a network.
//!
//! How a call flows:
//!
//! ```text
//! auth JSON ─┐
//! operation ─┼─> engine ─> auth ─> catalog ─> request ─> session (token) ─> retry ─> transport ─> Looker
//! input JSON ┘                                                                                      │
//! output | failure <── response | error_response <──────────────────────────────────────────────────┘
//! ```
//!
//! What Looker can do is data ([`catalog`]); no operation of Looker's has code of its own. What takes several of them is a
//! job ([`jobs`]), and code.

pub mod auth;
pub mod call_api;
pub mod catalog;
pub mod context;
pub mod download;
pub mod engine;
pub mod error_response;
pub mod failure;
pub mod input;
pub mod jobs;
pub mod operations;
pub mod request;
pub mod response;
pub mod retry;
pub mod retry_after;
pub mod schema;
pub mod session;
pub mod summary;
pub mod transport;
pub mod web_page;

#[cfg(test)]
mod mock_transport;

#[cfg(target_family = "wasm")]
mod allocator;
#[cfg(target_family = "wasm")]
mod component;
#[cfg(target_family = "wasm")]
mod wasi;
