//! An output that is read piece by piece, however large it is.

use crate::auth::Address;
use crate::catalog::Operation;
use crate::exchange::transport_failure;
use crate::failure::Result;
use crate::response::{self, MediaType};
use crate::transport::{Body, Response};

/// How much of a result is read ahead to see whether it reports a failed query.
const REPORT_BYTES: usize = 64 * 1024;

/// An output on its way.
#[derive(Debug)]
pub struct Download<B> {
    media_type: MediaType,
    size: Option<u64>,
    body: Option<B>,
    /// What was read ahead and not yet given.
    ahead: Vec<u8>,
    authority: String,
    safe: bool,
}

impl<B: Body> Download<B> {
    /// Begins with the head of a success. A query that failed is found before the first byte is given.
    pub fn begin(operation: &Operation, response: Response<B>, address: &Address) -> Result<Self> {
        response::check_head(operation, response.status, &response.headers, address)?;
        let mut download = Self {
            media_type: MediaType::of(&response.headers),
            size: response.headers.get("content-length").and_then(|length| length.trim().parse().ok()),
            body: Some(response.body),
            ahead: Vec::new(),
            authority: address.authority(),
            safe: operation.is_safe(),
        };
        if download.media_type.is_json() {
            download.ahead = download.next(REPORT_BYTES)?;
            if response::may_report_failure(operation, &download.ahead) {
                download.read_report(operation, response.status, address)?;
            }
        }
        Ok(download)
    }

    /// Reads on, since a report of a failure is short, and gives the failure if it is one.
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

    /// What kind of content it is.
    pub fn media_type(&self) -> &str {
        self.media_type.essence()
    }

    /// How many bytes it has in all, where Looker said so.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// The next bytes: at least one and at most `most` (one at least); none at the end. After a failure it is over.
    pub fn read(&mut self, most: usize) -> Result<Vec<u8>> {
        if self.ahead.is_empty() {
            return self.next(most.max(1));
        }
        let rest = self.ahead.split_off(most.clamp(1, self.ahead.len()));
        Ok(std::mem::replace(&mut self.ahead, rest))
    }

    fn next(&mut self, most: usize) -> Result<Vec<u8>> {
        let Some(body) = &mut self.body else {
            return Ok(Vec::new());
        };
        let read = body.read(most);
        if !matches!(&read, Ok(bytes) if !bytes.is_empty()) {
            self.body = None;
        }
        read.map_err(|error| transport_failure(&error, self.safe, &self.authority))
    }
}
