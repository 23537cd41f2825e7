//! What can be made to go wrong, and for which requests.

use std::time::Duration;

use crate::API;

/// One thing that goes wrong with one request.
///
/// Unless its description says otherwise, the practice Looker **does what it was asked** before things go wrong: the
/// state has changed, only the answer suffers. That is the harder case for a client, which cannot tell.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This answer instead of the real one. What was asked is not done.
    Answer {
        /// The status: 429.
        status: u16,
        /// Headers beside `content-length`, which is always right: `("retry-after", "2")`.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// A redirect. What was asked is not done.
    Redirect {
        /// The status: 302, 307, ….
        status: u16,
        /// Where to: an absolute URL or a path.
        location: String,
    },
    /// The right answer, this much later.
    Delay(Duration),
    /// The connection is reset (RST) before the first byte of the answer.
    ResetBeforeHead,
    /// The connection is reset (RST) after the status and the headers.
    ResetAfterHead,
    /// The connection is reset (RST) after half of the body.
    ResetInBody,
    /// The connection is closed (FIN) before the first byte of the answer.
    CloseBeforeHead,
    /// The right answer, after which the connection is closed although nothing announced it: what a client that keeps
    /// connections meets when the server's idle time ends first.
    CloseAfterAnswer,
    /// `content-length` promises the whole body, and the connection is closed (FIN) after half of it.
    TruncatedBody,
    /// Something that is not HTTP. What was asked is not done.
    Garbage,
    /// The right answer with this `content-type`.
    WrongContentType(String),
    /// The right answer, with a byte in its body that UTF-8 does not allow.
    InvalidUtf8,
    /// The right answer, in pieces.
    SlowDrip {
        /// How many bytes of the body come at a time; 0 is taken as 1.
        bytes: usize,
        /// How long to wait before each piece.
        every: Duration,
    },
    /// The connection stays open and nothing comes.
    NeverAnswer,
}

impl Fault {
    /// That status with Looker's error body for it.
    pub fn status(status: u16) -> Self {
        Self::Answer { status, headers: json_header(), body: error_body(status) }
    }

    /// 429 with Looker's error body, and `Retry-After` in seconds.
    pub fn too_many_requests(retry_after: u32) -> Self {
        Self::retry_later(429, retry_after)
    }

    /// 503 with Looker's error body, and `Retry-After` in seconds.
    pub fn unavailable(retry_after: u32) -> Self {
        Self::retry_later(503, retry_after)
    }

    fn retry_later(status: u16, retry_after: u32) -> Self {
        let mut headers = json_header();
        headers.push(("retry-after".to_owned(), retry_after.to_string()));
        Self::Answer { status, headers, body: error_body(status) }
    }
}

fn json_header() -> Vec<(String, String)> {
    vec![("content-type".to_owned(), "application/json".to_owned())]
}

fn error_body(status: u16) -> Vec<u8> {
    let reason = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let message = reason.unwrap_or("Error");
    let url = crate::refusal::DOCUMENTATION_URL;
    serde_json::json!({ "message": message, "documentation_url": url }).to_string().into_bytes()
}

/// Which requests go wrong, and how often still.
#[derive(Debug, Default)]
pub(crate) struct FaultPlan {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    method: String,
    path_prefix: String,
    times: usize,
    fault: Fault,
}

impl FaultPlan {
    pub(crate) fn add(&mut self, method: &str, path_prefix: &str, times: usize, fault: Fault) {
        let rule = Rule { method: method.to_owned(), path_prefix: path_prefix.to_owned(), times, fault };
        if rule.times > 0 {
            self.rules.push(rule);
        }
    }

    /// What goes wrong with this request: the oldest rule that fits is used up by one.
    pub(crate) fn take(&mut self, method: &str, path: &str) -> Option<Fault> {
        let index = self.rules.iter().position(|rule| rule.fits(method, path))?;
        let rule = &mut self.rules[index];
        rule.times -= 1;
        Some(if rule.times == 0 { self.rules.remove(index).fault } else { rule.fault.clone() })
    }
}

impl Rule {
    fn fits(&self, method: &str, path: &str) -> bool {
        let below_api = path.strip_prefix(API).unwrap_or(path);
        (self.method == "*" || self.method.eq_ignore_ascii_case(method))
            && (path.starts_with(&self.path_prefix) || below_api.starts_with(&self.path_prefix))
    }
}
