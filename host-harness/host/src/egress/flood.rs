//! Ends connections whose server sends much that is no response.
//!
//! Some things that a server may send cost the host work and give nobody anything: `100 Continue` without end, HTTP/2's
//! `PING` and `SETTINGS` frames, frames of unknown types. hyper and h2 read them as long as they come. So
//! each connection counts what it receives, and starts over at each part of a response that goes to a guest.

use hyper_util::client::legacy::connect::{Connected, Connection};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Bytes that a connection may receive between two parts of responses. HTTP/2's flow control lets a server send 5 MiB that
/// no guest has read yet; the rest is for the frames' heads.
pub(super) const MAX_IDLE_BYTES: u64 = 16 * 1024 * 1024;

/// Bytes that a connection has received since the last part of a response. Clones count the same connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress(Arc<AtomicU64>);

impl Progress {
    /// Starts over: a part of a response came.
    pub(super) fn note(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    fn count(&self, bytes: usize) -> io::Result<()> {
        let bytes = bytes as u64;
        if self.0.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) <= MAX_IDLE_BYTES {
            return Ok(());
        }
        tracing::warn!("a server sent {MAX_IDLE_BYTES} bytes that are no response; the connection is closed");
        Err(io::Error::new(io::ErrorKind::InvalidData, "the server sends without end what is no response"))
    }
}

/// A TCP connection that fails when its server floods it. The responses that come by it have its [`Progress`] among their
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
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
