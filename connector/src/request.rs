//! Builds the request for an operation from its input. Nothing here sends anything.

mod encode;
mod path;
mod value;

pub(crate) use encode::pairs as query_string;
pub use encode::{form_decode, percent_decode, percent_encode};
pub(crate) use path::has_dot_segment;
pub(crate) use value::{quote, text as parameter_text};

use crate::catalog::{Body, FieldText, Location, Method, Operation, Parameter, Property, Type, nearest};
use crate::failure::{FieldProblems, Reason, Result};
use crate::input::{Input, Kind};
use serde_json::value::RawValue;

/// The path of Looker API 4.0.
const API: &str = "/api/4.0";

/// The input that is the whole body, where the body is not an object.
const BODY: &str = "body";

/// The media type of a form.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// The parts of a request that an operation decides: everything but the address and the token.
#[derive(Clone, PartialEq, Eq)]
pub struct Parts {
    /// The method.
    pub method: Method,
    /// Path and query, encoded: `/api/4.0/users/5?fields=id`.
    pub target: String,
    /// The body, where there is one.
    pub body: Option<Content>,
}

/// A body and its media type.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// `application/json`, `text/plain` or `application/x-www-form-urlencoded`.
    pub media_type: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether an engine may replace a placeholder in it by a secret on the wire, so that its length is not known.
    pub has_placeholder: bool,
}

impl Drop for Content {
    fn drop(&mut self) {
        // A login's body holds the secret.
        if self.is_form() {
            zeroize::Zeroize::zeroize(&mut self.bytes);
        }
    }
}

impl Parts {
    /// A request that the catalog does not describe. `path` is encoded and relative to `/api/4.0`.
    pub fn own(method: Method, path: &str, body: Option<Content>) -> Self {
        Self { method, target: format!("{API}{path}"), body }
    }
}

impl Content {
    fn new(media_type: &'static str, text: String) -> Self {
        Self { media_type, bytes: text.into_bytes(), has_placeholder: false }
    }

    /// A JSON document.
    pub fn json(document: String) -> Self {
        Self::new("application/json", document)
    }

    /// Whether this is a form. Only requests that sign in have one.
    pub fn is_form(&self) -> bool {
        self.media_type == FORM
    }

    /// A form with these fields.
    pub fn form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self::new(FORM, encode::pairs(fields))
    }
}

/// Builds the request for an input. `fill` gives values for parameters that the input leaves out, where the auth has
/// them.
///
/// Checks the whole input before it fails, so that one failure names everything that is wrong.
pub fn build(operation: &Operation, input: &Input, fill: impl Fn(&str) -> Option<String>) -> Result<Parts> {
    let mut problems = FieldProblems::default();
    let mut target = String::with_capacity(API.len() + operation.path.len() + 64);
    target.push_str(API);
    target.push_str(operation.path);
    let mut pairs: Vec<(&str, String)> = Vec::new();
    for parameter in operation.parameters {
        let text = match input.get(parameter.input) {
            Some(value) => match value::text(&parameter.kind, value) {
                Ok(text) => Some(text),
                Err(expected) => {
                    problems.add(parameter.input, "invalid", format!("{} must be {expected}.", parameter.input));
                    continue;
                }
            },
            None => fill(parameter.input),
        };
        match (parameter.location, text) {
            (Location::Path, Some(text)) => match path_segment(parameter, &text) {
                Ok(segment) => target = target.replace(&format!("{{{}}}", parameter.name), &segment),
                Err(message) => problems.add(parameter.input, "invalid", message),
            },
            (Location::Query, Some(text)) => pairs.push((parameter.name, text)),
            (_, None) if parameter.required => {
                missing(operation, parameter.input, &parameter.text, &mut problems);
            }
            (_, None) => {}
        }
    }
    let body = match &operation.body {
        // A form's fields are declared as query parameters, but secrets do not belong in a URL.
        Some(body) if body.media_type == FORM => {
            refuse_unknown(operation, input, &mut problems);
            Some(Content::form(std::mem::take(&mut pairs).iter().map(|(name, text)| (*name, text.as_str()))))
        }
        Some(body) => write_body(operation, body, input, &mut problems),
        None => {
            refuse_unknown(operation, input, &mut problems);
            None
        }
    };
    problems.into_result(Reason::InvalidInput)?;
    if !pairs.is_empty() {
        target.push('?');
        target.push_str(&encode::pairs(pairs.iter().map(|(name, text)| (*name, text.as_str()))));
    }
    Ok(Parts { method: operation.method, target, body })
}

fn missing(operation: &Operation, field: &str, text: &FieldText, problems: &mut FieldProblems) {
    let what = if text.help.is_empty() { text.title.to_owned() } else { format!("{}. {}", text.title, text.help) };
    let what = what.trim_end_matches('.');
    problems.add(field, "missing", format!("{} needs the input {field}: {what}.", operation.name));
}

/// Encodes a path parameter's value. An empty one would name another resource.
fn path_segment(parameter: &Parameter, text: &str) -> std::result::Result<String, String> {
    let name = parameter.input;
    if text.is_empty() {
        return Err(format!("{name} is empty: it must name one thing."));
    }
    if has_dot_segment(text) {
        return Err(format!("{name} must not have . or .. as a path segment: that is another path."));
    }
    Ok(percent_encode(text))
}

/// Whether an input sets a parameter.
fn is_parameter(operation: &Operation, name: &str) -> bool {
    operation.parameters.iter().any(|parameter| parameter.input == name)
}

/// Refuses inputs that are not parameters. Looker ignores query parameters that it does not know, so a misspelled filter
/// would return, or change, everything.
fn refuse_unknown(operation: &Operation, input: &Input, problems: &mut FieldProblems) {
    for (name, _) in input.fields().filter(|(name, _)| !is_parameter(operation, name)) {
        let known = || operation.parameters.iter().map(|parameter| parameter.input);
        refuse_name(operation, name, known(), problems);
    }
}

fn refuse_name<'a>(
    operation: &Operation,
    name: &str,
    known: impl Iterator<Item = &'a str> + Clone,
    problems: &mut FieldProblems,
) {
    let near = nearest(name, known.clone());
    let advice = if !near.is_empty() {
        format!("did you mean {}?", near.join(" or "))
    } else if known.clone().next().is_none() {
        "it takes none.".to_owned()
    } else {
        format!("it takes {}.", known.collect::<Vec<_>>().join(", "))
    };
    problems.add(name, "unknown", format!("{} has no input {name}: {advice}", operation.name));
}

/// Writes the body from the inputs that are not parameters.
fn write_body(operation: &Operation, body: &Body, input: &Input, problems: &mut FieldProblems) -> Option<Content> {
    let Type::Model(model) = body.kind else {
        return whole_body(operation, body, input, problems);
    };
    // Some SDKs take the body as one argument. Here its properties are inputs beside the parameters.
    if input.get(BODY).is_some_and(|value| Kind::of(value) == Kind::Object)
        && !model.properties.iter().any(|property| property.name == BODY)
    {
        let message = format!(
            "{} takes the properties of the body as inputs of their own, without body around them.",
            operation.name
        );
        problems.add(BODY, "unknown", message);
    }
    let mut json = String::from("{");
    for (name, value) in input.fields().filter(|(name, _)| !is_parameter(operation, name)) {
        let property = body.property_of(name);
        match property_json(property, value) {
            Ok(text) => {
                if json.len() > 1 {
                    json.push(',');
                }
                json.push_str(&quote(property.map_or(name, |property| property.name)));
                json.push(':');
                json.push_str(&text);
            }
            Err(expected) => problems.add(name, "invalid", format!("{name} must be {expected}.")),
        }
    }
    json.push('}');
    // A PATCH sends only what changes: no property is required in it.
    if operation.method != Method::Patch && (body.required || json.len() > 2) {
        let required = model.properties.iter().filter(|property| property.required && !property.read_only);
        for property in required.filter(|property| input.get(body.input_of(property)).is_none()) {
            missing(operation, body.input_of(property), body.text_of(property), problems);
        }
    }
    (body.required || json.len() > 2).then(|| Content::new(body.media_type, json))
}

/// Writes a property of the body as JSON. An explicit `null` is sent, since it clears a value. A property that the catalog
/// does not have is sent unchanged.
fn property_json(property: Option<&Property>, value: &RawValue) -> std::result::Result<String, String> {
    match property {
        Some(property) if Kind::of(value) != Kind::Null => value::json(&property.kind, value),
        _ => Ok(value.get().to_owned()),
    }
}

/// Writes a body that is not an object: the single input `body`.
fn whole_body(operation: &Operation, body: &Body, input: &Input, problems: &mut FieldProblems) -> Option<Content> {
    for (name, _) in input.fields().filter(|(name, _)| *name != BODY && !is_parameter(operation, name)) {
        let known = operation.parameters.iter().map(|parameter| parameter.input).chain([BODY]);
        refuse_name(operation, name, known, problems);
    }
    let Some(value) = input.get(BODY) else {
        if body.required {
            missing(operation, BODY, &body.text, problems);
        }
        return None;
    };
    let written =
        if body.media_type == "application/json" { json_body(body, value) } else { value::text(&body.kind, value) };
    match written {
        Ok(text) => Some(Content::new(body.media_type, text)),
        Err(expected) => {
            problems.add(BODY, "invalid", format!("{BODY} must be {expected}."));
            None
        }
    }
}

/// Writes a JSON body. Where Looker declares a string that holds JSON (a dashboard's filter state), its own SDKs send the
/// document in the string, without quotes around it. The input can be either.
fn json_body(body: &Body, value: &RawValue) -> std::result::Result<String, String> {
    if let Type::String(_) = body.kind {
        let is_document = |value: &RawValue| matches!(Kind::of(value), Kind::Object | Kind::Array);
        if is_document(value) {
            return Ok(value.get().to_owned());
        }
        let text = value::text(&body.kind, value)?;
        if serde_json::from_str::<&RawValue>(&text).is_ok_and(is_document) {
            return Ok(text);
        }
    }
    value::json(&body.kind, value)
}

#[cfg(test)]
mod tests;
