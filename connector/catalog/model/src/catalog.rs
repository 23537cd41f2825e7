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
    let property = facts.body_model(operation).and_then(|model| model.property(&parameter.name));
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
        let mut operations: Vec<_> =
            facts.operations().map(|(tag, operation)| join_operation(facts, words, tag, operation)).collect();
        operations.sort_by_key(|operation| operation.facts.name.as_str());
        let models = facts.models.iter().map(|model| JoinedModel {
            name: &model.name,
            properties: (model.properties.iter())
                .map(|property| (property, property_text(words, None, model, property)))
                .collect(),
        });
        Self { source: &facts.source, operations, models: models.collect() }
    }
}

fn join_operation<'a>(facts: &'a Facts, words: &Words, tag: &'a str, operation: &'a Operation) -> JoinedOperation<'a> {
    let none = OperationWords::default();
    let own = words.operation(&file_stem(tag), &operation.name).unwrap_or(&none);
    let title = own.title.clone().unwrap_or_else(|| humanise(&operation.name));
    let parameters = operation.parameters.iter().map(|parameter| {
        let input = input_name(facts, operation, parameter);
        // The words of the plain name hold for `query_NAME` too, but those of the operation's own are the body's.
        let places = [own.fields.get(&input), words.fields.get(&input), words.fields.get(&parameter.name)];
        let text = FieldText::from_places(&places, &parameter.name);
        JoinedParameter { facts: parameter, input, text }
    });
    let body = operation.body.as_ref().map(|body| JoinedBody {
        facts: body,
        text: FieldText::from_places(&[own.fields.get("body"), words.fields.get("body")], "body"),
        property_texts: facts.body_model(operation).map_or_else(Vec::new, |model| own_texts(words, &own.fields, model)),
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
    let of_model = words.models.get(&model.name).and_then(|properties| properties.get(&property.name));
    FieldText::from_places(&[own, of_model, words.fields.get(&property.name)], &property.name)
}

impl FieldText {
    /// The words of a field from the places that may have some, the narrowest first.
    fn from_places(places: &[Option<&FieldWords>], name: &str) -> Self {
        let places = || places.iter().flatten();
        let lookup = places().find_map(|words| words.lookup.clone());
        Self {
            title: places().find_map(|words| words.title.clone()).unwrap_or_else(|| humanise(name)),
            help: places().find_map(|words| words.help.clone()).unwrap_or_default(),
            lookup: match lookup {
                Some(LookupWords::Operation(lookup)) => Some(lookup),
                Some(LookupWords::Switch(_)) | None => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::correct;
    use crate::fixture::{facts, words};

    fn operation<'a>(catalog: &'a Catalog<'_>, name: &str) -> &'a JoinedOperation<'a> {
        catalog.operations.iter().find(|operation| operation.facts.name == name).unwrap()
    }

    fn property_text_of<'a>(catalog: &'a Catalog<'_>, model: &str, name: &str) -> &'a FieldText {
        let model = catalog.models.iter().find(|candidate| candidate.name == model).unwrap();
        &model.properties.iter().find(|(property, _)| property.name == name).unwrap().1
    }

    #[test]
    fn without_words_names_are_made_readable() {
        let facts = facts();
        let catalog = Catalog::join(&facts, &Words::default());
        let create = operation(&catalog, "create_apple");
        assert_eq!((create.title.as_str(), create.help.as_str()), ("Create apple", "Create apple"));
        assert_eq!(create.parameters[0].text, FieldText { title: "Tree ID".into(), help: String::new(), lookup: None });
        assert_eq!(operation(&catalog, "set_trees").body.as_ref().unwrap().text.title, "Body");
        assert_eq!(property_text_of(&catalog, "Apple", "colour").title, "Colour");
        let names: Vec<_> = catalog.operations.iter().map(|operation| operation.facts.name.as_str()).collect();
        assert_eq!(names, ["all_trees", "create_apple", "estimate", "set_trees"]);
    }

    #[test]
    fn a_parameter_gives_way_to_a_property_that_can_be_sent() {
        let facts = facts();
        let catalog = Catalog::join(&facts, &Words::default());
        let inputs: Vec<_> =
            operation(&catalog, "create_apple").parameters.iter().map(|parameter| parameter.input.as_str()).collect();
        // `id` is read-only in the body, so nobody else has that name.
        assert_eq!(inputs, ["tree_id", "query_limit", "id"]);
    }

    #[test]
    fn the_narrowest_words_win_one_by_one() {
        let facts = facts();
        let words = words(&[
            (
                "fields.toml",
                "[colour]\ntitle = \"F\"\nhelp = \"f\"\nlookup = { operation = \"all_trees\", value = \"id\", label = \"label\" }\n\
                 [limit]\ntitle = \"Most\"\n[body]\nhelp = \"The list.\"\n",
            ),
            ("models.toml", "[Apple.colour]\ntitle = \"M\"\n[Apple.limit]\ntitle = \"M limit\"\n"),
            (
                "apple_fruit.toml",
                "[create_apple.fields.colour]\nlookup = false\n[create_apple.fields.query_limit]\nhelp = \"Own.\"\n",
            ),
        ]);
        let catalog = Catalog::join(&facts, &words);
        let of_model = property_text_of(&catalog, "Apple", "colour");
        assert_eq!((of_model.title.as_str(), of_model.help.as_str()), ("M", "f"));
        assert_eq!(of_model.lookup.as_ref().unwrap().operation, "all_trees");
        let create = operation(&catalog, "create_apple");
        let own = &create.body.as_ref().unwrap().property_texts;
        assert_eq!(own, &[("colour", FieldText { title: "M".into(), help: "f".into(), lookup: None })]);
        let limit = &create.parameters[1].text;
        assert_eq!((limit.title.as_str(), limit.help.as_str()), ("Most", "Own."));
        assert_eq!(property_text_of(&catalog, "Apple", "limit").title, "M limit");
        let body = operation(&catalog, "set_trees").body.as_ref().unwrap();
        assert_eq!((body.text.title.as_str(), body.text.help.as_str()), ("Body", "The list."));
    }

    #[test]
    fn the_method_tells_the_effect_but_for_exceptions() {
        let facts = facts();
        let words =
            words(&[("effects.toml", "read = [\"estimate\"]\ndelete = [\"set_trees\"]\nwrite = [\"all_trees\"]\n")]);
        let effects = |words: &Words| -> Vec<Effect> {
            Catalog::join(&facts, words).operations.iter().map(|operation| operation.effect).collect()
        };
        assert_eq!(effects(&Words::default()), [Effect::Read, Effect::Write, Effect::Write, Effect::Write]);
        assert_eq!(effects(&words), [Effect::Write, Effect::Write, Effect::Read, Effect::Delete]);
        assert_eq!(Effect::of_method(Method::Delete), Effect::Delete);
    }

    #[test]
    fn what_is_writable_can_be_worded_and_clashes() {
        let words = words(&[
            ("writable.toml", "Request = [\"sql\"]\nApple = [\"id\"]\n"),
            ("apple_fruit.toml", "[estimate.fields.sql]\ntitle = \"Statement\"\n"),
        ]);
        let facts = correct(facts(), &words).unwrap();
        let catalog = Catalog::join(&facts, &words);
        let own = &operation(&catalog, "estimate").body.as_ref().unwrap().property_texts;
        assert_eq!(own[0].1.title, "Statement");
        assert_eq!(operation(&catalog, "create_apple").parameters[2].input, "query_id");
    }
}
