//! One call at a time: the floor, a kept sandbox and a fresh sandbox for each call, by turns.

use crate::floor::Floor;
use crate::measure::Times;
use crate::server::Server;
use crate::subject::{self, INPUT, OPERATION, PATH, json_bytes};
use host_harness::Limits;
use http::Uri;
use serde_json::json;
use std::error::Error;
use std::time::Instant;

/// How long each kind of call took.
#[derive(Debug, Default)]
pub struct Calls {
    /// The request by the HTTP client alone.
    pub floor: Times,
    /// A call in a kept sandbox.
    pub warm: Times,
    /// A call in a sandbox that is made for it and dropped after it.
    pub fresh: Times,
    /// Making a sandbox, without a call.
    pub instantiate: Times,
    /// Dropping it.
    pub end: Times,
}

/// Makes calls of each kind, in turns of `in_a_row` each. What disturbs one kind disturbs the others as much.
///
/// Turns of one call leave each kind the processor's caches as the other kinds used them; turns of many show what calls cost
/// that follow each other, which is also how the peers make theirs.
///
/// # Errors
///
/// Fails where a call fails.
pub async fn measure(server: &Server, turns: usize, in_a_row: usize) -> Result<Calls, Box<dyn Error + Send + Sync>> {
    let auth = subject::auth(server);
    let connector = subject::connector(server, Limits::default()).await?;
    let mut sandbox = connector.sandbox().await?;
    let floor = Floor::new()?;
    let uri: Uri = format!("{}{PATH}", server.base_url()).parse()?;
    let mut calls = Calls::default();
    // The first tenth makes connections and fills caches, and does not count.
    let before = turns.div_ceil(10);
    for turn in 0..turns + before {
        let mut taken = Calls::default();
        for _ in 0..in_a_row {
            let start = Instant::now();
            floor.get(&uri).await?;
            taken.floor.add(start.elapsed());
        }
        for _ in 0..in_a_row {
            let start = Instant::now();
            sandbox.invoke(&auth, OPERATION, INPUT).await?;
            taken.warm.add(start.elapsed());
        }
        for _ in 0..in_a_row {
            let start = Instant::now();
            connector.invoke(&auth, OPERATION, INPUT).await?;
            taken.fresh.add(start.elapsed());
        }
        for _ in 0..in_a_row {
            let start = Instant::now();
            let made = connector.sandbox().await?;
            taken.instantiate.add(start.elapsed());

            let start = Instant::now();
            drop(made);
            taken.end.add(start.elapsed());
        }
        if turn >= before {
            calls.append(taken);
        }
    }
    Ok(calls)
}

/// What a call costs whose answer has a certain size.
#[derive(Debug, Clone, Copy)]
pub struct OfSize {
    /// Bytes of the answer.
    pub bytes: usize,
    /// The median of the floor, in microseconds.
    pub floor: f64,
    /// The median of calls in a kept sandbox.
    pub warm: f64,
    /// The median of calls in a fresh sandbox each.
    pub fresh: f64,
}

/// Makes `rounds` calls of each kind whose answers have about so many bytes of JSON.
///
/// # Errors
///
/// Fails where a call fails.
pub async fn of_size(server: &Server, bytes: u64, rounds: usize) -> Result<OfSize, Box<dyn Error + Send + Sync>> {
    let auth = subject::auth(server);
    let connector = subject::connector(server, Limits::default()).await?;
    let mut sandbox = connector.sandbox().await?;
    let floor = Floor::new()?;
    let uri: Uri = format!("{}/api/4.0/user?fields={bytes}", server.base_url()).parse()?;
    let input = json!({"fields": bytes.to_string()}).to_string();
    let mut seen = 0;
    let mut calls = Calls::default();
    for round in 0..=rounds {
        let mut taken = Calls::default();
        let start = Instant::now();
        seen = floor.get(&uri).await?.len();
        taken.floor.add(start.elapsed());

        let start = Instant::now();
        let output = sandbox.invoke(&auth, OPERATION, &input).await?;
        taken.warm.add(start.elapsed());
        if json_bytes(&output)? != seen {
            return Err("the connector gave other bytes than the floor".into());
        }

        let start = Instant::now();
        connector.invoke(&auth, OPERATION, &input).await?;
        taken.fresh.add(start.elapsed());
        if round > 0 {
            calls.append(taken);
        }
    }
    Ok(OfSize { bytes: seen, floor: calls.floor.p50(), warm: calls.warm.p50(), fresh: calls.fresh.p50() })
}

impl Calls {
    fn append(&mut self, other: Self) {
        self.floor.append(other.floor);
        self.warm.append(other.warm);
        self.fresh.append(other.fresh);
        self.instantiate.append(other.instantiate);
        self.end.append(other.end);
    }
}
