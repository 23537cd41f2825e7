//! Many sandboxes at once. Each number of sandboxes is measured in its own process, which starts with clean memory.

use crate::floor::Floor;
use crate::measure::{Times, resident_bytes};
use crate::server::{Server, WAIT};
use crate::subject::{self, OPERATION, PATH, call};
use connector_host::{Call, Limits};
use http::Uri;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// The argument that makes this program measure one number of sandboxes and print the result.
pub const CHILD: &str = "--concurrent";

/// The result for one number of sandboxes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Concurrent {
    /// How many sandboxes.
    pub sandboxes: usize,
    /// Calls per second of all sandboxes together.
    pub calls_per_second: f64,
    /// Calls per second of the HTTP client alone, with as many at once.
    pub floor_calls_per_second: f64,
    /// The median time of a call in microseconds.
    pub p50: f64,
    /// The 99th percentile in microseconds.
    pub p99: f64,
    /// Memory of the process while every sandbox waits for a response, including the server and its connections.
    pub resident_bytes: Option<u64>,
    /// Memory of the process before the first sandbox.
    pub resident_bytes_before: Option<u64>,
}

impl Concurrent {
    /// Memory per waiting sandbox.
    pub fn bytes_per_sandbox(&self) -> Option<f64> {
        let grown = self.resident_bytes?.saturating_sub(self.resident_bytes_before?);
        Some(grown as f64 / self.sandboxes as f64)
    }
}

/// Measures one number of sandboxes in its own process.
///
/// # Errors
///
/// If that process fails.
pub fn measure(sandboxes: usize, time: Duration) -> Result<Concurrent, Box<dyn Error + Send + Sync>> {
    let arguments = [CHILD.to_owned(), sandboxes.to_string(), time.as_millis().to_string()];
    let output = Command::new(std::env::current_exe()?).args(arguments).output()?;
    if !output.status.success() {
        return Err(format!("{sandboxes} sandboxes: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Measures one number of sandboxes in this process.
///
/// # Errors
///
/// If a call fails.
pub async fn child(sandboxes: usize, time: Duration) -> Result<Concurrent, Box<dyn Error + Send + Sync>> {
    let server = Server::start()?;
    let connector = subject::connector(&server, Limits::default()).await?;
    let auth = subject::auth(&server)?;
    let resident_bytes_before = resident_bytes();
    let mut kept = Vec::new();
    for _ in 0..sandboxes {
        kept.push(connector.sandbox().await?);
    }

    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for mut sandbox in kept {
        let auth = auth.clone();
        tasks.spawn(async move {
            let mut times = Times::default();
            while start.elapsed() < time {
                let begun = Instant::now();
                sandbox.invoke(&auth, call()).await?;
                times.add(begun.elapsed());
            }
            Ok::<_, connector_host::Failure>((times, sandbox))
        });
    }
    let mut times = Times::default();
    let mut kept = Vec::new();
    while let Some(done) = tasks.join_next().await {
        let (of_one, sandbox) = done??;
        times.append(of_one);
        kept.push(sandbox);
    }
    let calls_per_second = times.count() as f64 / start.elapsed().as_secs_f64();

    let mut waiting = JoinSet::new();
    let waiting_call = Call::new(OPERATION).input(serde_json::json!({"fields": WAIT}).to_string());
    for mut sandbox in kept {
        let (auth, call) = (auth.clone(), waiting_call.clone());
        waiting.spawn(async move { sandbox.invoke(&auth, call).await.map(|_| sandbox) });
    }
    while server.waiting() < sandboxes {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let resident_bytes = resident_bytes();
    server.release(sandboxes);
    while let Some(done) = waiting.join_next().await {
        drop(done??);
    }

    let floor_calls_per_second = floor(&server, sandboxes, time).await?;
    let (p50, p99) = (times.p50(), times.p99());
    Ok(Concurrent {
        sandboxes,
        calls_per_second,
        floor_calls_per_second,
        p50,
        p99,
        resident_bytes,
        resident_bytes_before,
    })
}

/// Calls per second of the HTTP client alone.
async fn floor(server: &Server, at_once: usize, time: Duration) -> Result<f64, Box<dyn Error + Send + Sync>> {
    let floor = Floor::new()?;
    let uri: Uri = format!("{}{PATH}", server.base_url()).parse()?;
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..at_once {
        let (floor, uri) = (floor.clone(), uri.clone());
        tasks.spawn(async move {
            let mut calls = 0_u32;
            while start.elapsed() < time {
                floor.get(&uri).await?;
                calls += 1;
            }
            Ok::<_, Box<dyn Error + Send + Sync>>(calls)
        });
    }
    let mut calls = 0;
    while let Some(done) = tasks.join_next().await {
        calls += done??;
    }
    Ok(f64::from(calls) / start.elapsed().as_secs_f64())
}
