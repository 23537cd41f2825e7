//! Many sandboxes at once. Each number of them is measured in a process of its own, which starts with clean memory.

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

/// The argument that makes this program measure one number of sandboxes and print what it saw.
pub const CHILD: &str = "--concurrent";

/// What a process saw that runs so many sandboxes at once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Concurrent {
    /// How many.
    pub sandboxes: usize,
    /// Calls in a second, all sandboxes together.
    pub calls_per_second: f64,
    /// The same by the HTTP client alone, as many at once.
    pub floor_calls_per_second: f64,
    /// Half of the calls took at most that long, in microseconds.
    pub p50: f64,
    /// Of 100 calls 99 took at most that long, in microseconds.
    pub p99: f64,
    /// Memory of the process while every sandbox waits for an answer. The server and its connections are in it.
    pub resident_bytes: Option<u64>,
    /// The same before the first sandbox.
    pub resident_bytes_before: Option<u64>,
}

impl Concurrent {
    /// Memory for each sandbox that waits.
    pub fn bytes_per_sandbox(&self) -> Option<f64> {
        let grown = self.resident_bytes?.saturating_sub(self.resident_bytes_before?);
        Some(grown as f64 / self.sandboxes as f64)
    }
}

/// Measures one number of sandboxes, in a process of its own.
///
/// # Errors
///
/// Fails where that process does.
pub fn measure(sandboxes: usize, time: Duration) -> Result<Concurrent, Box<dyn Error + Send + Sync>> {
    let arguments = [CHILD.to_owned(), sandboxes.to_string(), time.as_millis().to_string()];
    let output = Command::new(std::env::current_exe()?).args(arguments).output()?;
    if !output.status.success() {
        return Err(format!("{sandboxes} sandboxes: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// What that process does.
///
/// # Errors
///
/// Fails where a call fails.
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

/// Calls in a second by the HTTP client alone.
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
