//! The subject: the connector in its sandbox, on a host as a platform sets it up.

use crate::server::{Server, TOKEN};
use connector_host::{Auth, Body, Call, Component, Connector, Host, Limits, Output, Rule};
use host_harness::DEFAULT_COMPONENT;
use serde_json::json;
use std::error::Error;

/// The operation that is called.
pub const OPERATION: &str = "me";
/// The path of the same call, for clients without a connector.
pub const PATH: &str = "/api/4.0/user";

/// The argument that has the host ask Linux which pages a sandbox wrote to.
const PAGEMAP_SCAN: &str = "--pagemap-scan";

/// The call that is measured.
pub fn call() -> Call {
    Call::new(OPERATION)
}

/// The auth of all calls. It has a token, so that fresh sandboxes need no login.
pub fn auth(server: &Server) -> Result<Auth, Box<dyn Error + Send + Sync>> {
    Ok(Auth::from_json(json!({"domain": server.base_url(), "access_token": TOKEN}).to_string())?)
}

/// The Looker connector, allowed to connect to the server and nowhere else.
///
/// # Errors
///
/// If the host or the connector cannot be set up.
pub async fn connector(server: &Server, limits: Limits) -> Result<Connector, Box<dyn Error + Send + Sync>> {
    let host = Host::builder().pagemap_scan(std::env::args().any(|argument| argument == PAGEMAP_SCAN)).build()?;
    let component = Component::load(&host, DEFAULT_COMPONENT).await?;
    let rule: Rule = server.base_url().parse()?;
    Ok(Connector::builder(&host, &component).allow_requested_hosts([rule]).limits(limits).build().await?)
}

/// The length of a JSON output.
///
/// # Errors
///
/// If the output is not JSON.
pub fn json_bytes(output: &Output) -> Result<usize, Box<dyn Error + Send + Sync>> {
    match &output.body {
        Body::Json(document) => Ok(document.len()),
        other => Err(format!("the operation returned no JSON but {other:?}").into()),
    }
}
