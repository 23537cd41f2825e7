//! What the HTTP client keeps for one call.

use crate::egress::cause::Cause;
use crate::limits::call_meter::CallMeter;
use crate::lock::lock;
use crate::redaction::CallSecrets;
use std::sync::{Arc, Mutex};

/// Causes kept for one call, so that a guest cannot fill the host's memory with them. The latest are kept: they explain how
/// the call ended.
const MAX_CAUSES: usize = 16;

/// What belongs to one call: how much it may use, why its requests failed, and what nobody may read of it.
#[derive(Debug)]
pub(crate) struct CallContext {
    meter: Arc<CallMeter>,
    causes: Arc<Mutex<Vec<Cause>>>,
    secrets: Arc<CallSecrets>,
}

impl CallContext {
    /// The context of a call that the meter watches.
    pub(crate) fn new(meter: Arc<CallMeter>) -> Self {
        Self { meter, causes: Arc::default(), secrets: Arc::default() }
    }

    /// The context of a further step of the same call, with a meter of its own. Both know the same causes and secrets: the
    /// body of a response that began in one step may fail in another.
    pub(crate) fn step(&self, meter: Arc<CallMeter>) -> Self {
        Self { meter, causes: Arc::clone(&self.causes), secrets: Arc::clone(&self.secrets) }
    }

    /// What the call has used and may use.
    pub(crate) fn meter(&self) -> &Arc<CallMeter> {
        &self.meter
    }

    /// The secrets of the call.
    pub(crate) fn secrets(&self) -> &Arc<CallSecrets> {
        &self.secrets
    }

    /// Records why a request failed.
    pub(crate) fn note(&self, cause: Cause) {
        let mut causes = lock(&self.causes);
        causes.retain(|known| *known != cause);
        if causes.len() == MAX_CAUSES {
            causes.remove(0);
        }
        causes.push(cause);
    }

    /// Why requests of this call failed so far: each cause once, the latest last.
    pub(crate) fn causes(&self) -> Vec<Cause> {
        lock(&self.causes).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::destination::Destination;
    use crate::egress::timeout::{Stage, Timeout};
    use crate::limits::Limits;
    use std::time::Duration;

    #[test]
    fn each_cause_is_kept_once_and_the_latest_last() {
        let cause = |port| {
            let destination = Destination::https("api.example.com", port);
            Cause::TimedOut(Timeout::new(destination, Stage::Connect, Duration::from_secs(1)))
        };
        let context = CallContext::new(Arc::new(CallMeter::new(&Limits::default(), false)));
        for port in [1, 2, 1] {
            context.note(cause(port));
        }
        assert_eq!(context.causes(), [cause(2), cause(1)]);
        (0..100).for_each(|port| context.note(cause(port)));
        assert_eq!(context.causes(), (100 - MAX_CAUSES as u16..100).map(cause).collect::<Vec<_>>());
    }
}
