//! What a run tells of its progress.

use super::file::Step;
use connector_host::{Body, Failure};
use serde_json::Value;
use std::time::Duration;

/// Progress of a run.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A step begins.
    Started {
        /// The step.
        step: &'a Step,
        /// Its number among the steps of this run, from 1.
        position: usize,
        /// How many steps this run has.
        total: usize,
    },
    /// A step with `for_each` has come further.
    Progress {
        /// The step.
        step: &'a Step,
        /// How far it is.
        counts: Counts,
    },
    /// A call failed for the moment and is repeated.
    Waiting {
        /// The step.
        step: &'a Step,
        /// The element of `for_each`.
        index: Option<usize>,
        /// The number of the attempt that follows: 2 for the first repetition.
        attempt: u32,
        /// The time until the next attempt.
        wait: Duration,
        /// Why it failed.
        failure: &'a Failure,
    },
    /// A step is done.
    Finished {
        /// The step.
        step: &'a Step,
        /// Its output.
        output: StepOutput<'a>,
        /// How long it took.
        time: Duration,
    },
    /// A step is not carried out. Its output is there all the same.
    Skipped {
        /// The step.
        step: &'a Step,
        /// Why.
        why: Why,
    },
    /// A step failed, and the run ends.
    Failed {
        /// The step.
        step: &'a Step,
        /// How long it took.
        time: Duration,
        /// Why it failed. For a step with `for_each`, the first of its failures.
        failure: &'a Failure,
        /// The steps that changed data, this one included if some of its elements did.
        changed: &'a [String],
        /// For a step with `for_each`: how far it came.
        elements: Option<&'a Elements>,
    },
}

/// The output of a step.
#[derive(Debug, Clone, Copy)]
pub struct StepOutput<'a> {
    /// The output as references see it: for a step with `for_each`, the list of outputs.
    pub json: &'a Value,
    /// The content as the connector gave it. `None` for a step with `for_each`, and for an output that an earlier run
    /// kept.
    pub body: Option<&'a Body>,
    /// The complete input for the next page. `None` if there is none.
    pub next: Option<&'a str>,
    /// For a step with `for_each`: what became of its elements.
    pub counts: Option<Counts>,
}

/// What became of the elements of a `for_each`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// The elements that were carried out in this run.
    pub done: usize,
    /// The elements that an earlier run had carried out.
    pub kept: usize,
    /// The elements that `if` left out.
    pub skipped: usize,
    /// The elements that failed.
    pub failed: usize,
    /// The elements that have not ended yet.
    pub left: usize,
}

/// The elements of a step with `for_each` that failed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Elements {
    /// How many there are of each kind.
    pub counts: Counts,
    /// The first failures with the number of their element, in the order in which they happened.
    pub failures: Vec<(usize, Failure)>,
}

/// Why a step is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// Its `if` is false, null or nothing: the output is null.
    Condition,
    /// Its output was given to the run.
    Given,
    /// An earlier run carried it out, and the state file has its output.
    Kept,
}
