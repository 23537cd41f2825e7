//! YAML as a tree in which every part knows where it stands.

use super::problem::{Position, Problem};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::fmt;

/// The first whole number from which on floating-point numbers skip some: 2 to the power of 53.
const FIRST_INEXACT: f64 = 9_007_199_254_740_992.0;

/// One part of a YAML document.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) content: Content,
    pub(super) at: Position,
}

#[derive(Debug)]
pub(super) enum Content {
    /// Neither a list nor an object.
    Scalar(Value),
    List(Vec<Node>),
    Object(Vec<(Key, Node)>),
}

#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) at: Position,
}

/// Where the parts of something stand: `input.user_id`, `input.tags[2]`.
pub(super) type Positions = BTreeMap<String, Position>;

impl Node {
    /// Reads a YAML 1.2 document.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not YAML.
    pub(super) fn parse(yaml: &str) -> Result<Self, Problem> {
        let options = serde_saphyr::options! {
            strict_booleans: true,
            leading_zero_numbers_as_strings: true,
            underscored_numbers_as_strings: true,
            with_snippet: false,
        };
        serde_saphyr::from_str_with_options(yaml, options).map_err(|error| {
            let at = error.location().map_or(Position { line: 1, column: 0 }, |location| Position {
                line: location.line(),
                column: location.column(),
            });
            let message = error.to_string();
            // The place is told once, by the problem.
            let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
            Problem::new(at, "", message)
        })
    }

    /// The part as JSON. The positions of what is in it go to `positions`, and numbers that YAML would round go to
    /// `problems`. `place` is the name of this part.
    pub(super) fn json(&self, place: &str, positions: &mut Positions, problems: &mut Vec<Problem>) -> Value {
        positions.entry(place.to_owned()).or_insert(self.at);
        match &self.content {
            Content::Scalar(value) => {
                if let Value::Number(number) = value
                    && is_rounded(number)
                {
                    let message = "this number has more digits than a YAML number can keep; put it in quotation marks";
                    problems.push(Problem::new(positions[place], place, message));
                }
                value.clone()
            }
            Content::List(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| item.json(&format!("{place}[{index}]"), positions, problems))
                .collect(),
            Content::Object(properties) => {
                let mut object = Map::new();
                for (key, node) in properties {
                    let place = format!("{place}.{}", key.name);
                    positions.insert(place.clone(), key.at);
                    object.insert(key.name.clone(), node.json(&place, positions, problems));
                }
                Value::Object(object)
            }
        }
    }

    /// What kind of value this is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match &self.content {
            Content::Scalar(value) => kind(value),
            Content::List(_) => "a list",
            Content::Object(_) => "an object",
        }
    }
}

/// What kind of value this is, for messages.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Whether YAML may have rounded an integer: it is too large for 64 bits and became floating point.
fn is_rounded(number: &Number) -> bool {
    !number.is_i64() && !number.is_u64() && number.as_f64().is_some_and(|number| number.abs() >= FIRST_INEXACT)
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Content>::deserialize(deserializer)?;
        let at = Position { line: spanned.referenced.line(), column: spanned.referenced.column() };
        Ok(Self { content: spanned.value, at })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Scalar(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Scalar(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Scalar(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Content, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("this is not a number that JSON has"))?;
        Ok(Content::Scalar(number.into()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Scalar(value.into()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Content, E> {
        Ok(Content::Scalar(value.into()))
    }

    fn visit_unit<E: Error>(self) -> Result<Content, E> {
        Ok(Content::Scalar(Value::Null))
    }

    fn visit_none<E: Error>(self) -> Result<Content, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        Content::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Content, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Content::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
        let mut object = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let at = Position { line: key.referenced.line(), column: key.referenced.column() };
            object.push((Key { name: key.value, at }, map.next_value()?));
        }
        Ok(Content::Object(object))
    }
}
