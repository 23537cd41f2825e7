//! The faults that a test can inject, and the plan of which requests get them.

use std::time::Duration;

use crate::API;

/// A fault injected into one request.
///
/// Unless a variant says otherwise, the practice Looker **carries the request out** and then damages the response: the
/// state has changed. That is the harder case for a client, which cannot tell the difference.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Sends this response instead of the real one. The request is not carried out.
    Response {
        /// The status: 429.
        status: u16,
        /// Headers in addition to `content-length`, which is always correct: `("retry-after", "2")`.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// Sends a redirect. The request is not carried out.
    Redirect {
        /// The status: 302, 307, ….
        status: u16,
        /// The target: an absolute URL or a path.
        location: String,
    },
    /// Delays the real response by this long.
    Delay(Duration),
    /// Resets the connection (RST) before the first byte of the response.
    ResetBeforeHead,
    /// Resets the connection (RST) after the status and the headers.
    ResetAfterHead,
    /// Resets the connection (RST) after half of the body.
    ResetInBody,
    /// Closes the connection (FIN) before the first byte of the response.
    CloseBeforeHead,
    /// Sends the real response, then closes the connection without announcing it. A client that pools connections
    /// meets this when the server's idle timeout is shorter than its own.
    CloseAfterResponse,
    /// Closes the connection (FIN) after half of the body that `content-length` announces.
    TruncatedBody,
    /// Sends bytes that are not HTTP. The request is not carried out.
    Garbage,
    /// Sends the real response with this `content-type`.
    WrongContentType(String),
    /// Sends the real response with a byte in its body that is invalid in UTF-8.
    InvalidUtf8,
    /// Sends the real response in small pieces.
    SlowDrip {
        /// Bytes of the body in each piece; 0 counts as 1.
        bytes: usize,
        /// The wait before each piece.
        every: Duration,
    },
    /// Keeps the connection open and sends nothing.
    NeverRespond,
}

impl Fault {
    /// A response with this status and Looker's error body for it.
    pub fn status(status: u16) -> Self {
        Self::Response { status, headers: json_header(), body: error_body(status) }
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
        Self::Response { status, headers, body: error_body(status) }
    }
}

fn json_header() -> Vec<(String, String)> {
    vec![("content-type".to_owned(), "application/json".to_owned())]
}

fn error_body(status: u16) -> Vec<u8> {
    let reason = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let message = reason.unwrap_or("Error");
    let url = crate::error_response::DOCUMENTATION_URL;
    serde_json::json!({ "message": message, "documentation_url": url }).to_string().into_bytes()
}

/// Which requests still get a fault, and how many times.
#[derive(Debug, Default)]
pub(crate) struct FaultPlan {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    /// How many more requests that match are left alone first.
    skip: usize,
    method: String,
    path_prefix: String,
    times: usize,
    fault: Fault,
}

impl FaultPlan {
    pub(crate) fn add(&mut self, method: &str, path_prefix: &str, times: usize, fault: Fault) {
        let rule = Rule { skip: 0, method: method.to_owned(), path_prefix: path_prefix.to_owned(), times, fault };
        if rule.times > 0 {
            self.rules.push(rule);
        }
    }

    /// Adds a fault for one request, after `skip` others.
    pub(crate) fn add_after(&mut self, skip: usize, fault: Fault) {
        self.rules.push(Rule { skip, method: "*".to_owned(), path_prefix: String::new(), times: 1, fault });
    }

    /// The fault for this request, from the oldest rule that matches. Uses the rule once.
    pub(crate) fn take(&mut self, method: &str, path: &str) -> Option<Fault> {
        let index = self.rules.iter_mut().position(|rule| {
            let matches = rule.matches(method, path);
            let is_due = matches && rule.skip == 0;
            rule.skip = rule.skip.saturating_sub(usize::from(matches));
            is_due
        })?;
        let rule = &mut self.rules[index];
        rule.times -= 1;
        Some(if rule.times == 0 { self.rules.remove(index).fault } else { rule.fault.clone() })
    }
}

impl Rule {
    fn matches(&self, method: &str, path: &str) -> bool {
        let below_api = path.strip_prefix(API).unwrap_or(path);
        (self.method == "*" || self.method.eq_ignore_ascii_case(method))
            && (path.starts_with(&self.path_prefix) || below_api.starts_with(&self.path_prefix))
    }
}
