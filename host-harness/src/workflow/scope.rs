//! What references of a run go into: its inputs, and what its steps have given so far.

use super::file::Step;
use super::inputs::Inputs;
use super::jsonpath::{Budget, size};
use super::reference::{self, Reference, ReferenceError};
use connector_host::{Failure, FieldProblem, Problem, Reason};
use serde_json::{Map, Value, json};

/// The memory that the outputs of a run may take together, in bytes. One output has at most 32 MiB of JSON.
pub const OUTPUT_BYTES: u64 = 256 << 20;

/// What the steps of a workflow gave: `{"steps": {id: output}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outputs {
    document: Value,
}

impl Outputs {
    /// The outputs as JSON, in the order of the steps.
    pub fn as_json(&self) -> &Value {
        &self.document
    }

    /// The output of a step.
    pub fn get(&self, step: &str) -> Option<&Value> {
        self.document["steps"].get(step)
    }
}

/// `{"inputs": {…}, "steps": {…}}`, and for an element of `for_each` also `item` and `index`.
pub(super) struct Scope {
    document: Value,
    bytes: u64,
}

impl Scope {
    pub(super) fn new(inputs: Inputs) -> Self {
        Self { document: json!({"inputs": inputs, "steps": {}}), bytes: 0 }
    }

    /// Counts an output against the memory of the run.
    pub(super) fn count(&mut self, output: &Value) -> Result<(), Failure> {
        self.bytes += size(output);
        if self.bytes <= OUTPUT_BYTES {
            return Ok(());
        }
        let limit = OUTPUT_BYTES >> 20;
        let message = format!(
            "the outputs of a run may take {limit} MiB, and those up to this step take more; the step was carried out; \
             request fewer fields or rows"
        );
        let mut problem = Problem::new(Reason::ExecutionFailed, message);
        problem.request_sent = true;
        Err(Failure::permanent(problem))
    }

    /// Keeps the output of a step, which has been counted.
    pub(super) fn keep(&mut self, step: &str, output: Value) {
        if let Some(Value::Object(steps)) = self.document.get_mut("steps") {
            steps.insert(step.to_owned(), output);
        }
    }

    /// The output of a step.
    pub(super) fn output(&self, step: &str) -> &Value {
        &self.document["steps"][step]
    }

    /// Sets the element that references see. `None` for a step without `for_each`.
    pub(super) fn set_item(&mut self, item: Option<(usize, &Value)>) {
        let Value::Object(document) = &mut self.document else { return };
        match item {
            Some((index, item)) => {
                document.insert("item".to_owned(), item.clone());
                document.insert("index".to_owned(), index.into());
            }
            None => {
                document.remove("item");
                document.remove("index");
            }
        }
    }

    /// The list of a step's `for_each`.
    pub(super) fn list(&self, for_each: &Value) -> Result<Vec<Value>, Failure> {
        match reference::resolve(for_each, "for_each", &self.document, &mut Budget::default()).map_err(not_found)? {
            Value::Array(items) => Ok(items),
            other => {
                let message =
                    format!("`for_each` needs a list, but `{}` gives {}", text(for_each), super::node::kind(&other));
                Err(invalid("for_each", message))
            }
        }
    }

    /// Whether a step's `if` holds.
    pub(super) fn holds(&self, condition: Option<&Value>) -> Result<bool, Failure> {
        let Some(condition) = condition else { return Ok(true) };
        let value = match condition {
            Value::String(text) => match Reference::parse(text)
                .and_then(|reference| reference.find(&self.document, &mut Budget::default()))
            {
                Ok(value) => value,
                Err(ReferenceError::Nothing { .. }) => Value::Null,
                Err(error) => return Err(not_found(("if".to_owned(), error))),
            },
            value => value.clone(),
        };
        match value {
            Value::Bool(holds) => Ok(holds),
            Value::Null => Ok(false),
            other => {
                let found = super::node::kind(&other);
                let hint = match &other {
                    Value::String(text) if matches!(text.to_lowercase().as_str(), "true" | "false") => {
                        "; text is not converted: declare the type in `inputs`, such as `{ type: boolean }`"
                    }
                    _ => "",
                };
                let message = format!("`if` needs true, false or null, but `{}` gives {found}{hint}", text(condition));
                Err(invalid("if", message))
            }
        }
    }

    /// A step's input, with what its references stand for.
    pub(super) fn input(&self, step: &Step) -> Result<Map<String, Value>, Failure> {
        reference::resolve_object(&step.input, "input", &self.document, &mut Budget::default()).map_err(not_found)
    }

    /// The outputs so far.
    pub(super) fn into_outputs(mut self) -> Outputs {
        Outputs { document: json!({"steps": self.document["steps"].take()}) }
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn not_found((place, error): (String, ReferenceError)) -> Failure {
    let name = place.strip_prefix("input.").unwrap_or(&place).to_owned();
    let mut field = FieldProblem::new("not_found", error.to_string());
    field.field = Some(name);
    let mut problem = Problem::new(Reason::InvalidInput, format!("`{place}`: {error}"));
    problem.fields = vec![field];
    Failure::permanent(problem)
}

fn invalid(place: &str, message: String) -> Failure {
    let mut field = FieldProblem::new("invalid", message.clone());
    field.field = Some(place.to_owned());
    let mut problem = Problem::new(Reason::InvalidInput, message);
    problem.fields = vec![field];
    Failure::permanent(problem)
}
