//! Checks an auth that a connector renewed: it must be the old one, but for the refresh token.
//!
//! A platform stores what comes out of here in place of what its user filled in. So a connector must not be able to change
//! anything else with it, such as the host that the next calls go to. Which field may change, the connector's `auth-schema` says
//! (`x-oauth.fields.refresh_token`). Of the renewed auth only that field is taken: the rest is the old text.

use crate::auth::Auth;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fmt;

/// The field of the auth that holds the refresh token, if the schema names one.
pub(crate) fn refresh_token_field(auth_schema: &str) -> Option<String> {
    let schema: Value = serde_json::from_str(auth_schema).ok()?;
    Some(schema.get("x-oauth")?.get("fields")?.get("refresh_token")?.as_str()?.to_owned())
}

/// The old auth with the refresh token of the renewed one.
///
/// # Errors
///
/// Says what is wrong with the renewed auth, without showing any of it.
pub(crate) fn renewed(old: &Auth, renewed: &Auth, field: &str) -> Result<Auth, String> {
    let parse = |auth: &Auth| serde_json::from_str::<Fields>(auth.expose_json()).map_err(|_| "it is not an object");
    let (mut fields, new) = (parse(old)?, parse(renewed)?);
    let token = new.get(field).ok_or_else(|| format!("it lacks `{field}`"))?;
    if !token.get().starts_with('"') {
        return Err(format!("its `{field}` is not a string"));
    }
    if new.0.len() != fields.0.len() {
        return Err(format!("it has other fields than the old one; only `{field}` may change"));
    }
    for (name, value) in &mut fields.0 {
        if name == field {
            value.clone_from(&token.to_owned());
        } else if !new.get(name).is_some_and(|new| is_same(value, new)) {
            return Err(format!("its `{name}` is not the old one's; only `{field}` may change"));
        }
    }
    Auth::from_json(fields.to_json()).map_err(|error| error.to_string())
}

fn is_same(one: &RawValue, other: &RawValue) -> bool {
    let parse = |raw: &RawValue| serde_json::from_str::<Value>(raw.get()).ok();
    one.get() == other.get() || parse(one).is_some_and(|one| parse(other) == Some(one))
}

/// The fields of an object, as they are written.
struct Fields(Vec<(String, Box<RawValue>)>);

impl Fields {
    fn get(&self, field: &str) -> Option<&RawValue> {
        self.0.iter().find(|(name, _)| name == field).map(|(_, value)| &**value)
    }

    fn to_json(&self) -> String {
        let fields: Vec<String> =
            self.0.iter().map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), value.get())).collect();
        format!("{{{}}}", fields.join(","))
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;

        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(FieldsVisitor)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const OLD: &str = r#"{"domain": "a.example.com", "port": 19999.0, "refresh_token": "old", "x": {"y": [1]}}"#;

    fn renew(new: &str) -> Result<String, String> {
        let auth = |json: &str| Auth::from_json(json).unwrap();
        renewed(&auth(OLD), &auth(new), "refresh_token").map(|auth| auth.expose_json().to_owned())
    }

    #[test]
    fn only_the_refresh_token_is_taken() {
        let expected = r#"{"domain":"a.example.com","port":19999.0,"refresh_token":"n\"ew","x":{"y": [1]}}"#;
        for new in [
            r#"{"domain": "a.example.com", "port": 19999.0, "refresh_token": "n\"ew", "x": {"y": [1]}}"#,
            r#"{"x":{"y":[1]},"refresh_token":"n\"ew","port":19999.0,"domain":"a\u002eexample.com"}"#,
        ] {
            assert_eq!(renew(new).as_deref(), Ok(expected), "{new}");
        }
    }

    #[test]
    fn whatever_else_is_changed_is_refused_and_not_shown() {
        for new in [
            r#"{"domain":"evil.example.com","port":19999.0,"refresh_token":"hush","x":{"y":[1]}}"#,
            r#"{"domain":"a.example.com","port":19999.0,"refresh_token":"hush","x":{"y":[2]}}"#,
            r#"{"domain":"a.example.com","port":19999.0,"refresh_token":"hush"}"#,
            r#"{"domain":"a.example.com","port":19999.0,"x":{"y":[1]}}"#,
            r#"{"domain":"a.example.com","port":19999.0,"refresh_token":"hush","x":{"y":[1]},"evil":1}"#,
            r#"{"domain":"a.example.com","port":19999.0,"refresh_token":"hush","domain":"evil.example.com"}"#,
            r#"{"domain":"a.example.com","port":19999.0,"refresh_token":["hush"],"x":{"y":[1]}}"#,
        ] {
            let problem = renew(new).unwrap_err();
            assert!(!problem.contains("hush") && !problem.contains("evil"), "{new}: {problem}");
        }
    }

    #[test]
    fn the_schema_names_the_field() {
        let field = |schema: &str| refresh_token_field(schema);
        assert_eq!(field(r#"{"x-oauth":{"fields":{"refresh_token":"r"}}}"#).as_deref(), Some("r"));
        for schema in ["", "{}", r#"{"x-oauth":{}}"#, r#"{"x-oauth":{"fields":{"refresh_token":1}}}"#] {
            assert_eq!(field(schema), None, "{schema}");
        }
    }
}
