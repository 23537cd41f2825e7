//! Builds the JSON Schemas (2020-12) of an operation's input and output from the catalog.
//!
//! Properties are in Looker's order. Every model that is used is defined once, under `$defs`.

mod field;

use crate::catalog::{Cost, Location, Method, Model, Operation, Property, Response, Stability, Type};
use crate::request::FORM;
use crate::response::expand;
use field::{Direction, Field, TypeSchema};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// The dialect of all schemas here.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of an operation's input, from which a platform draws its form.
pub fn input_schema(operation: &Operation) -> String {
    write(&InputSchema(operation))
}

/// The schema of an operation's JSON output. For an operation without JSON output it is the schema of what a platform
/// shows instead: `null` for no content, a string for text and files.
pub fn output_schema(operation: &Operation) -> String {
    write(&OutputSchema(operation))
}

/// The media types that an operation's output can have.
pub fn media_types(operation: &Operation) -> Vec<&'static str> {
    let mut types = Vec::new();
    for declared in operation.responses.iter().flat_map(|response| response.media_types) {
        let expanded = expand(declared);
        let one = [*declared];
        let each = if expanded.is_empty() { &one } else { expanded };
        for media_type in each {
            if !types.contains(media_type) {
                types.push(*media_type);
            }
        }
    }
    types
}

fn write(schema: &impl Serialize) -> String {
    // Fails only for keys that are not strings and for failing writers. There are neither.
    serde_json::to_string(schema).unwrap_or_default()
}

struct InputSchema<'a>(&'a Operation);

impl Serialize for InputSchema<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let operation = self.0;
        let fields = input_fields(operation);
        let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
        let takes_more = matches!(operation.body.as_ref().map(|body| body.kind), Some(Type::Model(_)));
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("$schema", DIALECT)?;
        map.serialize_entry("title", operation.title)?;
        map.serialize_entry("description", operation.help)?;
        if operation.stability == Stability::Deprecated {
            map.serialize_entry("deprecated", &true)?;
        }
        map.serialize_entry("x-cost", cost(operation.cost))?;
        if let Some(release) = operation.since {
            map.serialize_entry("x-since", release.as_str())?;
        }
        map.serialize_entry("type", "object")?;
        map.serialize_entry("properties", &field::Properties(&fields))?;
        if !required.is_empty() {
            map.serialize_entry("required", &required)?;
        }
        // Inputs that are not described go into the body. Without a body there is no place for them.
        map.serialize_entry("additionalProperties", &takes_more)?;
        definitions(&mut map, fields.iter().map(|field| field.kind), Direction::Input)?;
        map.end()
    }
}

fn cost(cost: Cost) -> &'static str {
    match cost {
        Cost::Query => "query",
        Cost::Administration => "administration",
        Cost::Free => "none",
    }
}

/// The fields of an input, the most important first: path, body, query.
fn input_fields(operation: &Operation) -> Vec<Field<'_>> {
    let parameters = |location| {
        operation.parameters.iter().filter(move |parameter| parameter.location == location).map(Field::of_parameter)
    };
    let mut fields: Vec<Field> = parameters(Location::Path).collect();
    if let Some(body) = &operation.body {
        match body.kind {
            Type::Model(model) => {
                // A PATCH sends only what changes: no property is required in it.
                let is_whole = operation.method != Method::Patch;
                let writable = model.properties.iter().filter(|property| property.is_writable());
                fields.extend(writable.map(|property| Field::of_property(property, body, is_whole)));
            }
            // The parameters are the fields of the form.
            _ if body.media_type == FORM => {}
            _ => fields.push(Field::of_body(body)),
        }
    }
    fields.extend(parameters(Location::Query));
    fields
}

struct OutputSchema<'a>(&'a Operation);

impl Serialize for OutputSchema<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let responses = self.0.responses;
        let is_json = |response: &&Response| response.media_types.contains(&"application/json");
        let mut kinds: Vec<Type> = Vec::new();
        for response in responses.iter().filter(is_json) {
            if !kinds.contains(&response.kind) {
                kinds.push(response.kind);
            }
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("$schema", DIALECT)?;
        map.serialize_entry("title", self.0.title)?;
        match kinds.as_slice() {
            [] if responses.iter().all(|response| response.media_types.is_empty()) => {
                map.serialize_entry("type", "null")?
            }
            [] => map.serialize_entry("type", "string")?,
            [kind] => TypeSchema::of(kind, Direction::Output).write(&mut map)?,
            several => {
                let schemas: Vec<TypeSchema> =
                    several.iter().map(|kind| TypeSchema::of(kind, Direction::Output)).collect();
                map.serialize_entry("anyOf", &schemas)?;
            }
        }
        definitions(&mut map, kinds.iter().copied(), Direction::Output)?;
        map.end()
    }
}

/// Writes `$defs`: every model that the types use, in the order of their names.
fn definitions<M: SerializeMap>(
    map: &mut M,
    kinds: impl Iterator<Item = Type>,
    direction: Direction,
) -> Result<(), M::Error> {
    let mut models = Vec::new();
    for kind in kinds {
        reach(kind, direction, &mut models);
    }
    if models.is_empty() {
        return Ok(());
    }
    models.sort_unstable_by_key(|model| model.name);
    map.serialize_entry("$defs", &field::Definitions { models: &models, direction })
}

fn reach(kind: Type, direction: Direction, models: &mut Vec<&'static Model>) {
    match kind {
        Type::Array(item) | Type::Map(item) => reach(*item, direction, models),
        Type::Model(model) if !models.contains(&model) => {
            models.push(model);
            let seen = |property: &&Property| direction.shows(property);
            for property in model.properties.iter().filter(seen) {
                reach(property.kind, direction, models);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
