//! Schemas: what the description says of a value's type.

use catalog_model::{Format, Type};

use crate::json::{At, Members};

/// Where the description keeps its models.
const MODELS: &str = "#/components/schemas/";

/// The type that a schema describes; it must say nothing else.
pub fn schema(at: &At<'_>) -> Result<Type, String> {
    let mut members = at.members()?;
    let kind = take_type(&mut members)?;
    members.finish()?;
    Ok(kind)
}

/// Takes from an object what it says of a type: `$ref`, or `type`, `format`, `items` and `additionalProperties`.
pub fn take_type(members: &mut Members<'_>) -> Result<Type, String> {
    if let Some(reference) = members.take("$ref") {
        let written = reference.text()?;
        let name = written.strip_prefix(MODELS).filter(|name| Type::is_model_name(name));
        let name = name.ok_or_else(|| reference.problem(format_args!("`{written}` refers to no model")))?;
        return Ok(Type::Model(name.to_owned()));
    }
    let kind = members.need("type")?;
    let format = members.take("format");
    let written = format.as_ref().map(At::text).transpose()?;
    let unknown_format = || match &format {
        Some(at) => at.problem(format_args!("the format `{}` is not understood here", written.unwrap_or_default())),
        None => kind.problem("needs a format"),
    };
    match (kind.text()?, written) {
        ("any", Some("any")) => Ok(Type::Any),
        ("boolean", None) => Ok(Type::Boolean),
        ("integer", Some("int64")) => Ok(Type::Integer),
        ("number", Some("float" | "double")) => Ok(Type::Number),
        ("string", None) => Ok(Type::String(Format::Text)),
        ("string", Some("date-time")) => Ok(Type::String(Format::DateTime)),
        ("string", Some("date")) => Ok(Type::String(Format::Date)),
        ("string", Some("uri-reference")) => Ok(Type::String(Format::UriReference)),
        ("array", None) => Ok(Type::Array(Box::new(schema(&members.need("items")?)?))),
        // Without `additionalProperties`, OpenAPI allows any.
        ("object", None) => Ok(Type::Map(Box::new(match members.take("additionalProperties") {
            Some(values) => schema(&values)?,
            None => Type::Any,
        }))),
        ("any" | "boolean" | "integer" | "number" | "string" | "array" | "object", _) => Err(unknown_format()),
        (other, _) => Err(kind.problem(format_args!("the type `{other}` is not understood"))),
    }
}
