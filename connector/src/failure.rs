//! Why a call failed, sorted by what to do next: the WIT package's failures, as native types.

use redact::Redactor;
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
    /// The input with which to repeat the call, where that takes up what is already running in Looker.
    pub resume: Option<String>,
    /// Whether the call's own request may have reached Looker. A login does not count.
    pub request_sent: bool,
    /// The fields that are wrong.
    pub fields: Vec<FieldProblem>,
    /// Where Looker explains this failure.
    pub documentation_url: Option<String>,
}

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// The field's name; `None` where an error of Looker's names no field.
    pub field: Option<String>,
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
    /// A problem of which only the kind and the message are known.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            status: None,
            retry_after: None,
            resume: None,
            request_sent: false,
            fields: Vec::new(),
            documentation_url: None,
        }
    }

    /// The failure for a call that must not be repeated.
    pub fn permanent(self) -> Failure {
        Failure::Permanent(Box::new(self))
    }

    /// The failure for a call that may succeed later.
    pub fn retryable(self) -> Failure {
        Failure::Retryable(Box::new(self))
    }

    /// [`Problem::retryable`] if the call is idempotent, [`Problem::permanent`] otherwise.
    pub fn retryable_if(self, idempotent: bool) -> Failure {
        if idempotent { self.retryable() } else { self.permanent() }
    }
}

impl Failure {
    /// What went wrong.
    pub fn problem(&self) -> &Problem {
        match self {
            Self::Retryable(problem) | Self::Permanent(problem) => problem,
        }
    }

    /// Whether the request may have reached Looker and nothing tells if it was carried out.
    pub fn is_outcome_unknown(&self) -> bool {
        let problem = self.problem();
        let is_lost = match problem.status {
            None => true,
            Some(status) => status == 408 || !(300..500).contains(&status),
        };
        problem.request_sent && is_lost
    }

    /// The same failure for a call that may be repeated.
    #[must_use]
    pub fn into_retryable(self) -> Self {
        match self {
            Self::Permanent(problem) => Self::Retryable(problem),
            retryable @ Self::Retryable(_) => retryable,
        }
    }

    /// The same failure for a call that must not be repeated.
    #[must_use]
    pub fn into_permanent(self) -> Self {
        match self {
            Self::Retryable(problem) => Self::Permanent(problem),
            permanent @ Self::Permanent(_) => permanent,
        }
    }

    /// The same failure, marked as one that happened before the call's own request was sent: in a login, for example.
    pub fn before_the_request(self) -> Self {
        self.change(|problem| problem.request_sent = false)
    }

    /// The same failure, with the input that goes on. A failure that must not be repeated has none.
    #[must_use]
    pub fn with_resume(mut self, resume: Option<String>) -> Self {
        if let Self::Retryable(problem) = &mut self {
            problem.resume = resume;
        }
        self
    }

    /// The same failure with a sentence in front of its message that says what was being done.
    pub fn about(self, sentence: &str) -> Self {
        self.change(|problem| problem.message = format!("{sentence} {}", problem.message))
    }

    /// The same failure without secrets, which a server that echoes requests may have put into any text.
    pub fn hide(self, secrets: &Redactor) -> Self {
        let hide = |text: &mut String| *text = secrets.redact(text);
        self.change(|problem| {
            hide(&mut problem.message);
            problem.documentation_url.iter_mut().chain(&mut problem.resume).for_each(hide);
            for field in &mut problem.fields {
                field.field.iter_mut().for_each(hide);
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

/// The problems found in what the user filled in, collected so that one failure names them all.
#[derive(Debug, Default)]
pub struct FieldProblems(Vec<FieldProblem>);

impl FieldProblems {
    /// Adds a problem with `field`.
    pub fn add(&mut self, field: impl Into<String>, code: &str, message: impl Into<String>) {
        self.0.push(FieldProblem { field: Some(field.into()), code: code.into(), message: message.into() });
    }

    /// Whether there is a problem with `field`.
    pub fn names(&self, field: &str) -> bool {
        self.0.iter().any(|problem| problem.field.as_deref() == Some(field))
    }

    /// `Ok` if there are no problems, otherwise one permanent failure that names every field.
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
