//! The smallest host: loads the connector, lists its operations, and asks Looker who is signed in.
//!
//! `LOOKERSDK_BASE_URL`, `LOOKERSDK_CLIENT_ID` and `LOOKERSDK_CLIENT_SECRET` say where and as whom:
//! `cargo run -p host-harness --example embed`

use connector_host::bindings::Body;
use connector_host::{Component, Connector, Host};
use host_harness::DEFAULT_COMPONENT;
use std::error::Error;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let host = Host::new()?;
    let component = Component::from_bytes(&host, DEFAULT_COMPONENT)?;

    // The connector sees these variables and no others. It may connect to the hosts that it asks for, and to no others.
    let names = ["LOOKERSDK_BASE_URL", "LOOKERSDK_CLIENT_ID", "LOOKERSDK_CLIENT_SECRET"];
    let variables = names.into_iter().filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)));
    let auth = "{}";
    // A Looker at a private address has to be named here: `["looker.internal:19999".parse()?]`.
    let connector = Connector::new(&host, &component)?.with_environment(variables).allowing_its_hosts(auth, []).await?;

    println!("{} operations", connector.list_operations().await?.len());

    // A warm sandbox keeps what the connector keeps, such as its token: the second call needs no login.
    let mut sandbox = connector.sandbox().await?;
    for operation in ["me", "versions"] {
        if let Body::Json(json) = sandbox.invoke(auth, operation, "{}").await?.body {
            println!("{operation}: {json}");
        }
    }
    Ok(())
}
