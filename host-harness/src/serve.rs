//! The server of the step editor: a page in the browser, and the API behind it.
//!
//! It listens on `127.0.0.1` only. `docs/serve.md` describes the API and what protects it; a platform can copy both.
//!
//! | module | job |
//! | --- | --- |
//! | `listener` | accepts connections, with limits |
//! | `guard`, `gate`, `headers` | who may send which request, and what a browser may do with the response |
//! | `page` | the embedded page |
//! | `catalog`, `auths`, `oauth`, `invoke`, `files`, `checks`, `resolve`, `runs`, `outputs` | one part of the API each |
//! | `app` | what the parts share |

mod app;
mod auth_form;
mod auth_routes;
mod auths;
mod blocking;
mod catalog;
mod checks;
mod error;
mod failure;
mod file_routes;
mod files;
mod gate;
mod guard;
mod headers;
mod invoke;
mod listener;
mod oauth;
mod oauth_flows;
mod outputs;
mod page;
mod random;
mod request;
mod resolve;
mod router;
mod runs;
mod server;

pub use auths::{AuthOrigin, Auths};
pub use server::{DEFAULT_PORT, Server, ServerError, Settings};
