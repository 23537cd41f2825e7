//! The models of the description: the entries of `components/schemas`.

use super::members::Members;
use super::schema::{Schema, TypeFields};
use catalog_model::{Format, Model, Property, Stability, Type};
use serde::Deserialize;

/// One model, without its name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSchema {
    /// How stable Looker considers the model. Operations have that too, and only theirs is used.
    #[serde(rename = "x-looker-status")]
    _stability: Stability,
    #[serde(default)]
    required: Vec<String>,
    properties: Members<PropertySchema>,
}

/// One property, without its name.
#[derive(Debug, Deserialize)]
#[serde(try_from = "PropertyFields")]
struct PropertySchema(Property);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PropertyFields {
    #[serde(rename = "$ref")]
    reference: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    format: Option<String>,
    items: Option<Box<Schema>>,
    #[serde(rename = "additionalProperties")]
    values: Option<Box<Schema>>,
    description: Option<String>,
    nullable: Option<bool>,
    #[serde(rename = "readOnly")]
    read_only: Option<bool>,
    #[serde(rename = "x-looker-write-only")]
    write_only: Option<bool>,
    deprecated: Option<bool>,
    #[serde(rename = "enum")]
    allowed: Option<Vec<String>>,
    #[serde(rename = "x-looker-polymorphic-types")]
    polymorphic_types: Option<Vec<Schema>>,
}

impl ModelSchema {
    /// The model.
    ///
    /// # Errors
    ///
    /// Names what cannot be the name of a property, or what is required and not there.
    pub fn into_model(self, name: &str) -> Result<Model, String> {
        let mut properties = Vec::new();
        for (name, PropertySchema(property)) in self.properties.0 {
            if !is_property_name(&name) {
                return Err(format!("`{name}` cannot name a property: letters, digits and _ only"));
            }
            properties.push(Property { name, ..property });
        }
        for name in self.required {
            match properties.iter_mut().find(|property| property.name == name) {
                Some(property) => property.required = true,
                None => return Err(format!("`required`: the model has no property `{name}`")),
            }
        }
        Ok(Model { name: name.to_owned(), properties })
    }
}

fn is_property_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

impl TryFrom<PropertyFields> for PropertySchema {
    type Error = String;

    fn try_from(fields: PropertyFields) -> Result<Self, String> {
        let PropertyFields { reference, kind, format, items, values, .. } = fields;
        let is_reference = reference.is_some();
        let kind = TypeFields { reference, kind, format, items, values }.into_type()?;
        let values = enumeration(&kind, fields.allowed.as_deref())?;
        let flags = [fields.nullable, fields.read_only, fields.write_only, fields.deprecated];
        if is_reference && (fields.description.is_some() || flags.iter().any(Option::is_some)) {
            return Err("`$ref` must stand alone".to_owned());
        }
        // An `any` that can have a few types only is still an `any`. Other types have nothing to choose from.
        if fields.polymorphic_types.is_some() && kind != Type::Any {
            return Err(format!("`x-looker-polymorphic-types` is not understood for the type `{kind}`"));
        }
        Ok(Self(Property {
            name: String::new(),
            kind,
            required: false,
            // OpenAPI 3.0 allows nothing beside a reference. Looker sends null for an object that is not there.
            nullable: is_reference || fields.nullable.unwrap_or_default(),
            read_only: fields.read_only.unwrap_or_default(),
            write_only: fields.write_only.unwrap_or_default(),
            deprecated: fields.deprecated.unwrap_or_default(),
            since: None,
            values,
        }))
    }
}

/// The values of an enumeration, which is one of strings or of lists of strings.
fn enumeration(kind: &Type, values: Option<&[String]>) -> Result<Vec<String>, String> {
    let Some(values) = values else { return Ok(Vec::new()) };
    let text = Type::String(Format::Text);
    if *kind != text && *kind != Type::Array(Box::new(text)) {
        return Err(format!("`enum` is not understood for the type `{kind}`: only for strings"));
    }
    if values.is_empty() {
        return Err("`enum` must list a value".to_owned());
    }
    match values.iter().enumerate().find(|(index, value)| values[..*index].contains(value)) {
        Some((_, value)) => Err(format!("`enum` lists `{value}` twice")),
        None => Ok(values.to_vec()),
    }
}
