//! The component: translates between the WIT package's functions and the engine. It makes no decisions.

use crate::catalog::{self, Effect, Stability};
use crate::engine::{self, Call, Engine, Stream, Summary};
use crate::failure::{Failure, FieldProblem, Problem, Reason};
use crate::response::{File, Output, OutputBody};
use crate::wasi::{IncomingStream, Wasi};
use std::cell::RefCell;
use std::time::Duration;

#[allow(missing_docs, reason = "documented in wit/connector.wit")]
mod bindings {
    wit_bindgen::generate!({ path: "../wit", world: "workflow-connector-complete", generate_all });
}

use bindings::exports::workflow::connector::{connector, sessions, streaming};
use bindings::workflow::connector::types as wit;

/// Looker's own reference.
const DOCUMENTATION: &str = "https://cloud.google.com/looker/docs/reference/looker-api/latest";
/// The connector in one sentence.
const DESCRIPTION: &str = "Every operation of Looker API 4.0, and jobs that take several of them: users, roles, folders, Looks, dashboards, queries, schedules and more.";

thread_local! {
    /// One per instance, so that tokens outlive a call.
    static ENGINE: RefCell<Engine<Wasi>> = RefCell::new(Engine::new(Wasi::default()));
}

fn with_engine<T>(work: impl FnOnce(&mut Engine<Wasi>) -> Result<T, Failure>) -> Result<T, wit::Failure> {
    ENGINE.with_borrow_mut(work).map_err(Into::into)
}

struct Component;

impl connector::Guest for Component {
    fn describe() -> Result<wit::ConnectorInfo, wit::Failure> {
        Ok(wit::ConnectorInfo {
            name: "looker".into(),
            title: "Looker".into(),
            description: DESCRIPTION.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            documentation_url: DOCUMENTATION.into(),
            catalog_digest: catalog::DIGEST.into(),
        })
    }

    fn auth_schema() -> Result<String, wit::Failure> {
        Ok(engine::auth_schema().into())
    }

    fn hosts(auth: String) -> Result<Vec<String>, wit::Failure> {
        with_engine(|engine| engine.hosts(&auth))
    }

    fn check_auth(auth: String) -> Result<String, wit::Failure> {
        with_engine(|engine| engine.check_auth(&auth))
    }

    fn list_operations() -> Result<Vec<wit::OperationSummary>, wit::Failure> {
        Ok(engine::operations().map(summary).collect())
    }

    fn describe_operation(name: String) -> Result<wit::Operation, wit::Failure> {
        let description = engine::describe(&name).map_err(wit::Failure::from)?;
        Ok(wit::Operation {
            summary: summary(description.summary),
            input_schema: description.input_schema,
            output_schema: description.output_schema,
            media_types: description.media_types.into_iter().map(Into::into).collect(),
        })
    }

    fn invoke(auth: String, call: wit::Call) -> Result<wit::Output, wit::Failure> {
        with_engine(|engine| engine.invoke(&auth, borrowed(&call))).map(Into::into)
    }
}

impl streaming::Guest for Component {
    type Download = OpenDownload;

    fn open(auth: String, call: wit::Call) -> Result<streaming::Download, wit::Failure> {
        let stream = with_engine(|engine| engine.open(&auth, borrowed(&call)))?;
        Ok(streaming::Download::new(OpenDownload(RefCell::new(stream))))
    }
}

impl sessions::Guest for Component {
    fn sign_in(auth: String) -> Result<sessions::Session, wit::Failure> {
        let session = with_engine(|engine| engine.sign_in(&auth))?;
        Ok(sessions::Session {
            auth: session.auth,
            lasts_ms: session.lifetime.map(milliseconds),
            renewed_auth: session.renewed_auth,
        })
    }

    fn sign_out(auth: String) -> Result<(), wit::Failure> {
        with_engine(|engine| engine.sign_out(&auth))
    }
}

/// The resource `download`.
struct OpenDownload(RefCell<Stream<IncomingStream>>);

impl streaming::GuestDownload for OpenDownload {
    fn media_type(&self) -> String {
        self.0.borrow().media_type().into()
    }

    fn size(&self) -> Option<u64> {
        self.0.borrow().size()
    }

    fn read(&self, max_bytes: u32) -> Result<Vec<u8>, wit::Failure> {
        // On wasm32 a `u32` is a `usize`.
        with_engine(|engine| engine.read(&mut self.0.borrow_mut(), max_bytes as usize))
    }
}

fn borrowed(call: &wit::Call) -> Call<'_> {
    Call { operation: &call.operation, input: &call.input, max_wait: call.max_wait_ms.map(Duration::from_millis) }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn summary(operation: Summary) -> wit::OperationSummary {
    wit::OperationSummary {
        name: operation.name.into(),
        title: operation.title.into(),
        group: operation.group.into(),
        description: operation.help.into(),
        effect: match operation.effect {
            Effect::Read => wit::Effect::Read,
            Effect::Write => wit::Effect::Write,
            Effect::Delete => wit::Effect::Delete,
        },
        idempotent: operation.idempotent,
        stability: match operation.stability {
            Stability::Stable => wit::Stability::Stable,
            Stability::Beta => wit::Stability::Beta,
            Stability::Alpha => wit::Stability::Alpha,
            Stability::Deprecated => wit::Stability::Deprecated,
        },
    }
}

impl From<Output> for wit::Output {
    fn from(output: Output) -> Self {
        let body = match output.body {
            OutputBody::Json(document) => wit::Body::Json(document),
            OutputBody::Text(text) => wit::Body::Text(text),
            OutputBody::File(File { media_type, name, bytes }) => {
                wit::Body::File(wit::File { media_type, name, bytes })
            }
            OutputBody::Nothing => wit::Body::Nothing,
        };
        Self { body, next: output.next }
    }
}

impl From<Failure> for wit::Failure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Retryable(problem) => Self::Retryable((*problem).into()),
            Failure::Permanent(problem) => Self::Permanent((*problem).into()),
        }
    }
}

impl From<Problem> for wit::Problem {
    fn from(problem: Problem) -> Self {
        Self {
            reason: problem.reason.into(),
            message: problem.message,
            status: problem.status,
            retry_after_ms: problem.retry_after.map(milliseconds),
            resume: problem.resume,
            request_sent: problem.request_sent,
            fields: problem.fields.into_iter().map(Into::into).collect(),
            documentation_url: problem.documentation_url,
        }
    }
}

impl From<FieldProblem> for wit::FieldProblem {
    fn from(problem: FieldProblem) -> Self {
        Self { field: problem.field, code: problem.code, message: problem.message }
    }
}

impl From<Reason> for wit::Reason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::InvalidAuth => Self::InvalidAuth,
            Reason::InvalidInput => Self::InvalidInput,
            Reason::UnknownOperation => Self::UnknownOperation,
            Reason::Unauthenticated => Self::Unauthenticated,
            Reason::Forbidden => Self::Forbidden,
            Reason::NotFound => Self::NotFound,
            Reason::Conflict => Self::Conflict,
            Reason::Rejected => Self::Rejected,
            Reason::RateLimited => Self::RateLimited,
            Reason::Timeout => Self::Timeout,
            Reason::Unreachable => Self::Unreachable,
            Reason::RemoteError => Self::RemoteError,
            Reason::UnexpectedResponse => Self::UnexpectedResponse,
        }
    }
}

bindings::export!(Component with_types_in bindings);
