//! References to what cannot be there, whatever the connector: steps that run later, inputs that are not declared.

use super::super::file::{Step, Workflow};
use super::super::problem::{Problem, suggestion};
use super::super::reference::{self, Reference, Root};
use serde_json::Value;
use std::convert::Infallible;

/// Adds the problems of all references.
pub(in super::super) fn check(workflow: &Workflow, problems: &mut Vec<Problem>) {
    for (index, step) in workflow.steps.iter().enumerate() {
        each(step, |place, text| {
            if let Err(message) = reference(workflow, index, place, text) {
                problems.push(step.problem(place, message));
            }
        });
    }
}

/// Visits every reference of a step, with its place.
pub(super) fn each(step: &Step, mut visit: impl FnMut(&str, &str)) {
    let mut leaf = |place: &str, value: &Value| {
        if let Value::String(text) = value
            && reference::is_reference(text)
        {
            visit(place, text);
        }
        Ok::<(), Infallible>(())
    };
    let parts = [("for_each", step.for_each.as_ref()), ("if", step.condition.as_ref())];
    for (place, value) in parts.into_iter().filter_map(|(place, value)| Some((place, value?))) {
        let Ok(()) = reference::for_each(value, place, &mut leaf);
    }
    for (name, value) in &step.input {
        let Ok(()) = reference::for_each(value, &format!("input.{name}"), &mut leaf);
    }
}

fn reference(workflow: &Workflow, index: usize, place: &str, text: &str) -> Result<(), String> {
    let reference = Reference::parse(text).map_err(|error| error.to_string())?;
    match reference.root() {
        Root::Step(Some(named)) => earlier_step(workflow, index, text, named),
        Root::Input(Some(named)) if workflow.input(named).is_none() => {
            if workflow.inputs.is_empty() {
                return Err(format!("`{text}` refers to an input, but the workflow declares none; add it to `inputs`"));
            }
            let hint = suggestion(named, workflow.inputs.iter().map(|input| input.name.as_str()));
            Err(format!("`{text}` refers to the input `{named}`, which `inputs` does not declare{hint}"))
        }
        Root::Item | Root::Index if place.starts_with("for_each") => {
            Err(format!("`{text}` refers to the element of `for_each`, which `for_each` itself cannot know"))
        }
        Root::Item | Root::Index if workflow.steps[index].for_each.is_none() => Err(format!(
            "`{text}` refers to the element of `for_each`, which this step does not have; add `for_each`, or refer to \
             a step or an input"
        )),
        Root::Step(None) | Root::Input(_) | Root::Item | Root::Index => Ok(()),
    }
}

fn earlier_step(workflow: &Workflow, index: usize, text: &str, named: &str) -> Result<(), String> {
    let position = workflow.steps.iter().position(|step| step.id == named);
    match position {
        Some(position) if position < index => Ok(()),
        Some(position) if position == index => {
            Err(format!("`{text}` refers to step `{named}`, which is this very step: it has no output yet"))
        }
        Some(_) => Err(format!("`{text}` refers to step `{named}`, which runs later: it has no output yet")),
        None => {
            let earlier: Vec<&str> = workflow.steps[..index].iter().map(|step| step.id.as_str()).collect();
            let known = match earlier.as_slice() {
                [] => "; there is no step before this one".to_owned(),
                _ => match super::super::problem::closest(named, earlier.iter().copied()) {
                    Some(closest) => format!("; did you mean `{closest}`?"),
                    None => {
                        let names: Vec<String> = earlier.iter().map(|id| format!("`{id}`")).collect();
                        format!("; steps before this one: {}", names.join(", "))
                    }
                },
            };
            Err(format!("`{text}` refers to step `{named}`, which does not exist{known}"))
        }
    }
}
