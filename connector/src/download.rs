//! An output that is read in pieces, so that it can be larger than the sandbox's memory.

use crate::auth::Address;
use crate::context::{Called, Context};
use crate::failure::{Failure, Result};
use crate::response::{self, Expected, Head, MediaType, PAGE_BYTES, Results};
use crate::retry::{Received, transport_failure};
use crate::transport::Body;
use crate::web_page;
use redact::Redactor;

/// How much of a result is read ahead to see whether it is a web page or reports a failed query.
const AHEAD: usize = PAGE_BYTES;

/// An output that is being received.
#[derive(Debug)]
pub struct Download<B> {
    head: Head,
    size: Option<u64>,
    body: Option<B>,
    /// What was read ahead and not returned yet.
    ahead: Vec<u8>,
    /// Follows a result in JSON, which can report a failure anywhere.
    results: Option<Results>,
    /// Whether it is the result of a query.
    is_result: bool,
    address: Address,
    secrets: Redactor,
    idempotent: bool,
    /// The input with which to repeat the call if the output breaks off.
    resume: Option<String>,
}

impl<B: Body> Download<B> {
    /// The same output, with an input to repeat the call with if it breaks off.
    #[must_use]
    pub fn with_resume(self, resume: Option<String>) -> Self {
        Self { resume, ..self }
    }

    /// Starts with the head of a success. Finds wrong content and a failed query before the first byte is returned, unless
    /// the failure comes after good rows.
    pub fn begin(received: Received<B>, called: Called, context: &Context) -> Result<Self> {
        response::check_head(&received, called.operation, context)?;
        let expected = Expected::of(called);
        let media_type = MediaType::of(&received.headers);
        let mut download = Self {
            size: received.headers.get("content-length").and_then(|length| length.trim().parse().ok()),
            head: Head { status: received.status, media_type },
            body: Some(received.body),
            ahead: Vec::new(),
            results: None,
            is_result: expected.is_result,
            address: context.address.clone(),
            secrets: context.secrets.clone(),
            idempotent: called.operation.is_idempotent(),
            resume: None,
        };
        download.ahead = download.next(AHEAD)?;
        while download.may_be_page() && download.read_ahead()? {}
        response::check_beginning(&download.ahead, &download.head, expected, context)?;
        if response::is_json(&download.head.media_type, expected) && !download.ahead.is_empty() {
            let mut results = Results::of(expected.is_several);
            results.feed(&download.ahead);
            download.results = Some(results);
            download.look_ahead()?;
        }
        Ok(download)
    }

    /// Whether more must be read to tell if this is a web page, or what its title is.
    fn may_be_page(&self) -> bool {
        self.head.media_type.is_html() || web_page::may_be_page(&String::from_utf8_lossy(&self.ahead))
    }

    /// Reads on until it is known how the result begins, and fails if it reports a failure.
    fn look_ahead(&mut self) -> Result<()> {
        loop {
            self.check_results()?;
            let is_decided =
                |results: &Results| results.document().first_row_is_good && !results.document().is_object();
            if !self.is_result || self.results.as_ref().is_none_or(is_decided) {
                return Ok(());
            }
            let before = self.ahead.len();
            if !self.read_ahead()? {
                return self.check_results();
            }
            if let Some(results) = &mut self.results {
                results.feed(&self.ahead[before..]);
            }
        }
    }

    /// Reads ahead once more; `false` at the end, or if enough was read.
    fn read_ahead(&mut self) -> Result<bool> {
        if self.ahead.len() >= AHEAD {
            return Ok(false);
        }
        let chunk = self.next(AHEAD)?;
        self.ahead.extend_from_slice(&chunk);
        Ok(!chunk.is_empty())
    }

    /// Fails if the result reports a failure, as far as it was read; at its end also if it is cut off.
    fn check_results(&mut self) -> Result<()> {
        let Some(results) = &self.results else { return Ok(()) };
        let is_over = self.body.is_none();
        let context = Context::login(&self.address, &self.secrets);
        // Beside the rows, a failure is known only at the end.
        let failed = (self.is_result && (is_over || results.has_failed()))
            .then(|| response::query_failure(results, self.head.status, &self.address, &self.secrets))
            .flatten();
        let broken = || -> Option<Failure> {
            let is_broken = results.document().has_text_after() || (is_over && !results.document().is_complete());
            is_broken.then(|| response::unexpected(self.head.status, &context, "JSON that is broken or cut off"))
        };
        match failed.or_else(broken) {
            Some(failure) => {
                (self.body, self.results) = (None, None);
                self.ahead.clear();
                Err(failure)
            }
            None => Ok(()),
        }
    }

    /// The media type of the content.
    pub fn media_type(&self) -> &str {
        self.head.media_type.essence()
    }

    /// The number of bytes in all, where Looker declared it.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// Returns the next bytes: at least one and at most `max_bytes` (at least one); none at the end. After a failure, the
    /// download is over.
    pub fn read(&mut self, max_bytes: usize) -> Result<Vec<u8>> {
        if !self.ahead.is_empty() {
            let rest = self.ahead.split_off(max_bytes.clamp(1, self.ahead.len()));
            return Ok(std::mem::replace(&mut self.ahead, rest));
        }
        let is_over = self.body.is_none();
        let bytes = self.next(max_bytes.max(1))?;
        if let Some(results) = &mut self.results {
            results.feed(&bytes);
        }
        if !is_over {
            self.check_results()?;
        }
        Ok(bytes)
    }

    fn next(&mut self, max_bytes: usize) -> Result<Vec<u8>> {
        let Some(body) = &mut self.body else {
            return Ok(Vec::new());
        };
        let read = body.read(max_bytes);
        if !matches!(&read, Ok(bytes) if !bytes.is_empty()) {
            self.body = None;
        }
        read.map_err(|error| {
            self.results = None;
            let failure = transport_failure(&error, self.idempotent, &self.address.authority());
            failure.with_resume(self.resume.take())
        })
    }
}
