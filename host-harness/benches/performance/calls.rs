//! One call at a time: the floor, a kept sandbox and a fresh sandbox for each call, by turns.

use crate::Outcome;
use crate::floor::Floor;
use crate::measure::Times;
use crate::server::Server;
use crate::subject::{self, OPERATION, PATH, call, json_bytes};
use connector_host::{Auth, Call, Connector, Limits, Sandbox};
use http::Uri;
use serde_json::json;
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

/// What calls are made with, of each kind.
struct Kinds {
    floor: Floor,
    uri: Uri,
    connector: Connector,
    sandbox: Sandbox,
    auth: Auth,
    call: Call,
}

/// Makes calls of each kind, in turns of `in_a_row` each. What disturbs one kind disturbs the others as much.
///
/// Turns of one call leave each kind the processor's caches as the other kinds used them; turns of many show what calls cost
/// that follow each other, which is also how the peers make theirs.
///
/// # Errors
///
/// Fails where a call fails.
pub async fn measure(server: &Server, turns: usize, in_a_row: usize) -> Outcome<Calls> {
    let mut kinds = Kinds::new(server, "", call()).await?;
    let mut calls = Calls::default();
    // The first tenth makes connections and fills caches, and does not count.
    let before = turns.div_ceil(10);
    for turn in 0..turns + before {
        let mut taken = kinds.turn(in_a_row).await?;
        for _ in 0..in_a_row {
            let start = Instant::now();
            let made = kinds.connector.sandbox().await?;
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
pub async fn of_size(server: &Server, bytes: u64, rounds: usize) -> Outcome<OfSize> {
    let call = Call::new(OPERATION).input(json!({"fields": bytes.to_string()}).to_string());
    let mut kinds = Kinds::new(server, &format!("?fields={bytes}"), call).await?;
    let bytes = kinds.floor.get(&kinds.uri).await?.len();
    if json_bytes(&kinds.sandbox.invoke(&kinds.auth, kinds.call.clone()).await?)? != bytes {
        return Err("the connector gave other bytes than the floor".into());
    }
    let mut calls = Calls::default();
    for _ in 0..rounds {
        calls.append(kinds.turn(1).await?);
    }
    Ok(OfSize { bytes, floor: calls.floor.p50(), warm: calls.warm.p50(), fresh: calls.fresh.p50() })
}

impl Kinds {
    async fn new(server: &Server, query: &str, call: Call) -> Outcome<Self> {
        let connector = subject::connector(server, Limits::default()).await?;
        Ok(Self {
            floor: Floor::new()?,
            uri: format!("{}{PATH}{query}", server.base_url()).parse()?,
            sandbox: connector.sandbox().await?,
            connector,
            auth: subject::auth(server)?,
            call,
        })
    }

    /// So many calls of each kind.
    async fn turn(&mut self, in_a_row: usize) -> Outcome<Calls> {
        let mut taken = Calls::default();
        for _ in 0..in_a_row {
            let start = Instant::now();
            self.floor.get(&self.uri).await?;
            taken.floor.add(start.elapsed());
        }
        for _ in 0..in_a_row {
            let start = Instant::now();
            self.sandbox.invoke(&self.auth, self.call.clone()).await?;
            taken.warm.add(start.elapsed());
        }
        for _ in 0..in_a_row {
            let start = Instant::now();
            self.connector.invoke(&self.auth, self.call.clone()).await?;
            taken.fresh.add(start.elapsed());
        }
        Ok(taken)
    }
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
