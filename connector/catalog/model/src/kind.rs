//! The types of values, and how the spec's files write each as one string.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The type of a value. The spec's files write it as one string:
///
/// | written | means |
/// | --- | --- |
/// | `any` | anything that JSON can say |
/// | `boolean`, `integer`, `number` | what JSON Schema means by them |
/// | `string`, `string:date-time`, `string:date`, `string:uri-reference`, `string:password` | text, and what it holds |
/// | `[T]` | a list of `T` |
/// | `{T}` | an object with any keys and values of type `T` |
/// | `User` | the model of that name |
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// Anything that JSON can say.
    Any,
    /// `true` or `false`.
    Boolean,
    /// A whole number of up to 64 bits.
    Integer,
    /// A number.
    Number,
    /// Text.
    String(Format),
    /// A list of values of one type.
    Array(Box<Type>),
    /// An object with any keys and values of one type.
    Map(Box<Type>),
    /// An object that Looker describes, by its name.
    Model(String),
}

/// What a string holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Any text.
    Text,
    /// A date and time of day (RFC 3339).
    DateTime,
    /// A date (RFC 3339).
    Date,
    /// An absolute or relative URL.
    UriReference,
    /// A secret, which is not shown. Looker marks none; `overlay/secrets.toml` lists them.
    Password,
}

impl Type {
    /// The model that the type is, or that its items or values are in the end.
    pub fn model(&self) -> Option<&str> {
        match self {
            Self::Model(name) => Some(name),
            Self::Array(inner) | Self::Map(inner) => inner.model(),
            Self::Any | Self::Boolean | Self::Integer | Self::Number | Self::String(_) => None,
        }
    }

    /// Whether a model can have this name: a capital letter, then letters and digits. Everything else in the grammar
    /// begins differently.
    pub fn is_model_name(name: &str) -> bool {
        name.starts_with(|first: char| first.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphanumeric())
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Boolean => f.write_str("boolean"),
            Self::Integer => f.write_str("integer"),
            Self::Number => f.write_str("number"),
            Self::String(Format::Text) => f.write_str("string"),
            Self::String(Format::DateTime) => f.write_str("string:date-time"),
            Self::String(Format::Date) => f.write_str("string:date"),
            Self::String(Format::UriReference) => f.write_str("string:uri-reference"),
            Self::String(Format::Password) => f.write_str("string:password"),
            Self::Array(inner) => write!(f, "[{inner}]"),
            Self::Map(inner) => write!(f, "{{{inner}}}"),
            Self::Model(name) => f.write_str(name),
        }
    }
}

impl FromStr for Type {
    type Err = String;

    fn from_str(written: &str) -> Result<Self, String> {
        let inside = |open: char, close: char| written.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        Ok(match written {
            "any" => Self::Any,
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "string" => Self::String(Format::Text),
            "string:date-time" => Self::String(Format::DateTime),
            "string:date" => Self::String(Format::Date),
            "string:uri-reference" => Self::String(Format::UriReference),
            "string:password" => Self::String(Format::Password),
            name if Self::is_model_name(name) => Self::Model(name.to_owned()),
            _ => {
                if let Some(inner) = inside('[', ']') {
                    Self::Array(Box::new(inner.parse()?))
                } else if let Some(inner) = inside('{', '}') {
                    Self::Map(Box::new(inner.parse()?))
                } else {
                    return Err(format!(
                        "`{written}` is no type: it is any, boolean, integer, number, string, string:date-time, \
                         string:date, string:uri-reference, string:password, [T], {{T}} or the name of a model"
                    ));
                }
            }
        })
    }
}

impl Serialize for Type {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Type {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_type_is_read_as_it_is_written() {
        for written in [
            "any",
            "boolean",
            "integer",
            "number",
            "string",
            "string:date-time",
            "string:date",
            "string:uri-reference",
            "string:password",
            "[string]",
            "{boolean}",
            "[[{any}]]",
            "User",
            "[UserAttributeGroupValue]",
            "{CredentialsApi3}",
        ] {
            assert_eq!(written.parse::<Type>().unwrap().to_string(), written);
        }
        assert_eq!("{[User]}".parse(), Ok(Type::Map(Box::new(Type::Array(Box::new(Type::Model("User".into())))))));
    }

    #[test]
    fn what_is_no_type_is_refused() {
        for written in ["", "user", "String:date", "string:time", "[string", "string]", "[]", "{}", "[string}", "Us er"]
        {
            let refused = written.parse::<Type>().unwrap_err();
            assert!(refused.contains("is no type"), "{written}: {refused}");
        }
    }

    #[test]
    fn the_model_within_is_found() {
        assert_eq!("[{User}]".parse::<Type>().unwrap().model(), Some("User"));
        assert_eq!("[string]".parse::<Type>().unwrap().model(), None);
    }
}
