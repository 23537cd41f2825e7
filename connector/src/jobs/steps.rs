//! What a job did, step by step.

use crate::request::quote;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepState {
    /// It was not asked for, or made no sense.
    Skipped,
    /// It was so already.
    Held,
    /// It was done.
    Done,
}

impl StepState {
    /// Its name in an output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Held => "held",
            Self::Done => "done",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    name: String,
    state: StepState,
    id: Option<String>,
    count: Option<u64>,
}

/// The steps of one run, those of earlier calls included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Steps(Vec<Step>);

impl Steps {
    /// Reads steps as [`Steps::value`] writes them. What is not a step is left out.
    pub fn read(value: Option<&Value>) -> Self {
        let mut steps = Self::default();
        for step in value.and_then(Value::as_array).into_iter().flatten() {
            let state = match step["state"].as_str() {
                Some("done") => StepState::Done,
                Some("held") => StepState::Held,
                Some("skipped") => StepState::Skipped,
                _ => continue,
            };
            if let Some(name) = step["step"].as_str() {
                steps.add(name, state, step["id"].as_str(), step["count"].as_u64());
            }
        }
        steps
    }

    /// Adds a step. If an earlier call of the same run did it, the state stays what that call made of it, and counts add up.
    pub fn add(&mut self, name: &str, state: StepState, id: Option<&str>, count: Option<u64>) {
        let same = self.0.iter_mut().find(|step| step.name == name && step.id.as_deref() == id);
        match same {
            Some(step) => {
                step.state = step.state.max(state);
                step.count = match (step.count, count) {
                    (Some(before), Some(now)) => Some(before.saturating_add(now)),
                    (before, now) => before.or(now),
                };
            }
            None => {
                let id = id.map(str::to_owned);
                self.0.push(Step { name: name.to_owned(), state, id, count });
            }
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any step was done.
    pub fn changed(&self) -> bool {
        self.0.iter().any(|step| step.state == StepState::Done)
    }

    /// The ids of the steps of that name which are in that state.
    pub fn ids_of(&self, name: &str, state: StepState) -> Vec<String> {
        let steps = self.0.iter().filter(|step| step.name == name && step.state == state);
        steps.filter_map(|step| step.id.clone()).collect()
    }

    /// The steps for an input, which goes on with them.
    pub fn value(&self) -> Value {
        let step = |step: &Step| {
            let mut value = json!({ "step": step.name, "state": step.state.as_str(), "id": step.id });
            if let Some(count) = step.count {
                value["count"] = count.into();
            }
            value
        };
        self.0.iter().map(step).collect()
    }

    /// The steps for an output, as JSON.
    pub fn json(&self) -> String {
        let step = |step: &Step| {
            let id = step.id.as_deref().map_or("null".to_owned(), quote);
            let count = step.count.map(|count| format!(",\"count\":{count}")).unwrap_or_default();
            format!("{{\"step\":{},\"state\":\"{}\",\"id\":{id}{count}}}", quote(&step.name), step.state.as_str())
        };
        format!("[{}]", self.0.iter().map(step).collect::<Vec<_>>().join(","))
    }

    /// The steps that were done, for a message: "create_user (12), set_roles (12)".
    pub fn done(&self) -> String {
        let mut text = String::new();
        for step in self.0.iter().filter(|step| step.state == StepState::Done) {
            let comma = if text.is_empty() { "" } else { ", " };
            let _ = write!(text, "{comma}{}", step.name);
            match (&step.id, step.count) {
                (Some(id), _) => {
                    let _ = write!(text, " ({id})");
                }
                (None, Some(count)) => {
                    let _ = write!(text, " ({count} times)");
                }
                (None, None) => {}
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_an_earlier_call_stay_and_counts_add_up() {
        let mut first = Steps::default();
        first.add("create", StepState::Done, Some("5"), None);
        first.add("move", StepState::Done, None, Some(30));
        let mut second = Steps::read(Some(&first.value()));
        assert_eq!(second, first);
        second.add("create", StepState::Held, Some("5"), None);
        second.add("move", StepState::Done, None, Some(12));
        second.add("leave", StepState::Skipped, None, None);
        assert_eq!(
            second.json(),
            r#"[{"step":"create","state":"done","id":"5"},{"step":"move","state":"done","id":null,"count":42},{"step":"leave","state":"skipped","id":null}]"#
        );
        assert_eq!(second.done(), "create (5), move (42 times)");
        assert_eq!(serde_json::from_str::<Value>(&second.json()).unwrap(), second.value());
    }

    #[test]
    fn what_is_no_step_is_left_out() {
        let value = json!([1, {}, {"step": "a"}, {"step": "a", "state": "won"}, {"state": "done"}]);
        assert!(Steps::read(Some(&value)).is_empty());
        assert!(Steps::read(None).is_empty() && Steps::read(Some(&json!("x"))).is_empty());
    }
}
