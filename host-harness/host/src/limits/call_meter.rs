//! Meters one call: what it has used so far, and whether that was too much.

use super::{Limit, Limits};
use crate::lock::lock;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// What one call has used so far. The sandbox, its HTTP exchanges and the host that waits for the call share it.
#[derive(Debug)]
pub(crate) struct CallMeter {
    limits: Limits,
    /// [`None`] where the responses are handed on piece by piece.
    response_bytes: Option<u64>,
    started: Instant,
    /// Nanoseconds that the connector has computed, up to the last time that it waited.
    computed: AtomicU64,
    /// When it began to compute, in nanoseconds after `started` plus one; zero while it waits.
    computing_since: AtomicU64,
    received: AtomicU64,
    /// Requests that were sent, or denied.
    requests: AtomicU32,
    /// Requests that were made, be they sent or not.
    new_requests: AtomicU32,
    request_sent: AtomicBool,
    /// Locked while a request is carried on.
    closed: Mutex<bool>,
    exceeded: OnceLock<Limit>,
    ended: Notify,
}

/// What a call that goes on has used already.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Used {
    /// Time, waiting included.
    pub(crate) time: Duration,
    /// Time that the connector's own code computed.
    pub(crate) cpu_time: Duration,
    /// Requests.
    pub(crate) requests: u32,
}

impl CallMeter {
    /// Starts to meter. `streaming` is for calls whose responses are handed on piece by piece.
    pub(crate) fn new(limits: &Limits, streaming: bool) -> Self {
        Self::going_on(limits, streaming, Used::default())
    }

    /// The same for a call that goes on, and has used something already.
    pub(crate) fn going_on(limits: &Limits, streaming: bool, used: Used) -> Self {
        let now = Instant::now();
        Self {
            limits: limits.clone(),
            response_bytes: (!streaming).then_some(limits.response_bytes),
            started: now.checked_sub(used.time).unwrap_or(now),
            computed: AtomicU64::new(u64::try_from(used.cpu_time.as_nanos()).unwrap_or(u64::MAX)),
            computing_since: AtomicU64::new(0),
            received: AtomicU64::new(0),
            requests: AtomicU32::new(used.requests),
            new_requests: AtomicU32::new(used.requests),
            request_sent: AtomicBool::new(false),
            closed: Mutex::new(false),
            exceeded: OnceLock::new(),
            ended: Notify::new(),
        }
    }

    /// What the call has used so far.
    pub(crate) fn used(&self) -> Used {
        Used {
            time: self.started.elapsed(),
            cpu_time: Duration::from_nanos(self.computed.load(Ordering::Relaxed)),
            requests: self.requests.load(Ordering::Relaxed).max(self.new_requests.load(Ordering::Relaxed)),
        }
    }

    /// The limits of the call.
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Notes that the call went over a limit, which ends it.
    pub(crate) fn exceed(&self, limit: Limit) {
        if self.exceeded.set(limit).is_ok() {
            self.ended.notify_one();
        }
    }

    /// The limit that the call went over, if it did.
    pub(crate) fn exceeded(&self) -> Option<Limit> {
        self.exceeded.get().copied()
    }

    /// Looks whether the connector has computed for too long.
    pub(crate) fn check_cpu_time(&self) -> Result<(), Limit> {
        let current = match self.computing_since.load(Ordering::Relaxed) {
            0 => 0,
            since => self.nanoseconds().saturating_sub(since - 1),
        };
        let computed = self.computed.load(Ordering::Relaxed).saturating_add(current);
        if Duration::from_nanos(computed) > self.limits.cpu_time {
            let limit = Limit::CpuTime(self.limits.cpu_time);
            self.exceed(limit);
            return Err(limit);
        }
        Ok(())
    }

    /// Looks whether the sandbox may have that much memory.
    pub(crate) fn check_memory(&self, bytes: usize) -> Result<(), Limit> {
        if u64::try_from(bytes).is_ok_and(|bytes| bytes <= self.limits.memory_bytes) {
            return Ok(());
        }
        let limit = Limit::Memory(self.limits.memory_bytes);
        self.exceed(limit);
        Err(limit)
    }

    /// Notes that the memory of all sandboxes together is used up, which ends the call.
    pub(crate) fn exceed_total_memory(&self, max: u64) {
        self.exceed(Limit::TotalMemory(max));
    }

    /// Counts received data, and looks whether it is too much.
    pub(crate) fn count_received(&self, bytes: usize) -> Result<(), Limit> {
        let bytes = bytes as u64;
        let received = self.received.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        match self.response_bytes {
            Some(max) if received > max => {
                let limit = Limit::ResponseBytes(max);
                self.exceed(limit);
                Err(limit)
            }
            _ => Ok(()),
        }
    }

    /// Counts a request that the connector makes, whether it sends it or not, and looks whether it is one too many.
    pub(crate) fn count_new_request(&self) -> Result<(), Limit> {
        self.count(&self.new_requests)
    }

    /// Counts a request that the connector sends, and looks whether it is one too many. It may have been made in an earlier
    /// call.
    pub(crate) fn count_request(&self) -> Result<(), Limit> {
        self.count(&self.requests)
    }

    fn count(&self, requests: &AtomicU32) -> Result<(), Limit> {
        if requests.fetch_add(1, Ordering::Relaxed) < self.limits.requests {
            return Ok(());
        }
        let limit = Limit::Requests(self.limits.requests);
        self.exceed(limit);
        Err(limit)
    }

    /// Notes that a request goes out.
    pub(crate) fn request_is_sent(&self) {
        self.request_sent.store(true, Ordering::Relaxed);
    }

    /// Notes that what went out so far was about signing in: the call itself is still to be sent.
    pub(crate) fn sign_in_is_over(&self) {
        self.request_sent.store(false, Ordering::Relaxed);
    }

    /// Carries a request on by one step, unless the call has ended. Requests are carried on by other threads too.
    pub(crate) fn while_open<T>(&self, step: impl FnOnce() -> T) -> Option<T> {
        let closed = lock(&self.closed);
        (!*closed).then(step)
    }

    /// Ends the call, so that no request goes out any more, and tells whether one went out.
    pub(crate) fn close(&self) -> bool {
        *lock(&self.closed) = true;
        self.request_sent.load(Ordering::Relaxed)
    }

    /// Carries the call, or a part of it, on until it is done or the call goes over a limit.
    pub(crate) async fn run<T>(&self, call: impl Future<Output = T>) -> Result<T, Limit> {
        let mut call = pin!(Measured { call: pin!(call), meter: self });
        let outcome = tokio::select! {
            biased;
            () = self.ended.notified() => None,
            outcome = tokio::time::timeout(self.time_left(), &mut call) => Some(outcome),
        };
        if let Some(limit) = self.exceeded() {
            return Err(limit);
        }
        match outcome {
            Some(Ok(output)) => Ok(output),
            _ => Err(Limit::CallTimeout(self.limits.call_timeout)),
        }
    }

    fn time_left(&self) -> Duration {
        self.limits.call_timeout.saturating_sub(self.started.elapsed())
    }

    fn nanoseconds(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Microseconds since then, as the log tells them: a number that programs can add up.
pub(crate) fn microseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// Measures how long the connector computes: a poll of its call lasts as long as it runs, and ends when it waits.
struct Measured<'a, F> {
    call: Pin<&'a mut F>,
    meter: &'a CallMeter,
}

impl<F: Future> Future for Measured<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let since = self.meter.nanoseconds();
        self.meter.computing_since.store(since.saturating_add(1), Ordering::Relaxed);
        let outcome = self.call.as_mut().poll(context);
        self.meter.computing_since.store(0, Ordering::Relaxed);
        self.meter.computed.fetch_add(self.meter.nanoseconds().saturating_sub(since), Ordering::Relaxed);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_out_once_it_was_told_what_did() {
        let meter = CallMeter::new(&Limits::default(), false);
        assert_eq!(meter.while_open(|| ()), Some(()));
        assert!(!meter.close());
        assert_eq!(meter.while_open(|| meter.request_is_sent()), None);
        assert!(!meter.close());

        let meter = CallMeter::new(&Limits::default(), false);
        meter.while_open(|| meter.request_is_sent());
        assert!(meter.close());
    }
}
