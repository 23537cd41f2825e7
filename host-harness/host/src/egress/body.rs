//! The body of a response, on its way to the guest.

use crate::egress::call::CallContext;
use crate::egress::cause::Cause;
use crate::egress::error;
use crate::egress::flood::Progress;
use crate::egress::timeout::Timeout;
use crate::limits::Limit;
use crate::limits::call_meter::microseconds;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::time::Sleep;
use wasmtime_wasi_http::Error;

/// The body of a response: its bytes count as the call's, and it fails when it pauses for too long.
pub(super) struct ReceivedBody {
    incoming: Incoming,
    /// How long it may pause, and what to report when it does.
    timeout: Timeout,
    /// Runs while the guest waits for the next bytes. How long the guest takes to ask for them does not count.
    pause: Option<Pin<Box<Sleep>>>,
    /// How the connection goes on.
    progress: Option<Progress>,
    context: Arc<CallContext>,
    started: Instant,
    bytes: u64,
    span: tracing::Span,
}

impl ReceivedBody {
    /// The body of a response whose head has just come.
    pub(super) fn new(
        incoming: Incoming,
        timeout: Timeout,
        progress: Option<Progress>,
        context: Arc<CallContext>,
        started: Instant,
    ) -> Self {
        let span = tracing::Span::current();
        let body = Self { incoming, timeout, pause: None, progress, context, started, bytes: 0, span };
        body.progresses();
        body
    }

    fn progresses(&self) {
        if let Some(progress) = &self.progress {
            progress.note();
        }
    }
}

impl ReceivedBody {
    fn receive(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, Error> {
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        if bytes > 0 {
            self.pause = None;
            self.progresses();
        }
        self.bytes += bytes as u64;
        match self.context.meter().count_received(bytes) {
            Ok(()) => Ok(frame),
            Err(Limit::ResponseBytes(max)) => Err(Error::HttpResponseBodySize(Some(max))),
            Err(_) => Err(Error::HttpResponseBodySize(None)),
        }
    }

    /// Waits for the end of the longest pause that is allowed, and reports it.
    fn poll_pause(&mut self, context: &mut Context<'_>) -> Poll<Error> {
        let limit = self.timeout.limit;
        let pause = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        pause.as_mut().poll(context).map(|()| error::failed(&self.context, Cause::TimedOut(self.timeout.clone())))
    }
}

impl Body for ReceivedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        match Pin::new(&mut this.incoming).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(this.receive(frame))),
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error::from_body(&error)))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => this.poll_pause(context).map(|error| Some(Err(error))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl Drop for ReceivedBody {
    fn drop(&mut self) {
        tracing::debug!(parent: &self.span, bytes = self.bytes, time_us = microseconds(self.started), "done");
    }
}
