//! What is measured: the connector in its sandbox, on a host as a platform sets it up.

use crate::server::{Server, TOKEN};
use connector_host::bindings::{Body, Output};
use connector_host::{Component, Connector, Host, Limits};
use host_harness::DEFAULT_COMPONENT;
use serde_json::json;
use std::error::Error;

/// The operation that is called.
pub const OPERATION: &str = "me";
/// Its input.
pub const INPUT: &str = "{}";
/// The same as a path, for clients that have no connector.
pub const PATH: &str = "/api/4.0/user";

/// The auth of all calls. With a token in it a fresh sandbox need not sign in first.
pub fn auth(server: &Server) -> String {
    json!({"domain": server.base_url(), "access_token": TOKEN}).to_string()
}

/// The Looker connector, allowed to connect to the server and nowhere else.
///
/// # Errors
///
/// Fails where the host or the connector cannot be set up.
pub async fn connector(server: &Server, limits: Limits) -> Result<Connector, Box<dyn Error + Send + Sync>> {
    let host = Host::new()?;
    let component = Component::from_bytes(&host, DEFAULT_COMPONENT)?;
    let connector = Connector::new(&host, &component)?.with_limits(limits);
    Ok(connector.allowing_its_hosts(&auth(server), [server.base_url().parse()?]).await?)
}

/// The length of an output that has to be JSON.
///
/// # Errors
///
/// Fails where it is something else.
pub fn json_bytes(output: &Output) -> Result<usize, Box<dyn Error + Send + Sync>> {
    match &output.body {
        Body::Json(document) => Ok(document.len()),
        other => Err(format!("the operation gave no JSON but {other:?}").into()),
    }
}
