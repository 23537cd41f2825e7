//! Sends a request, and sends it again where a repetition is allowed and may help.
//!
//! Two rules decide what is sent again. A request that Looker refused before acting on it (429) may always be repeated.
//! A request that may have been carried out is repeated only if it is idempotent
//! ([`Operation::is_idempotent`](crate::catalog::Operation::is_idempotent)). All waits of one call share a [`WaitBudget`].

use crate::failure::{Failure, Problem, Reason, Result};
use crate::retry_after::retry_after;
use crate::transport::{Body, Headers, Platform, Request, Response, TransportError, TransportErrorKind};
use std::time::Duration;

/// How long a call waits in all, unless the platform says otherwise. Longer waits are better left to the platform, which
/// can wait without holding a sandbox.
const DEFAULT_MAX_WAIT: Duration = Duration::from_secs(30);
/// How many times a request is sent at most because it failed.
const MAX_ATTEMPTS: u32 = 5;
/// How many times a request is sent at most because its result is not ready (202). Hosts limit the requests of a call.
const MAX_POLLS: u32 = 40;
/// The first wait after a failure where Looker names none. Each further wait is twice as long, less a random part.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// The shortest wait before asking for a result again. Looker bills each request.
const SHORTEST_POLL_WAIT: Duration = Duration::from_secs(1);
/// How much of an error's body is read: messages are short, and a proxy's page may be long.
const ERROR_BYTES: usize = 64 * 1024;
/// How much of a body is read at once.
const CHUNK: usize = 1024 * 1024;

/// How long a call may still wait. Only waits count, never the time that a request takes.
#[derive(Debug)]
pub struct WaitBudget {
    left: Duration,
    /// Whether a request may be sent again at all.
    allows_retries: bool,
    /// How many requests were sent, logins included.
    requests: u32,
    /// After how many requests nothing is sent again.
    max_requests: u32,
}

impl WaitBudget {
    /// The budget of one call. `None` is the default of 30 seconds; zero means no wait and no retry.
    pub fn new(max_wait: Option<Duration>) -> Self {
        let left = max_wait.unwrap_or(DEFAULT_MAX_WAIT);
        Self { left, allows_retries: !left.is_zero(), requests: 0, max_requests: u32::MAX }
    }

    /// The same budget, in which nothing is sent again after this many requests.
    #[must_use]
    pub fn with_max_requests(self, max_requests: u32) -> Self {
        Self { max_requests, ..self }
    }

    /// How many requests were sent, logins included.
    pub fn requests(&self) -> u32 {
        self.requests
    }

    /// How long the call may still wait.
    pub fn left(&self) -> Duration {
        self.left
    }

    /// Waits, if the budget allows it. Returns whether to send a request again.
    pub fn wait<P: Platform>(&mut self, platform: &mut P, time: Duration) -> bool {
        let allowed = self.allows_retries && time <= self.left && self.requests < self.max_requests;
        if allowed {
            self.left -= time;
            platform.sleep(time);
        }
        allowed
    }
}

/// When a request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Repeating the request has the same effect as sending it once.
    pub idempotent: bool,
    /// The status 202 means that the result is not ready, and that a later request returns it.
    pub poll: bool,
}

/// A response whose body is still to be read (`Received<P::Body>`) or complete (`Received<Vec<u8>>`). The body of an
/// error response may be cut off.
#[derive(Debug)]
pub struct Received<B> {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: Headers,
    /// How long the response asks to wait before the next request (`Retry-After`).
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: B,
}

impl<B> Received<B> {
    fn new(response: Response<B>, wall_clock: impl FnOnce() -> Duration) -> Self {
        let Response { status, headers, body } = response;
        Self { status, retry_after: retry_after(&headers, wall_clock), headers, body }
    }

    /// Whether it is a success (2xx).
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Sends a request and reads the whole response, whatever its status.
pub fn send<P: Platform>(
    platform: &mut P,
    budget: &mut WaitBudget,
    policy: RetryPolicy,
    request: Request<'_>,
) -> Result<Received<Vec<u8>>> {
    attempt(platform, budget, policy, request, read_whole)
}

/// A response to a request whose output is streamed.
pub enum Opened<B> {
    /// A success whose body is still to be read.
    Success(Received<B>),
    /// Anything else, with its body.
    ErrorResponse(Received<Vec<u8>>),
}

/// Sends a request and leaves the body of a success unread.
pub fn open<P: Platform>(
    platform: &mut P,
    budget: &mut WaitBudget,
    policy: RetryPolicy,
    request: Request<'_>,
) -> Result<Opened<P::Body>> {
    attempt(platform, budget, policy, request, |response| {
        if response.is_success() {
            Ok(Opened::Success(response))
        } else {
            read_whole(response).map(Opened::ErrorResponse)
        }
    })
}

fn attempt<P: Platform, T>(
    platform: &mut P,
    budget: &mut WaitBudget,
    policy: RetryPolicy,
    request: Request<'_>,
    mut receive: impl FnMut(Received<P::Body>) -> std::result::Result<T, TransportError>,
) -> Result<T> {
    let (mut attempts, mut polls) = (1, 1);
    loop {
        budget.requests = budget.requests.saturating_add(1);
        let error = match platform.send(request) {
            Ok(response) => {
                let response = Received::new(response, || platform.wall_clock());
                let (count, max) =
                    if response.status == 202 { (&mut polls, MAX_POLLS) } else { (&mut attempts, MAX_ATTEMPTS) };
                let wait = if *count < max { wait_for(platform, policy, &response, *count) } else { None };
                if wait.is_some_and(|time| budget.wait(platform, time)) {
                    *count += 1;
                    continue;
                }
                match receive(response) {
                    Ok(received) => return Ok(received),
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        let again = error.kind == TransportErrorKind::Broken && policy.idempotent && attempts < MAX_ATTEMPTS;
        let time = backoff(platform, attempts);
        if !(again && budget.wait(platform, time)) {
            return Err(transport_failure(&error, policy.idempotent, &request.address.authority()));
        }
        attempts += 1;
    }
}

/// How long to wait before the request is sent again; `None` where the response is no reason to.
fn wait_for<P: Platform, B>(
    platform: &mut P,
    policy: RetryPolicy,
    response: &Received<B>,
    attempts: u32,
) -> Option<Duration> {
    let named = response.retry_after;
    match response.status {
        // A `Retry-After` of zero, or a date that has passed, must not turn into a burst of requests.
        429 => Some(named.unwrap_or_default().max(backoff(platform, attempts))),
        503 if policy.idempotent => Some(named.unwrap_or_default().max(backoff(platform, attempts))),
        502 | 504 if policy.idempotent => Some(backoff(platform, attempts)),
        // Each request counts against the monthly quota: without a `Retry-After`, the workflow decides when to ask again.
        202 if policy.poll => named.map(|time| time.max(SHORTEST_POLL_WAIT)),
        _ => None,
    }
}

/// A wait that doubles with each attempt and is then shortened at random to between half and all of it, so that
/// sandboxes that failed together do not return together.
fn backoff<P: Platform>(platform: &mut P, attempts: u32) -> Duration {
    let whole = FIRST_WAIT.saturating_mul(1 << attempts.saturating_sub(1).min(10));
    let half = whole / 2;
    let spread = u64::try_from(half.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
    half + Duration::from_millis(platform.random() % spread)
}

fn read_whole<B: Body>(mut response: Received<B>) -> std::result::Result<Received<Vec<u8>>, TransportError> {
    let mut pieces = Pieces::default();
    let succeeded = response.is_success();
    loop {
        match response.body.read(CHUNK) {
            Ok(chunk) if chunk.is_empty() => break,
            Ok(chunk) => pieces.add(chunk)?,
            // An error response with half a message is still an error response.
            Err(_) if !succeeded => break,
            Err(error) => return Err(error),
        }
        if !succeeded && pieces.len() >= ERROR_BYTES {
            break;
        }
    }
    let Received { status, headers, retry_after, .. } = response;
    Ok(Received { status, headers, retry_after, body: pieces.join()? })
}

/// A body that arrives in pieces.
///
/// One buffer that doubles whenever it is full would take up to four times the body's size: a sandbox's memory never
/// shrinks, and the smaller buffers leave no room for the next one. Joining the pieces at the end takes twice the size.
#[derive(Default)]
struct Pieces {
    full: Vec<Vec<u8>>,
    last: Vec<u8>,
}

impl Pieces {
    fn len(&self) -> usize {
        self.full.iter().map(Vec::len).sum::<usize>() + self.last.len()
    }

    fn add(&mut self, chunk: Vec<u8>) -> std::result::Result<(), TransportError> {
        if self.last.is_empty() {
            // Most bodies come in one piece.
            self.last = chunk;
        } else if self.last.len() + chunk.len() <= CHUNK {
            self.last.try_reserve(chunk.len()).map_err(|_| self.too_large())?;
            self.last.extend_from_slice(&chunk);
        } else {
            self.full.push(std::mem::replace(&mut self.last, chunk));
        }
        Ok(())
    }

    fn join(mut self) -> std::result::Result<Vec<u8>, TransportError> {
        if self.full.is_empty() {
            return Ok(self.last);
        }
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(self.len()).map_err(|_| self.too_large())?;
        self.full.push(self.last);
        for piece in self.full {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    fn too_large(&self) -> TransportError {
        TransportError { kind: TransportErrorKind::TooLarge, detail: format!("more than {} bytes", self.len()) }
    }
}

/// Turns an error below HTTP into a failure.
pub fn transport_failure(error: &TransportError, idempotent: bool, authority: &str) -> Failure {
    let detail = &error.detail;
    let problem = |reason, sent, message| {
        let mut problem = Problem::new(reason, message);
        problem.request_sent = sent;
        problem
    };
    let acted = if idempotent { "" } else { " The operation may have been carried out: check before you repeat it." };
    match error.kind {
        TransportErrorKind::NotConnected => problem(
            Reason::Unreachable,
            false,
            format!("No connection to {authority}: {detail}. Check the domain, the port and the network."),
        )
        .retryable(),
        TransportErrorKind::Certificate => problem(
            Reason::Unreachable,
            false,
            format!("The certificate of {authority} is not accepted: {detail}. Nothing was sent."),
        )
        .permanent(),
        TransportErrorKind::Denied => problem(
            Reason::Unreachable,
            false,
            format!("This platform does not allow requests to {authority} ({detail}). Ask its operator to allow this host."),
        )
        .permanent(),
        TransportErrorKind::Timeout => {
            problem(Reason::Timeout, true, format!("{authority} did not respond in time: {detail}.{acted}"))
                .retryable_if(idempotent)
        }
        TransportErrorKind::Broken => {
            problem(Reason::Unreachable, true, format!("The connection to {authority} broke: {detail}.{acted}"))
                .retryable_if(idempotent)
        }
        TransportErrorKind::InvalidHttp => problem(
            Reason::UnexpectedResponse,
            true,
            format!("The response of {authority} is not valid HTTP: {detail}. Check the domain and the port.{acted}"),
        )
        // Some hosts report a connection that was reset in the same way.
        .retryable_if(idempotent),
        TransportErrorKind::TooLarge => problem(
            Reason::UnexpectedResponse,
            true,
            format!(
                "The response of {authority} is too large for this sandbox: {detail}. Stream the output, or request less."
            ),
        )
        .permanent(),
    }
}

#[cfg(test)]
mod tests;
