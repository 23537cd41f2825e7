//! Carries out jobs: gives them the engine's operations, and turns what they return into an output.

use super::stream::{RowStream, Stream};
use super::{Call, Engine};
use crate::auth::{Auth, Credentials, Workspace};
use crate::context;
use crate::download::Download;
use crate::failure::{Failure, Problem, Reason, Result};
use crate::input::Input;
use crate::jobs::{Api, Definition, Job, MAX_REQUESTS, Outcome, State};
use crate::operations;
use crate::response::{Output, OutputBody};
use crate::retry::WaitBudget;
use crate::session::Sessions;
use crate::transport::Platform;
use redact::{Redactor, Secret};
use serde_json::Value;
use std::time::Duration;

/// A call of a job, with what all its requests share.
#[derive(Debug)]
pub(super) struct RunningJob {
    state: State,
    auth: Auth,
    budget: WaitBudget,
    secrets: Redactor,
}

impl RunningJob {
    fn new(job: &'static Definition, auth: Auth, call: Call<'_>) -> Result<Self> {
        let input = Input::parse(call.input)?;
        let state = State::new(job, &input)?;
        let mut secrets = context::secrets(&auth, None);
        add_passwords(&mut secrets, job, &input);
        Ok(Self { state, auth, budget: WaitBudget::new(call.max_wait).with_max_requests(MAX_REQUESTS), secrets })
    }
}

/// Adds the passwords in an input, which a server could send back.
fn add_passwords(secrets: &mut Redactor, job: &Definition, input: &Input) {
    let schema: Value = serde_json::from_str(job.input_schema).unwrap_or_default();
    let is_password = |name: &str| schema["properties"][name]["format"] == "password";
    for (_, value) in input.fields().filter(|(name, _)| is_password(name)) {
        if let Ok(text) = serde_json::from_str::<String>(value.get()) {
            secrets.add(&Secret::new(text));
        }
    }
}

/// The output of a call that a job passed on.
enum Passed<B> {
    Output(Output),
    Download(Box<Download<B>>),
}

impl<P: Platform> Engine<P> {
    /// Carries out a job and returns its whole output.
    pub(super) fn invoke_job(&mut self, job: &'static Definition, auth: Auth, call: Call<'_>) -> Result<Output> {
        let mut running = RunningJob::new(job, auth, call)?;
        match self.work(&mut running, false, job.run)? {
            (Outcome::Json(document, next), _) => Ok(Output { body: OutputBody::Json(document), next }),
            (Outcome::PassedOn, Some(Passed::Output(output))) => Ok(output),
            (Outcome::PassedOn, _) => Err(nothing_passed_on()),
            (Outcome::Rows(_, mut rows), _) => {
                let mut text = String::new();
                while let (Some(piece), _) = self.work(&mut running, false, |job| rows.next(job))? {
                    text.push_str(&piece);
                }
                Ok(Output { body: OutputBody::Text(text), next: None })
            }
        }
    }

    /// Starts a job and leaves its output to be read in pieces.
    pub(super) fn open_job(&mut self, job: &'static Definition, auth: Auth, call: Call<'_>) -> Result<Stream<P::Body>> {
        let mut running = RunningJob::new(job, auth, call)?;
        match self.work(&mut running, true, job.run)? {
            (Outcome::Json(document, _), _) => Ok(Stream::whole("application/json", document.into_bytes())),
            (Outcome::PassedOn, Some(Passed::Download(download))) => Ok(Stream::Response(download)),
            (Outcome::PassedOn, _) => Err(nothing_passed_on()),
            (Outcome::Rows(media_type, rows), _) => {
                Ok(Stream::Rows(Box::new(RowStream::new(running, media_type, rows))))
            }
        }
    }

    /// Does a part of a job's work. A failure names the steps that were done and shows no secret.
    fn work<T>(
        &mut self,
        running: &mut RunningJob,
        streams: bool,
        work: impl FnOnce(&mut Job) -> Result<T>,
    ) -> Result<(T, Option<Passed<P::Body>>)> {
        let RunningJob { state, auth, budget, secrets } = running;
        let mut api = EngineApi { engine: self, auth: auth.clone(), budget, streams, passed: None, outer: None };
        match work(&mut Job::new(state, &mut api)) {
            Ok(done) => Ok((done, api.passed)),
            Err(failure) => Err(state.finish(failure).hide(secrets)),
        }
    }

    /// The next piece of a text that a job makes while it is read.
    pub(super) fn next_rows(&mut self, stream: &mut RowStream) -> Result<Option<String>> {
        let RowStream { running, rows, .. } = stream;
        self.work(running, true, |job| rows.next(job)).map(|(piece, _)| piece)
    }
}

/// A defect of a job, which no input should be able to cause.
fn nothing_passed_on() -> Failure {
    Problem::new(Reason::UnexpectedResponse, "The job has no output.").permanent()
}

/// The engine, as a job sees it.
struct EngineApi<'a, P: Platform> {
    engine: &'a mut Engine<P>,
    auth: Auth,
    budget: &'a mut WaitBudget,
    streams: bool,
    passed: Option<Passed<P::Body>>,
    /// The tokens and the auth that are not used while the job has a session of its own.
    outer: Option<(Sessions, Auth)>,
}

impl<P: Platform> Api for EngineApi<'_, P> {
    fn invoke(&mut self, operation: &str, input: &str) -> Result<Output> {
        let input = Input::parse(input)?;
        self.engine.invoke_operation(operations::find(operation)?.name, &input, &self.auth, self.budget)
    }

    fn pass_on(&mut self, operation: &str, input: &str, resume: Option<String>) -> Result<()> {
        let input = Input::parse(input)?;
        let name = operations::find(operation)?.name;
        self.passed = Some(if self.streams {
            let download = self.engine.open_operation(name, &input, &self.auth, self.budget)?;
            Passed::Download(Box::new(download.with_resume(resume)))
        } else {
            Passed::Output(self.engine.invoke_operation(name, &input, &self.auth, self.budget)?)
        });
        Ok(())
    }

    fn wait(&mut self, time: Duration) -> bool {
        self.budget.wait(&mut self.engine.platform, time)
    }

    fn wait_left(&self) -> Duration {
        self.budget.left()
    }

    fn requests(&self) -> u32 {
        self.budget.requests()
    }

    fn wall_clock(&self) -> Duration {
        self.engine.platform.wall_clock()
    }

    fn streams(&self) -> bool {
        self.streams
    }

    fn enter_session(&mut self, workspace: Workspace) -> Result<()> {
        if !matches!(self.auth.credentials, Credentials::Client { .. }) {
            let message = "This needs a session of its own in Looker, and for that a client ID and a client secret. The auth \
                           signs in another way.";
            return Err(Problem::new(Reason::InvalidAuth, message).permanent());
        }
        let auth = Auth { workspace: Some(workspace), ..self.auth.clone() };
        let sessions = std::mem::take(&mut self.engine.sessions);
        self.outer = Some((sessions, std::mem::replace(&mut self.auth, auth)));
        Ok(())
    }

    fn leave_session(&mut self) {
        if let Some((sessions, auth)) = self.outer.take() {
            let mut own = std::mem::replace(&mut self.engine.sessions, sessions);
            let session_auth = std::mem::replace(&mut self.auth, auth);
            let mut budget = WaitBudget::new(Some(Duration::ZERO));
            // A session that cannot be ended expires within the hour.
            let _ = own.sign_out(&mut self.engine.platform, &mut budget, &session_auth);
        }
    }
}

#[cfg(test)]
mod tests;
