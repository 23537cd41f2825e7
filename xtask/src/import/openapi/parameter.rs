//! The parameters of an operation.

use super::schema::Schema;
use catalog_model::{Location, Type};
use serde::Deserialize;

/// One parameter, as far as the connector can write it into a URL.
#[derive(Debug, Deserialize)]
#[serde(try_from = "ParameterFields")]
pub struct Parameter(pub catalog_model::Parameter);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ParameterFields {
    name: String,
    #[serde(rename = "in")]
    location: Location,
    #[serde(rename = "description")]
    _description: Option<String>,
    required: bool,
    #[serde(default)]
    deprecated: bool,
    schema: Schema,
    style: Option<String>,
    explode: Option<bool>,
    #[serde(rename = "additionalProperties")]
    values: Option<Schema>,
}

impl TryFrom<ParameterFields> for Parameter {
    type Error = String;

    fn try_from(fields: ParameterFields) -> Result<Self, String> {
        let kind = parameter_type(&fields)?;
        let ParameterFields { name, location, required, deprecated, .. } = fields;
        Ok(Self(catalog_model::Parameter { name, location, kind, required, deprecated, since: None }))
    }
}

fn parameter_type(fields: &ParameterFields) -> Result<Type, String> {
    let ParameterFields { schema: Schema(kind), location, style, explode, values, .. } = fields;
    let in_query = *location == Location::Query;
    let is_list = matches!(kind, Type::Array(item) if matches!(**item, Type::String(_) | Type::Integer)) && in_query;
    let is_map = matches!(kind, Type::Map(any) if **any == Type::Any) && in_query;
    let is_plain = matches!(kind, Type::Boolean | Type::Integer | Type::Number | Type::String(_));
    if !(is_list || is_map || is_plain) {
        return Err(format!("a parameter of the type `{kind}` is not understood here"));
    }
    // The connector joins the items by commas, which is what `simple` without `explode` means.
    if is_list && (style.as_deref() != Some("simple") || *explode != Some(false)) {
        return Err("a list in the query must have `style` simple and `explode` false".to_owned());
    }
    if !is_list && (style.is_some() || explode.is_some()) {
        return Err(format!("`style` and `explode` are not understood for the type `{kind}`"));
    }
    // Looker writes the type of a map's values beside the schema instead of within it.
    match values {
        Some(Schema(values)) if is_map => Ok(Type::Map(Box::new(values.clone()))),
        Some(_) => Err(format!("`additionalProperties` is not understood for the type `{kind}`")),
        None if is_map => Err("`additionalProperties` is missing".to_owned()),
        None => Ok(kind.clone()),
    }
}
