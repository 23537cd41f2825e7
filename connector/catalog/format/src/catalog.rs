//! Facts and words joined: what the connector's tables say.

use std::collections::BTreeMap;

use crate::facts::{Body, Facts, Method, Model, Operation, Parameter, Property, Source};
use crate::humanise::{file_stem, humanise};
use crate::words::{FieldWords, Lookup, LookupWords, OperationWords, Words};

/// Everything that the tables say.
#[derive(Debug)]
pub struct Catalog<'a> {
    /// Which description the facts come from.
    pub source: &'a Source,
    /// The operations, sorted by name.
    pub operations: Vec<JoinedOperation<'a>>,
    /// The models, sorted by name.
    pub models: Vec<JoinedModel<'a>>,
}

/// An operation with its words.
#[derive(Debug)]
pub struct JoinedOperation<'a> {
    /// What Looker says of it.
    pub facts: &'a Operation,
    /// The tag that Looker lists it under.
    pub group: &'a str,
    /// The title that people read.
    pub title: String,
    /// One line: what it does.
    pub help: String,
    /// What it does to data.
    pub effect: Effect,
    /// Its parameters.
    pub parameters: Vec<JoinedParameter<'a>>,
    /// Its body.
    pub body: Option<JoinedBody<'a>>,
}

/// A parameter with its words.
#[derive(Debug)]
pub struct JoinedParameter<'a> {
    /// What Looker says of it.
    pub facts: &'a Parameter,
    /// Its name in the input.
    pub input: String,
    /// Its words.
    pub text: FieldText,
}

/// A body with its words.
#[derive(Debug)]
pub struct JoinedBody<'a> {
    /// What Looker says of it.
    pub facts: &'a Body,
    /// The words of the one input `body`.
    pub text: FieldText,
    /// The words of properties that this operation words differently than their model does, by name.
    pub property_texts: Vec<(&'a str, FieldText)>,
}

/// A model with the words of its properties.
#[derive(Debug)]
pub struct JoinedModel<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its properties with their words.
    pub properties: Vec<(&'a Property, FieldText)>,
}

/// The words of one field, complete.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldText {
    /// The title that people read.
    pub title: String,
    /// One line of help; empty where there is none.
    pub help: String,
    /// Where its values come from.
    pub lookup: Option<Lookup>,
}

/// What an operation does to Looker's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Changes nothing that Looker keeps.
    Read,
    /// Creates or changes something.
    Write,
    /// Removes something.
    Delete,
}

/// The name that a parameter has in the input: its own, or `query_NAME` where the body has a property of that name
/// which can be sent. (A read-only property is no input, so it takes no name from anybody.)
pub fn input_name(facts: &Facts, operation: &Operation, parameter: &Parameter) -> String {
    let property = facts
        .body_model(operation)
        .and_then(|model| model.property(&parameter.name));
    match property {
        Some(Property { read_only: false, .. }) => format!("query_{}", parameter.name),
        _ => parameter.name.clone(),
    }
}

impl Effect {
    /// What a method does where nothing else is said.
    pub fn of_method(method: Method) -> Self {
        match method {
            Method::Get => Self::Read,
            Method::Delete => Self::Delete,
            Method::Post | Method::Put | Method::Patch => Self::Write,
        }
    }

    /// What an operation does: what its method says, unless it is one of the exceptions.
    pub fn of_operation(operation: &Operation, words: &Words) -> Self {
        let among = |names: &[String]| names.contains(&operation.name);
        if among(&words.effects.read) {
            Self::Read
        } else if among(&words.effects.write) {
            Self::Write
        } else if among(&words.effects.delete) {
            Self::Delete
        } else {
            Self::of_method(operation.method)
        }
    }
}

impl<'a> Catalog<'a> {
    /// Joins facts and words. Where there are no words, names are made readable.
    pub fn join(facts: &'a Facts, words: &Words) -> Self {
        let mut operations: Vec<_> = facts
            .operations()
            .map(|(tag, operation)| join_operation(facts, words, tag, operation))
            .collect();
        operations.sort_by_key(|operation| operation.facts.name.as_str());
        let models = facts.models.iter().map(|model| JoinedModel {
            name: &model.name,
            properties: (model.properties.iter())
                .map(|property| (property, property_text(words, None, model, property)))
                .collect(),
        });
        Self {
            source: &facts.source,
            operations,
            models: models.collect(),
        }
    }
}

fn join_operation<'a>(facts: &'a Facts, words: &Words, tag: &'a str, operation: &'a Operation) -> JoinedOperation<'a> {
    let none = OperationWords::default();
    let own = words.operation(&file_stem(tag), &operation.name).unwrap_or(&none);
    let title = own.title.clone().unwrap_or_else(|| humanise(&operation.name));
    let parameters = operation.parameters.iter().map(|parameter| {
        let input = input_name(facts, operation, parameter);
        // The words of the plain name hold for `query_NAME` too, but those of the operation's own are the body's.
        let places = [
            own.fields.get(&input),
            words.fields.get(&input),
            words.fields.get(&parameter.name),
        ];
        let text = FieldText::from_places(&places, &parameter.name);
        JoinedParameter {
            facts: parameter,
            input,
            text,
        }
    });
    let body = operation.body.as_ref().map(|body| JoinedBody {
        facts: body,
        text: FieldText::from_places(&[own.fields.get("body"), words.fields.get("body")], "body"),
        property_texts: facts
            .body_model(operation)
            .map_or_else(Vec::new, |model| own_texts(words, &own.fields, model)),
    });
    JoinedOperation {
        facts: operation,
        group: tag,
        help: own.help.clone().unwrap_or_else(|| title.clone()),
        title,
        effect: Effect::of_operation(operation, words),
        parameters: parameters.collect(),
        body,
    }
}

/// The words of a body's properties that an operation has of its own.
fn own_texts<'a>(words: &Words, own: &BTreeMap<String, FieldWords>, model: &'a Model) -> Vec<(&'a str, FieldText)> {
    let sent = model.properties.iter().filter(|property| !property.read_only);
    sent.filter_map(|property| {
        let own = own.get(&property.name)?;
        Some((property.name.as_str(), property_text(words, Some(own), model, property)))
    })
    .collect()
}

fn property_text(words: &Words, own: Option<&FieldWords>, model: &Model, property: &Property) -> FieldText {
    let of_model = words
        .models
        .get(&model.name)
        .and_then(|properties| properties.get(&property.name));
    FieldText::from_places(&[own, of_model, words.fields.get(&property.name)], &property.name)
}

impl FieldText {
    /// The words of a field from the places that may have some, the narrowest first.
    fn from_places(places: &[Option<&FieldWords>], name: &str) -> Self {
        let places = || places.iter().flatten();
        let lookup = places().find_map(|words| words.lookup.clone());
        Self {
            title: places()
                .find_map(|words| words.title.clone())
                .unwrap_or_else(|| humanise(name)),
            help: places().find_map(|words| words.help.clone()).unwrap_or_default(),
            lookup: match lookup {
                Some(LookupWords::Operation(lookup)) => Some(lookup),
                Some(LookupWords::Switch(_)) | None => None,
            },
        }
    }
}
