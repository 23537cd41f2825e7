//! What it costs to draw forms: `cargo bench -p integration-tests --bench descriptions`.
//!
//! Nothing is parsed when a component starts, so a fresh sandbox lists and describes as fast as a kept one.

use connector_host::{Component, Connector, Host};
use host_harness::DEFAULT_COMPONENT;
use std::error::Error;
use std::time::{Duration, Instant};

/// How often each thing is measured.
const ROUNDS: usize = 500;

/// Prints the median and the 99th percentile of a measurement.
fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |hundredths: usize| times.get(times.len() * hundredths / 100).copied().unwrap_or_default();
    println!("{what:<58} p50 {:>9.1?}   p99 {:>9.1?}", at(50), at(99));
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let host = Host::new()?;
    let component = Component::load(&host, DEFAULT_COMPONENT).await?;
    let connector = Connector::builder(&host, &component).build().await?;
    println!("component: {} bytes", DEFAULT_COMPONENT.len());

    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        drop(connector.sandbox().await?);
        times.push(start.elapsed());
    }
    print("a fresh sandbox, and its end", times);

    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        connector.list_operations().await?;
        times.push(start.elapsed());
    }
    print("list-operations, each in a fresh sandbox", times);

    let mut sandbox = connector.sandbox().await?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        sandbox.list_operations().await?;
        times.push(start.elapsed());
    }
    print("list-operations, in one sandbox", times);

    let operations = sandbox.list_operations().await?;
    for name in ["me", "create_user", "create_dashboard"] {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let start = Instant::now();
            sandbox.describe_operation(name).await?;
            times.push(start.elapsed());
        }
        print(&format!("describe-operation {name}, in one sandbox"), times);
    }
    let start = Instant::now();
    for operation in &operations {
        sandbox.describe_operation(&operation.name).await?;
    }
    println!("describe-operation of all {}: {:.1?}", operations.len(), start.elapsed());
    Ok(())
}
