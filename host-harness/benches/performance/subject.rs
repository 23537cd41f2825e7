//! What is measured: the connector in its sandbox, on a host as a platform sets it up.

use crate::server::{Server, TOKEN};
use connector_host::{Auth, Body, Call, Component, Connector, Host, Limits, Output, Rule};
use host_harness::DEFAULT_COMPONENT;
use serde_json::json;
use std::error::Error;

/// The operation that is called.
pub const OPERATION: &str = "me";
/// The same as a path, for clients that have no connector.
pub const PATH: &str = "/api/4.0/user";

/// The call that is measured.
pub fn call() -> Call {
    Call::new(OPERATION)
}

/// The auth of all calls. With a token in it a fresh sandbox need not sign in first.
pub fn auth(server: &Server) -> Result<Auth, Box<dyn Error + Send + Sync>> {
    Ok(Auth::from_json(json!({"domain": server.base_url(), "access_token": TOKEN}).to_string())?)
}

/// The Looker connector, allowed to connect to the server and nowhere else.
///
/// # Errors
///
/// Fails where the host or the connector cannot be set up.
pub async fn connector(server: &Server, limits: Limits) -> Result<Connector, Box<dyn Error + Send + Sync>> {
    let host = Host::new()?;
    let component = Component::load(&host, DEFAULT_COMPONENT).await?;
    let rule: Rule = server.base_url().parse()?;
    Ok(Connector::builder(&host, &component).allow_requested_hosts([rule]).limits(limits).build().await?)
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
