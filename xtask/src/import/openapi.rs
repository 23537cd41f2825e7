//! Reads Looker's API description, which is OpenAPI 3.0 in JSON.
//!
//! The types here accept exactly what Looker's description says today. A key, type, format, location, media type or
//! status that they do not know is an error with its JSON pointer. Nothing is ignored: whoever imports a newer
//! description decides what the new thing means for the connector.

mod content;
mod document;
mod members;
mod model;
mod operation;
mod parameter;
mod place;
mod schema;
#[cfg(test)]
mod tests;

use catalog_model::{Group, Model, Source, Spec, Type, file_stem};
use document::{Document, Tag};
use members::Members;
use model::ModelSchema;
use operation::{Operation, method};
use place::{join, parse_at, problem};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// What a description holds.
#[derive(Debug)]
pub struct Description {
    /// The spec, which has none of the sentences.
    pub spec: Spec,
    /// Every sentence, to tell whether the overlay repeats one. They go nowhere else.
    pub sentences: Vec<String>,
}

/// Reads a description.
///
/// # Errors
///
/// Everything in it that is not understood: one message for each operation, model or other part, with its place.
pub fn read(text: &str) -> Result<Description, Vec<String>> {
    let document: Document = parse_at("", text).map_err(|problem| vec![problem])?;
    let whole: Value = serde_json::from_str(text).map_err(|error| vec![problem("", error)])?;
    let mut problems = Vec::new();
    let spec = Spec {
        source: Source {
            version: document.info.version.0,
            release: document.info.release,
            sha256: Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect(),
            sdk: None,
        },
        models: models(document.components.schemas.0, &mut problems),
        groups: groups(document.tags, document.paths, &mut problems),
    };
    if problems.is_empty() {
        problems = spec.inconsistencies().unwrap_or_default();
    }
    if problems.is_empty() { Ok(Description { spec, sentences: sentences(&whole) }) } else { Err(problems) }
}

fn models(schemas: Vec<(String, Box<RawValue>)>, problems: &mut Vec<String>) -> Vec<Model> {
    let read = |(name, text): (String, Box<RawValue>)| {
        let pointer = join("/components/schemas", &name);
        if !Type::is_model_name(&name) {
            let rule = "a capital letter, then letters and digits";
            return Err(problem(&pointer, format_args!("`{name}` cannot name a model: {rule}")));
        }
        let schema: ModelSchema = parse_at(&pointer, text.get())?;
        schema.into_model(&name).map_err(|error| problem(&pointer, error))
    };
    let mut models = collect(schemas.into_iter().map(read), problems);
    models.sort_by(|one, other| one.name.cmp(&other.name));
    models
}

fn groups(tags: Vec<Tag>, paths: Members<Members<Box<RawValue>>>, problems: &mut Vec<String>) -> Vec<Group> {
    let mut groups: Vec<Group> =
        tags.into_iter().map(|tag| Group { tag: tag.name.0, operations: Vec::new() }).collect();
    groups.sort_by_key(|group| format!("{}.json", file_stem(&group.tag)));
    for (path, Members(methods)) in paths.0 {
        let pointer = join("/paths", &path);
        if !path.starts_with('/') {
            problems.push(problem(&pointer, "a path must begin with /"));
        }
        let read = |(name, text): (String, Box<RawValue>)| {
            let pointer = join(&pointer, &name);
            let method = method(&name).map_err(|error| problem(&pointer, error))?;
            let operation: Operation = parse_at(&pointer, text.get())?;
            Ok((operation.tag.clone(), operation.into_spec(&path, method)))
        };
        for (tag, operation) in collect(methods.into_iter().map(read), problems) {
            match groups.iter_mut().find(|group| group.tag == tag) {
                Some(group) => group.operations.push(operation),
                None => problems.push(format!("operation {}: the tag `{tag}` is not declared", operation.name)),
            }
        }
    }
    groups
}

/// The successes. The failures are added to the problems.
fn collect<T>(outcomes: impl Iterator<Item = Result<T, String>>, problems: &mut Vec<String>) -> Vec<T> {
    outcomes.filter_map(|outcome| outcome.map_err(|problem| problems.push(problem)).ok()).collect()
}

/// Every text that is written for people: all `description` and `summary` strings, wherever they are.
fn sentences(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => (members.iter())
            .flat_map(|(key, value)| match value {
                Value::String(text) if key == "description" || key == "summary" => vec![text.clone()],
                value => sentences(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(sentences).collect(),
        _ => Vec::new(),
    }
}
