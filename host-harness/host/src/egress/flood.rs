//! Ends connections whose server sends much that is no response, or reads nothing of a request.
//!
//! Some things that a server may send cost the host work and give nobody anything: `100 Continue` without end, HTTP/2's
//! `PING` and `SETTINGS` frames, frames of unknown types. hyper and h2 read them as long as they come. So
//! each connection counts what it receives, and starts over at each part of a response that goes to a guest.
//!
//! A server can also begin its response and not read the rest of the request. Whoever notices it gives the connection up.

use crate::lock::lock;
use hyper_util::client::legacy::connect::{Connected, Connection};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Bytes that a connection may receive between two parts of responses. HTTP/2's flow control lets a server send 5 MiB that
/// no guest has read yet; the rest is for the frames' heads.
pub(super) const MAX_IDLE_BYTES: u64 = 16 * 1024 * 1024;

/// How a connection goes on. Clones are about the same connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Bytes that it has received since the last part of a response.
    idle_bytes: AtomicU64,
    is_given_up: AtomicBool,
    /// Who waits until the server takes more bytes.
    writer: Mutex<Option<Waker>>,
}

impl Progress {
    /// Starts over: a part of a response came.
    pub(super) fn note(&self) {
        self.0.idle_bytes.store(0, Ordering::Relaxed);
    }

    /// Has the connection fail where it waits for the server to take more bytes. Otherwise, nobody would ever close it.
    pub(super) fn give_up(&self) {
        self.0.is_given_up.store(true, Ordering::Release);
        let writer = lock(&self.0.writer).take();
        writer.iter().for_each(Waker::wake_by_ref);
    }

    fn count(&self, bytes: usize) -> io::Result<()> {
        let bytes = bytes as u64;
        if self.0.idle_bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) <= MAX_IDLE_BYTES {
            return Ok(());
        }
        tracing::warn!("a server sent {MAX_IDLE_BYTES} bytes that are no response; the connection is closed");
        Err(io::Error::new(io::ErrorKind::InvalidData, "the server sends without end what is no response"))
    }

    /// What a write comes to: an error where it would wait and the connection was given up.
    fn written<T>(&self, outcome: Poll<io::Result<T>>, context: &Context<'_>) -> Poll<io::Result<T>> {
        if outcome.is_pending() {
            *lock(&self.0.writer) = Some(context.waker().clone());
            if self.0.is_given_up.load(Ordering::Acquire) {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the server stopped reading")));
            }
        }
        outcome
    }
}

/// A TCP connection that fails when its server floods it, or when it was given up. The responses that come by it have its [`Progress`] among their
/// extensions.
pub(super) struct Guarded {
    stream: TcpStream,
    progress: Progress,
}

impl Guarded {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, progress: Progress::default() }
    }
}

impl Connection for Guarded {
    fn connected(&self) -> Connected {
        Connected::new().extra(self.progress.clone())
    }
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        Poll::Ready(self.progress.count(buffer.filled().len() - before))
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.progress.written(outcome, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.progress.written(outcome, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(context);
        self.progress.written(outcome, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_shutdown(context);
        self.progress.written(outcome, context)
    }
}
