//! Schemas: what the description says about a value's type.

use catalog_model::{Format, Type};
use serde::Deserialize;

/// Where the description keeps its models.
const MODELS: &str = "#/components/schemas/";

/// A schema that says nothing but a type.
#[derive(Debug, Deserialize)]
#[serde(try_from = "TypeFields")]
pub struct Schema(pub Type);

/// The keywords that say a type. Where a type stands among other keywords, their struct has these fields too.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a schema")]
pub struct TypeFields {
    #[serde(rename = "$ref")]
    pub reference: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub format: Option<String>,
    pub items: Option<Box<Schema>>,
    #[serde(rename = "additionalProperties")]
    pub values: Option<Box<Schema>>,
}

impl TryFrom<TypeFields> for Schema {
    type Error = String;

    fn try_from(fields: TypeFields) -> Result<Self, String> {
        fields.into_type().map(Self)
    }
}

impl TypeFields {
    /// The type that the keywords say together.
    ///
    /// # Errors
    ///
    /// Names the keyword that is missing or not understood.
    pub fn into_type(self) -> Result<Type, String> {
        let Self { reference, kind, format, items, values } = self;
        if let Some(reference) = reference {
            if kind.is_some() || format.is_some() || items.is_some() || values.is_some() {
                return Err("`$ref` must stand alone".to_owned());
            }
            let name = reference.strip_prefix(MODELS).filter(|name| Type::is_model_name(name));
            let name = name.ok_or_else(|| format!("$ref: `{reference}` refers to no model"))?;
            return Ok(Type::Model(name.to_owned()));
        }
        let kind = kind.ok_or("`type` is missing")?;
        let misplaced = |key: &str| format!("`{key}` is not understood for the type `{kind}`");
        if items.is_some() && kind != "array" {
            return Err(misplaced("items"));
        }
        if values.is_some() && kind != "object" {
            return Err(misplaced("additionalProperties"));
        }
        Ok(match (kind.as_str(), format.as_deref()) {
            ("any", Some("any")) => Type::Any,
            ("boolean", None) => Type::Boolean,
            ("integer", Some("int64")) => Type::Integer,
            ("number", Some("float" | "double")) => Type::Number,
            ("string", None) => Type::String(Format::Text),
            ("string", Some("date-time")) => Type::String(Format::DateTime),
            ("string", Some("date")) => Type::String(Format::Date),
            ("string", Some("uri-reference")) => Type::String(Format::UriReference),
            ("array", None) => Type::Array(Box::new(items.ok_or("`items` is missing")?.0)),
            // Without `additionalProperties`, OpenAPI allows any.
            ("object", None) => Type::Map(Box::new(values.map_or(Type::Any, |values| values.0))),
            ("any" | "integer" | "number", None) => return Err(format!("`format` is missing for the type `{kind}`")),
            ("any" | "boolean" | "integer" | "number" | "string" | "array" | "object", Some(format)) => {
                return Err(format!("the format `{format}` is not understood for the type `{kind}`"));
            }
            _ => return Err(format!("the type `{kind}` is not understood")),
        })
    }
}
