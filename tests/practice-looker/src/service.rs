//! Handles one request: records it, injects a fault if one is planned for it, and responds.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use crate::{
    fault::{Fault, FaultPlan},
    fault_injection,
    record::ReceivedRequest,
    respond::respond,
    response::Content,
    script::Step,
    state::State,
};

/// How the server replies to a request.
pub(crate) enum Reply {
    /// A response that hyper writes.
    Response(http::Response<Content>),
    /// Steps that write to the connection directly, in place of hyper.
    Script(Vec<Step>),
}

/// The state that all connections share.
pub(crate) struct Shared {
    state: Mutex<State>,
    faults: Mutex<FaultPlan>,
    record: bool,
    recorded: Mutex<Vec<Arc<ReceivedRequest>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A handler that panicked may have left a partial change; the other requests go on with it.
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

    pub(crate) fn recorded(&self) -> MutexGuard<'_, Vec<Arc<ReceivedRequest>>> {
        lock(&self.recorded)
    }

    /// Handles one request.
    pub(crate) async fn reply(&self, incoming: Request<Incoming>) -> io::Result<Reply> {
        let (parts, body) = incoming.into_parts();
        let body = if body.is_end_stream() {
            Bytes::new()
        } else {
            body.collect().await.map_err(io::Error::other)?.to_bytes()
        };
        let request = Arc::new(ReceivedRequest::new(parts, body));
        if self.record {
            self.recorded().push(Arc::clone(&request));
        }
        let fault = self.faults().take(request.method.as_str(), request.uri.path());
        match fault {
            None => Ok(Reply::Response(self.respond(&request))),
            Some(Fault::Response { status, headers, body }) => {
                Ok(Reply::Response(fault_injection::replacement(status, &headers, body)))
            }
            Some(Fault::Redirect { status, location }) => Ok(Reply::Response(fault_injection::replacement(
                status,
                &[("location".to_owned(), location)],
                Vec::new(),
            ))),
            Some(Fault::Garbage) => Ok(Reply::Script(fault_injection::garbage())),
            Some(fault) => fault_injection::inject(fault, self.respond(&request)).await,
        }
    }

    fn respond(&self, request: &ReceivedRequest) -> http::Response<Content> {
        respond(&mut self.state(), request).into_http()
    }
}
