//! The body of a request, on its way to the server.

use crate::lock::lock;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use wasmtime_wasi_http::{Error, WasiBody};

/// The body of a request. hyper keeps it as long as it flushes what was sent before, which is without end where the server
/// does not read; so the guest could wait that long to write more. [`Release`] ends it.
pub(super) enum RequestBody {
    /// It has no bytes.
    Empty(WasiBody),
    /// The guest writes it.
    Written(Arc<Written>),
}

/// The body as the guest writes it. [`None`] once it was released.
type Written = Mutex<Option<WasiBody>>;

/// Ends the body of a request when it is dropped: what the guest still writes fails at once.
pub(super) struct Release(Option<Arc<Written>>);

impl RequestBody {
    /// The body, and what ends it.
    pub(super) fn new(body: WasiBody) -> (Self, Release) {
        if body.is_end_stream() {
            return (Self::Empty(body), Release(None));
        }
        let written = Arc::new(Mutex::new(Some(body)));
        (Self::Written(Arc::clone(&written)), Release(Some(written)))
    }
}

impl Release {
    /// Lets the body go on: the response has begun, and the server may still read.
    pub(super) fn cancel(mut self) {
        self.0 = None;
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        let body = self.0.as_ref().and_then(|written| lock(written).take());
        drop(body);
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match &mut *self {
            Self::Empty(body) => Pin::new(body).poll_frame(context),
            Self::Written(written) => match &mut *lock(written) {
                Some(body) => Pin::new(body).poll_frame(context),
                None => Poll::Ready(Some(Err(Error::InternalError(Some("the request was given up".to_owned()))))),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty(body) => body.is_end_stream(),
            Self::Written(written) => lock(written).as_ref().is_some_and(Body::is_end_stream),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty(body) => body.size_hint(),
            Self::Written(written) => lock(written).as_ref().map_or_else(SizeHint::new, Body::size_hint),
        }
    }
}
