//! Checks a whole workflow against a connector's schemas before its first call.

mod input;
mod path;
mod schema;
pub(super) mod scope;

use super::descriptions::{Description, Descriptions};
use super::file::{Step, Workflow};
use super::problem::{Problem, suggestion};
use super::reference::{Reference, Root};
use path::Walk;
use schema::Possible;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Checks a workflow that has been read: operations that the connector does not have, inputs that are missing, misspelt
/// or of the wrong type, and references to what an output cannot have.
///
/// Conversions that connectors make are allowed: text that is a number or a boolean, and the other way round. What a
/// schema leaves open is not checked. The descriptions must have been loaded for this workflow.
///
/// Returns every problem, in the order of the file.
pub fn check(workflow: &Workflow, descriptions: &Descriptions) -> Vec<Problem> {
    let mut check = Check { workflow, descriptions, problems: Vec::new() };
    for step in &workflow.steps {
        check.step(step);
    }
    let mut problems = check.problems;
    problems.sort_by_key(|problem| (problem.line, problem.column));
    problems
}

/// Finds every mistake in the text of a workflow: those of [`Workflow::draft`], and those of [`check`].
pub fn check_text(yaml: &str, descriptions: &Descriptions) -> Vec<Problem> {
    let draft = Workflow::draft(yaml);
    let mut problems = draft.problems;
    problems.extend(check(&draft.workflow, descriptions));
    problems.sort_by_key(|problem| (problem.line, problem.column));
    problems
}

/// Checks that every auth that a workflow names is there.
pub fn check_auths<'a>(
    workflow: &Workflow,
    names: impl IntoIterator<Item = &'a str>,
    has_default: bool,
) -> Vec<Problem> {
    let names: Vec<&str> = names.into_iter().collect();
    let problem = |step: &Step| match &step.auth {
        Some(name) if !names.contains(&name.as_str()) => {
            let hint = suggestion(name, names.iter().copied());
            let message = format!("there is no auth `{name}`; give it by --auth {name}=@FILE{hint}");
            Some(step.problem("auth", message))
        }
        None if !has_default => {
            let known: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let message =
                format!("the step does not say which auth it uses; add `auth:` with one of {}", known.join(", "));
            Some(step.problem("operation", message))
        }
        _ => None,
    };
    workflow.steps.iter().filter_map(problem).collect()
}

struct Check<'a> {
    workflow: &'a Workflow,
    descriptions: &'a Descriptions,
    problems: Vec<Problem>,
}

impl<'a> Check<'a> {
    fn step(&mut self, step: &'a Step) {
        let description = self.operation(step);
        let mut found: BTreeMap<String, Possible<'a>> = BTreeMap::new();
        scope::each(step, |place, text| {
            if let Ok(reference) = Reference::parse(text) {
                let possible = self.reference(step, place, text, &reference);
                found.insert(place.to_owned(), possible);
            }
        });
        if let (Some(Value::String(_)), Some(possible)) = (&step.for_each, found.get("for_each"))
            && possible.elements().is_none()
        {
            let message = format!("`for_each` needs a list, but this is {}", path::types(possible));
            self.problems.push(step.problem("for_each", message));
        }
        if let Some(types) = found.get("if").and_then(Possible::types)
            && !types.iter().any(|name| matches!(*name, "boolean" | "null"))
        {
            let types = found.get("if").map(path::types).unwrap_or_default();
            let message = format!("`if` needs true, false or null, but this is {types}{}", self.type_hint(step));
            self.problems.push(step.problem("if", message));
        }
        let Some(description) = description else { return };
        let mut problems = Vec::new();
        input::check(&step.operation, &step.input, &description.input_schema, &mut problems);
        for (place, possible) in &found {
            if let Some(wanted) = wanted(&description.input_schema, &step.input, place)
                && let Err(message) = input::may_give(possible, &wanted)
            {
                problems.push((place.clone(), message));
            }
        }
        self.problems.extend(problems.into_iter().map(|(place, message)| step.problem(&place, message)));
    }

    /// How a column of a file becomes a boolean.
    fn type_hint(&self, step: &Step) -> &'static str {
        let is_item = step.condition.as_ref().and_then(Value::as_str).is_some_and(|text| text.starts_with("$.item"));
        if is_item { "; declare its type in `inputs`, such as `{ type: boolean }`" } else { "" }
    }

    fn operation(&mut self, step: &Step) -> Option<&'a Description> {
        let name = &step.operation;
        let description = self.descriptions.get(name);
        if description.is_none() && !name.is_empty() && self.descriptions.summary(name).is_none() {
            let hint = suggestion(name, self.descriptions.names());
            let hint = if hint.is_empty() { "; `operations --search WORD` finds them".to_owned() } else { hint };
            self.problems.push(step.problem("operation", format!("there is no operation `{name}`{hint}")));
        }
        description.map(|description| &**description)
    }

    /// What a reference can find.
    fn reference(&mut self, step: &Step, place: &str, text: &str, reference: &Reference) -> Possible<'a> {
        let (root, start) = match reference.root() {
            // A step that does not come earlier is told when the file is read.
            Root::Step(Some(named)) if !self.is_earlier(named, step) => return Possible::anything(),
            Root::Step(Some(named)) => (format!("$.steps{}", path::name_shown(named)), self.output(named)),
            Root::Input(Some(named)) => (format!("$.inputs{}", path::name_shown(named)), self.input(named)),
            Root::Item => ("$.item".to_owned(), self.item(step)),
            Root::Index => ("$.index".to_owned(), Possible::of(&INDEX)),
            Root::Step(None) | Root::Input(None) => return Possible::anything(),
        };
        let mut problems = Vec::new();
        let possible = Walk { root, problems: &mut problems }.follow(reference.segments(), start);
        for problem in problems {
            self.problems.push(step.problem(place, format!("`{text}` cannot be found: {problem}")));
        }
        // A path that can find several gives a list of them.
        if reference.is_singular() { possible } else { possible.in_list() }
    }

    fn is_earlier(&self, named: &str, step: &Step) -> bool {
        let position = |id: &str| self.workflow.steps.iter().position(|step| step.id == id);
        position(named).is_some_and(|named| position(&step.id).is_some_and(|step| named < step))
    }

    /// What the output of a step can be: a list of outputs if it has `for_each`.
    fn output(&self, id: &str) -> Possible<'a> {
        let Some(step) = self.workflow.steps.iter().find(|step| step.id == id) else { return Possible::anything() };
        let output = self.descriptions.get(&step.operation).map_or_else(Possible::anything, |one| output(one));
        if step.for_each.is_some() { output.in_list() } else { output }
    }

    fn input(&self, name: &str) -> Possible<'a> {
        let schema = self.workflow.input(name).map(|declaration| &declaration.schema);
        schema.map_or_else(Possible::anything, Possible::of)
    }

    /// The element that a step's `for_each` is at.
    fn item(&self, step: &Step) -> Possible<'a> {
        match &step.for_each {
            Some(Value::String(text)) => {
                let Ok(reference) = Reference::parse(text) else { return Possible::anything() };
                let start = match reference.root() {
                    Root::Step(Some(named)) => self.output(named),
                    Root::Input(Some(named)) => self.input(named),
                    _ => return Possible::anything(),
                };
                // What is wrong with this path is told where it stands.
                let mut problems = Vec::new();
                let found = Walk { root: String::new(), problems: &mut problems }.follow(reference.segments(), start);
                if !reference.is_singular() {
                    return found;
                }
                found.elements().unwrap_or_else(Possible::anything)
            }
            _ => Possible::anything(),
        }
    }
}

/// The schema of `$.index`.
static INDEX: LazyLock<Value> = LazyLock::new(|| json!({"type": "integer"}));

/// What the output of an operation can be, as references see it.
fn output(description: &Description) -> Possible<'_> {
    let is_json = |media_type: &String| media_type == "application/json" || media_type.ends_with("+json");
    if description.media_types.iter().all(is_json) {
        Possible::of(&description.output_schema)
    } else {
        // Text, or a file.
        Possible::anything()
    }
}

/// What an input takes at a place such as `input.roles[0]`. `None` if it does not say.
fn wanted<'a>(schema: &'a Value, input: &Map<String, Value>, place: &str) -> Option<Possible<'a>> {
    let rest = place.strip_prefix("input.")?;
    // Names may contain dots and brackets, so they are taken from the input.
    let (name, value) = input.iter().find(|(name, _)| {
        rest.strip_prefix(name.as_str()).is_some_and(|after| after.is_empty() || after.starts_with(['.', '[']))
    })?;
    let property = schema.get("properties")?.get(name)?;
    let mut possible = Possible::of(schema).part(property);
    let (mut value, mut rest) = (value, &rest[name.len()..]);
    while !rest.is_empty() {
        match value {
            Value::Array(items) => {
                let (index, after) = rest.strip_prefix('[')?.split_once(']')?;
                value = items.get(index.parse::<usize>().ok()?)?;
                possible = possible.elements()?;
                rest = after;
            }
            Value::Object(properties) => {
                let after = rest.strip_prefix('.')?;
                let (name, inner) = properties.iter().find(|(name, _)| {
                    after.strip_prefix(name.as_str()).is_some_and(|end| end.is_empty() || end.starts_with(['.', '[']))
                })?;
                value = inner;
                possible = possible.property(name).ok()?;
                rest = &after[name.len()..];
            }
            _ => return None,
        }
    }
    Some(possible)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
