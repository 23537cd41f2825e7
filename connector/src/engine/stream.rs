//! An output that is read in pieces, whatever makes it.

use super::Engine;
use super::job::RunningJob;
use crate::download::Download;
use crate::failure::Result;
use crate::jobs::Rows;
use crate::transport::{Body, Platform};

/// An output that is read by [`Engine::read`].
#[derive(Debug)]
pub enum Stream<B> {
    /// The response to one request.
    Response(Box<Download<B>>),
    /// A document that is there already.
    Whole(Whole),
    /// A text that a job makes of many responses while it is read.
    Rows(Box<RowStream>),
}

/// A document that is handed out in pieces.
#[derive(Debug)]
pub struct Whole {
    media_type: &'static str,
    size: u64,
    rest: Vec<u8>,
}

/// A text that a job makes while it is read.
pub struct RowStream {
    pub(super) running: RunningJob,
    pub(super) rows: Box<dyn Rows>,
    media_type: &'static str,
    /// What was made and not read yet.
    ahead: Vec<u8>,
    is_over: bool,
}

impl std::fmt::Debug for RowStream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RowStream").field("running", &self.running).finish_non_exhaustive()
    }
}

impl RowStream {
    pub(super) fn new(running: RunningJob, media_type: &'static str, rows: Box<dyn Rows>) -> Self {
        Self { running, rows, media_type, ahead: Vec::new(), is_over: false }
    }
}

impl<B: Body> Stream<B> {
    pub(super) fn whole(media_type: &'static str, document: Vec<u8>) -> Self {
        Self::Whole(Whole { media_type, size: document.len() as u64, rest: document })
    }

    /// The media type of the content.
    pub fn media_type(&self) -> &str {
        match self {
            Self::Response(download) => download.media_type(),
            Self::Whole(whole) => whole.media_type,
            Self::Rows(rows) => rows.media_type,
        }
    }

    /// The number of bytes in all, where that is known.
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::Response(download) => download.size(),
            Self::Whole(whole) => Some(whole.size),
            Self::Rows(_) => None,
        }
    }
}

impl<P: Platform> Engine<P> {
    /// Returns the next bytes of an output: at least one and at most `max_bytes` (at least one); none at the end. After a
    /// failure, the output is over.
    pub fn read(&mut self, stream: &mut Stream<P::Body>, max_bytes: usize) -> Result<Vec<u8>> {
        let rows = match stream {
            Stream::Response(download) => return download.read(max_bytes),
            Stream::Whole(whole) => return Ok(take(&mut whole.rest, max_bytes)),
            Stream::Rows(rows) => rows,
        };
        while rows.ahead.is_empty() && !rows.is_over {
            let next = self.next_rows(rows);
            rows.is_over = !matches!(next, Ok(Some(_)));
            rows.ahead = next?.unwrap_or_default().into_bytes();
        }
        Ok(take(&mut rows.ahead, max_bytes))
    }
}

/// Takes the first bytes, at least one where there is any.
fn take(bytes: &mut Vec<u8>, max_bytes: usize) -> Vec<u8> {
    let rest = bytes.split_off(max_bytes.max(1).min(bytes.len()));
    std::mem::replace(bytes, rest)
}
