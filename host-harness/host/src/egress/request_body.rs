//! The body of a request, on its way to the server.

use crate::egress::call::CallContext;
use crate::egress::cause::Cause;
use crate::egress::error;
use crate::egress::flood::Progress;
use crate::egress::timeout::Timeout;
use crate::lock::lock;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};
use wasmtime_wasi_http::{Error, WasiBody};

/// The body of a request. hyper keeps it as long as it flushes what was sent before, which is without end where the server
/// does not read; so the guest could wait that long to write more. [`Release`] ends it.
pub(super) enum RequestBody {
    /// It has no bytes.
    Empty(WasiBody),
    /// The guest writes it.
    Written(Arc<Mutex<Written>>),
}

/// The body as the guest writes it.
pub(super) struct Written {
    /// [`None`] once it was released, or is sent.
    body: Option<WasiBody>,
    /// Since when the server has not taken what there is. [`None`] while the guest is to write more.
    waiting_since: Option<Instant>,
    /// What watches it after the response has begun. It goes with the body, and does not wait for its next look.
    watcher: Option<AbortOnDrop>,
}

/// A task that ends when this is dropped.
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Ends the body of a request when it is dropped: what the guest still writes fails at once.
pub(super) struct Release(Option<Arc<Mutex<Written>>>);

impl RequestBody {
    /// The body, and what ends it.
    pub(super) fn new(body: WasiBody) -> (Self, Release) {
        if body.is_end_stream() {
            return (Self::Empty(body), Release(None));
        }
        let written =
            Arc::new(Mutex::new(Written { body: Some(body), waiting_since: Some(Instant::now()), watcher: None }));
        (Self::Written(Arc::clone(&written)), Release(Some(written)))
    }
}

impl Release {
    /// Lets the body go on after the response has begun, unless the server stops reading it for longer than the limit.
    /// The connection, which only this request uses, is given up then.
    pub(super) fn unless_it_stalls(
        mut self,
        timeout: Timeout,
        connection: Option<Progress>,
        context: &Arc<CallContext>,
    ) {
        let written = self.0.take().filter(|written| !lock(written).is_over());
        let Some(written) = written else { return };
        let (watched, context) = (Arc::downgrade(&written), Arc::clone(context));
        let watcher = tokio::spawn(async move {
            if end_where_it_stalls(watched, &timeout).await {
                error::failed(&context, Cause::TimedOut(timeout));
                connection.iter().for_each(Progress::give_up);
            }
        });
        lock(&written).watcher = Some(AbortOnDrop(watcher.abort_handle()));
    }
}

/// Watches a body until it is sent, or until the server has not read it for too long. Then it ends it, and tells so.
async fn end_where_it_stalls(written: Weak<Mutex<Written>>, timeout: &Timeout) -> bool {
    let mut next_look = Instant::now() + timeout.limit;
    loop {
        sleep_until(next_look).await;
        let Some(written) = written.upgrade() else { return false };
        let mut written = lock(&written);
        if written.is_over() {
            return false;
        }
        next_look = written.waiting_since.unwrap_or_else(Instant::now) + timeout.limit;
        if next_look <= Instant::now() {
            // The guest's next write fails.
            let body = written.body.take();
            drop(written);
            drop(body);
            return true;
        }
    }
}

impl Written {
    /// Whether there is nothing more to send.
    fn is_over(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(Some(Err(Error::InternalError(Some("the request was given up".to_owned())))));
        };
        let frame = Pin::new(body).poll_frame(context);
        self.waiting_since = match &frame {
            Poll::Pending => None,
            Poll::Ready(_) => Some(Instant::now()),
        };
        if matches!(frame, Poll::Ready(None)) {
            self.watcher = None;
        }
        frame
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        let body = self.0.as_ref().and_then(|written| lock(written).body.take());
        drop(body);
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match &mut *self {
            Self::Empty(body) => Pin::new(body).poll_frame(context),
            Self::Written(written) => lock(written).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty(body) => body.is_end_stream(),
            Self::Written(written) => lock(written).body.as_ref().is_some_and(Body::is_end_stream),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty(body) => body.size_hint(),
            Self::Written(written) => lock(written).body.as_ref().map_or_else(SizeHint::new, Body::size_hint),
        }
    }
}
