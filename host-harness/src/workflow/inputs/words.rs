//! What a JSON Schema validator finds, in our words.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{JsonTypeSet, ValidationError};
use serde_json::Value;

/// The longest value that a message quotes, in characters.
const QUOTED: usize = 60;

/// What is wrong with a value: "`people[2].email` has to be text; this is a number". Secrets are not shown.
pub(in crate::workflow) fn problem(name: &str, error: &ValidationError<'_>, schema: &Value) -> String {
    let path = error.schema_path().to_string();
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    let is_secret =
        schema.pointer(parent).is_some_and(|schema| schema.get("format").is_some_and(|format| format == "password"));
    format!("`{}` {}", place(name, error.instance_path()), what(error, is_secret))
}

/// What is wrong with a schema.
pub(in crate::workflow) fn schema_problem(error: &ValidationError<'_>) -> String {
    what(error, false)
}

/// A place within a value: `people[2].email`.
pub(in crate::workflow) fn place(name: &str, path: &Location) -> String {
    let mut place = name.to_owned();
    for segment in path {
        match segment {
            LocationSegment::Property(name) => place.push_str(&format!(".{name}")),
            LocationSegment::Index(index) => place.push_str(&format!("[{index}]")),
        }
    }
    place
}

/// The element of a list that a place is in.
pub(in crate::workflow) fn row(path: &Location) -> Option<usize> {
    match path.into_iter().next() {
        Some(LocationSegment::Index(index)) => Some(index),
        _ => None,
    }
}

fn what(error: &ValidationError<'_>, is_secret: bool) -> String {
    let instance = error.instance();
    let found = if is_secret { "its value is a secret".to_owned() } else { shown(instance) };
    match error.kind() {
        ValidationErrorKind::Type { kind } => {
            format!("has to be {}; this is {}", expected(kind), super::super::node::kind(instance))
        }
        ValidationErrorKind::Required { property } => {
            format!("lacks `{}`", property.as_str().unwrap_or_default())
        }
        ValidationErrorKind::Enum { options } => match options.as_array() {
            Some(options) => {
                let options: Vec<String> = options.iter().map(shown).collect();
                format!("has to be one of {}; this is {found}", options.join(", "))
            }
            None => format!("is not one of the values that are allowed; this is {found}"),
        },
        ValidationErrorKind::Constant { expected_value } => {
            format!("has to be {}; this is {found}", shown(expected_value))
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            let names: Vec<String> = unexpected.iter().map(|name| format!("`{name}`")).collect();
            format!("must not have {}", names.join(", "))
        }
        ValidationErrorKind::Format { format } => format!("is not a valid {format}: {found}"),
        ValidationErrorKind::Pattern { pattern } => format!("does not match the pattern `{pattern}`: {found}"),
        ValidationErrorKind::MinLength { limit: 1 } => "must not be empty".to_owned(),
        ValidationErrorKind::MinLength { limit } => format!("needs at least {limit} characters: {found}"),
        ValidationErrorKind::MaxLength { limit } => format!("may have at most {limit} characters"),
        ValidationErrorKind::MinItems { limit } => format!("needs at least {limit} elements"),
        ValidationErrorKind::MaxItems { limit } => format!("may have at most {limit} elements"),
        ValidationErrorKind::UniqueItems => "has an element twice".to_owned(),
        ValidationErrorKind::Minimum { limit } => format!("must not be less than {limit}: {found}"),
        ValidationErrorKind::Maximum { limit } => format!("must not be more than {limit}: {found}"),
        ValidationErrorKind::ExclusiveMinimum { limit } => format!("has to be more than {limit}: {found}"),
        ValidationErrorKind::ExclusiveMaximum { limit } => format!("has to be less than {limit}: {found}"),
        ValidationErrorKind::MultipleOf { multiple_of } => format!("has to be a multiple of {multiple_of}: {found}"),
        ValidationErrorKind::AnyOf { .. } | ValidationErrorKind::OneOfNotValid { .. } => {
            format!("matches none of the alternatives in `{}`", error.kind().keyword())
        }
        ValidationErrorKind::Referencing(_) => {
            "a `$ref` leads nowhere: only references within the schema itself are followed".to_owned()
        }
        other => format!("does not keep to `{}` of its schema", other.keyword()),
    }
}

fn expected(kind: &TypeKind) -> String {
    let list = |types: &JsonTypeSet| {
        let mut names: Vec<&str> = types.iter().map(|one| one.as_str()).collect();
        // The exception comes last.
        names.sort_by_key(|name| *name == "null");
        names.into_iter().map(of_type).collect::<Vec<_>>().join(" or ")
    };
    match kind {
        TypeKind::Single(one) => of_type(one.as_str()).to_owned(),
        TypeKind::Multiple(several) => list(several),
    }
}

/// A JSON Schema type as a noun.
pub(in crate::workflow) fn of_type(name: &str) -> &str {
    match name {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "an object",
        other => other,
    }
}

/// A value for a message.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{}`", short(text)),
        other => format!("`{}`", short(&other.to_string())),
    }
}

/// A text for a message: its beginning, on one line.
pub(in crate::workflow) fn short(text: &str) -> String {
    let mut short: String = text.chars().take(QUOTED).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short.replace(['\n', '\r'], " ")
}

/// Whether a number is whole, however it is written: `1.0` and `1e3` are.
pub(in crate::workflow) fn is_whole(value: &Value) -> bool {
    match value {
        Value::Number(number) => {
            let text = number.to_string();
            text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
                || number.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        _ => false,
    }
}
