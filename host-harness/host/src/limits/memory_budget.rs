//! The memory of all sandboxes of a host together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much memory all sandboxes may have together, and how much they have.
#[derive(Debug)]
pub(crate) struct MemoryBudget {
    max: u64,
    used: AtomicU64,
}

/// What one sandbox has of the budget. Dropping it gives all of it back.
#[derive(Debug)]
pub(crate) struct MemoryCharge {
    budget: Arc<MemoryBudget>,
    bytes: u64,
}

/// The budget is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BudgetExceeded {
    /// The whole budget, in bytes.
    pub(crate) max: u64,
}

impl MemoryBudget {
    pub(crate) fn new(max: u64) -> Arc<Self> {
        Arc::new(Self { max, used: AtomicU64::new(0) })
    }

    /// A sandbox's part of the budget: nothing so far.
    pub(crate) fn charge(self: &Arc<Self>) -> MemoryCharge {
        MemoryCharge { budget: Arc::clone(self), bytes: 0 }
    }
}

impl MemoryCharge {
    /// Takes more of the budget, all or nothing.
    pub(crate) fn grow(&mut self, bytes: u64) -> Result<(), BudgetExceeded> {
        let max = self.budget.max;
        let grown = |used: u64| used.checked_add(bytes).filter(|used| *used <= max);
        match self.budget.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown) {
            Ok(_) => {
                self.bytes += bytes;
                Ok(())
            }
            Err(_) => Err(BudgetExceeded { max }),
        }
    }

    /// Gives a part back: what was to grow and could not.
    pub(crate) fn shrink(&mut self, bytes: u64) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.budget.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for MemoryCharge {
    fn drop(&mut self) {
        self.shrink(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_has_another_cannot_have_until_it_is_given_back() {
        let budget = MemoryBudget::new(100);
        let (mut one, mut other) = (budget.charge(), budget.charge());
        assert_eq!(one.grow(60), Ok(()));
        assert_eq!(other.grow(41), Err(BudgetExceeded { max: 100 }));
        assert_eq!(other.grow(u64::MAX), Err(BudgetExceeded { max: 100 }));
        assert_eq!(other.grow(40), Ok(()));
        one.shrink(10);
        assert_eq!(other.grow(10), Ok(()));
        drop(one);
        assert_eq!(other.grow(50), Ok(()));
        drop(other);
        assert_eq!(budget.used.load(Ordering::Relaxed), 0);
    }
}
