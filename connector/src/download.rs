//! An output that is read in pieces, so that it can be larger than the sandbox's memory.

use crate::auth::Address;
use crate::catalog::Operation;
use crate::failure::Result;
use crate::response::{self, MediaType};
use crate::retry::{Received, transport_failure};
use crate::transport::Body;

/// How much of a result is read ahead to see whether it reports a failed query.
const REPORT_BYTES: usize = 64 * 1024;

/// An output that is being received.
#[derive(Debug)]
pub struct Download<B> {
    media_type: MediaType,
    size: Option<u64>,
    body: Option<B>,
    /// What was read ahead and not returned yet.
    ahead: Vec<u8>,
    authority: String,
    idempotent: bool,
}

impl<B: Body> Download<B> {
    /// Starts with the head of a success. Finds a failed query before the first byte is returned.
    pub fn begin(operation: &Operation, response: Received<B>, address: &Address) -> Result<Self> {
        response::check_head(operation, &response, address)?;
        let status = response.status;
        let mut download = Self {
            media_type: MediaType::of(&response.headers),
            size: response.headers.get("content-length").and_then(|length| length.trim().parse().ok()),
            body: Some(response.body),
            ahead: Vec::new(),
            authority: address.authority(),
            idempotent: operation.is_idempotent(),
        };
        if download.media_type.is_json() {
            download.ahead = download.next(REPORT_BYTES)?;
            if response::may_report_failure(operation, &download.ahead) {
                download.read_report(operation, status, address)?;
            }
        }
        Ok(download)
    }

    /// Reads on and fails if the result reports a failure. Such a report is short.
    fn read_report(&mut self, operation: &Operation, status: u16, address: &Address) -> Result<()> {
        while self.ahead.len() < REPORT_BYTES {
            let chunk = self.next(REPORT_BYTES)?;
            if chunk.is_empty() {
                break;
            }
            self.ahead.extend_from_slice(&chunk);
        }
        let report = String::from_utf8_lossy(&self.ahead);
        match response::query_failure(operation, &report, status, address) {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    /// The media type of the content.
    pub fn media_type(&self) -> &str {
        self.media_type.essence()
    }

    /// The number of bytes in all, where Looker declared it.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// Returns the next bytes: at least one and at most `max_bytes` (at least one); none at the end. After a failure, the
    /// download is over.
    pub fn read(&mut self, max_bytes: usize) -> Result<Vec<u8>> {
        if self.ahead.is_empty() {
            return self.next(max_bytes.max(1));
        }
        let rest = self.ahead.split_off(max_bytes.clamp(1, self.ahead.len()));
        Ok(std::mem::replace(&mut self.ahead, rest))
    }

    fn next(&mut self, max_bytes: usize) -> Result<Vec<u8>> {
        let Some(body) = &mut self.body else {
            return Ok(Vec::new());
        };
        let read = body.read(max_bytes);
        if !matches!(&read, Ok(bytes) if !bytes.is_empty()) {
            self.body = None;
        }
        read.map_err(|error| transport_failure(&error, self.idempotent, &self.authority))
    }
}
