//! One call at a time: the floor, a kept sandbox, and a fresh sandbox for each call, in turns.

use crate::Outcome;
use crate::floor::Floor;
use crate::measure::Times;
use crate::server::Server;
use crate::subject::{self, OPERATION, PATH, call, json_bytes};
use connector_host::{Auth, Call, Connector, Limits, Sandbox};
use http::Uri;
use serde_json::json;
use std::time::Instant;

/// The times of each kind of call.
#[derive(Debug, Default)]
pub struct Calls {
    /// The request with the HTTP client alone.
    pub floor: Times,
    /// A call in a kept sandbox.
    pub warm: Times,
    /// A call in a fresh sandbox that is dropped afterwards.
    pub fresh: Times,
    /// Making a sandbox, without a call.
    pub instantiate: Times,
    /// Dropping it.
    pub end: Times,
}

/// What the kinds of calls need.
struct Kinds {
    floor: Floor,
    uri: Uri,
    connector: Connector,
    sandbox: Sandbox,
    auth: Auth,
    call: Call,
}

/// Makes calls of each kind, in turns of `in_a_row` each, so that a disturbance affects all kinds alike.
///
/// In turns of one call, each kind finds the processor's caches filled by the others. Turns of many calls show the cost of
/// consecutive calls, which is how the peers make theirs.
///
/// # Errors
///
/// If a call fails.
pub async fn measure(server: &Server, turns: usize, in_a_row: usize) -> Outcome<Calls> {
    let mut kinds = Kinds::new(server, "", call()).await?;
    let mut calls = Calls::default();
    // The first tenth opens connections and fills caches. It does not count.
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

/// The cost of calls with a response of a certain size.
#[derive(Debug, Clone, Copy)]
pub struct OfSize {
    /// Bytes of the response.
    pub bytes: usize,
    /// The median of the floor, in microseconds.
    pub floor: f64,
    /// The median of calls in a kept sandbox.
    pub warm: f64,
    /// The median of calls in a fresh sandbox each.
    pub fresh: f64,
}

/// Makes `rounds` calls of each kind whose responses have about this many bytes of JSON.
///
/// # Errors
///
/// If a call fails.
pub async fn of_size(server: &Server, bytes: u64, rounds: usize) -> Outcome<OfSize> {
    let call = Call::new(OPERATION).input(json!({"fields": bytes.to_string()}).to_string());
    let mut kinds = Kinds::new(server, &format!("?fields={bytes}"), call).await?;
    let bytes = kinds.floor.get(&kinds.uri).await?.len();
    if json_bytes(&kinds.sandbox.invoke(&kinds.auth, kinds.call.clone()).await?)? != bytes {
        return Err("the connector returned other bytes than the floor".into());
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

    /// Makes this many calls of each kind.
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
