//! The body of an answer, on its way to the guest.

use super::error;
use crate::limits::Limit;
use crate::limits::call_meter::{CallMeter, microseconds};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::time::Sleep;
use wasmtime_wasi_http::Error;

/// The body of an answer: counted, and given up when it pauses for too long.
pub(super) struct ReceivedBody {
    incoming: Incoming,
    pause: Duration,
    /// Told of a pause that is too long; it gives what the guest is told.
    late: Box<dyn Fn() -> Error + Send>,
    /// Set while the guest waits for the next bytes: it may itself take as long as it likes to ask for them.
    patience: Option<Pin<Box<Sleep>>>,
    watch: Arc<CallMeter>,
    started: Instant,
    bytes: u64,
    span: tracing::Span,
}

impl ReceivedBody {
    pub(super) fn new(
        incoming: Incoming,
        pause: Duration,
        late: Box<dyn Fn() -> Error + Send>,
        watch: Arc<CallMeter>,
        started: Instant,
    ) -> Self {
        Self { incoming, pause, late, patience: None, watch, started, bytes: 0, span: tracing::Span::current() }
    }
}

impl Body for ReceivedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        match Pin::new(&mut this.incoming).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                this.patience = None;
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                this.bytes += bytes as u64;
                let outcome = this.watch.count_received(bytes);
                Poll::Ready(Some(match outcome {
                    Ok(()) => Ok(frame),
                    Err(Limit::ResponseBytes(most)) => Err(Error::HttpResponseBodySize(Some(most))),
                    Err(_) => Err(Error::HttpResponseBodySize(None)),
                }))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error::from_body(&error)))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                let pause = this.pause;
                let patience = this.patience.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
                patience.as_mut().poll(context).map(|()| Some(Err((this.late)())))
            }
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
