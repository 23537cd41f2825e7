//! Reads the parts of a workflow from YAML. A mistake does not end the reading, so that all are told at once.

use super::super::inputs;
use super::super::node::{Content, Key, Node, Positions};
use super::super::problem::{Problem, suggestion};
use super::super::reference;
use super::{AT_ONCE, ATTEMPTS, Declaration, STEPS, Step, Workflow};
use serde_json::{Map, Value};

const WORKFLOW_KEYS: [&str; 4] = ["name", "trigger", "inputs", "steps"];
const STEP_KEYS: [&str; 8] = ["id", "operation", "input", "for_each", "at_once", "if", "retry", "auth"];

type Problems = Vec<Problem>;

/// The keys of an object, each once.
struct Object<'a> {
    node: &'a Node,
    properties: &'a [(Key, Node)],
}

impl<'a> Object<'a> {
    /// Reads an object whose keys are known. `what` names it in messages: "a step".
    fn of(node: &'a Node, place: &str, what: &str, known: &[&str], problems: &mut Problems) -> Option<Self> {
        let Content::Object(properties) = &node.content else {
            let message = format!("{what} has to be an object with {}; this is {}", names(known), node.kind());
            problems.push(Problem::new(node.at, place, message));
            return None;
        };
        for (key, _) in properties {
            if !known.contains(&key.name.as_str()) {
                let hint = suggestion(&key.name, known.iter().copied());
                problems.push(Problem::new(key.at, place, format!("{what} has no key `{}`{hint}", key.name)));
            }
        }
        Some(Self { node, properties })
    }

    fn get(&self, name: &str) -> Option<&'a Node> {
        self.properties.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    /// A text that has to be there and must not be empty.
    fn text(&self, name: &str, example: &str, problems: &mut Problems) -> Option<&'a str> {
        let Some(node) = self.get(name) else {
            problems.push(Problem::new(self.node.at, name, format!("`{name}` is missing; {example}")));
            return None;
        };
        match &node.content {
            Content::Scalar(Value::String(text)) if !text.trim().is_empty() => Some(text),
            Content::Scalar(Value::String(_) | Value::Null) => {
                problems.push(Problem::new(node.at, name, format!("`{name}` is empty; {example}")));
                None
            }
            _ => {
                let message = format!("`{name}` has to be text; this is {}; put it in quotation marks", node.kind());
                problems.push(Problem::new(node.at, name, message));
                None
            }
        }
    }
}

fn names(known: &[&str]) -> String {
    known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Reads a workflow.
pub(super) fn workflow(node: &Node, problems: &mut Problems) -> Workflow {
    let Some(object) = Object::of(node, "", "a workflow", &WORKFLOW_KEYS, problems) else {
        return Workflow::default();
    };
    let name = object.text("name", "give the workflow a name, such as `Add a user`", problems).unwrap_or_default();
    if let Some(node) = object.get("trigger")
        && !matches!(&node.content, Content::Scalar(Value::String(trigger)) if trigger == "manual")
    {
        problems.push(Problem::new(node.at, "trigger", "the only trigger is `manual`; leave it out or write `manual`"));
    }
    let inputs = object.get("inputs").map(|node| declarations(node, problems)).unwrap_or_default();
    let steps = steps(&object, problems);
    Workflow { name: name.to_owned(), inputs, steps }
}

fn declarations(node: &Node, problems: &mut Problems) -> Vec<Declaration> {
    let properties = match &node.content {
        Content::Object(properties) => properties,
        Content::Scalar(Value::Null) => return Vec::new(),
        _ => {
            let message = "`inputs` has to be an object: each input's name with its JSON Schema, such as `people: { type: array }`";
            problems.push(Problem::new(node.at, "inputs", message));
            return Vec::new();
        }
    };
    let mut declarations = Vec::new();
    for (key, node) in properties {
        let place = format!("inputs.{}", key.name);
        let mut positions = Positions::from([(place.clone(), key.at)]);
        let mut schema = node.json(&place, &mut positions, problems);
        if schema.is_null() {
            // `name:` alone: any value.
            schema = Value::Object(Map::new());
        }
        if let Err(message) = inputs::check_schema(&schema) {
            problems.push(Problem::new(key.at, place, message));
            schema = Value::Object(Map::new());
        }
        declarations.push(Declaration { name: key.name.clone(), schema, at: key.at });
    }
    declarations
}

fn steps(object: &Object<'_>, problems: &mut Problems) -> Vec<Step> {
    let Some(node) = object.get("steps") else {
        let message = "`steps` is missing; add a list with at least one step, with `id` and `operation`";
        problems.push(Problem::new(object.node.at, "steps", message));
        return Vec::new();
    };
    let items = match &node.content {
        Content::List(items) if !items.is_empty() => items,
        Content::List(_) | Content::Scalar(Value::Null) => {
            let message = "there is no step; add at least one, with `id` and `operation`";
            problems.push(Problem::new(node.at, "steps", message));
            return Vec::new();
        }
        _ => {
            problems.push(Problem::new(node.at, "steps", format!("`steps` has to be a list; this is {}", node.kind())));
            return Vec::new();
        }
    };
    if items.len() > STEPS {
        let message = format!(
            "there are {} steps, more than {STEPS}; use `for_each` to repeat a step, or split the workflow",
            items.len()
        );
        problems.push(Problem::new(node.at, "steps", message));
        return Vec::new();
    }
    let mut steps: Vec<Step> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let mut found = Vec::new();
        let step = step(item, &mut found);
        let id = if step.id.is_empty() { format!("{}", index + 1) } else { step.id.clone() };
        if !step.id.is_empty() && steps.iter().any(|other| other.id == step.id) {
            let message = "another step already has this `id`; every step needs its own";
            found.push(Problem::new(step.position("id"), "id", message));
        }
        problems.extend(found.into_iter().map(|problem| problem.in_step(&id)));
        steps.push(step);
    }
    steps
}

fn step(node: &Node, problems: &mut Problems) -> Step {
    let mut step = Step { at_once: 1, attempts: 1, ..Step::default() };
    let Some(object) = Object::of(node, "", "a step", &STEP_KEYS, problems) else { return step };
    let mut positions = Positions::from([(String::new(), node.at)]);
    for (key, _) in object.properties {
        positions.insert(key.name.clone(), key.at);
    }
    step.id = object.text("id", "give the step a name, such as `looker-1`", problems).unwrap_or_default().to_owned();
    step.operation =
        object.text("operation", "name an operation of the connector", problems).unwrap_or_default().to_owned();
    match object.get("input").map(|node| (node, &node.content)) {
        None | Some((_, Content::Scalar(Value::Null))) => {}
        Some((node, Content::Object(_))) => {
            if let Value::Object(input) = node.json("input", &mut positions, problems) {
                step.input = input;
            }
        }
        Some((node, _)) => {
            let message = format!("`input` has to be an object; this is {}", node.kind());
            problems.push(Problem::new(node.at, "input", message));
        }
    }
    step.for_each = object.get("for_each").and_then(|node| {
        let value = node.json("for_each", &mut positions, problems);
        let is_list = value.is_array() || value.as_str().is_some_and(reference::is_reference);
        if !is_list {
            let message = format!(
                "`for_each` has to be a list, or a reference that gives one, such as `$.inputs.people`; this is {}",
                node.kind()
            );
            problems.push(Problem::new(node.at, "for_each", message));
        }
        is_list.then_some(value)
    });
    if let Some(node) = object.get("at_once") {
        match number(node, AT_ONCE) {
            Ok(number) => step.at_once = number,
            Err(message) => problems.push(Problem::new(node.at, "at_once", format!("`at_once` {message}"))),
        }
        if object.get("for_each").is_none() {
            let message = "`at_once` is for steps with `for_each`; remove it, or add `for_each`";
            problems.push(Problem::new(node.at, "at_once", message));
        }
    }
    step.condition = object.get("if").and_then(|node| condition(node, &mut positions, problems));
    if let Some(node) = object.get("retry") {
        step.attempts = attempts(node, problems);
    }
    step.auth = match object.get("auth") {
        Some(_) => object.text("auth", "name an auth, or leave it out", problems).map(str::to_owned),
        None => None,
    };
    step.positions = positions;
    step
}

fn condition(node: &Node, positions: &mut Positions, problems: &mut Problems) -> Option<Value> {
    let value = node.json("if", positions, problems);
    let is_condition =
        matches!(value, Value::Bool(_) | Value::Null) || value.as_str().is_some_and(reference::is_reference);
    if !is_condition {
        let message = format!(
            "`if` has to be true, false, or a reference that gives one of them, such as `$.item.active`; this is {}",
            node.kind()
        );
        problems.push(Problem::new(node.at, "if", message));
    }
    is_condition.then_some(value)
}

fn attempts(node: &Node, problems: &mut Problems) -> u32 {
    let Some(object) = Object::of(node, "retry", "`retry`", &["attempts"], problems) else { return 1 };
    let Some(node) = object.get("attempts") else {
        let message = "`attempts` is missing; write, for example, `retry: { attempts: 5 }`";
        problems.push(Problem::new(node.at, "retry", message));
        return 1;
    };
    match number(node, ATTEMPTS as usize) {
        Ok(number) => u32::try_from(number).unwrap_or(ATTEMPTS),
        Err(message) => {
            problems.push(Problem::new(node.at, "retry.attempts", format!("`attempts` {message}")));
            1
        }
    }
}

/// A whole number from 1 to `max`.
fn number(node: &Node, max: usize) -> Result<usize, String> {
    let number = match &node.content {
        Content::Scalar(Value::Number(number)) => number.as_u64().and_then(|number| usize::try_from(number).ok()),
        _ => None,
    };
    number
        .filter(|number| (1..=max).contains(number))
        .ok_or_else(|| format!("has to be a whole number from 1 to {max}; this is {}", shown(node)))
}

fn shown(node: &Node) -> String {
    match &node.content {
        Content::Scalar(value) => format!("`{value}`"),
        _ => node.kind().to_owned(),
    }
}
