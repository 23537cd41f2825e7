//! Timeouts of a remote service.

use crate::egress::destination::Destination;
use std::fmt;
use std::time::Duration;

/// A remote service took longer than it may.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeout {
    /// The service.
    pub destination: Destination,
    /// What took too long.
    pub stage: Stage,
    /// The time limit that applied: the operator's, or less where the connector asked for less.
    pub limit: Duration,
}

/// The part of an exchange that a timeout applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Connecting, including TLS: [`Limits::connect_timeout`](crate::Limits::connect_timeout).
    Connect,
    /// Waiting for the response to begin: [`Limits::first_byte_timeout`](crate::Limits::first_byte_timeout).
    FirstByte,
    /// Waiting until the service reads more of the request, after its response has begun:
    /// [`Limits::between_bytes_timeout`](crate::Limits::between_bytes_timeout).
    Request,
    /// Waiting for the next bytes of the response: [`Limits::between_bytes_timeout`](crate::Limits::between_bytes_timeout).
    BetweenBytes,
}

impl Timeout {
    /// The timeout of a stage.
    pub fn new(destination: Destination, stage: Stage, limit: Duration) -> Self {
        Self { destination, stage, limit }
    }
}

impl fmt::Display for Timeout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { destination, stage, limit } = self;
        match stage {
            Stage::Connect => write!(formatter, "connecting to {destination} took more than {limit:?}"),
            Stage::FirstByte => write!(formatter, "{destination} did not start its response within {limit:?}"),
            Stage::Request => write!(formatter, "{destination} read nothing of the request for more than {limit:?}"),
            Stage::BetweenBytes => write!(formatter, "{destination} paused its response for more than {limit:?}"),
        }
    }
}

impl std::error::Error for Timeout {}
