//! The HTTP client that connectors' requests go through.
//!
//! It asks the [`Policy`](policy::Policy) about every request, keeps connections open for the next one (HTTP/1.1, and
//! HTTP/2 where the server offers it), enforces the timeouts of the operator and of the guest, counts received bytes, and
//! reports failures to the guest as `wasi:http` error codes. It follows no redirects and stores no cookies: that is up to
//! the connector.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`policy`] | which hosts and addresses a connector may connect to |
//! | [`transport`] | how to get there: trusted certificates ([`tls`], `verifier`), the [`proxy`], the [`resolve`]r |
//! | `clients`, `client` | one client with a connection pool per policy |
//! | `connect` | opens one connection, which `flood` guards |
//! | `call` | what belongs to one call: its limits, and the [`cause`]s of its failures |
//! | `error` | which error code the guest gets |

pub(crate) mod body;
pub(crate) mod call;
pub mod cause;
pub mod certificate;
pub(crate) mod client;
pub(crate) mod clients;
mod connect;
pub mod destination;
mod error;
mod flood;
pub mod policy;
pub mod proxy;
mod request_body;
pub mod resolve;
mod source;
mod template;
pub mod timeout;
pub mod tls;
pub mod transport;
mod verifier;

pub use cause::Cause;
pub use client::IDLE_TIMEOUT;
pub use transport::Transport;
