//! The schemas of single fields, types and models.

use crate::catalog::{Body, FieldText, Format, Location, Model, Parameter, Property, Release, Type};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// The direction in which data travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// To Looker: without the properties that only Looker sets.
    Input,
    /// From Looker: without what it never tells. Looker leaves out what was not sent for, so nothing is required.
    Output,
}

impl Direction {
    /// Whether a property can occur in this direction.
    pub(super) fn shows(self, property: &Property) -> bool {
        match self {
            Self::Input => property.is_writable(),
            Self::Output => !property.write_only,
        }
    }
}

/// One field of a form, or one property of a model.
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) kind: Type,
    pub(super) required: bool,
    nullable: bool,
    deprecated: bool,
    since: Option<Release>,
    write_only: bool,
    read_only: bool,
    is_path: bool,
    values: &'a [&'a str],
    text: &'a FieldText,
    direction: Direction,
}

impl<'a> Field<'a> {
    /// The field of a parameter.
    pub(super) fn of_parameter(parameter: &'a Parameter) -> Self {
        Self {
            name: parameter.input,
            kind: parameter.kind,
            required: parameter.required,
            nullable: false,
            deprecated: parameter.deprecated,
            since: parameter.since,
            write_only: false,
            read_only: false,
            is_path: parameter.location == Location::Path,
            values: &[],
            text: &parameter.text,
            direction: Direction::Input,
        }
    }

    /// The field of a property of the body. It can be required only if the body is sent whole.
    pub(super) fn of_property(property: &'a Property, body: &'a Body, whole: bool) -> Self {
        let field = Self::of(property, Direction::Input);
        let required = field.required && whole;
        // A required property cannot be null, even where Looker's description says both.
        Self {
            required,
            nullable: field.nullable && !required,
            name: body.input_of(property),
            text: body.text_of(property),
            ..field
        }
    }

    /// The field of a body that is not an object.
    pub(super) fn of_body(body: &'a Body) -> Self {
        Self {
            name: "body",
            kind: body.kind,
            required: body.required,
            nullable: false,
            deprecated: false,
            since: None,
            write_only: false,
            read_only: false,
            is_path: false,
            values: &[],
            text: &body.text,
            direction: Direction::Input,
        }
    }

    fn of(property: &'a Property, direction: Direction) -> Self {
        Self {
            name: property.name,
            kind: property.kind,
            required: property.required && direction == Direction::Input,
            // Looker returns null for objects where its description does not say so.
            nullable: property.nullable || matches!((direction, property.kind), (Direction::Output, Type::Model(_))),
            deprecated: property.deprecated,
            since: property.since,
            write_only: property.write_only,
            read_only: property.read_only,
            is_path: false,
            values: property.values,
            text: &property.text,
            direction,
        }
    }
}

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("title", self.text.title)?;
        if !self.text.help.is_empty() {
            map.serialize_entry("description", self.text.help)?;
        }
        let schema =
            TypeSchema { kind: &self.kind, nullable: self.nullable, values: self.values, direction: self.direction };
        schema.write(&mut map)?;
        if self.is_path && matches!(self.kind, Type::String(_)) {
            map.serialize_entry("minLength", &1)?;
        }
        if self.deprecated {
            map.serialize_entry("deprecated", &true)?;
        }
        if let Some(release) = self.since {
            map.serialize_entry("x-since", release.as_str())?;
        }
        if self.write_only {
            map.serialize_entry("writeOnly", &true)?;
        }
        if self.read_only {
            map.serialize_entry("readOnly", &true)?;
        }
        if let Some(lookup) = self.text.lookup.filter(|_| self.direction == Direction::Input) {
            map.serialize_entry("x-lookup", &Lookup(lookup))?;
        }
        map.end()
    }
}

struct Lookup<'a>(&'a crate::catalog::Lookup);

impl Serialize for Lookup<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("operation", self.0.operation)?;
        map.serialize_entry("value", self.0.value)?;
        map.serialize_entry("label", self.0.label)?;
        map.end()
    }
}

/// Fields by their names.
pub(super) struct Properties<'a>(pub(super) &'a [Field<'a>]);

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|field| (field.name, field)))
    }
}

/// Models by their names.
pub(super) struct Definitions<'a> {
    pub(super) models: &'a [&'static Model],
    pub(super) direction: Direction,
}

impl Serialize for Definitions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let one = |model: &&'static Model| (model.name, ModelSchema { model, direction: self.direction });
        serializer.collect_map(self.models.iter().map(one))
    }
}

struct ModelSchema {
    model: &'static Model,
    direction: Direction,
}

impl Serialize for ModelSchema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = self.model.properties.iter().filter(|property| self.direction.shows(property));
        let fields: Vec<Field> = shown.map(|property| Field::of(property, self.direction)).collect();
        let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", "object")?;
        map.serialize_entry("properties", &Properties(&fields))?;
        if !required.is_empty() {
            map.serialize_entry("required", &required)?;
        }
        map.end()
    }
}

/// The keywords that describe the values of a type.
pub(super) struct TypeSchema<'a> {
    kind: &'a Type,
    nullable: bool,
    values: &'a [&'a str],
    direction: Direction,
}

impl<'a> TypeSchema<'a> {
    /// The schema of a type that is not null and not restricted to certain values.
    pub(super) fn of(kind: &'a Type, direction: Direction) -> Self {
        Self { kind, nullable: false, values: &[], direction }
    }

    /// Writes the keywords into a schema.
    pub(super) fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let nullable = self.nullable;
        let mut kind = |name: &'static str| {
            if nullable { map.serialize_entry("type", &[name, "null"]) } else { map.serialize_entry("type", name) }
        };
        match self.kind {
            Type::Any => {}
            Type::Boolean => kind("boolean")?,
            Type::Integer => kind("integer")?,
            Type::Number => kind("number")?,
            Type::String(format) => {
                kind("string")?;
                if let Some(format) = format_name(*format) {
                    map.serialize_entry("format", format)?;
                }
            }
            Type::Array(item) => {
                kind("array")?;
                let items = TypeSchema { kind: item, nullable: false, values: self.values, direction: self.direction };
                map.serialize_entry("items", &items)?;
                return Ok(());
            }
            Type::Map(value) => {
                kind("object")?;
                map.serialize_entry("additionalProperties", &TypeSchema::of(value, self.direction))?;
            }
            Type::Model(model) => {
                let reference = Reference(model);
                if nullable {
                    map.serialize_entry("anyOf", &(reference, Null))?;
                } else {
                    map.serialize_entry("$ref", &reference.path())?;
                }
            }
        }
        if !self.values.is_empty() {
            let values = self.values.iter().copied().map(Some);
            let values: Vec<Option<&str>> = values.chain(nullable.then_some(None)).collect();
            map.serialize_entry("enum", &values)?;
        }
        Ok(())
    }
}

impl Serialize for TypeSchema<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.write(&mut map)?;
        map.end()
    }
}

struct Reference(&'static Model);

impl Reference {
    fn path(&self) -> String {
        format!("#/$defs/{}", self.0.name)
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([("$ref", self.path())])
    }
}

/// The schema of `null`.
struct Null;

impl Serialize for Null {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([("type", "null")])
    }
}

fn format_name(format: Format) -> Option<&'static str> {
    match format {
        Format::Text => None,
        Format::DateTime => Some("date-time"),
        Format::Date => Some("date"),
        Format::UriReference => Some("uri-reference"),
        Format::Password => Some("password"),
    }
}
