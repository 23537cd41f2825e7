//! The models of the description.

use catalog_model::{Format, Model, Property, Type};

use crate::json::{At, Members};
use crate::operations::stability;
use crate::schema::{schema, take_type};

/// One model: an entry of `components/schemas`.
pub fn model(name: &str, at: &At<'_>) -> Result<Model, String> {
    if !Type::is_model_name(name) {
        return Err(at.problem(format_args!("`{name}` is no name of a model: a capital, then letters and digits")));
    }
    let mut members = at.members()?;
    // It says how stable Looker holds the model to be. Operations have that too, and only theirs is used.
    stability(&members.need("x-looker-status")?)?;
    let required = members.take("required").map_or(Ok(Vec::new()), |required| required.items())?;
    let mut properties = Vec::new();
    for (name, at) in members.need("properties")?.members()?.take_all() {
        properties.push(property(name, &at)?);
    }
    members.finish()?;
    for required in required {
        let name = required.text()?;
        match properties.iter_mut().find(|property| property.name == name) {
            Some(property) => property.required = true,
            None => return Err(required.problem(format_args!("the model has no property `{name}`"))),
        }
    }
    Ok(Model { name: name.to_owned(), properties })
}

fn property(name: &str, at: &At<'_>) -> Result<Property, String> {
    if !name.starts_with(|first: char| first.is_ascii_alphabetic())
        || !name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    {
        return Err(at.problem(format_args!("`{name}` is no name of a property: letters, digits and _ only")));
    }
    let mut members = at.members()?;
    let kind = take_type(&mut members)?;
    if let Type::Model(_) = kind {
        // OpenAPI 3.0 lets a reference say nothing beside itself. Looker sends null for a model that is not there.
        members.finish()?;
        return Ok(Property { nullable: true, ..plain(name, kind) });
    }
    members.take_sentence("description")?;
    let property = Property {
        nullable: members.take_flag("nullable")?,
        read_only: members.take_flag("readOnly")?,
        write_only: members.take_flag("x-looker-write-only")?,
        deprecated: members.take_flag("deprecated")?,
        values: values(&kind, &mut members)?,
        ..plain(name, kind)
    };
    polymorphic_types(&property.kind, &mut members)?;
    members.finish()?;
    Ok(property)
}

/// A property of which nothing but its type is said.
fn plain(name: &str, kind: Type) -> Property {
    Property {
        name: name.to_owned(),
        kind,
        required: false,
        nullable: false,
        read_only: false,
        write_only: false,
        deprecated: false,
        values: Vec::new(),
    }
}

/// The values of an enumeration.
fn values(kind: &Type, members: &mut Members<'_>) -> Result<Vec<String>, String> {
    let text = Type::String(Format::Text);
    let Some(at) = members.take("enum") else {
        return Ok(Vec::new());
    };
    if *kind != text && *kind != Type::Array(Box::new(text)) {
        return Err(at.problem(format_args!("an enumeration of {kind} is not understood: only of strings")));
    }
    let mut values: Vec<String> = Vec::new();
    for item in at.items()? {
        let value = item.text()?.to_owned();
        if values.contains(&value) {
            return Err(item.problem(format_args!("`{value}` is there twice")));
        }
        values.push(value);
    }
    if values.is_empty() { Err(at.problem("an enumeration must have a value")) } else { Ok(values) }
}

/// The types that an `any` can have are fewer than `any`, which stays true; but they must be types.
fn polymorphic_types(kind: &Type, members: &mut Members<'_>) -> Result<(), String> {
    if *kind == Type::Any
        && let Some(at) = members.take("x-looker-polymorphic-types")
    {
        for item in at.items()? {
            schema(&item)?;
        }
    }
    Ok(())
}
