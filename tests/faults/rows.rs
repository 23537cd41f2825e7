//! The rows: each has a fault and the expected outcomes of a call that may be repeated and of one that may not.

mod bodies;
mod connections;
mod statuses;
mod ways;

use crate::raw::Step;
use crate::tls::Certificate;
use connector_host::Limits;
use integration_tests::outcome::Expected;
use practice_looker::Fault;
use std::time::Duration;

/// One row of the table.
pub struct Row {
    /// The fault, for people.
    pub name: &'static str,
    /// The server that causes it.
    pub server: Server,
    /// Expected of `user`, a `GET`.
    pub read: Expected,
    /// Expected of `create_user`, a `POST`.
    pub write: Expected,
    /// The limits of the call.
    pub limits: Limits,
    /// What the failure or its causes must contain.
    pub says: &'static [&'static str],
}

impl Row {
    /// The same row, whose failure must contain these parts.
    fn says(self, says: &'static [&'static str]) -> Self {
        Self { says, ..self }
    }
}

/// The server of a row.
pub enum Server {
    /// The practice Looker, with this fault for this many requests other than logins.
    Practice(Fault, usize),
    /// A raw server that plays this to every request other than logins.
    Raw(&'static [Step]),
    /// A raw server that plays this to every login.
    RawLogin(&'static [Step]),
    /// A raw server that plays this without reading anything, to a client that expects TLS.
    NoTls(&'static [Step]),
    /// A TLS server with this certificate and correct responses.
    Tls(Certificate),
    /// A TLS server that the client calls by `http://`.
    ClearToTls,
    /// A port on which nobody listens.
    NoListener,
    /// A host name that does not exist.
    UnknownName,
    /// A server that the policy does not allow.
    NotAllowed,
    /// A server on loopback that the connector requests and the operator did not name.
    NotNamed,
}

/// Time limit of most calls. All retries with their waits fit.
const LONG: Duration = Duration::from_secs(20);

/// Time limit of calls that nothing else ends.
const SHORT: Duration = Duration::from_secs(2);

/// Time limit for connecting and for each part of a response, in rows about silence.
const SILENCE: Duration = Duration::from_millis(500);

/// All rows.
pub fn rows() -> Vec<Row> {
    [statuses::rows(), connections::rows(), bodies::rows(), ways::rows()].into_iter().flatten().collect()
}

fn row(name: &'static str, server: Server, read: Expected, write: Expected) -> Row {
    Row { name, server, read, write, limits: Limits::default().with_call_timeout(LONG), says: &[] }
}

/// A row whose call only its time limit ends.
fn endless(name: &'static str, server: Server, read: Expected, write: Expected) -> Row {
    Row { limits: Limits::default().with_call_timeout(SHORT), ..row(name, server, read, write) }
}

/// A row whose server is silent for too long.
fn silent(name: &'static str, server: Server, read: Expected, write: Expected) -> Row {
    let limits = Limits::default()
        .with_call_timeout(LONG)
        .with_connect_timeout(SILENCE)
        .with_first_byte_timeout(SILENCE)
        .with_between_bytes_timeout(SILENCE);
    Row { limits, ..row(name, server, read, write) }
}

/// How many times the connector sends an idempotent request that always fails.
const ATTEMPTS: usize = 5;
