//! Large results: with `open`, piece by piece, and with `invoke`, in one piece.

use crate::floor::Floor;
use crate::server::Server;
use crate::subject::{self, json_bytes};
use connector_host::limits::MAX_MEMORY_BYTES;
use connector_host::{Call, Connector, Limits};
use http::Uri;
use serde_json::json;
use std::error::Error;
use std::time::Instant;

/// Bytes per read, as in the program.
const READ_BYTES: u32 = 256 * 1024;

/// Memory grows in pages of this size.
const PAGE: u64 = 64 * 1024;

/// The result of one way.
#[derive(Debug, Clone, Copy)]
pub struct Throughput {
    /// Bytes of the result.
    pub bytes: u64,
    /// Bytes per second.
    pub connector: f64,
    /// Bytes per second of the HTTP client alone.
    pub floor: f64,
}

/// Streams a CSV result of about `bytes`, `rounds` times in turns with the floor. Returns the best of each, because slower
/// rounds were disturbed.
///
/// # Errors
///
/// If a call fails, or if the connector returns other bytes than the floor.
pub async fn stream(server: &Server, bytes: u64, rounds: usize) -> Result<Throughput, Box<dyn Error + Send + Sync>> {
    let connector = subject::connector(server, Limits::default()).await?;
    let floor = Floor::new()?;
    let uri: Uri = format!("{}/api/4.0/queries/{bytes}/run/csv", server.base_url()).parse()?;
    let mut best = Throughput { bytes: 0, connector: 0.0, floor: 0.0 };
    for _ in 0..rounds {
        let start = Instant::now();
        best.bytes = floor.count(&uri).await?;
        best.floor = best.floor.max(best.bytes as f64 / start.elapsed().as_secs_f64());

        let start = Instant::now();
        let streamed = download(server, &connector, bytes).await?;
        best.connector = best.connector.max(streamed as f64 / start.elapsed().as_secs_f64());
        if streamed != best.bytes {
            return Err(format!("streaming gave {streamed} bytes of {}", best.bytes).into());
        }
    }
    Ok(best)
}

/// Streams a CSV result and counts its bytes.
async fn download(server: &Server, connector: &Connector, bytes: u64) -> Result<u64, Box<dyn Error + Send + Sync>> {
    let input = json!({"query_id": bytes.to_string(), "result_format": "csv"}).to_string();
    let mut download = connector.open(&subject::auth(server)?, Call::new("run_query").input(input)).await?;
    let mut streamed = 0;
    loop {
        let piece = download.read(READ_BYTES).await?;
        if piece.is_empty() {
            return Ok(streamed);
        }
        streamed += piece.len() as u64;
    }
}

/// The least memory with which a CSV result of about `bytes` can be streamed, which is the sandbox's peak.
///
/// # Errors
///
/// If the connector cannot be set up.
pub async fn peak_memory(server: &Server, bytes: u64) -> Result<u64, Box<dyn Error + Send + Sync>> {
    let (mut too_little, mut enough) = (0, 32 * 1024 * 1024 / PAGE);
    while enough - too_little > 1 {
        let pages = (too_little + enough) / 2;
        if streams_within(server, bytes, pages * PAGE).await {
            enough = pages;
        } else {
            too_little = pages;
        }
    }
    Ok(enough * PAGE)
}

/// Whether a CSV result of about `bytes` can be streamed with this much memory.
pub async fn streams_within(server: &Server, bytes: u64, memory_bytes: u64) -> bool {
    let limits = Limits::default().with_memory_bytes(memory_bytes);
    match subject::connector(server, limits).await {
        Ok(connector) => download(server, &connector, bytes).await.is_ok(),
        Err(_) => false,
    }
}

/// Measures JSON of about `bytes` as one output, in the same way as [`stream`].
///
/// # Errors
///
/// If a call fails, or if the connector returns other bytes than the floor.
pub async fn whole(server: &Server, bytes: u64, rounds: usize) -> Result<Throughput, Box<dyn Error + Send + Sync>> {
    let limits = Limits::default().with_memory_bytes(MAX_MEMORY_BYTES).with_response_bytes(2 * bytes);
    let connector = subject::connector(server, limits).await?;
    let auth = subject::auth(server)?;
    let floor = Floor::new()?;
    let uri: Uri = format!("{}/api/4.0/queries/{bytes}/run/json", server.base_url()).parse()?;
    let input = json!({"query_id": bytes.to_string(), "result_format": "json"}).to_string();
    let mut best = Throughput { bytes: 0, connector: 0.0, floor: 0.0 };
    for _ in 0..rounds {
        let start = Instant::now();
        best.bytes = floor.get(&uri).await?.len() as u64;
        best.floor = best.floor.max(best.bytes as f64 / start.elapsed().as_secs_f64());

        let start = Instant::now();
        let output = json_bytes(&connector.invoke(&auth, Call::new("run_query").input(&input)).await?)? as u64;
        best.connector = best.connector.max(output as f64 / start.elapsed().as_secs_f64());
        if output != best.bytes {
            return Err(format!("invoke gave {output} bytes of {}", best.bytes).into());
        }
    }
    Ok(best)
}
