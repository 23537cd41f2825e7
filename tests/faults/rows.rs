//! The table: what goes wrong, and what has to come of it for a call that may be repeated and for one that may not.

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

/// One line of the table.
pub struct Row {
    /// What goes wrong.
    pub name: &'static str,
    /// What does it.
    pub server: Server,
    /// What has to come of `user`, a `GET`.
    pub read: Expected,
    /// What has to come of `create_user`, a `POST`.
    pub write: Expected,
    /// What the call may use.
    pub limits: Limits,
}

/// Who is called, and what it does.
pub enum Server {
    /// The practice Looker, which does this to so many requests that are no logins.
    Practice(Fault, usize),
    /// A server that plays this to every request that is no login.
    Raw(&'static [Step]),
    /// A server that plays this to every login.
    RawLogin(&'static [Step]),
    /// A server that plays this before it has read anything. The client expects TLS.
    NoTls(&'static [Step]),
    /// A server with this certificate, which answers rightly.
    Tls(Certificate),
    /// The same, which is called by `http://`.
    ClearToTls,
    /// A port at which nobody listens.
    NoListener,
    /// A host whose name nobody knows.
    UnknownName,
    /// A server that is there, and that the policy does not allow.
    NotAllowed,
    /// A server at loopback that only the connector asks for.
    NotNamed,
}

/// How long a call may take where nothing is meant to take long: all repetitions with their waits fit.
const LONG: Duration = Duration::from_secs(20);

/// How long a call may take that nothing else ends.
const SHORT: Duration = Duration::from_secs(2);

/// How long a connection and an answer may keep silent, where they are meant to.
const SILENCE: Duration = Duration::from_millis(500);

/// All rows.
pub fn rows() -> Vec<Row> {
    [statuses::rows(), connections::rows(), bodies::rows(), ways::rows()].into_iter().flatten().collect()
}

fn row(name: &'static str, server: Server, read: Expected, write: Expected) -> Row {
    Row { name, server, read, write, limits: Limits { call_time: LONG, ..Limits::default() } }
}

/// A row whose call nothing ends but its time.
fn endless(name: &'static str, server: Server, read: Expected, write: Expected) -> Row {
    Row { limits: Limits { call_time: SHORT, ..Limits::default() }, ..row(name, server, read, write) }
}

/// A row whose connection or answer keeps silent for too long.
fn silent(name: &'static str, server: Server, read: Expected, write: Expected) -> Row {
    let limits = Limits {
        call_time: LONG,
        connect_time: SILENCE,
        first_byte_time: SILENCE,
        between_bytes_time: SILENCE,
        ..Limits::default()
    };
    Row { limits, ..row(name, server, read, write) }
}

/// How often a request is sent that may be repeated, where it fails each time.
const ATTEMPTS: usize = 5;
