//! What took too long.

use crate::egress::policy::Destination;
use std::fmt;
use std::time::Duration;

/// Something that a remote service took too long for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeOut {
    /// Which service.
    pub destination: Destination,
    /// What it took too long for.
    pub stage: Stage,
    /// How long it had: the limit, or less where the connector asked for less.
    pub time: Duration,
}

/// What a remote service can take too long for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The connection, TLS included: [`Limits::connect_time`](crate::Limits::connect_timeout).
    Connect,
    /// The beginning of the answer: [`Limits::first_byte_time`](crate::Limits::first_byte_timeout).
    FirstByte,
    /// The next bytes of the answer: [`Limits::between_bytes_time`](crate::Limits::between_bytes_timeout).
    BetweenBytes,
}

impl fmt::Display for TimeOut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { destination: Destination { host, port, .. }, stage, time } = self;
        match stage {
            Stage::Connect => write!(formatter, "no connection to {host}:{port} came about within {time:?}"),
            Stage::FirstByte => write!(formatter, "{host}:{port} began no answer within {time:?}"),
            Stage::BetweenBytes => write!(formatter, "{host}:{port} paused its answer for more than {time:?}"),
        }
    }
}
