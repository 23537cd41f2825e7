//! One request and what comes of it: recorded, made to fail if that is its lot, answered.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use crate::{
    answer::{Answer, Content},
    fault::{Fault, FaultPlan},
    record::Kept,
    respond::respond,
    script::Step,
    state::State,
    suffering,
};

/// What came of a request.
pub(crate) enum Exchange {
    /// An answer that hyper writes.
    Answer(Response<Content>),
    /// Steps that take the connection over.
    Script(Vec<Step>),
}

/// What all connections share.
pub(crate) struct Shared {
    state: Mutex<State>,
    faults: Mutex<FaultPlan>,
    record: bool,
    recorded: Mutex<Vec<Arc<Kept>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking handler left behind is still the best state there is.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn new(state: State, record: bool) -> Self {
        Self { state: Mutex::new(state), faults: Mutex::default(), record, recorded: Mutex::default() }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, FaultPlan> {
        lock(&self.faults)
    }

    pub(crate) fn recorded(&self) -> MutexGuard<'_, Vec<Arc<Kept>>> {
        lock(&self.recorded)
    }

    /// Carries one request out.
    pub(crate) async fn exchange(&self, request: Request<Incoming>) -> io::Result<Exchange> {
        let (parts, body) = request.into_parts();
        let body = if body.is_end_stream() {
            Bytes::new()
        } else {
            body.collect().await.map_err(io::Error::other)?.to_bytes()
        };
        let kept = Arc::new(Kept::new(parts, body));
        if self.record {
            self.recorded().push(Arc::clone(&kept));
        }
        let fault = self.faults().take(kept.method.as_str(), kept.uri.path());
        match fault {
            None => Ok(Exchange::Answer(self.answer(&kept))),
            Some(Fault::Answer { status, headers, body }) => {
                Ok(Exchange::Answer(suffering::instead(status, &headers, body)))
            }
            Some(Fault::Redirect { status, location }) => {
                Ok(Exchange::Answer(suffering::instead(status, &[("location".to_owned(), location)], Vec::new())))
            }
            Some(Fault::Garbage) => Ok(Exchange::Script(suffering::garbage())),
            Some(fault) => suffering::suffer(fault, self.answer(&kept)).await,
        }
    }

    fn answer(&self, kept: &Kept) -> Response<Content> {
        let answer: Answer = respond(&mut self.state(), kept);
        answer.into_response()
    }
}
