//! Spec and overlay joined: the content of the connector's tables.

use crate::humanize::{file_stem, humanize};
use crate::inputs::{BODY, is_sent, parameter_input, property_input};
use crate::overlay::{FieldOverlay, Lookup, LookupOverlay, OperationOverlay, Overlay};
use crate::spec::{Body, Method, Model, Operation, Parameter, Property, Source, Spec};

/// The content of the tables.
#[derive(Debug)]
pub struct Catalog<'a> {
    /// The description that the spec was made from.
    pub source: &'a Source,
    /// The operations, sorted by name.
    pub operations: Vec<JoinedOperation<'a>>,
    /// The models, sorted by name.
    pub models: Vec<JoinedModel<'a>>,
}

/// An operation with its titles and help.
#[derive(Debug)]
pub struct JoinedOperation<'a> {
    /// What the spec says about it.
    pub spec: &'a Operation,
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

/// A parameter with its title and help.
#[derive(Debug)]
pub struct JoinedParameter<'a> {
    /// What the spec says about it.
    pub spec: &'a Parameter,
    /// Its name in the input.
    pub input: String,
    /// Its title, help and look-up.
    pub text: FieldText,
}

/// A body with the titles and help of its fields.
#[derive(Debug)]
pub struct JoinedBody<'a> {
    /// What the spec says about it.
    pub spec: &'a Body,
    /// Title and help of the single input `body`.
    pub text: FieldText,
    /// The properties whose input differs from what their model says, by its name or by its text.
    pub property_inputs: Vec<PropertyInput<'a>>,
}

/// The input of a body's property in one operation, if it differs from what the model says.
#[derive(Debug, PartialEq)]
pub struct PropertyInput<'a> {
    /// The name of the property.
    pub property: &'a str,
    /// Its name in the input.
    pub input: String,
    /// Its title, help and look-up in the input.
    pub text: FieldText,
}

/// A model with the titles and help of its properties.
#[derive(Debug)]
pub struct JoinedModel<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its properties with their titles, help and look-ups.
    pub properties: Vec<(&'a Property, FieldText)>,
}

/// Title, help and look-up of one field.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldText {
    /// The title that people read.
    pub title: String,
    /// One line of help; empty if there is none.
    pub help: String,
    /// The operation that lists its values.
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
    pub fn of_operation(operation: &Operation, overlay: &Overlay) -> Self {
        let among = |names: &[String]| names.contains(&operation.name);
        if among(&overlay.effects.read) {
            Self::Read
        } else if among(&overlay.effects.write) {
            Self::Write
        } else if among(&overlay.effects.delete) {
            Self::Delete
        } else {
            Self::of_method(operation.method)
        }
    }
}

impl<'a> Catalog<'a> {
    /// Joins spec and overlay. A field or operation without a title gets its name made readable.
    pub fn join(spec: &'a Spec, overlay: &Overlay) -> Self {
        let mut operations: Vec<_> =
            spec.operations().map(|(tag, operation)| join_operation(spec, overlay, tag, operation)).collect();
        operations.sort_by_key(|operation| operation.spec.name.as_str());
        let models = spec.models.iter().map(|model| JoinedModel {
            name: &model.name,
            properties: (model.properties.iter())
                .map(|property| (property, property_text(overlay, None, model, property, &property.name)))
                .collect(),
        });
        Self { source: &spec.source, operations, models: models.collect() }
    }
}

fn join_operation<'a>(
    spec: &'a Spec,
    overlay: &Overlay,
    tag: &'a str,
    operation: &'a Operation,
) -> JoinedOperation<'a> {
    let none = OperationOverlay::default();
    let own = overlay.operation(&file_stem(tag), &operation.name).unwrap_or(&none);
    let title = own.title.clone().unwrap_or_else(|| humanize(&operation.name));
    let parameters = operation.parameters.iter().map(|parameter| {
        let input = parameter_input(spec, operation, parameter);
        // The text of the plain name serves `query_NAME` too, except the operation's own: that one is for the body.
        let places = [own.fields.get(&input), overlay.fields.get(&input), overlay.fields.get(&parameter.name)];
        let text = FieldText::from_places(&places, &parameter.name);
        JoinedParameter { spec: parameter, input, text }
    });
    let body = operation.body.as_ref().map(|body| JoinedBody {
        spec: body,
        text: FieldText::from_places(&[own.fields.get(BODY), overlay.fields.get(BODY)], BODY),
        property_inputs: spec
            .body_model(operation)
            .map_or_else(Vec::new, |model| property_inputs(overlay, own, operation, model)),
    });
    JoinedOperation {
        spec: operation,
        group: tag,
        help: own.help.clone().unwrap_or_else(|| title.clone()),
        title,
        effect: Effect::of_operation(operation, overlay),
        parameters: parameters.collect(),
        body,
    }
}

/// The inputs of a body's properties that differ from what the model says.
fn property_inputs<'a>(
    overlay: &Overlay,
    own: &OperationOverlay,
    operation: &Operation,
    model: &'a Model,
) -> Vec<PropertyInput<'a>> {
    let sent = model.properties.iter().filter(|property| is_sent(property));
    sent.filter_map(|property| {
        let input = property_input(operation, property);
        let own = own.fields.get(&input);
        (own.is_some() || input != property.name).then(|| PropertyInput {
            property: &property.name,
            text: property_text(overlay, own, model, property, &input),
            input,
        })
    })
    .collect()
}

/// The text of a property that has the name `input` in the input.
fn property_text(
    overlay: &Overlay,
    own: Option<&FieldOverlay>,
    model: &Model,
    property: &Property,
    input: &str,
) -> FieldText {
    let of_model = overlay.models.get(&model.name).and_then(|properties| properties.get(&property.name));
    let places = [own, of_model, overlay.fields.get(input), overlay.fields.get(&property.name)];
    FieldText::from_places(&places, &property.name)
}

impl FieldText {
    /// The text of a field from the places that may have some, the narrowest first.
    fn from_places(places: &[Option<&FieldOverlay>], name: &str) -> Self {
        let places = || places.iter().flatten();
        let lookup = places().find_map(|overlay| overlay.lookup.clone());
        Self {
            title: places().find_map(|overlay| overlay.title.clone()).unwrap_or_else(|| humanize(name)),
            help: places().find_map(|overlay| overlay.help.clone()).unwrap_or_default(),
            lookup: match lookup {
                Some(LookupOverlay::Operation(lookup)) => Some(lookup),
                Some(LookupOverlay::Switch(_)) | None => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::correct;
    use crate::fixture::{overlay, spec};

    fn operation<'a>(catalog: &'a Catalog<'_>, name: &str) -> &'a JoinedOperation<'a> {
        catalog.operations.iter().find(|operation| operation.spec.name == name).unwrap()
    }

    fn property_text_of<'a>(catalog: &'a Catalog<'_>, model: &str, name: &str) -> &'a FieldText {
        let model = catalog.models.iter().find(|candidate| candidate.name == model).unwrap();
        &model.properties.iter().find(|(property, _)| property.name == name).unwrap().1
    }

    #[test]
    fn without_an_overlay_names_are_made_readable() {
        let spec = spec();
        let catalog = Catalog::join(&spec, &Overlay::default());
        let create = operation(&catalog, "create_apple");
        assert_eq!((create.title.as_str(), create.help.as_str()), ("Create apple", "Create apple"));
        assert_eq!(create.parameters[0].text, FieldText { title: "Tree ID".into(), help: String::new(), lookup: None });
        assert_eq!(operation(&catalog, "set_trees").body.as_ref().unwrap().text.title, "Body");
        assert_eq!(property_text_of(&catalog, "Apple", "color").title, "Color");
        let names: Vec<_> = catalog.operations.iter().map(|operation| operation.spec.name.as_str()).collect();
        assert_eq!(names, ["all_trees", "create_apple", "estimate", "set_trees"]);
    }

    #[test]
    fn a_property_that_gives_way_to_the_path_has_an_input_and_a_text_of_its_own() {
        let mut spec = spec();
        spec.models[0].properties[3].name = "tree_id".into();
        let overlay = overlay(&[
            ("fields.toml", "[tree_id]\ntitle = \"Tree\"\nhelp = \"Which.\"\n[body_tree_id]\nhelp = \"Moves it.\"\n"),
            ("apple_fruit.toml", "[create_apple.fields.tree_id]\ntitle = \"On tree\"\n"),
        ]);
        let catalog = Catalog::join(&spec, &overlay);
        let create = operation(&catalog, "create_apple");
        assert_eq!(
            (create.parameters[0].input.as_str(), create.parameters[0].text.title.as_str()),
            ("tree_id", "On tree")
        );
        let text = FieldText { title: "Tree".into(), help: "Moves it.".into(), lookup: None };
        assert_eq!(
            create.body.as_ref().unwrap().property_inputs,
            [PropertyInput { property: "tree_id", input: "body_tree_id".into(), text }]
        );
    }

    #[test]
    fn a_parameter_gives_way_to_a_property_that_can_be_sent() {
        let spec = spec();
        let catalog = Catalog::join(&spec, &Overlay::default());
        let inputs: Vec<_> =
            operation(&catalog, "create_apple").parameters.iter().map(|parameter| parameter.input.as_str()).collect();
        // `id` is read-only in the body, so nobody else has that name.
        assert_eq!(inputs, ["tree_id", "query_limit", "id"]);
    }

    #[test]
    fn title_help_and_lookup_each_come_from_the_narrowest_place() {
        let spec = spec();
        let overlay = overlay(&[
            (
                "fields.toml",
                "[color]\ntitle = \"F\"\nhelp = \"f\"\nlookup = { operation = \"all_trees\", value = \"id\", label = \"label\" }\n\
                 [limit]\ntitle = \"Most\"\n[body]\nhelp = \"The list.\"\n",
            ),
            ("models.toml", "[Apple.color]\ntitle = \"M\"\n[Apple.limit]\ntitle = \"M limit\"\n"),
            (
                "apple_fruit.toml",
                "[create_apple.fields.color]\nlookup = false\n[create_apple.fields.query_limit]\nhelp = \"Own.\"\n",
            ),
        ]);
        let catalog = Catalog::join(&spec, &overlay);
        let of_model = property_text_of(&catalog, "Apple", "color");
        assert_eq!((of_model.title.as_str(), of_model.help.as_str()), ("M", "f"));
        assert_eq!(of_model.lookup.as_ref().unwrap().operation, "all_trees");
        let create = operation(&catalog, "create_apple");
        let text = FieldText { title: "M".into(), help: "f".into(), lookup: None };
        assert_eq!(
            create.body.as_ref().unwrap().property_inputs,
            [PropertyInput { property: "color", input: "color".into(), text }]
        );
        let limit = &create.parameters[1].text;
        assert_eq!((limit.title.as_str(), limit.help.as_str()), ("Most", "Own."));
        assert_eq!(property_text_of(&catalog, "Apple", "limit").title, "M limit");
        let body = operation(&catalog, "set_trees").body.as_ref().unwrap();
        assert_eq!((body.text.title.as_str(), body.text.help.as_str()), ("Body", "The list."));
    }

    #[test]
    fn the_method_decides_the_effect_except_for_the_listed_operations() {
        let spec = spec();
        let overlay =
            overlay(&[("effects.toml", "read = [\"estimate\"]\ndelete = [\"set_trees\"]\nwrite = [\"all_trees\"]\n")]);
        let effects = |overlay: &Overlay| -> Vec<Effect> {
            Catalog::join(&spec, overlay).operations.iter().map(|operation| operation.effect).collect()
        };
        assert_eq!(effects(&Overlay::default()), [Effect::Read, Effect::Write, Effect::Write, Effect::Write]);
        assert_eq!(effects(&overlay), [Effect::Write, Effect::Write, Effect::Read, Effect::Delete]);
        assert_eq!(Effect::of_method(Method::Delete), Effect::Delete);
    }

    #[test]
    fn a_corrected_property_is_an_input_like_any_other() {
        let overlay = overlay(&[
            ("writable.toml", "Request = [\"sql\"]\nApple = [\"id\"]\n"),
            ("apple_fruit.toml", "[estimate.fields.sql]\ntitle = \"Statement\"\n"),
        ]);
        let spec = correct(spec(), &overlay).unwrap();
        let catalog = Catalog::join(&spec, &overlay);
        let own = &operation(&catalog, "estimate").body.as_ref().unwrap().property_inputs;
        assert_eq!(own[0].text.title, "Statement");
        assert_eq!(operation(&catalog, "create_apple").parameters[2].input, "query_id");
    }
}
