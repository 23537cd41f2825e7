//! Runs connector components in sandboxes.
//!
//! A connector is a WebAssembly component of the world `workflow:connector/workflow-connector` (`wit/connector.wit`). This
//! library loads one, decides what it may reach, supplies HTTP, and limits what it uses. It knows no particular connector.
//!
//! ```no_run
//! use connector_host::{Auth, Body, Call, Component, Connector, Host};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // One for the program: the engine, and what all calls together may use.
//!     let host = Host::new()?;
//!     let component = Component::from_file(&host, "connector.wasm").await?;
//!     // Each user's calls reach the hosts that the connector requests for this user.
//!     let connector = Connector::builder(&host, &component).allow_requested_hosts([]).build().await?;
//!
//!     let auth = Auth::from_json(r#"{"domain": "example.com", "client_id": "…", "client_secret": "…"}"#)?;
//!     match connector.invoke(&auth, Call::new("me")).await {
//!         Ok(output) => {
//!             if let Body::Json(json) = output.body {
//!                 println!("{json}");
//!             }
//!         }
//!         Err(failure) => {
//!             eprintln!("{failure}");
//!             for cause in failure.causes() {
//!                 eprintln!("  {cause}");
//!             }
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! | type | is |
//! | --- | --- |
//! | [`Host`] | the engine, its pool of sandboxes, and the limits of all calls together |
//! | [`Component`] | a compiled connector |
//! | [`Connector`] | a component with what it may reach and use; [`Connector::invoke`] runs each call in a fresh sandbox |
//! | [`Sandbox`] | one instance, kept for many calls |
//! | [`Auth`], [`Call`] | how to sign in, and what to call |
//! | [`Output`], [`Download`] | what an operation gave, at once or piece by piece |
//! | [`Failure`] | why a call did not succeed, what to do next, and what the host found about its requests |

mod access;
mod auth;
pub mod bindings;
mod call;
mod component;
mod connector;
mod download;
pub mod egress;
mod engine;
mod failure;
mod host;
mod instance;
pub mod limits;
mod lock;
mod oauth;
mod recent;
mod redaction;
mod renewal;
mod sandbox;
mod sessions;
mod sign_in;
mod wasi_http;

pub use auth::{Auth, AuthError};
pub use bindings::{Body, ConnectorInfo, Effect, File, Operation, OperationSummary, Output, Stability};
pub use call::Call;
pub use component::Component;
pub use component::cache::Cache;
pub use component::load_error::LoadError;
pub use connector::{BuildError, Connector, ConnectorBuilder};
pub use download::Download;
pub use egress::cause::Cause;
pub use egress::policy::{Policy, Rule};
pub use failure::{ExecutionFailure, Failure, FailureKind, FieldProblem, Problem, Reason};
pub use host::{Host, HostBuilder, HostError};
pub use limits::{Limit, Limits};
pub use sandbox::Sandbox;
pub use sessions::Session;
