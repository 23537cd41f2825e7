//! What the requests of one call share.

use super::cause::Cause;
use crate::limits::call_meter::CallMeter;
use crate::lock::lock;
use std::sync::{Arc, Mutex};

/// How many causes of one call are kept.
const CAUSES: usize = 16;

/// What the requests of one call share: what they may use, and what is found about them.
#[derive(Debug)]
pub(crate) struct CallContext {
    meter: Arc<CallMeter>,
    causes: Mutex<Vec<Cause>>,
}

impl CallContext {
    pub(crate) fn new(meter: Arc<CallMeter>) -> Self {
        Self { meter, causes: Mutex::default() }
    }

    pub(crate) fn meter(&self) -> &Arc<CallMeter> {
        &self.meter
    }

    pub(crate) fn note(&self, cause: Cause) {
        let mut causes = lock(&self.causes);
        if causes.len() < CAUSES && !causes.contains(&cause) {
            causes.push(cause);
        }
    }

    pub(crate) fn causes(&self) -> Vec<Cause> {
        lock(&self.causes).clone()
    }
}
