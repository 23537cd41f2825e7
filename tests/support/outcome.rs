//! The outcome of a call, reduced to what tests compare.

use connector_host::{ExecutionFailure, Failure, FailureKind, Limit, Output, Reason};
use std::fmt;

/// The outcome of a call, expected or seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An output.
    Output,
    /// A failure of the connector.
    Failed {
        /// Whether repeating the call may succeed and cannot act twice.
        retryable: bool,
        /// The kind of failure.
        reason: Reason,
        /// The HTTP status, if there was a response.
        status: Option<u16>,
        /// Whether the request itself may have reached the server.
        sent: bool,
    },
    /// A limit of the host ended the call.
    Ended {
        /// The limit.
        limit: &'static str,
        /// Whether a request, of the login or of the call itself, may have reached the server.
        sent: bool,
    },
    /// The connector crashed or violated its interface. Never expected.
    Broken(String),
}

/// The limit of [`connector_host::Limits::call_timeout`].
pub const TIME: Outcome = Outcome::Ended { limit: "time", sent: true };
/// The limit of [`connector_host::Limits::response_bytes`].
pub const RECEIVED: Outcome = Outcome::Ended { limit: "received data", sent: true };

/// A retryable failure: the request did not arrive, or may safely arrive twice.
pub const fn retryable(reason: Reason, status: u16) -> Outcome {
    failed(true, reason, status, true)
}

/// A permanent failure.
pub const fn permanent(reason: Reason, status: u16) -> Outcome {
    failed(false, reason, status, true)
}

/// A failure. `status` is [`NO_STATUS`] if there was no response.
const fn failed(retryable: bool, reason: Reason, status: u16, sent: bool) -> Outcome {
    let status = if status == 0 { None } else { Some(status) };
    Outcome::Failed { retryable, reason, status, sent }
}

/// The status of a failure without a response.
pub const NO_STATUS: u16 = 0;

/// The expected outcome of a call and its requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The expected outcome.
    pub outcome: Outcome,
    /// The expected number of requests, without logins.
    pub asked: usize,
}

impl Outcome {
    /// This outcome after this many requests.
    pub fn asked(self, asked: usize) -> Expected {
        Expected { outcome: self, asked }
    }

    /// This outcome after one request.
    pub fn once(self) -> Expected {
        self.asked(1)
    }

    /// The same failure if the request itself was never sent.
    #[must_use]
    pub fn unsent(self) -> Self {
        match self {
            Self::Failed { retryable, reason, status, .. } => Self::Failed { retryable, reason, status, sent: false },
            Self::Ended { limit, .. } => Self::Ended { limit, sent: false },
            other => other,
        }
    }

    /// The outcome of a call.
    pub fn of(outcome: &Result<Output, Failure>) -> Self {
        let failure = match outcome {
            Ok(_) => return Self::Output,
            Err(failure) => failure,
        };
        match failure.kind() {
            FailureKind::Retryable(problem) | FailureKind::Permanent(problem) => Self::Failed {
                retryable: failure.is_retryable(),
                reason: problem.reason,
                status: problem.status,
                sent: problem.request_sent,
            },
            FailureKind::Execution(ExecutionFailure::Limit { limit, request_sent }) => {
                let limit = match limit {
                    Limit::CallTimeout(_) => "time",
                    Limit::ResponseBytes(_) => "received data",
                    Limit::Memory(_) => "memory",
                    Limit::CpuTime(_) => "computing time",
                    Limit::Requests(_) => "requests",
                    Limit::TotalMemory(_) => "memory of all sandboxes",
                    _ => "something new",
                };
                Self::Ended { limit, sent: *request_sent }
            }
            _ => Self::Broken(failure.to_string()),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output => formatter.pad("output"),
            Self::Failed { retryable, reason, status, sent } => {
                let kind = if *retryable { "retryable" } else { "permanent" };
                let reason = serde_json::to_value(reason).unwrap_or_default();
                let status = status.map(|status| format!(" {status}")).unwrap_or_default();
                let sent = if *sent { "" } else { ", unsent" };
                formatter.pad(&format!("{kind} {}{status}{sent}", reason.as_str().unwrap_or("?")))
            }
            Self::Ended { limit, sent } => {
                let sent = if *sent { "" } else { ", unsent" };
                formatter.pad(&format!("ended: limit on {limit}{sent}"))
            }
            Self::Broken(how) => formatter.pad(&format!("BROKEN: {how}")),
        }
    }
}
