//! The input of an operation: one JSON object, split into its fields without loss.
//!
//! Values stay the text that the user wrote. Numbers keep all their digits, and nested values are passed on unchanged,
//! however deep or large they are.

use crate::failure::{Problem, Reason, Result};
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use std::fmt;

/// The fields of an input, in the order in which they were written.
#[derive(Debug)]
pub struct Input<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Input<'a> {
    /// Splits an input into its fields. An empty text is an empty object, for operations that need no input.
    pub fn parse(document: &'a str) -> Result<Self> {
        if without_mark(document).trim().is_empty() {
            return Ok(Self(Vec::new()));
        }
        Self::split(document).map_err(|error| {
            let message = match error.classify() {
                Category::Data => format!("The input must be a JSON object: {error}."),
                _ => format!("The input is not valid JSON: {error}."),
            };
            Problem::new(Reason::InvalidInput, message).permanent()
        })
    }

    /// Splits any JSON object into its fields. The message of an error can quote the document.
    pub fn split(document: &'a str) -> serde_json::Result<Self> {
        let mut deserializer = serde_json::Deserializer::from_str(without_mark(document));
        let fields = deserializer.deserialize_map(Fields)?;
        deserializer.end()?;
        Ok(Self(fields))
    }

    /// The value of a field; `null` counts as absent.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.written(name).filter(|value| value.get() != "null")
    }

    /// The value of a field, even if it is `null`.
    pub fn written(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(candidate, _)| candidate == name).map(|(_, value)| *value)
    }

    /// Every field, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }
}

/// A document without the byte order mark that some editors write in front of it.
fn without_mark(document: &str) -> &str {
    document.strip_prefix('\u{feff}').unwrap_or(document)
}

struct Fields;

impl<'a> Visitor<'a> for Fields {
    type Value = Vec<(String, &'a RawValue)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
        let mut fields: Self::Value = Vec::with_capacity(map.size_hint().unwrap_or(8));
        while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
            if fields.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom(format_args!("the field {name} is given twice")));
            }
            fields.push((name, value));
        }
        Ok(fields)
    }
}

/// The kind of a JSON value. A [`RawValue`] is valid JSON without surrounding white space, so the first byte tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl Kind {
    /// The kind of a value.
    pub fn of(value: &RawValue) -> Self {
        match value.get().as_bytes().first() {
            Some(b'"') => Self::String,
            Some(b'[') => Self::Array,
            Some(b'{') => Self::Object,
            Some(b't' | b'f') => Self::Boolean,
            Some(b'n') | None => Self::Null,
            Some(_) => Self::Number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_digits_and_nested_text() {
        let input = Input::parse(r#"{"b": 12345678901234567890.10, "a": {"x":  [1, 2]} , "c":null}"#).unwrap();
        let fields: Vec<_> = input.fields().map(|(name, value)| (name, value.get())).collect();
        assert_eq!(fields, [("b", "12345678901234567890.10"), ("a", r#"{"x":  [1, 2]}"#), ("c", "null")]);
        assert!(input.get("c").is_none());
        assert!(input.written("c").is_some());
    }

    #[test]
    fn an_empty_input_is_an_empty_object() {
        assert_eq!(Input::parse(" ").unwrap().fields().count(), 0);
        assert_eq!(Input::parse("{}").unwrap().fields().count(), 0);
    }

    #[test]
    fn refuses_anything_but_an_object() {
        for document in ["[]", "1", "\"x\"", "null"] {
            let failure = Input::parse(document).unwrap_err();
            assert!(failure.problem().message.starts_with("The input must be a JSON object"), "{failure:?}");
        }
        for document in ["{", "{\"a\":}", "{\"a\":1} x", "{\"a\":\"\\ud800\"", "\u{0}"] {
            let failure = Input::parse(document).unwrap_err();
            assert!(failure.problem().message.starts_with("The input is not valid JSON"), "{failure:?}");
        }
    }

    #[test]
    fn refuses_a_field_given_twice() {
        let failure = Input::parse(r#"{"a": 1, "a": 2}"#).unwrap_err();
        assert!(failure.problem().message.contains("a is given twice"), "{failure:?}");
    }

    #[test]
    fn a_byte_order_mark_is_ignored() {
        assert_eq!(Input::parse("\u{feff}{\"a\":1}").unwrap().get("a").unwrap().get(), "1");
        assert_eq!(Input::parse("\u{feff} ").unwrap().fields().count(), 0);
    }

    #[test]
    fn serde_jsons_private_keys_are_ordinary_keys() {
        let document = r#"{"$serde_json::private::RawValue":"{\"a\":1}","b":{"$serde_json::private::Number":"5"}}"#;
        let input = Input::parse(document).unwrap();
        let fields: Vec<_> = input.fields().map(|(name, value)| (name, value.get())).collect();
        assert_eq!(
            fields,
            [("$serde_json::private::RawValue", r#""{\"a\":1}""#), ("b", r#"{"$serde_json::private::Number":"5"}"#)]
        );
    }

    #[test]
    fn a_very_deep_input_does_not_overflow_the_stack() {
        let document = format!(r#"{{"a": {}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        // Success and failure are both right.
        let _ = Input::parse(&document);
    }
}
