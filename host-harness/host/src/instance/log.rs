//! The connector's standard output and error, which go to the host's log.

use crate::limits::LOG_BYTES;
use crate::lock::lock;
use crate::redaction::CallSecrets;
use bytes::Bytes;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// The most that the connector can write at once.
const WRITE_BYTES: usize = 64 * 1024;

/// What one sandbox writes in one call: a line is one entry of the log, and a flood is cut.
#[derive(Clone, Default)]
pub(super) struct GuestLog {
    state: Arc<Mutex<LogState>>,
}

#[derive(Default)]
struct LogState {
    written: usize,
    line: Vec<u8>,
    /// What no line may show.
    secrets: Arc<CallSecrets>,
}

impl GuestLog {
    /// Begins a call.
    pub(super) fn begin(&self, secrets: &Arc<CallSecrets>) {
        *self.state() = LogState { secrets: Arc::clone(secrets), ..LogState::default() };
    }

    fn write(&self, stream: &'static str, bytes: &[u8]) {
        let mut state = self.state();
        let room = LOG_BYTES - state.written;
        if room == 0 {
            return;
        }
        let kept = bytes.get(..room).unwrap_or(bytes);
        state.written += kept.len();
        for piece in kept.split_inclusive(|byte| *byte == b'\n') {
            state.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                state.log(stream);
            }
        }
        if state.written == LOG_BYTES {
            state.log(stream);
            tracing::debug!(target: "guest", stream, "the connector wrote more than {LOG_BYTES} bytes: the rest is dropped");
        }
    }

    fn state(&self) -> MutexGuard<'_, LogState> {
        lock(&self.state)
    }
}

impl LogState {
    fn log(&mut self, stream: &'static str) {
        // Of a line that nobody reads, nothing is made.
        if tracing::enabled!(target: "guest", tracing::Level::DEBUG) {
            tracing::debug!(target: "guest", stream, "{}", self.entry());
        }
        self.line.clear();
    }

    /// The line as the log shows it: without secrets, and escaped, so that a connector cannot write to the operator's terminal
    /// as it likes.
    fn entry(&self) -> String {
        let line = self.secrets.redactor().redact(&String::from_utf8_lossy(&self.line));
        line.trim_end().escape_debug().to_string()
    }
}

/// One of the two streams.
#[derive(Clone)]
pub(super) struct GuestStream {
    name: &'static str,
    log: GuestLog,
}

impl GuestStream {
    pub(super) fn new(name: &'static str, log: GuestLog) -> Self {
        Self { name, log }
    }
}

impl IsTerminal for GuestStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for GuestStream {
    async fn ready(&mut self) {}
}

impl OutputStream for GuestStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.log.write(self.name, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES)
    }
}

impl AsyncWrite for GuestStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.log.write(self.name, bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::auth::Auth;

    #[test]
    fn a_line_shows_no_secret_and_no_control_character() {
        let log = GuestLog::default();
        let secrets = Arc::<CallSecrets>::default();
        secrets.hide(&Arc::default(), &Auth::from_json(r#"{"password": "open sesame"}"#).unwrap());
        log.begin(&secrets);
        log.write("stderr", b"\x1b[2J open+sesame, open sesame");
        assert_eq!(log.state().entry(), r"\u{1b}[2J …, …");
    }

    #[test]
    fn a_flood_is_cut_in_each_call_anew() {
        let log = GuestLog::default();
        for piece in [&[b'x'; 100_000][..], b"a line\n", &[b'\n'; 200_000]] {
            log.write("stderr", piece);
            let state = log.state();
            assert_eq!((state.written, state.line.len()), (LOG_BYTES, 0));
        }
        log.begin(&Arc::default());
        log.write("stderr", b"half a line");
        let state = log.state();
        assert_eq!((state.written, state.line.len()), (11, 11));
    }
}
