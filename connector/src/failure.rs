//! Why a call failed, sorted by what to do next: the failures of the WIT package, natively.

use crate::secret::Secret;
use std::time::Duration;

/// The result of everything that can fail here.
pub type Result<T> = std::result::Result<T, Failure>;

/// A call that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The same call may succeed later, and repeating it cannot act twice.
    Retryable(Box<Problem>),
    /// Repeating the same call will not help, or could act a second time.
    Permanent(Box<Problem>),
}

/// What went wrong. It never holds a secret or a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The kind of failure.
    pub reason: Reason,
    /// What happened and what to do, for people.
    pub message: String,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// How long to wait before the next attempt, where Looker said so.
    pub retry_after: Option<Duration>,
    /// Whether the request itself, not counting a login before it, may have reached Looker.
    pub request_sent: bool,
    /// The fields that were wrong.
    pub fields: Vec<FieldProblem>,
    /// Where Looker explains this failure.
    pub documentation_url: Option<String>,
}

/// One field that was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// The field's name.
    pub field: String,
    /// A short code to branch on.
    pub code: String,
    /// What is wrong, for people.
    pub message: String,
}

/// The kinds of failure; `wit/connector.wit` says what each means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
}

impl Problem {
    /// A problem with nothing known but its kind and what to tell people.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            status: None,
            retry_after: None,
            request_sent: false,
            fields: Vec::new(),
            documentation_url: None,
        }
    }

    /// The failure that says: do not repeat this call.
    pub fn permanent(self) -> Failure {
        Failure::Permanent(Box::new(self))
    }

    /// The failure that says: the same call may succeed later.
    pub fn retryable(self) -> Failure {
        Failure::Retryable(Box::new(self))
    }

    /// [`Problem::retryable`] where repeating the call cannot act twice, [`Problem::permanent`] elsewhere.
    pub fn retryable_if(self, safe: bool) -> Failure {
        if safe { self.retryable() } else { self.permanent() }
    }
}

impl Failure {
    /// What went wrong.
    pub fn problem(&self) -> &Problem {
        match self {
            Self::Retryable(problem) | Self::Permanent(problem) => problem,
        }
    }

    /// A failure that happened before the call's own request, in a login say: that request was not sent.
    pub fn before_the_request(self) -> Self {
        self.change(|problem| problem.request_sent = false)
    }

    /// The same failure, with a sentence before its message that says what was being done.
    pub fn about(self, sentence: &str) -> Self {
        self.change(|problem| problem.message = format!("{sentence} {}", problem.message))
    }

    /// The same failure without `secret`, wherever a server that echoes what it is sent may have put it.
    pub fn hide(self, secret: &Secret) -> Self {
        /// Less than this is no secret, and to hide it would garble every message.
        const SHORTEST: usize = 4;
        let secret = secret.reveal();
        if secret.len() < SHORTEST {
            return self;
        }
        let hide = |text: &mut String| {
            if text.contains(secret) {
                *text = text.replace(secret, "…");
            }
        };
        self.change(|problem| {
            hide(&mut problem.message);
            problem.documentation_url.iter_mut().for_each(hide);
            for field in &mut problem.fields {
                hide(&mut field.field);
                hide(&mut field.code);
                hide(&mut field.message);
            }
        })
    }

    fn change(mut self, change: impl FnOnce(&mut Problem)) -> Self {
        match &mut self {
            Self::Retryable(problem) | Self::Permanent(problem) => change(problem),
        }
        self
    }
}

/// Everything that was wrong with what the user filled in, collected so that one answer names it all.
#[derive(Debug, Default)]
pub struct FieldProblems(Vec<FieldProblem>);

impl FieldProblems {
    /// Notes that `field` is wrong.
    pub fn add(&mut self, field: impl Into<String>, code: &str, message: impl Into<String>) {
        self.0.push(FieldProblem { field: field.into(), code: code.into(), message: message.into() });
    }

    /// Whether something was found wrong with `field`.
    pub fn names(&self, field: &str) -> bool {
        self.0.iter().any(|problem| problem.field == field)
    }

    /// Nothing, or one permanent failure that names every field.
    pub fn into_result(self, reason: Reason) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let messages: Vec<&str> = self.0.iter().map(|problem| problem.message.as_str()).collect();
        let mut problem = Problem::new(reason, messages.join(" "));
        problem.fields = self.0;
        Err(problem.permanent())
    }
}
