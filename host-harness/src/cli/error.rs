//! How a command ends when it does not succeed.

use super::terminal;
use connector_host::{BuildError, Effect, Failure, HostError, LoadError};
use host_harness::advice::hints;
use host_harness::workflow::{Elements, RunError, StateError, WorkflowError, may_have_acted};
use serde_json::{Value, json};
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// The exit code for wrong usage, as clap has it.
pub(super) const WRONG_USAGE: u8 = 2;

/// The exit code for a temporary failure: `EX_TEMPFAIL` of sysexits.h.
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
    /// For a step with `for_each`: how far it came.
    elements: Option<Elements>,
    is_retryable: bool,
    /// Whether it failed in a way that leaves open what became of the request.
    may_have_acted: bool,
    /// What the operator can do about it.
    hints: Vec<String>,
}

impl CliError {
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// A failed call, which may have changed data for all that is known.
    pub(super) fn failed(failure: Failure) -> Self {
        Self::failed_with(failure, None)
    }

    /// A failed call of an operation whose effect is known.
    pub(super) fn failed_with(failure: Failure, effect: Option<Effect>) -> Self {
        let hints = hints(&failure);
        let is_retryable = failure.is_retryable();
        let may_have_acted = may_have_acted(&failure) && effect != Some(Effect::Read);
        Self::Failed(Box::new(Failed { failure, step: None, elements: None, is_retryable, may_have_acted, hints }))
    }

    /// A failed workflow. `state` is the state file, if there is one.
    pub(super) fn run(error: RunError, state: Option<&Path>) -> Self {
        let mut hints = hints(&error.failure);
        if error.failure.is_retryable() && !error.is_retryable() {
            hints.push(format!(
                "the step alone could be repeated, but the workflow cannot: {} already changed data; with --state FILE, a \
                 run goes on where the last one stopped",
                error.changed.join(", ")
            ));
        }
        for call in &error.open_calls {
            hints.push(format!(
                "it is not known whether {call} was carried out: if it was, run the same command with --done '{call}=OUTPUT' \
                 (its output as JSON); if not, with --repeat '{call}'"
            ));
        }
        if let Some(path) = state.filter(|_| error.open_calls.is_empty()) {
            hints.push(format!("{} has what was done: the same command goes on from there", path.display()));
        }
        let is_retryable = error.is_retryable();
        let may_have_acted =
            may_have_acted(&error.failure) && error.effect != Some(Effect::Read) && error.open_calls.is_empty();
        Self::Failed(Box::new(Failed {
            failure: error.failure,
            step: Some(error.step),
            elements: error.elements,
            is_retryable,
            may_have_acted,
            hints,
        }))
    }

    /// Tells the user, and gives the exit code.
    pub(super) fn report(self, json: bool) -> ExitCode {
        match self {
            Self::Usage(message) => {
                terminal::tell(format!("error: {message}"));
                ExitCode::from(WRONG_USAGE)
            }
            Self::Host(message) => {
                terminal::tell(format!("error: {message}"));
                ExitCode::FAILURE
            }
            // Whoever read the output has enough of it: `| head`.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Self::Output(error) => {
                terminal::tell(format!("error: the output could not be written: {error}"));
                ExitCode::FAILURE
            }
            Self::Interrupted(signal) => ExitCode::from(SIGNALED.saturating_add(signal)),
            Self::Failed(failed) => {
                if json {
                    terminal::tell(failed.to_json());
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
            if let Some(elements) = &self.elements {
                let counts = elements.counts;
                let failures: Vec<Value> = elements
                    .failures
                    .iter()
                    .map(|(index, failure)| json!({ "index": index, "failure": failure }))
                    .collect();
                report.insert(
                    "elements".to_owned(),
                    json!({
                        "done": counts.done, "kept": counts.kept, "skipped": counts.skipped, "failed": counts.failed,
                        "left": counts.left, "failures": failures,
                    }),
                );
            }
            if !self.hints.is_empty() {
                report.insert("hints".to_owned(), json!(self.hints));
            }
        }
        report
    }

    fn tell(&self) {
        let problem = self.failure.problem();
        let element = self.elements.as_ref().and_then(|elements| elements.failures.first());
        let element = element.map(|(index, _)| format!("[{index}]")).unwrap_or_default();
        let step = self.step.as_ref().map(|step| format!("step {step}{element}: ")).unwrap_or_default();
        let status = problem.status.map(|status| status.to_string());
        // Connectors may name it in their message.
        let status = status.filter(|status| !problem.message.contains(status.as_str()));
        let status = status.map(|status| format!(" (HTTP {status})")).unwrap_or_default();
        terminal::tell(format!("error: {step}{}{status}", problem.message));
        for field in &problem.fields {
            if !problem.message.contains(&field.message) {
                let name = field.field.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
                terminal::tell(format!("  {name}{} ({})", field.message, field.code));
            }
        }
        if self.may_have_acted {
            terminal::tell("note: the request was sent and may have been carried out");
        }
        if self.is_retryable {
            match problem.retry_after_ms.map(Duration::from_millis) {
                Some(time) => terminal::tell(format!("note: temporary failure; retry in {} s", time.as_secs_f64())),
                None => terminal::tell("note: temporary failure; retry later"),
            }
        }
        if let Some(resume) = problem.resume.as_ref().filter(|_| self.is_retryable) {
            terminal::tell(format!("note: to go on where it stopped, use --input '{}'", resume.replace('\'', r"'\''")));
        }
        for hint in &self.hints {
            terminal::tell(format!("note: {hint}"));
        }
        if let Some(url) = &problem.documentation_url {
            terminal::tell(format!("see {url}"));
        }
    }
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

impl From<BuildError> for CliError {
    fn from(error: BuildError) -> Self {
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

impl From<StateError> for CliError {
    fn from(error: StateError) -> Self {
        Self::Usage(error.to_string())
    }
}
