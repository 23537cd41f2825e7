//! A workflow platform in small: runs connector components in a sandbox.
//!
//! A connector is a WebAssembly component of the world `workflow:connector/workflow-connector` (`wit/connector.wit`).
//! This library loads one, decides what it may reach, supplies HTTP, limits what it uses, and runs workflows of its
//! operations:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use host_harness::{Component, Connector, DEFAULT_COMPONENT, Host};
//!
//! let host = Host::new()?;
//! let component = Component::from_bytes(&host, DEFAULT_COMPONENT)?;
//! let auth = r#"{"domain": "mycompany", "client_id": "…", "client_secret": "…"}"#;
//! let connector = Connector::new(&host, &component)?.allowing_its_hosts(auth, []).await?;
//! let output = connector.invoke(auth, "me", "{}").await?;
//! # Ok(())
//! # }
//! ```
//!
//! It knows nothing of any connector but which one it embeds ([`DEFAULT_COMPONENT`]).

pub mod bindings;
pub mod component;
pub mod failure;
pub mod host;
pub mod http;
pub mod limits;
mod lock;
pub mod output;
pub mod policy;
pub mod sandbox;
pub mod workflow;

pub use component::{Cache, Component, DEFAULT_COMPONENT, LoadError};
pub use failure::{ExecutionFailure, Failure, Problem, Reason};
pub use host::Host;
pub use limits::Limits;
pub use policy::{Policy, Rule};
pub use sandbox::{Connector, Download, Sandbox, Session};
/// The type of what must not be seen, and the way to see it all the same.
pub use secrecy::{ExposeSecret, SecretString};
pub use workflow::Workflow;
