//! What a run has done: one line for each step, at the end.

use connector_host::Failure;
use host_harness::Workflow;
use host_harness::workflow::{Elements, Step, StepOutput};
use serde_json::Value;
use std::collections::BTreeMap;

/// How many failures of a step are listed.
const LISTED: usize = 5;

/// What became of a step.
pub(super) enum Outcome {
    /// Carried out: how many elements were changed, already held, left out.
    Finished {
        changed: usize,
        held: usize,
        skipped: usize,
        is_list: bool,
    },
    Skipped,
    Kept,
    /// What was done of its elements, and the failures.
    Failed {
        counts: String,
        failures: Vec<String>,
    },
}

impl Outcome {
    pub(super) fn finished(output: &StepOutput<'_>) -> Self {
        match (output.counts, output.json) {
            (Some(counts), Value::Array(items)) => {
                let held = items.iter().filter(|item| holds(item)).count();
                let changed = (counts.done + counts.kept).saturating_sub(held);
                Self::Finished { changed, held, skipped: counts.skipped, is_list: true }
            }
            (_, json) => {
                let held = usize::from(holds(json));
                Self::Finished { changed: 1 - held, held, skipped: 0, is_list: false }
            }
        }
    }

    pub(super) fn failed(failure: &Failure, elements: Option<&Elements>) -> Self {
        let Some(elements) = elements else {
            return Self::Failed { counts: "failed".to_owned(), failures: vec![failure.to_string()] };
        };
        let counts = elements.counts;
        let parts = [
            (counts.done + counts.kept, "done"),
            (counts.skipped, "left out"),
            (counts.failed, "failed"),
            (counts.left, "not started"),
        ];
        let parts: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        let mut failures: Vec<String> =
            elements.failures.iter().take(LISTED).map(|(index, failure)| format!("[{index}] {failure}")).collect();
        if counts.failed > failures.len() {
            failures.push(format!("… and {} more", counts.failed - failures.len()));
        }
        Self::Failed { counts: parts.join(", "), failures }
    }
}

/// Whether an output says that everything was as it should be already.
fn holds(output: &Value) -> bool {
    output.get("changed") == Some(&Value::Bool(false))
}

/// What became of all steps.
pub(super) struct Summary {
    steps: Vec<(String, String)>,
    outcomes: BTreeMap<String, Outcome>,
}

impl Summary {
    pub(super) fn new(workflow: &Workflow) -> Self {
        let steps = workflow.steps.iter().map(|step| (step.id.clone(), step.operation.clone())).collect();
        Self { steps, outcomes: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, step: &Step, outcome: Outcome) {
        self.outcomes.insert(step.id.clone(), outcome);
    }

    /// The lines. None for a run that ended before its first step.
    pub(super) fn lines(&self, is_success: bool) -> Vec<String> {
        if self.outcomes.is_empty() {
            return Vec::new();
        }
        let ended = self.outcomes.values().filter(|outcome| !matches!(outcome, Outcome::Failed { .. })).count();
        let steps = self.steps.len();
        let heading = if is_success { "Summary" } else { "Summary: the run stopped" };
        let mut lines = vec![format!("{heading} ({ended} of {steps} steps done)")];
        let ids = self.steps.iter().map(|(id, _)| id.chars().count()).max().unwrap_or(0);
        let operations = self.steps.iter().map(|(_, operation)| operation.chars().count()).max().unwrap_or(0);
        for (id, operation) in &self.steps {
            let outcome = self.outcomes.get(id);
            let text = match outcome {
                None => "not started".to_owned(),
                Some(Outcome::Skipped) => "left out".to_owned(),
                Some(Outcome::Kept) => "done by an earlier run".to_owned(),
                Some(Outcome::Failed { counts, .. }) => counts.clone(),
                Some(Outcome::Finished { held: 0, is_list: false, .. }) => "done".to_owned(),
                Some(Outcome::Finished { is_list: false, .. }) => "nothing to change".to_owned(),
                Some(Outcome::Finished { changed, held, skipped, .. }) => {
                    let parts = [(changed, "done"), (held, "already as wanted"), (skipped, "left out")];
                    let parts: Vec<String> = parts
                        .iter()
                        .filter(|(count, _)| **count > 0)
                        .map(|(count, what)| format!("{count} {what}"))
                        .collect();
                    if parts.is_empty() { "no elements".to_owned() } else { parts.join(", ") }
                }
            };
            lines.push(format!("  {id:ids$}  {operation:operations$}  {text}"));
            if let Some(Outcome::Failed { failures, .. }) = outcome {
                lines.extend(failures.iter().map(|failure| format!("  {:ids$}  {failure}", "")));
            }
        }
        lines
    }
}
