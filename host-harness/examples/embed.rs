//! The smallest host: loads the connector, lists its operations, and asks Looker who is signed in.
//!
//! `LOOKERSDK_BASE_URL`, `LOOKERSDK_CLIENT_ID` and `LOOKERSDK_CLIENT_SECRET` say where and as whom:
//! `cargo run -p host-harness --example embed`

use connector_host::{Auth, Body, Call, Component, Connector, Host};
use host_harness::DEFAULT_COMPONENT;
use std::error::Error;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let host = Host::new()?;
    let component = Component::load(&host, DEFAULT_COMPONENT).await?;

    // The connector sees these variables and no others. It reaches only the hosts that it requests.
    let names = ["LOOKERSDK_BASE_URL", "LOOKERSDK_CLIENT_ID", "LOOKERSDK_CLIENT_SECRET"];
    let variables = names.into_iter().filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)));
    // A Looker at a private address has to be named here: `["looker.internal:19999".parse()?]`.
    let connector =
        Connector::builder(&host, &component).environment(variables).allow_requested_hosts([]).build().await?;

    println!("{} operations", connector.list_operations().await?.len());

    // The environment says how to sign in. The two calls share one login, each in a sandbox of its own.
    let auth = Auth::from_json("{}")?;
    for operation in ["me", "versions"] {
        if let Body::Json(json) = connector.invoke(&auth, Call::new(operation)).await?.body {
            println!("{operation}: {json}");
        }
    }
    Ok(())
}
