//! What evaluations may cost.

use serde_json::Value;

/// What is left for evaluations of paths: time, as steps, and memory, as bytes of what they find.
#[derive(Debug, Clone)]
pub struct Budget {
    steps: u64,
    bytes: u64,
}

/// A budget that does not suffice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Exhausted {
    /// The path looks at more nodes than it may.
    #[error("it takes more than {STEPS} steps; name the place more exactly, without `..` or filters in filters")]
    Steps,
    /// The path finds more than it may.
    #[error("it finds more than {} MiB; choose fewer of the values", BYTES >> 20)]
    Bytes,
}

/// The steps of a new budget: well below a second of work. A step is a look at one node, or at 32 bytes of text.
pub const STEPS: u64 = 10_000_000;

/// The bytes of a new budget. An output has at most 32 MiB, and a step can refer to several.
pub const BYTES: u64 = 64 << 20;

/// What a value takes at least, in bytes.
const VALUE_BYTES: u64 = 32;

/// Bytes of text that are one step.
const TEXT_BYTES_PER_STEP: usize = 32;

impl Default for Budget {
    /// A budget for the references of one step of a workflow.
    fn default() -> Self {
        Self { steps: STEPS, bytes: BYTES }
    }
}

impl Budget {
    /// A budget of so many steps and bytes.
    #[cfg(test)]
    pub(super) fn new(steps: u64, bytes: u64) -> Self {
        Self { steps, bytes }
    }

    /// Takes steps.
    pub(super) fn step(&mut self, steps: usize) -> Result<(), Exhausted> {
        self.steps = self.steps.checked_sub(steps as u64).ok_or(Exhausted::Steps)?;
        Ok(())
    }

    /// Takes the steps that some text costs.
    pub(super) fn text(&mut self, text: &str) -> Result<(), Exhausted> {
        self.step(1 + text.len() / TEXT_BYTES_PER_STEP)
    }

    /// Takes the memory for a copy of a value.
    ///
    /// # Errors
    ///
    /// Fails where too little is left.
    pub fn copy(&mut self, value: &Value) -> Result<(), Exhausted> {
        let mut values = vec![value];
        while let Some(value) = values.pop() {
            self.step(1)?;
            self.bytes = self.bytes.checked_sub(own_size(value)).ok_or(Exhausted::Bytes)?;
            push_children(&mut values, value);
        }
        Ok(())
    }
}

/// About how much memory a value takes, in bytes.
pub fn size(value: &Value) -> u64 {
    let mut values = vec![value];
    let mut size = 0;
    while let Some(value) = values.pop() {
        size += own_size(value);
        push_children(&mut values, value);
    }
    size
}

/// The size of a value without the values in it.
fn own_size(value: &Value) -> u64 {
    let text = match value {
        Value::String(text) => text.len(),
        Value::Object(properties) => properties.keys().map(String::len).sum(),
        _ => 0,
    };
    VALUE_BYTES + text as u64
}

fn push_children<'a>(values: &mut Vec<&'a Value>, value: &'a Value) {
    match value {
        Value::Array(items) => values.extend(items),
        Value::Object(properties) => values.extend(properties.values()),
        _ => {}
    }
}
