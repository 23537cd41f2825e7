//! How many of something there may be at once: calls, sandboxes.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A number of permits.
#[derive(Clone)]
pub(crate) struct Permits {
    max: usize,
    free: Arc<Semaphore>,
}

/// The right to be one of so many. Dropping it gives the place to another.
#[derive(Debug)]
pub(crate) struct Permit {
    _permit: OwnedSemaphorePermit,
}

/// All permits are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoPermit {
    /// How many there are.
    pub(crate) max: usize,
}

impl Permits {
    pub(crate) fn new(max: usize) -> Self {
        // More than a semaphore can count are more than a machine can carry out.
        let max = max.min(Semaphore::MAX_PERMITS);
        Self { max, free: Arc::new(Semaphore::new(max)) }
    }

    /// Takes a permit, and waits for none.
    pub(crate) fn take(&self) -> Result<Permit, NoPermit> {
        let permit = Arc::clone(&self.free).try_acquire_owned().map_err(|_| NoPermit { max: self.max })?;
        Ok(Permit { _permit: permit })
    }
}
