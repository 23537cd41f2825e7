//! How a command ends when it does not succeed.

use super::terminal;
use connector_host::egress::time_out::Stage;
use connector_host::failure::ExecutionFailure;
use connector_host::host::HostError;
use connector_host::limits::Limit;
use connector_host::{Connector, Failure, LoadError, Reason};
use host_harness::workflow::{RunError, WorkflowError};
use serde_json::{Value, json};
use std::io;
use std::process::ExitCode;

/// The exit code for wrong usage, as clap has it.
pub(super) const WRONG_USAGE: u8 = 2;

/// The exit code for a failure that may pass: `EX_TEMPFAIL` of sysexits.h.
const RETRYABLE: u8 = 75;

/// What shells add to a signal's number for the exit code of a program that it ended.
const SIGNALED: u8 = 128;

/// A command that did not succeed.
pub(super) enum CliError {
    /// The arguments, or a file that they name, cannot be used.
    Usage(String),
    /// The call or the workflow failed.
    Failed(Box<Failed>),
    /// The host could not be set up.
    Host(String),
    /// Standard output or a file could not be written.
    Output(io::Error),
    /// The signal of this number ended it: Ctrl-C, for example.
    Interrupted(u8),
}

/// A call or workflow that failed.
pub(super) struct Failed {
    failure: Failure,
    /// The step of the workflow.
    step: Option<String>,
    is_retryable: bool,
    /// What the operator can do about it.
    hints: Vec<String>,
}

impl CliError {
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// A failed call of a connector.
    pub(super) fn failed(connector: &Connector, failure: Failure) -> Self {
        let hints = hints(connector, &failure);
        let is_retryable = failure.is_retryable();
        Self::Failed(Box::new(Failed { failure, step: None, is_retryable, hints }))
    }

    /// A failed workflow.
    pub(super) fn run(connector: &Connector, error: RunError) -> Self {
        let mut hints = hints(connector, &error.failure);
        if error.failure.is_retryable() && !error.is_retryable() {
            hints.push(format!(
                "the step alone could be tried again, the whole workflow not: {} changed data already",
                error.changed.join(", ")
            ));
        }
        let is_retryable = error.is_retryable();
        Self::Failed(Box::new(Failed { failure: error.failure, step: Some(error.step), is_retryable, hints }))
    }

    /// Tells the user, and gives the exit code.
    pub(super) fn report(self, json: bool) -> ExitCode {
        match self {
            Self::Usage(message) => {
                eprintln!("error: {message}");
                ExitCode::from(WRONG_USAGE)
            }
            Self::Host(message) => {
                eprintln!("error: {message}");
                ExitCode::FAILURE
            }
            // Whoever read the output has enough of it: `| head`.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Self::Output(error) => {
                eprintln!("error: the output could not be written: {error}");
                ExitCode::FAILURE
            }
            Self::Interrupted(signal) => ExitCode::from(SIGNALED.saturating_add(signal)),
            Self::Failed(failed) => {
                if json {
                    eprintln!("{}", failed.to_json());
                } else {
                    failed.tell();
                }
                if failed.is_retryable { ExitCode::from(RETRYABLE) } else { ExitCode::FAILURE }
            }
        }
    }
}

impl Failed {
    /// The fields of the problem and `retryable`; `step` for a workflow; `hints` where there are some.
    fn to_json(&self) -> Value {
        let mut report = serde_json::to_value(&self.failure).unwrap_or_else(|_| json!({}));
        if let Value::Object(report) = &mut report {
            report.insert("retryable".to_owned(), json!(self.is_retryable));
            if let Some(step) = &self.step {
                report.insert("step".to_owned(), json!(step));
            }
            if !self.hints.is_empty() {
                report.insert("hints".to_owned(), json!(self.hints));
            }
        }
        report
    }

    fn tell(&self) {
        let problem = self.failure.problem();
        let step = self.step.as_ref().map(|step| format!("step {step}: ")).unwrap_or_default();
        let status = problem.status.map(|status| status.to_string());
        // Connectors may name it in their message.
        let status = status.filter(|status| !problem.message.contains(status.as_str()));
        let status = status.map(|status| format!(" (HTTP {status})")).unwrap_or_default();
        eprintln!("error: {step}{}{status}", terminal::plain(&problem.message));
        for field in &problem.fields {
            if !problem.message.contains(&field.message) {
                let (name, message) =
                    (terminal::plain(field.field.as_deref().unwrap_or_default()), terminal::plain(&field.message));
                eprintln!("  {name}: {message} ({})", terminal::plain(&field.code));
            }
        }
        let may_have_acted = matches!(
            problem.reason,
            Reason::Timeout
                | Reason::Unreachable
                | Reason::RemoteError
                | Reason::UnexpectedResponse
                | Reason::ExecutionFailed
        );
        if problem.request_sent && !self.failure.is_retryable() && may_have_acted {
            eprintln!("note: the request was sent; it may have been carried out all the same");
        }
        if self.is_retryable {
            match problem.retry_after_ms {
                Some(time) => eprintln!(
                    "note: this may pass; try again in {} s",
                    std::time::Duration::from_millis(time).as_secs_f64()
                ),
                None => eprintln!("note: this may pass; try again later"),
            }
        }
        for hint in &self.hints {
            eprintln!("note: {}", terminal::plain(hint));
        }
        if let Some(url) = &problem.documentation_url {
            eprintln!("see {}", terminal::plain(url));
        }
    }
}

/// What the operator can do about a failure.
fn hints(connector: &Connector, failure: &Failure) -> Vec<String> {
    let mut hints: Vec<String> = connector
        .denials()
        .iter()
        .map(|denial| match denial.rule() {
            Some(rule) => format!("{denial}; --allow-host {rule} allows it"),
            None => denial.to_string(),
        })
        .collect();
    hints.extend(connector.proxy_failures().iter().map(ToString::to_string));
    hints.extend(connector.time_outs().iter().map(|time_out| {
        let flag = match time_out.stage {
            Stage::Connect => "--connect-timeout",
            Stage::FirstByte => "--first-byte-timeout",
            Stage::BetweenBytes => "--between-bytes-timeout",
        };
        format!("{time_out}; {flag} raises the limit")
    }));
    if let Failure::Execution(ExecutionFailure::Limit { limit, .. }) = failure {
        match limit {
            Limit::Memory(_) => hints.push("--max-memory raises the limit".to_owned()),
            Limit::CallTime(_) => hints.push("--timeout raises the limit".to_owned()),
            Limit::ResponseBytes(_) => {
                hints.push("--max-response raises the limit; `invoke --output FILE` has none".to_owned());
            }
            Limit::Requests(_) => hints.push("--max-requests raises the limit".to_owned()),
            Limit::CpuTime(_) => hints.push("--max-cpu-time raises the limit".to_owned()),
        }
    }
    if let Failure::Execution(ExecutionFailure::Busy(_)) = failure {
        hints.push("--max-calls raises the limit".to_owned());
    }
    if let Failure::Execution(ExecutionFailure::Crash { .. }) = failure {
        hints.push("--log guest=debug shows what the connector wrote".to_owned());
    }
    hints
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<HostError> for CliError {
    fn from(error: HostError) -> Self {
        Self::Host(error.to_string())
    }
}

impl From<LoadError> for CliError {
    fn from(error: LoadError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<WorkflowError> for CliError {
    fn from(error: WorkflowError) -> Self {
        Self::Usage(error.to_string())
    }
}
