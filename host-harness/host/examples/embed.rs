//! The smallest host for any connector: loads a component, says what it is, and carries out one operation.
//!
//! ```sh
//! cargo run -p connector-host --example embed -- connector.wasm                                  # what it is and can do
//! cargo run -p connector-host --example embed -- connector.wasm OPERATION '{"an": "input"}' < auth.json
//! ```
//!
//! The auth is read from standard input, since it is a secret.

use connector_host::{Auth, Body, Call, Component, Connector, Host};
use std::error::Error;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let mut source = error.source();
            while let Some(cause) = source {
                eprintln!("  {cause}");
                source = cause.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("name a component file")?;

    // One host for the program, one component for all users.
    let host = Host::new()?;
    let component = Component::from_file(&host, file).await?;
    // Each auth reaches the hosts that the connector requests for it, at public addresses and over HTTPS. A host at a
    // private address has to be named here: `["service.internal:8443".parse()?]`.
    let connector = Connector::builder(&host, &component).allow_requested_hosts([]).build().await?;

    let Some(operation) = arguments.next() else {
        let info = connector.describe().await?;
        println!("{} {}: {}", info.title, info.version, info.description);
        for operation in connector.list_operations().await? {
            println!("  {}: {}", operation.name, operation.title);
        }
        return Ok(());
    };
    let auth = Auth::from_json(std::io::read_to_string(std::io::stdin())?)?;
    let call = Call::new(operation).input(arguments.next().unwrap_or_else(|| "{}".to_owned()));
    match connector.invoke(&auth, call).await?.body {
        Body::Json(text) | Body::Text(text) => println!("{text}"),
        Body::File(file) => println!("a file: {}, {} bytes", file.media_type, file.bytes.len()),
        Body::Nothing => println!("done"),
    }
    Ok(())
}
