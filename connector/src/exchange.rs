//! One exchange with Looker: a request, its answer, and what is tried again.
//!
//! Two rules decide what is repeated. A call that Looker refused before it acted (429) may always be repeated. A call
//! that may have acted is repeated only where doing it twice does no more than doing it once
//! ([`Operation::is_safe`](crate::catalog::Operation::is_safe)). All waiting stays inside one [`Budget`].

use crate::failure::{Failure, Problem, Reason, Result};
use crate::retry_after::retry_after;
use crate::transport::{Body, Headers, Platform, Request, Response, TransportError, TransportErrorKind};
use std::time::Duration;

/// How long a call waits in all for a better answer. Longer waits belong to the workflow platform, which can wait
/// without holding a sandbox.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a request is sent at most.
const ATTEMPTS: u32 = 5;
/// The first wait where Looker names none; each further one is twice as long, and a random part of it is left out.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// How much of an error's body is read: a message is short, and a proxy's page may be long.
const REFUSAL_BYTES: usize = 64 * 1024;
/// How much of a body is read at once.
const CHUNK: usize = 1024 * 1024;

/// What a call may still spend on waiting and on attempts, a login in between included.
#[derive(Debug)]
pub struct Budget {
    until: Duration,
}

impl Budget {
    /// The budget of a call that begins now.
    pub fn new<P: Platform>(platform: &P) -> Self {
        Self { until: platform.now().saturating_add(PATIENCE) }
    }

    /// Waits, unless that would take too long.
    fn wait<P: Platform>(&self, platform: &mut P, time: Duration) -> bool {
        let fits = platform.now().saturating_add(time) <= self.until;
        if fits {
            platform.sleep(time);
        }
        fits
    }
}

/// What may be repeated of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeat {
    /// Carrying it out twice does no more than once does.
    pub safe: bool,
    /// A status 202 says that the result is not there yet, so that asking again later gives it.
    pub poll: bool,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Received {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: Headers,
    /// The body; of a refusal the beginning.
    pub bytes: Vec<u8>,
}

impl Received {
    /// Whether it is a success (2xx).
    pub fn is_success(&self) -> bool {
        is_success(self.status)
    }
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// Sends a request and reads the whole answer, whatever its status.
pub fn exchange<P: Platform>(
    platform: &mut P,
    budget: &Budget,
    repeat: Repeat,
    request: Request<'_>,
) -> Result<Received> {
    attempt(platform, budget, repeat, request, read_whole)
}

/// What a streamed exchange gave.
pub enum Opened<B> {
    /// A success whose body is still to be read.
    Success(Response<B>),
    /// Anything else, read.
    Refusal(Received),
}

/// Sends a request and leaves the body of a success unread.
pub fn open<P: Platform>(
    platform: &mut P,
    budget: &Budget,
    repeat: Repeat,
    request: Request<'_>,
) -> Result<Opened<P::Body>> {
    attempt(platform, budget, repeat, request, |response| {
        if is_success(response.status) {
            Ok(Opened::Success(response))
        } else {
            read_whole(response).map(Opened::Refusal)
        }
    })
}

fn attempt<P: Platform, T>(
    platform: &mut P,
    budget: &Budget,
    repeat: Repeat,
    request: Request<'_>,
    mut receive: impl FnMut(Response<P::Body>) -> std::result::Result<T, TransportError>,
) -> Result<T> {
    let mut number = 1;
    loop {
        let error = match platform.send(request) {
            Ok(response) => {
                let wait = (number < ATTEMPTS).then(|| wait_for(platform, repeat, &response, number)).flatten();
                if wait.is_some_and(|time| budget.wait(platform, time)) {
                    number += 1;
                    continue;
                }
                match receive(response) {
                    Ok(received) => return Ok(received),
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        let again = error.kind == TransportErrorKind::Broken && repeat.safe && number < ATTEMPTS;
        let time = backoff(platform, number);
        if !(again && budget.wait(platform, time)) {
            return Err(transport_failure(&error, repeat.safe, &request.address.authority()));
        }
        number += 1;
    }
}

/// How long to wait before the request is sent again, where this answer is a reason to.
fn wait_for<P: Platform>(
    platform: &mut P,
    repeat: Repeat,
    response: &Response<P::Body>,
    number: u32,
) -> Option<Duration> {
    if !matches!(response.status, 202 | 429 | 502..=504) {
        return None;
    }
    let named = retry_after(&response.headers, platform.wall_clock());
    match response.status {
        429 => Some(named.unwrap_or_else(|| backoff(platform, number))),
        503 if repeat.safe => Some(named.unwrap_or_else(|| backoff(platform, number))),
        502 | 504 if repeat.safe => Some(backoff(platform, number)),
        // Each question costs a call of the monthly quota: without a time to wait, asking again is the workflow's choice.
        202 if repeat.poll => named,
        _ => None,
    }
}

/// A wait that doubles with each attempt, shortened by chance to between half and all of it, so that sandboxes that
/// failed together do not come back together.
fn backoff<P: Platform>(platform: &mut P, number: u32) -> Duration {
    let whole = FIRST_WAIT.saturating_mul(1 << number.saturating_sub(1).min(10));
    let half = whole / 2;
    let spread = u64::try_from(half.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
    half + Duration::from_millis(platform.random() % spread)
}

fn read_whole<B: Body>(mut response: Response<B>) -> std::result::Result<Received, TransportError> {
    let mut pieces = Pieces::default();
    let succeeded = is_success(response.status);
    loop {
        match response.body.read(CHUNK) {
            Ok(chunk) if chunk.is_empty() => break,
            Ok(chunk) => pieces.add(chunk)?,
            // A refusal whose message is cut is still a refusal.
            Err(_) if !succeeded => break,
            Err(error) => return Err(error),
        }
        if !succeeded && pieces.len() >= REFUSAL_BYTES {
            break;
        }
    }
    Ok(Received { status: response.status, headers: response.headers, bytes: pieces.join()? })
}

/// A body as it arrives. One buffer that doubles whenever it is full would take up to four times the body's size, since
/// a sandbox's memory never shrinks and the places of the smaller buffers are too small for the next one: pieces that
/// are joined at the end take twice the size.
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
            // Most answers come in one piece.
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

/// The failure that an error below HTTP is.
pub fn transport_failure(error: &TransportError, safe: bool, authority: &str) -> Failure {
    let detail = &error.detail;
    let problem = |reason, sent, message| {
        let mut problem = Problem::new(reason, message);
        problem.request_sent = sent;
        problem
    };
    let acted =
        if safe { "" } else { " The operation may have been carried out all the same: look before you repeat it." };
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
            format!("This platform does not allow requests to {authority} ({detail}). Ask its operator to allow that host."),
        )
        .permanent(),
        TransportErrorKind::Timeout => {
            problem(Reason::Timeout, true, format!("{authority} did not answer in time: {detail}.{acted}"))
                .retryable_if(safe)
        }
        TransportErrorKind::Broken => {
            problem(Reason::Unreachable, true, format!("The connection to {authority} broke: {detail}.{acted}"))
                .retryable_if(safe)
        }
        TransportErrorKind::Garbled => problem(
            Reason::UnexpectedResponse,
            true,
            format!("{authority} does not answer as HTTP wants it: {detail}. Check the domain and the port.{acted}"),
        )
        // Some hosts say the same of a connection that was reset.
        .retryable_if(safe),
        TransportErrorKind::TooLarge => problem(
            Reason::UnexpectedResponse,
            true,
            format!("The answer of {authority} is too large for this sandbox: {detail}. Take it as a stream, or ask for less."),
        )
        .permanent(),
    }
}

#[cfg(test)]
mod tests;
