//! Why a call did not succeed: the WIT package's `failure`, natively, and what only the host can find wrong.

use crate::bindings::workflow::connector::types as wit;
use crate::limits::Limit;
use serde::{Serialize, Serializer};

/// A call that did not succeed, sorted by what to do next.
///
/// As JSON it is one object: the fields of [`Problem`], and `retryable`. A failure of [`Failure::Execution`] has the
/// reason `execution-failed`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The connector says: the same call may succeed later, and repeating it cannot act twice.
    #[error("{}", .0.message)]
    Retryable(Box<Problem>),
    /// The connector says: repeating the same call will not help, or could act a second time.
    #[error("{}", .0.message)]
    Permanent(Box<Problem>),
    /// The host could not run the call, or ended it.
    #[error(transparent)]
    Execution(#[from] ExecutionFailure),
}

/// What went wrong, as the connector tells it. `wit/connector.wit` says what each field means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The kind of failure, to branch on.
    pub reason: Reason,
    /// What happened and what to do, for people.
    pub message: String,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// How many milliseconds to wait before the next attempt, where the remote service said so.
    pub retry_after_ms: Option<u64>,
    /// The whole input that takes up what is already running, where the call is to be repeated.
    pub resume: Option<String>,
    /// Whether the request may have reached the remote service.
    pub request_sent: bool,
    /// The fields that were wrong.
    pub fields: Vec<FieldProblem>,
    /// Where the remote service explains this failure.
    pub documentation_url: Option<String>,
}

/// One field that was wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldProblem {
    /// The field's name, where it is known.
    pub field: Option<String>,
    /// A short code to branch on.
    pub code: String,
    /// What is wrong, for people.
    pub message: String,
}

/// The kinds of failure; `wit/connector.wit` says what each means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "documented in wit/connector.wit")]
pub enum Reason {
    InvalidAuth,
    InvalidInput,
    UnknownOperation,
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    Rejected,
    RateLimited,
    Timeout,
    Unreachable,
    RemoteError,
    UnexpectedResponse,
    /// Not one of the connector's: the host could not run the call, or ended it.
    ExecutionFailed,
}

/// A call that the host could not run, or ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExecutionFailure {
    /// The call used more than it may.
    #[error("the call was ended: it used {limit}, which is the limit")]
    Limit {
        /// The limit that it went over.
        limit: Limit,
        /// Whether a request had been sent by then, which may have acted.
        request_sent: bool,
    },
    /// The connector crashed.
    #[error("the connector crashed: {message}")]
    Crash {
        /// How, for people.
        message: String,
        /// Whether a request had been sent by then, which may have acted.
        request_sent: bool,
    },
    /// There is no room for one more sandbox at the moment, or the host lacks memory.
    #[error("no sandbox could be made: {0}")]
    NoSandbox(String),
    /// The host carries out as many calls as it may at once.
    #[error("the host carries out {0} calls at the moment, which is the limit of calls at once")]
    Busy(usize),
    /// The sandbox was ended by an earlier call.
    #[error("this sandbox has ended with an earlier call: make a new one")]
    Ended,
    /// The connector itself answered that it could not be run, which connectors must not.
    #[error("the connector answered that it could not be run (`execution-failed`), which is no connector's answer")]
    Answered,
    /// The connector answered something that its interface forbids.
    #[error("the connector does not keep to its interface: {0}")]
    Interface(String),
}

impl Failure {
    /// Whether the same call may succeed later, and repeating it cannot act twice.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Retryable(_) => true,
            Self::Permanent(_) => false,
            Self::Execution(failure) => matches!(
                failure,
                ExecutionFailure::NoSandbox(_)
                    | ExecutionFailure::Busy(_)
                    | ExecutionFailure::Limit { limit: Limit::CallTime(_), request_sent: false }
            ),
        }
    }

    /// A failure that happened before the call's own request, in a sign-in say: that request was not sent.
    #[must_use]
    pub(crate) fn before_the_request(mut self) -> Self {
        match &mut self {
            Self::Retryable(problem) | Self::Permanent(problem) => problem.request_sent = false,
            Self::Execution(
                ExecutionFailure::Limit { request_sent, .. } | ExecutionFailure::Crash { request_sent, .. },
            ) => *request_sent = false,
            Self::Execution(_) => {}
        }
        self
    }

    /// What went wrong, in the connector's terms.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Retryable(problem) | Self::Permanent(problem) => (**problem).clone(),
            Self::Execution(failure) => Problem {
                reason: Reason::ExecutionFailed,
                message: failure.to_string(),
                status: None,
                retry_after_ms: None,
                resume: None,
                request_sent: matches!(
                    failure,
                    ExecutionFailure::Limit { request_sent: true, .. }
                        | ExecutionFailure::Crash { request_sent: true, .. }
                ),
                fields: Vec::new(),
                documentation_url: None,
            },
        }
    }
}

impl Serialize for Failure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Report {
            #[serde(flatten)]
            problem: Problem,
            retryable: bool,
        }
        Report { problem: self.problem(), retryable: self.is_retryable() }.serialize(serializer)
    }
}

impl From<wit::Failure> for Failure {
    fn from(failure: wit::Failure) -> Self {
        match failure {
            wit::Failure::ExecutionFailed => ExecutionFailure::Answered.into(),
            wit::Failure::Retryable(problem) => Self::Retryable(Box::new(problem.into())),
            wit::Failure::Permanent(problem) => Self::Permanent(Box::new(problem.into())),
        }
    }
}

impl From<wit::Problem> for Problem {
    fn from(problem: wit::Problem) -> Self {
        Self {
            reason: problem.reason.into(),
            message: problem.message,
            status: problem.status,
            retry_after_ms: problem.retry_after_ms,
            resume: problem.resume,
            request_sent: problem.request_sent,
            fields: problem
                .fields
                .into_iter()
                .map(|wit::FieldProblem { field, code, message }| FieldProblem { field, code, message })
                .collect(),
            documentation_url: problem.documentation_url,
        }
    }
}

impl From<wit::Reason> for Reason {
    fn from(reason: wit::Reason) -> Self {
        match reason {
            wit::Reason::InvalidAuth => Self::InvalidAuth,
            wit::Reason::InvalidInput => Self::InvalidInput,
            wit::Reason::UnknownOperation => Self::UnknownOperation,
            wit::Reason::Unauthenticated => Self::Unauthenticated,
            wit::Reason::Forbidden => Self::Forbidden,
            wit::Reason::NotFound => Self::NotFound,
            wit::Reason::Conflict => Self::Conflict,
            wit::Reason::Rejected => Self::Rejected,
            wit::Reason::RateLimited => Self::RateLimited,
            wit::Reason::Timeout => Self::Timeout,
            wit::Reason::Unreachable => Self::Unreachable,
            wit::Reason::RemoteError => Self::RemoteError,
            wit::Reason::UnexpectedResponse => Self::UnexpectedResponse,
        }
    }
}
