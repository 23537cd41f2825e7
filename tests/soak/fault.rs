//! The fault of each call and its expected outcome. Client and server derive both from the call's number.

use connector_host::Reason::{NotFound, RateLimited, Rejected, RemoteError, Timeout, UnexpectedResponse, Unreachable};
use integration_tests::outcome::{Expected, NO_STATUS, Outcome, RECEIVED, permanent, retryable};

/// How many of a thousand calls get a fault.
const FAULTS: u64 = 50;

/// How many times the connector sends an idempotent request that always fails.
const ATTEMPTS: usize = 5;

/// The fault of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 404.
    NotFound,
    /// 422.
    Rejected,
    /// 500, with a body of 1 MiB.
    LargeError,
    /// 502 each time.
    BadGateway,
    /// 503 with `Retry-After` of one hour.
    Unavailable,
    /// 429 with `Retry-After` of one hour.
    Limited,
    /// 429 for the first request.
    LimitedOnce,
    /// 401 for the first request, as if the token had expired.
    Expired,
    /// A reset before the response, each time.
    Reset,
    /// A reset before the first response.
    ResetOnce,
    /// The connection closes after half of the body.
    Truncated,
    /// Bytes that are not HTTP.
    Garbage,
    /// JSON that is not valid UTF-8.
    InvalidUtf8,
    /// The correct response after 100 ms.
    Late,
    /// More than a call may receive.
    Flood,
    /// No response.
    Silence,
}

/// All faults. Silence is rare because it takes long.
const KINDS: [Fault; 15] = [
    Fault::NotFound,
    Fault::Rejected,
    Fault::LargeError,
    Fault::BadGateway,
    Fault::Unavailable,
    Fault::Limited,
    Fault::LimitedOnce,
    Fault::Expired,
    Fault::Reset,
    Fault::ResetOnce,
    Fault::Truncated,
    Fault::Garbage,
    Fault::InvalidUtf8,
    Fault::Late,
    Fault::Flood,
];

/// One in this many faults is silence.
const SILENCE: u64 = 50;

/// One call.
#[derive(Debug, Clone, Copy)]
pub struct PlannedCall {
    /// Its number, which is also the id of its user.
    pub number: usize,
    /// Its fault, if any.
    pub fault: Option<Fault>,
}

impl PlannedCall {
    /// The call with this number.
    pub fn new(seed: u64, number: usize) -> Self {
        let chance = mix(seed ^ mix(number as u64));
        let fault = (chance % 1000 < FAULTS).then(|| {
            let kind = mix(chance);
            if kind.is_multiple_of(SILENCE) { Fault::Silence } else { KINDS[(kind / SILENCE) as usize % KINDS.len()] }
        });
        Self { number, fault }
    }

    /// Its operation: mostly reads, and both kinds of writes.
    pub fn operation(self) -> &'static str {
        match self.number % 4 {
            2 => "update_user",
            3 => "delete_user",
            _ => "user",
        }
    }

    /// Its expected outcome.
    pub fn expected(self) -> Expected {
        // A repeated `PATCH` may act twice; a repeated `GET` or `DELETE` may not.
        let safe = self.operation() != "update_user";
        let told = |reason, status| if safe { retryable(reason, status) } else { permanent(reason, status) };
        let attempts = if safe { ATTEMPTS } else { 1 };
        match self.fault {
            None | Some(Fault::Late) => Outcome::Output.once(),
            Some(Fault::NotFound) => permanent(NotFound, 404).once(),
            Some(Fault::Rejected) => permanent(Rejected, 422).once(),
            Some(Fault::LargeError) => told(RemoteError, 500).once(),
            Some(Fault::BadGateway) => told(RemoteError, 502).asked(attempts),
            Some(Fault::Unavailable) if safe => retryable(RateLimited, 503).once(),
            Some(Fault::Unavailable) => permanent(RemoteError, 503).once(),
            Some(Fault::Limited) => retryable(RateLimited, 429).once(),
            // Looker refused before it acted, so any call is sent again.
            Some(Fault::LimitedOnce | Fault::Expired) => Outcome::Output.asked(2),
            Some(Fault::ResetOnce) if safe => Outcome::Output.asked(2),
            Some(Fault::Reset | Fault::ResetOnce | Fault::Truncated) => told(Unreachable, NO_STATUS).asked(attempts),
            Some(Fault::Garbage) => told(UnexpectedResponse, NO_STATUS).once(),
            Some(Fault::InvalidUtf8) => permanent(UnexpectedResponse, 200).once(),
            Some(Fault::Flood) => RECEIVED.once(),
            Some(Fault::Silence) => told(Timeout, NO_STATUS).once(),
        }
    }
}

/// Spreads a number over all 64 bits (SplitMix64).
fn mix(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
