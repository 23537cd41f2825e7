//! What a run is asked for, checked before its first call.

use super::super::app::App;
use super::super::auths::NamedAuth;
use super::super::checks;
use super::super::error::ApiError;
use crate::workflow::{
    Given, Problem, Reference, Root, Runner, Select, Step, Workflow, check_auths, check_text, inputs,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The most elements of a `for_each` that run side by side.
const MAX_CONCURRENCY: usize = 16;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Request {
    text: String,
    only: Option<String>,
    until: Option<String>,
    #[serde(default)]
    inputs: Map<String, Value>,
    auth: Option<String>,
}

/// A run that can begin.
pub(super) struct Prepared {
    pub(super) workflow: Workflow,
    pub(super) runner: Runner,
}

impl Request {
    /// Checks the workflow, as far as it is to run, and gathers what it needs.
    pub(super) async fn prepare(self, app: &App) -> Result<Prepared, ApiError> {
        let workflow = Workflow::draft(&self.text).workflow;
        let select = match (self.only, self.until) {
            (None, None) => Select::All,
            (Some(only), None) => Select::Only(only),
            (None, Some(until)) => Select::Until(until),
            _ => return Err(ApiError::bad_request("give `only` or `until`, not both")),
        };
        let position = |id: &str| {
            let position = workflow.steps.iter().position(|step| step.id == id);
            position.ok_or_else(|| ApiError::bad_request(format!("the workflow has no step `{id}`")))
        };
        let selected = match &select {
            Select::All => &workflow.steps[..],
            Select::Until(last) => &workflow.steps[..=position(last)?],
            Select::Only(only) => std::slice::from_ref(&workflow.steps[position(only)?]),
        };
        let descriptions = checks::descriptions(app, &workflow).await?;
        let auths = app.auths.all();
        let default = default_auth(self.auth.as_deref(), &auths)?;
        let mut problems = check_text(&self.text, &descriptions);
        problems.extend(check_auths(&workflow, auths.iter().map(|auth| auth.name.as_str()), default.is_some()));
        // A step that is not to run may be unfinished.
        problems.retain(|problem| problem.step.as_ref().is_none_or(|id| selected.iter().any(|step| step.id == *id)));
        if !problems.is_empty() {
            return Err(invalid(&problems));
        }
        let given = self.inputs.into_iter().map(|(name, value)| (name, Given::from(value))).collect();
        let inputs = inputs::complete(&workflow, given).map_err(|messages| {
            let problem = |message| json!({ "line": null, "step": null, "place": "inputs", "message": message });
            let problems = messages.iter().map(problem).collect();
            ApiError::unprocessable("the run needs other inputs", "problems", problems)
        })?;
        let mut runner = Runner::new(app.connector.clone(), descriptions)
            .inputs(inputs)
            .select(select.clone())
            .max_concurrency(MAX_CONCURRENCY);
        if let Some(default) = default {
            runner = runner.auth(default.auth);
        }
        for NamedAuth { name, auth, .. } in auths {
            runner = runner.named_auth(name, auth);
        }
        if let (Select::Only(_), [step]) = (&select, selected) {
            for id in needed(step, &workflow) {
                let kept = app.outputs.get(id).ok_or_else(|| {
                    ApiError::conflict(format!(
                        "step `{}` needs the output of step `{id}`: run that step first",
                        step.id
                    ))
                })?;
                let value = kept.to_value().map_err(|_| ApiError::bad_request("a kept output is not JSON"))?;
                runner = runner.output(id, value);
            }
        }
        Ok(Prepared { workflow, runner })
    }
}

fn invalid(problems: &[Problem]) -> ApiError {
    let count = problems.len();
    let message = format!("the workflow has {count} {}", if count == 1 { "problem" } else { "problems" });
    ApiError::unprocessable(message, "problems", problems.iter().map(checks::problem).collect())
}

/// The auth of steps that name none: the one that is asked for, or the only one.
fn default_auth(name: Option<&str>, auths: &[NamedAuth]) -> Result<Option<NamedAuth>, ApiError> {
    match (name, auths) {
        (Some(name), _) => match auths.iter().find(|auth| auth.name == name) {
            Some(auth) => Ok(Some(auth.clone())),
            None => Err(ApiError::bad_request(format!("there is no auth `{name}`; add it first"))),
        },
        (None, [only]) => Ok(Some(only.clone())),
        (None, _) => Ok(None),
    }
}

/// The steps whose outputs a step refers to.
fn needed<'a>(step: &Step, workflow: &'a Workflow) -> Vec<&'a str> {
    let mut texts = Vec::new();
    step.input.values().chain(&step.for_each).chain(&step.condition).for_each(|value| strings(value, &mut texts));
    let references: Vec<Reference> = texts.iter().filter_map(|text| Reference::parse(text).ok()).collect();
    let earlier = workflow.steps.iter().map(|step| step.id.as_str()).take_while(|id| *id != step.id);
    let is_needed = |id: &str| {
        references.iter().any(|reference| match reference.root() {
            Root::Step(Some(named)) => named == id,
            Root::Step(None) => true,
            _ => false,
        })
    };
    earlier.filter(|id| is_needed(id)).collect()
}

fn strings<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) if text.starts_with("$.") => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(properties) => properties.values().for_each(|value| strings(value, found)),
        _ => {}
    }
}
