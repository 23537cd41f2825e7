//! What the operator should know of: denials, failures of a proxy, time-outs.

use crate::lock::lock;
use std::sync::Mutex;

/// How many of a kind are kept.
const KEPT: usize = 16;

/// What came up of one kind: each once, the first few, so that a guest cannot fill the host's memory with them.
#[derive(Debug)]
pub(super) struct Reports<T>(Mutex<Vec<T>>);

impl<T> Default for Reports<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone + PartialEq> Reports<T> {
    /// Keeps one.
    pub(super) fn note(&self, report: T) {
        let mut reports = lock(&self.0);
        if reports.len() < KEPT && !reports.contains(&report) {
            reports.push(report);
        }
    }

    /// All that were kept.
    pub(super) fn all(&self) -> Vec<T> {
        lock(&self.0).clone()
    }
}
