//! `/api/resolve`: what references stand for, as far as kept outputs tell.

use super::app::App;
use super::blocking;
use super::error::{ApiError, Json};
use super::outputs::Kept;
use super::outputs::path::{Path, Segment};
use super::request::JsonBody;
use crate::workflow::jsonpath::Budget;
use crate::workflow::{Reference, Root, Workflow};
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// The longest JSON of a value that is sent whole, in bytes.
const VALUE_BYTES: usize = 2 * 1024;

/// The most references of one request.
const REFERENCES: usize = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    text: String,
    step: String,
    references: Vec<String>,
    #[serde(default)]
    inputs: Map<String, Value>,
}

pub(super) async fn resolve(
    State(app): State<Arc<App>>,
    JsonBody(request): JsonBody<Request>,
) -> Result<Json, ApiError> {
    if request.references.len() > REFERENCES {
        return Err(ApiError::bad_request(format!("at most {REFERENCES} references can be resolved at once")));
    }
    blocking::run(move || {
        let mut scope = Scope::new(&app, &request);
        let resolved = request.references.iter().map(|reference| match scope.find(reference) {
            Ok((value, true)) => json!({ "reference": reference, "value": value }),
            Ok((value, false)) => json!({ "reference": reference, "value": value, "truncated": true }),
            Err(error) => json!({ "reference": reference, "error": error }),
        });
        Ok(Json(resolved.collect()))
    })
    .await
}

/// What references go into.
struct Scope<'a> {
    app: &'a App,
    inputs: Value,
    for_each: Option<Value>,
    /// The outputs that had to be read as a whole.
    parsed: HashMap<String, Value>,
}

impl<'a> Scope<'a> {
    fn new(app: &'a App, request: &Request) -> Self {
        let workflow = Workflow::draft(&request.text).workflow;
        let mut inputs = request.inputs.clone();
        for declaration in &workflow.inputs {
            if let Some(default) = declaration.default() {
                inputs.entry(&declaration.name).or_insert_with(|| default.clone());
            }
        }
        let step = workflow.steps.iter().find(|step| step.id == request.step);
        let for_each = step.and_then(|step| step.for_each.clone());
        Self { app, inputs: Value::Object(inputs), for_each, parsed: HashMap::new() }
    }

    /// The beginning of what a reference stands for, and whether that is all of it.
    fn find(&mut self, text: &str) -> Result<(Value, bool), String> {
        let reference = Reference::parse(text).map_err(|error| error.to_string())?;
        if let Some((kept, path)) = self.single(text)? {
            let document = kept.document().map_err(|_| "the output is not JSON".to_owned())?;
            let node = document.find(&path).ok_or_else(|| format!("`{text}` finds nothing in the output"))?;
            return Ok(beginning(document.text(node)));
        }
        let value = self.whole(&reference)?;
        Ok(beginning(&value.to_string()))
    }

    /// The output and the path in it, if the reference leads to one value of one output.
    fn single(&self, text: &str) -> Result<Option<(Arc<Kept>, Path)>, String> {
        let Some(path) = Path::parse(text) else { return Ok(None) };
        match path.segments() {
            [Segment::Name(steps), Segment::Name(step), ..] if steps == "steps" => {
                Ok(Some((self.kept(step)?, path.without(2))))
            }
            _ => Ok(None),
        }
    }

    fn kept(&self, step: &str) -> Result<Arc<Kept>, String> {
        self.app.outputs.get(step).ok_or_else(|| format!("step `{step}` has no output yet: run it to see the value"))
    }

    /// All that a reference finds.
    fn whole(&mut self, reference: &Reference) -> Result<Value, String> {
        let scope = match reference.root() {
            Root::Step(Some(step)) => {
                let kept = self.kept(step)?;
                if !self.parsed.contains_key(step) {
                    let value = kept.to_value().map_err(|_| "the output is not JSON".to_owned())?;
                    self.parsed.insert(step.clone(), value);
                }
                let value = self.parsed.get_mut(step).map(Value::take).unwrap_or_default();
                let scope = json!({ "steps": { step: value } });
                let found = find(reference, &scope);
                // Back to where the next reference finds it.
                if let (Value::Object(mut scope), Some(parsed)) = (scope, self.parsed.get_mut(step)) {
                    *parsed = scope
                        .get_mut("steps")
                        .and_then(|steps| steps.get_mut(step))
                        .map(Value::take)
                        .unwrap_or_default();
                }
                return found;
            }
            Root::Step(None) => return Err("this is known when the steps before it have run".to_owned()),
            Root::Input(_) => json!({ "inputs": self.inputs }),
            Root::Item | Root::Index => json!({ "item": self.first_item()?, "index": 0 }),
        };
        find(reference, &scope)
    }

    /// The first element of the step's `for_each`.
    fn first_item(&mut self) -> Result<Value, String> {
        let list = match self.for_each.clone() {
            Some(Value::String(text)) => {
                let reference = Reference::parse(&text).map_err(|error| error.to_string())?;
                if matches!(reference.root(), Root::Item | Root::Index) {
                    return Err("`for_each` cannot refer to its own elements".to_owned());
                }
                self.whole(&reference)?
            }
            Some(list) => list,
            None => return Err("the step has no `for_each`".to_owned()),
        };
        match list {
            Value::Array(items) => items.into_iter().next().ok_or_else(|| "the list of `for_each` is empty".to_owned()),
            _ => Err("`for_each` does not give a list".to_owned()),
        }
    }
}

fn find(reference: &Reference, scope: &Value) -> Result<Value, String> {
    reference.find(scope, &mut Budget::default()).map_err(|error| error.to_string())
}

/// A value, or the beginning of its JSON as text.
fn beginning(json: &str) -> (Value, bool) {
    if json.len() <= VALUE_BYTES
        && let Ok(value) = serde_json::from_str(json)
    {
        return (value, true);
    }
    let end = json.floor_char_boundary(VALUE_BYTES.min(json.len()));
    (Value::from(&json[..end]), false)
}
