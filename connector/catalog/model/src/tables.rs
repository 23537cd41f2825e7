//! The catalog as the Rust source of static tables, for the types in the connector's `catalog.rs`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::catalog::{
    Catalog, Effect, FieldText, JoinedBody, JoinedModel, JoinedOperation, JoinedParameter, PropertyInput,
};
use crate::kind::{Format, Type};
use crate::overlay::Lookup;
use crate::spec::{Cost, Location, Method, Property, Response, SdkSource, Source, Stability};

/// The Rust source of `SOURCE`, `OPERATIONS` and `MODELS`, to be included where the types of the connector's catalog
/// are in scope.
///
/// Models refer to each other in circles, so each is a static of its own. Types within types and look-ups are written
/// once, however often they are used.
pub fn tables(catalog: &Catalog<'_>) -> String {
    let mut tables = Tables {
        models: catalog.models.iter().enumerate().map(|(index, model)| (model.name, index)).collect(),
        types: BTreeMap::new(),
        lookups: BTreeMap::new(),
        releases: BTreeMap::new(),
    };
    let mut source = String::from("// Written by the build script from `connector/catalog`.\n\n");
    source += &source_table(catalog.source);
    let operations: Vec<String> = catalog.operations.iter().map(|operation| tables.operation(operation)).collect();
    source += &table("The operations, sorted by name.", "OPERATIONS", "Operation", &operations);
    for (index, model) in catalog.models.iter().enumerate() {
        let _ = writeln!(source, "static MODEL_{index}: Model = {};\n", tables.model(model));
    }
    let models: Vec<String> = (0..catalog.models.len()).map(|index| format!("&MODEL_{index}")).collect();
    source += &table("The models, sorted by name.", "MODELS", "&Model", &models);
    source += &tables.shared();
    source
}

/// What the tables share: filled while they are written.
struct Tables<'a> {
    /// The number of each model's static.
    models: BTreeMap<&'a str, usize>,
    /// The number of the static of each type that is within another.
    types: BTreeMap<Type, usize>,
    /// The number of each look-up's static.
    lookups: BTreeMap<Lookup, usize>,
    /// The place in `RELEASES` of each release of Looker that brought something.
    releases: BTreeMap<String, usize>,
}

fn source_table(source: &Source) -> String {
    let Source { version, release, sha256, sdk } = source;
    let sdk = sdk.as_ref().map_or("None".to_owned(), |SdkSource { release, sha256 }| {
        format!("Some(SdkSource {{ release: {release:?}, sha256: {sha256:?} }})")
    });
    format!(
        "/// What the tables were made from.\npub static SOURCE: Source =\n    \
         Source {{ version: {version:?}, release: {release:?}, sha256: {sha256:?}, sdk: {sdk} }};\n\n"
    )
}

fn table(doc: &str, name: &str, of: &str, items: &[String]) -> String {
    format!("/// {doc}\npub static {name}: [{of}; {}] = {};\n\n", items.len(), array(items))
}

/// An array, each item on a line of its own.
fn array(items: &[String]) -> String {
    if items.is_empty() { "[]".to_owned() } else { format!("[\n    {},\n]", items.join(",\n    ")) }
}

/// A slice of texts.
fn texts(texts: &[String]) -> String {
    format!("&{texts:?}")
}

impl Tables<'_> {
    fn operation(&mut self, operation: &JoinedOperation<'_>) -> String {
        let spec = operation.spec;
        let parameters: Vec<_> = operation.parameters.iter().map(|parameter| self.parameter(parameter)).collect();
        let body = operation.body.as_ref().map_or("None".to_owned(), |body| format!("Some({})", self.body(body)));
        let responses: Vec<_> = spec.responses.iter().map(|response| self.response(response)).collect();
        format!(
            "Operation {{ name: {:?}, title: {:?}, help: {:?}, group: {:?}, method: {}, path: {:?}, effect: {}, \
             stability: {}, cost: {}, since: {}, parameters: &[{}], body: {body}, responses: &[{}] }}",
            spec.name,
            operation.title,
            operation.help,
            operation.group,
            method(spec.method),
            spec.path,
            effect(operation.effect),
            stability(spec.stability),
            cost(spec.cost),
            self.since(spec.since.as_deref()),
            parameters.join(", "),
            responses.join(", "),
        )
    }

    fn parameter(&mut self, parameter: &JoinedParameter<'_>) -> String {
        let spec = parameter.spec;
        let location = match spec.location {
            Location::Path => "Location::Path",
            Location::Query => "Location::Query",
        };
        format!(
            "Parameter {{ name: {:?}, input: {:?}, location: {location}, required: {}, deprecated: {}, since: {}, \
             kind: {}, text: {} }}",
            spec.name,
            parameter.input,
            spec.required,
            spec.deprecated,
            self.since(spec.since.as_deref()),
            self.kind(&spec.kind),
            self.text(&parameter.text),
        )
    }

    fn body(&mut self, body: &JoinedBody<'_>) -> String {
        let inputs = body.property_inputs.iter().map(|PropertyInput { property, input, text }| {
            format!("PropertyInput {{ property: {property:?}, input: {input:?}, text: {} }}", self.text(text))
        });
        let inputs: Vec<_> = inputs.collect();
        format!(
            "Body {{ media_type: {:?}, required: {}, kind: {}, text: {}, property_inputs: &[{}] }}",
            body.spec.media_type,
            body.spec.required,
            self.kind(&body.spec.kind),
            self.text(&body.text),
            inputs.join(", "),
        )
    }

    fn response(&mut self, response: &Response) -> String {
        format!(
            "Response {{ status: {}, media_types: {}, kind: {} }}",
            response.status,
            texts(&response.media_types),
            // Where there is no JSON, nothing can be said of its type.
            self.kind(response.kind.as_ref().unwrap_or(&Type::Any)),
        )
    }

    fn model(&mut self, model: &JoinedModel<'_>) -> String {
        let properties: Vec<_> =
            model.properties.iter().map(|(property, text)| self.property(property, text)).collect();
        format!("Model {{ name: {:?}, properties: &{} }}", model.name, array(&properties))
    }

    fn property(&mut self, property: &Property, text: &FieldText) -> String {
        format!(
            "Property {{ name: {:?}, kind: {}, required: {}, nullable: {}, read_only: {}, write_only: {}, \
             deprecated: {}, since: {}, values: {}, text: {} }}",
            property.name,
            self.kind(&property.kind),
            property.required,
            property.nullable,
            property.read_only,
            property.write_only,
            property.deprecated,
            self.since(property.since.as_deref()),
            texts(&property.values),
            self.text(text),
        )
    }

    fn text(&mut self, text: &FieldText) -> String {
        let lookup = text.lookup.as_ref().map_or("None".to_owned(), |lookup| {
            let next = self.lookups.len();
            format!("Some(&LOOKUP_{})", self.lookups.entry(lookup.clone()).or_insert(next))
        });
        format!("FieldText {{ title: {:?}, help: {:?}, lookup: {lookup} }}", text.title, text.help)
    }

    fn since(&mut self, release: Option<&str>) -> String {
        release.map_or("None".to_owned(), |release| {
            let next = self.releases.len();
            format!("Some(Release({}))", self.releases.entry(release.to_owned()).or_insert(next))
        })
    }

    fn kind(&mut self, kind: &Type) -> String {
        match kind {
            Type::Any => "Type::Any".to_owned(),
            Type::Boolean => "Type::Boolean".to_owned(),
            Type::Integer => "Type::Integer".to_owned(),
            Type::Number => "Type::Number".to_owned(),
            Type::String(Format::Text) => "Type::String(Format::Text)".to_owned(),
            Type::String(Format::DateTime) => "Type::String(Format::DateTime)".to_owned(),
            Type::String(Format::Date) => "Type::String(Format::Date)".to_owned(),
            Type::String(Format::UriReference) => "Type::String(Format::UriReference)".to_owned(),
            Type::String(Format::Password) => "Type::String(Format::Password)".to_owned(),
            Type::Array(inner) => format!("Type::Array({})", self.shared_type(inner)),
            Type::Map(inner) => format!("Type::Map({})", self.shared_type(inner)),
            // Spec are read only when every model that they name is there.
            Type::Model(name) => format!("Type::Model(&MODEL_{})", self.models[name.as_str()]),
        }
    }

    /// A reference to the static of a type that is within another.
    fn shared_type(&mut self, kind: &Type) -> String {
        let next = self.types.len();
        format!("&TYPE_{}", self.types.entry(kind.clone()).or_insert(next))
    }

    /// The statics that the tables refer to.
    fn shared(&mut self) -> String {
        let mut source = String::new();
        for (lookup, index) in &self.lookups {
            let Lookup { operation, value, label } = lookup;
            let _ = writeln!(
                source,
                "static LOOKUP_{index}: Lookup =\n    Lookup {{ operation: {operation:?}, value: {value:?}, label: {label:?} }};"
            );
        }
        // Writing a type can add the types within it, so go on until every one is written.
        let mut written = 0;
        while let Some(kind) = self.types.iter().find(|(_, index)| **index == written).map(|(kind, _)| kind.clone()) {
            let value = self.kind(&kind);
            let _ = writeln!(source, "static TYPE_{written}: Type = {value};");
            written += 1;
        }
        let mut releases: Vec<_> = self.releases.iter().collect();
        releases.sort_by_key(|(_, index)| **index);
        let releases: Vec<_> = releases.into_iter().map(|(release, _)| format!("{release:?}")).collect();
        source += &table("The releases of Looker that brought something.", "RELEASES", "&str", &releases);
        source
    }
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Get => "Method::Get",
        Method::Post => "Method::Post",
        Method::Put => "Method::Put",
        Method::Patch => "Method::Patch",
        Method::Delete => "Method::Delete",
    }
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "Effect::Read",
        Effect::Write => "Effect::Write",
        Effect::Delete => "Effect::Delete",
    }
}

fn stability(stability: Stability) -> &'static str {
    match stability {
        Stability::Stable => "Stability::Stable",
        Stability::Beta => "Stability::Beta",
        Stability::Alpha => "Stability::Alpha",
        Stability::Deprecated => "Stability::Deprecated",
    }
}

fn cost(cost: Cost) -> &'static str {
    match cost {
        Cost::DbQuery => "Cost::Query",
        Cost::NonQuery => "Cost::Administration",
        Cost::None => "Cost::Free",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{overlay, spec};

    fn orchard() -> String {
        let spec = spec();
        let lookup = "lookup = { operation = \"all_trees\", value = \"id\", label = \"label\" }";
        let fields = format!("[tree_id]\n{lookup}\n[label]\nhelp = \"Say \\\"oak\\\".\"\n{lookup}\n");
        let overlay = overlay(&[
            ("fields.toml", &fields),
            ("apple_fruit.toml", "[create_apple.fields.color]\ntitle = \"Shade\"\n"),
            ("effects.toml", "read = [\"estimate\"]\n"),
        ]);
        tables(&Catalog::join(&spec, &overlay))
    }

    fn has(source: &str, expected: &str) {
        assert!(source.contains(expected), "{expected}\nis not in\n{source}");
    }

    #[test]
    fn the_tables_are_sorted_and_counted() {
        let source = orchard();
        has(&source, "Source { version: \"4.0.1\", release: \"1.2\", sha256: \"00ff\", sdk: None }");
        has(&source, "pub static OPERATIONS: [Operation; 4] = [\n    Operation { name: \"all_trees\",");
        has(&source, "pub static MODELS: [&Model; 3] = [\n    &MODEL_0,\n    &MODEL_1,\n    &MODEL_2,\n];");
        has(&source, "static MODEL_2: Model = Model { name: \"Tree\",");
    }

    #[test]
    fn every_part_of_the_catalog_is_in_the_tables() {
        let source = orchard();
        has(
            &source,
            "Operation { name: \"create_apple\", title: \"Create apple\", help: \"Create apple\", group: \"AppleFruit\", \
             method: Method::Post, path: \"/trees/{tree_id}/apples\", effect: Effect::Write, \
             stability: Stability::Beta, cost: Cost::Administration, since: None, parameters: &[Parameter { name: \"tree_id\", \
             input: \"tree_id\", location: Location::Path, required: true, deprecated: false, since: None, \
             kind: Type::String(Format::Text), \
             text: FieldText { title: \"Tree ID\", help: \"\", lookup: Some(&LOOKUP_0) } }, \
             Parameter { name: \"limit\", input: \"query_limit\", location: Location::Query, required: false, \
             deprecated: false, since: None, kind: Type::Integer, text: FieldText { title: \"Limit\", help: \"\", lookup: None } }, \
             Parameter { name: \"id\", input: \"id\", location: Location::Query, required: false, deprecated: true, \
             since: Some(Release(0)), ",
        );
        has(
            &source,
            "body: Some(Body { media_type: \"application/json\", required: true, kind: Type::Model(&MODEL_0), \
             text: FieldText { title: \"Body\", help: \"\", lookup: None }, \
             property_inputs: &[PropertyInput { property: \"color\", input: \"color\", \
             text: FieldText { title: \"Shade\", help: \"\", lookup: None } }] }), \
             responses: &[Response { status: 200, media_types: &[\"application/json\"], kind: Type::Model(&MODEL_0) }, \
             Response { status: 204, media_types: &[], kind: Type::Any }] }",
        );
        has(
            &source,
            "Property { name: \"color\", kind: Type::String(Format::Text), required: true, nullable: false, \
             read_only: false, write_only: false, deprecated: false, since: None, values: &[\"red\", \"green\"], ",
        );
        has(
            &source,
            "effect: Effect::Read, stability: Stability::Stable, cost: Cost::Query, since: None, parameters: &[], body: ",
        );
        has(&source, "effect: Effect::Read, stability: Stability::Stable, cost: Cost::Free, ");
        has(&source, "pub static RELEASES: [&str; 1] = [\n    \"1.3\",\n];");
        has(&source, "help: \"Say \\\"oak\\\".\"");
    }

    #[test]
    fn what_is_the_same_is_written_once() {
        let source = orchard();
        assert_eq!(source.matches("static LOOKUP_").count(), 1);
        assert_eq!(source.matches("Some(&LOOKUP_0)").count(), 2);
        assert_eq!(source.matches("Type = Type::String(Format::Text);").count(), 1);
        assert_eq!(source.matches("static TYPE_").count(), 3);
    }

    #[test]
    fn types_within_types_are_written_too() {
        let mut spec = spec();
        spec.models[2].properties[1].kind =
            Type::Map(Box::new(Type::Array(Box::new(Type::Map(Box::new(Type::Number))))));
        let source = tables(&Catalog::join(&spec, &overlay(&[])));
        let number = |value: &str| {
            let line = source.lines().find(|line| line.ends_with(&format!("Type = {value};")));
            let line = line.unwrap_or_else(|| panic!("{value} is not in\n{source}"));
            line.trim_start_matches("static ").split(':').next().unwrap_or_default().to_owned()
        };
        let innermost = number("Type::Number");
        let middle = number(&format!("Type::Map(&{innermost})"));
        let outer = number(&format!("Type::Array(&{middle})"));
        has(&source, &format!("name: \"label\", kind: Type::Map(&{outer})"));
    }
}
