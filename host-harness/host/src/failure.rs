//! Failures of calls: the WIT package's `failure`, and the failures that only a host can find.

use crate::bindings::workflow::connector::types as wit;
use crate::egress::cause::Cause;
use crate::limits::permits::NoPermit;
use crate::limits::{FAILURE_FIELDS, FAILURE_TEXT_BYTES, Limit, RESUME_BYTES};
use redact::Redactor;
use serde::{Serialize, Serializer};
use std::fmt;

/// Why a call did not succeed.
///
/// - [`Failure::kind`] says what to do next.
/// - [`Failure::problem`] has the details in one form, whether the connector or the host found the failure.
/// - [`Failure::causes`] has what the host knows about the requests of this call: what the policy denied, what took too
///   long, what the proxy said. The last cause is also the [`source`](std::error::Error::source).
///
/// As JSON, it is one object with the fields of [`Problem`] and `retryable`.
///
/// ```no_run
/// # async fn example(connector: connector_host::Connector, auth: connector_host::Auth) {
/// use connector_host::{Call, Cause};
///
/// if let Err(failure) = connector.invoke(&auth, Call::new("me")).await {
///     eprintln!("{failure}");
///     for cause in failure.causes() {
///         match cause {
///             Cause::Denied(denial) => eprintln!("allow it with the rule {:?}", denial.rule()),
///             other => eprintln!("{other}"),
///         }
///     }
///     if failure.is_retryable() {
///         // Repeat it later, with `failure.problem().resume` as the input where that is there.
///     }
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    inner: Box<Inner>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    kind: FailureKind,
    causes: Vec<Cause>,
}

/// The kinds of failure. Each requires a different reaction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// The connector reports a temporary failure: the same call may succeed later, and repeating it cannot act twice.
    Retryable(Problem),
    /// The connector reports a permanent failure: the same call would fail again, or could act a second time.
    Permanent(Problem),
    /// The host could not run the call, or ended it.
    Execution(ExecutionFailure),
}

/// The details of a failure. `wit/connector.wit` documents each field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Problem {
    /// The kind of failure, for programs.
    pub reason: Reason,
    /// What happened and what to do, for people.
    pub message: String,
    /// The HTTP status. `None` if there was no response.
    pub status: Option<u16>,
    /// The time to wait before the next attempt, in milliseconds. `None` if the remote service did not give one.
    pub retry_after_ms: Option<u64>,
    /// The complete input (JSON) to repeat the call with, so that it continues what is already running. Only retryable
    /// failures have it. If it is `None`, repeat the same input.
    pub resume: Option<String>,
    /// Whether the request itself, not a login before it, may have reached the remote service.
    pub request_sent: bool,
    /// The fields that have a problem.
    pub fields: Vec<FieldProblem>,
    /// The remote service's documentation of this failure.
    pub documentation_url: Option<String>,
}

/// A problem with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FieldProblem {
    /// The name of the field. `None` if it is unknown.
    pub field: Option<String>,
    /// A short code, for programs.
    pub code: String,
    /// What is wrong with it, for people.
    pub message: String,
}

/// The reasons for a failure. `wit/connector.wit` documents each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
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
    /// The host could not run the call, or ended it. Connectors never report this reason.
    ExecutionFailed,
}

/// Why the host could not run a call, or ended it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExecutionFailure {
    /// The call exceeded a limit.
    #[error("the call was ended because it used {limit}")]
    Limit {
        /// The limit.
        limit: Limit,
        /// Whether a request had been sent by then. It may have been carried out.
        request_sent: bool,
    },
    /// The connector crashed.
    #[error("the connector crashed: {message}")]
    Crash {
        /// A description, for people.
        message: String,
        /// Whether a request had been sent by then. It may have been carried out.
        request_sent: bool,
    },
    /// The host has no room for another sandbox at the moment.
    #[error("the sandbox could not be created: {0}")]
    NoSandbox(String),
    /// The host already runs its maximum number of calls.
    #[error("the host is busy: it already runs {0} calls, which is its limit")]
    Busy(usize),
    /// An earlier call ended the sandbox.
    #[error("an earlier call ended this sandbox; create a new one")]
    Ended,
    /// The connector returned `execution-failed`.
    #[error("the connector returned `execution-failed`, which is reserved for hosts; connectors never return it")]
    Reserved,
    /// The connector returned something that its interface forbids.
    #[error("the connector violates its interface: {0}")]
    Interface(String),
}

impl Failure {
    /// Creates a temporary failure, as a connector reports it. For code between a connector and its caller, such as a
    /// workflow engine.
    pub fn retryable(problem: Problem) -> Self {
        FailureKind::Retryable(problem).into()
    }

    /// Creates a permanent failure, as a connector reports it.
    pub fn permanent(problem: Problem) -> Self {
        FailureKind::Permanent(problem).into()
    }

    /// Returns the kind of the failure.
    pub fn kind(&self) -> &FailureKind {
        &self.inner.kind
    }

    /// Takes the kind out of the failure.
    pub fn into_kind(self) -> FailureKind {
        self.inner.kind
    }

    /// Returns what the host knows about the requests of this call, in order: each cause once, and only the first few.
    /// Empty if the host has nothing to add.
    pub fn causes(&self) -> &[Cause] {
        &self.inner.causes
    }

    /// Whether the same call may succeed later, and repeating it cannot act twice.
    pub fn is_retryable(&self) -> bool {
        match self.kind() {
            FailureKind::Retryable(_) => true,
            FailureKind::Permanent(_) => false,
            FailureKind::Execution(failure) => match failure {
                ExecutionFailure::NoSandbox(_) | ExecutionFailure::Busy(_) => true,
                ExecutionFailure::Limit { limit, request_sent } => limit.passes() && !request_sent,
                _ => false,
            },
        }
    }

    /// Returns the details of the failure. A failure of the host has the reason [`Reason::ExecutionFailed`].
    pub fn problem(&self) -> Problem {
        match self.kind() {
            FailureKind::Retryable(problem) | FailureKind::Permanent(problem) => problem.clone(),
            FailureKind::Execution(failure) => {
                let mut problem = Problem::new(Reason::ExecutionFailed, failure.to_string());
                problem.request_sent = matches!(
                    failure,
                    ExecutionFailure::Limit { request_sent: true, .. }
                        | ExecutionFailure::Crash { request_sent: true, .. }
                );
                problem
            }
        }
    }

    /// The same failure with what the host found about the call's requests.
    #[must_use]
    pub(crate) fn with_causes(mut self, causes: Vec<Cause>) -> Self {
        self.inner.causes = causes;
        self
    }

    /// The same failure without secrets. Texts that are too long are left out: they are nothing that a person can read,
    /// and searching them takes time.
    #[must_use]
    pub(crate) fn without(mut self, secrets: &Redactor) -> Self {
        match &mut self.inner.kind {
            FailureKind::Retryable(problem) | FailureKind::Permanent(problem) => problem.clear(secrets),
            FailureKind::Execution(ExecutionFailure::Crash { message, .. } | ExecutionFailure::Interface(message)) => {
                clear(message, secrets);
            }
            FailureKind::Execution(_) => {}
        }
        self
    }

    /// A failure that happened before the call's own request, in a sign-in say: that request was not sent.
    #[must_use]
    pub(crate) fn before_the_request(mut self) -> Self {
        match &mut self.inner.kind {
            FailureKind::Retryable(problem) | FailureKind::Permanent(problem) => problem.request_sent = false,
            FailureKind::Execution(
                ExecutionFailure::Limit { request_sent, .. } | ExecutionFailure::Crash { request_sent, .. },
            ) => *request_sent = false,
            FailureKind::Execution(_) => {}
        }
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            FailureKind::Retryable(problem) | FailureKind::Permanent(problem) => formatter.write_str(&problem.message),
            FailureKind::Execution(failure) => failure.fmt(formatter),
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.causes().last().map(|cause| cause as _)
    }
}

impl From<FailureKind> for Failure {
    fn from(kind: FailureKind) -> Self {
        Self { inner: Box::new(Inner { kind, causes: Vec::new() }) }
    }
}

impl From<ExecutionFailure> for Failure {
    fn from(failure: ExecutionFailure) -> Self {
        FailureKind::Execution(failure).into()
    }
}

impl From<NoPermit> for Failure {
    fn from(NoPermit { max }: NoPermit) -> Self {
        ExecutionFailure::Busy(max).into()
    }
}

impl Problem {
    /// Creates a problem with a reason and a message. Set the other fields if you know more.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            status: None,
            retry_after_ms: None,
            resume: None,
            request_sent: false,
            fields: Vec::new(),
            documentation_url: None,
        }
    }
}

impl Problem {
    /// Clears each text of secrets.
    fn clear(&mut self, secrets: &Redactor) {
        clear(&mut self.message, secrets);
        self.documentation_url.take_if(|url| url.len() > FAILURE_TEXT_BYTES);
        self.resume.take_if(|input| input.len() > RESUME_BYTES);
        for text in self.documentation_url.iter_mut().chain(&mut self.resume) {
            *text = secrets.redact(text);
        }
        self.fields.truncate(FAILURE_FIELDS);
        for FieldProblem { field, code, message } in &mut self.fields {
            for text in [code, message].into_iter().chain(field) {
                clear(text, secrets);
            }
        }
    }
}

/// Clears a text of secrets, or replaces it by its length if it is too long.
fn clear(text: &mut String, secrets: &Redactor) {
    *text = match text.len() {
        ..=FAILURE_TEXT_BYTES => secrets.redact(text),
        length => format!("(a text of {length} bytes, which is more than {FAILURE_TEXT_BYTES} and left out)"),
    };
}

impl FieldProblem {
    /// Creates a problem with an unknown field. `code` is a short code for programs, such as `missing`.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: None, code: code.into(), message: message.into() }
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
            wit::Failure::ExecutionFailed => ExecutionFailure::Reserved.into(),
            wit::Failure::Retryable(problem) => Self::retryable(problem.into()),
            wit::Failure::Permanent(problem) => Self::permanent(problem.into()),
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
