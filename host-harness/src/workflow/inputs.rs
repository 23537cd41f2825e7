//! What a run is given: values for the inputs that the workflow declares, checked against their JSON Schemas.

pub mod csv;
pub(super) mod words;

use super::file::Workflow;
use super::node::{Node, Positions};
use super::problem::suggestion;
use jsonschema::Validator;
use serde_json::{Map, Value};

/// The values of a run's inputs by their names.
pub type Inputs = Map<String, Value>;

/// The most problems that are told of one input. A file with a wrong column has one for each row.
const TOLD: usize = 10;

/// A value for an input.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Given {
    value: Value,
    /// For a list from a file of rows: the line of each. Empty for other values.
    lines: Vec<u64>,
}

impl From<Value> for Given {
    fn from(value: Value) -> Self {
        Self { value, lines: Vec::new() }
    }
}

impl Given {
    /// Reads a value that was given as text, as its schema says: text stays text where the schema allows text, and where
    /// it has no type. Everything else is JSON.
    ///
    /// # Errors
    ///
    /// Returns an error if the schema asks for another type than text, and the text is not JSON.
    pub fn from_text(text: &str, schema: &Value) -> Result<Self, String> {
        typed(text, schema).map(Self::from)
    }
}

/// Reads a YAML document.
///
/// # Errors
///
/// Returns an error if the text is not YAML, or if it has numbers that YAML would round.
pub fn yaml_value(text: &str) -> Result<Value, String> {
    let node = Node::parse(text).map_err(|problem| problem.to_string())?;
    let mut problems = Vec::new();
    let value = node.json("", &mut Positions::new(), &mut problems);
    match problems.first() {
        Some(problem) => Err(problem.to_string()),
        None => Ok(value),
    }
}

/// Reads a YAML object: each input's name with its value.
///
/// # Errors
///
/// As [`yaml_value`], and if it is not an object.
pub fn yaml(text: &str) -> Result<Map<String, Value>, String> {
    match yaml_value(text)? {
        Value::Object(object) => Ok(object),
        _ => Err("it has to be an object: each input's name with its value".to_owned()),
    }
}

/// Completes the inputs of a run: fills in defaults and checks every value.
///
/// # Errors
///
/// Returns every problem, each naming its input: values that are missing, that the workflow does not declare, or that
/// their schemas do not allow.
pub fn complete(workflow: &Workflow, given: Vec<(String, Given)>) -> Result<Inputs, Vec<String>> {
    let mut problems = Vec::new();
    let mut values: Map<String, Value> = Map::new();
    let mut lines: Map<String, Value> = Map::new();
    for (name, given) in given {
        if workflow.input(&name).is_none() {
            let hint = suggestion(&name, workflow.inputs.iter().map(|input| input.name.as_str()));
            let hint = if workflow.inputs.is_empty() { "; it declares none".to_owned() } else { hint };
            problems.push(format!("the workflow has no input `{name}`{hint}"));
            continue;
        }
        lines.insert(name.clone(), given.lines.into());
        values.insert(name, given.value);
    }
    let mut inputs = Inputs::new();
    for declaration in &workflow.inputs {
        let name = &declaration.name;
        let Some(value) = values.remove(name).or_else(|| declaration.default().cloned()) else {
            problems
                .push(format!("the input `{name}` is missing; give it by --set {name}=VALUE or --set {name}=@FILE"));
            continue;
        };
        let lines: Vec<u64> =
            lines.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_u64).collect();
        problems.extend(check_value(name, &value, &lines, &declaration.schema));
        inputs.insert(name.clone(), value);
    }
    if problems.is_empty() { Ok(inputs) } else { Err(problems) }
}

/// Checks that a schema is one, and that its default keeps to it.
///
/// # Errors
///
/// Returns what is wrong with it.
pub(super) fn check_schema(schema: &Value) -> Result<(), String> {
    if !schema.is_object() {
        return Err("this has to be a JSON Schema, such as `{ type: string }`".to_owned());
    }
    let validator = validator(schema)?;
    let Some(default) = schema.get("default") else { return Ok(()) };
    match validator.iter_errors(default).next() {
        Some(error) => {
            Err(format!("the default does not match the schema: {}", words::problem("default", &error, schema)))
        }
        None => Ok(()),
    }
}

/// Makes what checks values against a schema. References to other documents are refused: nothing is fetched.
pub(super) fn validator(schema: &Value) -> Result<Validator, String> {
    jsonschema::draft202012::new(schema).map_err(|error| {
        let place = words::place("", error.instance_path());
        let place = if place.is_empty() { String::new() } else { format!("`{}` ", place.trim_start_matches('.')) };
        format!("this is not a valid JSON Schema: {place}{}", words::schema_problem(&error))
    })
}

/// The problems of a value, the first few.
fn check_value(name: &str, value: &Value, lines: &[u64], schema: &Value) -> Vec<String> {
    let validator = match validator(schema) {
        Ok(validator) => validator,
        Err(problem) => return vec![format!("the schema of the input `{name}`: {problem}")],
    };
    // Only the first are made into text: there may be very many.
    let mut errors = validator.iter_errors(value);
    let mut problems: Vec<String> = errors
        .by_ref()
        .take(TOLD)
        .map(|error| match words::row(error.instance_path()).and_then(|row| lines.get(row)) {
            Some(line) => format!("the input `{name}`, line {line}: {}", words::problem(name, &error, schema)),
            None => format!("the input `{name}`: {}", words::problem(name, &error, schema)),
        })
        .collect();
    match errors.count() {
        0 => {}
        more => problems.push(format!("the input `{name}`: and {more} more problems")),
    }
    problems
}

/// A text as a value of the type that a schema asks for.
pub(super) fn typed(text: &str, schema: &Value) -> Result<Value, String> {
    let types = types(schema);
    if types.is_empty() || types.contains(&"string") {
        return Ok(Value::String(text.to_owned()));
    }
    let trimmed = text.trim();
    // Spreadsheets write booleans in capital letters.
    let lower = trimmed.to_lowercase();
    if types.contains(&"boolean") && (lower == "true" || lower == "false") {
        return Ok(Value::Bool(lower == "true"));
    }
    let value: Option<Value> = serde_json::from_str(trimmed).ok();
    value.filter(|value| types.iter().any(|name| is_of(value, name))).ok_or_else(|| {
        let expected: Vec<&str> = types.iter().map(|name| words::of_type(name)).collect();
        format!("`{}` is not {}", words::short(text), expected.join(" or "))
    })
}

/// The types that a schema names. Empty if it names none.
pub(super) fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Whether a value is of a JSON Schema type.
pub(super) fn is_of(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64() || words::is_whole(value),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
