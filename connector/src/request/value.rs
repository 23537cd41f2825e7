//! Converts values from the input into the text or the JSON that Looker expects.
//!
//! Workflow platforms mix up numbers, booleans and text: a form gives `"5"`, a JSONPath gives `5`. Every value with only
//! one possible meaning is accepted. An error is a description of what would be right: "a whole number".

use crate::catalog::{Format, Model, Type};
use crate::input::{Input, Kind};
use serde_json::value::RawValue;

pub(crate) type Converted = Result<String, String>;

/// Writes a value for a path, a query or a form.
pub(crate) fn text(kind: &Type, value: &RawValue) -> Converted {
    match (kind, Kind::of(value)) {
        (Type::Array(item), Kind::Array) => {
            let items: Vec<&RawValue> = parse(value)?;
            let texts: Result<Vec<String>, String> = items.into_iter().map(|value| text(item, value)).collect();
            Ok(texts.map_err(|expected| format!("a list, and each of its items {expected}"))?.join(","))
        }
        // A list that is already joined, or a single item.
        (Type::Array(_), Kind::String) => unquote(value),
        (Type::Array(item), Kind::Number | Kind::Boolean) => text(item, value),
        (Type::Map(_) | Type::Model(_), Kind::Object) => json(kind, value),
        (Type::Map(_) | Type::Model(_) | Type::Any, Kind::String) => unquote(value),
        (Type::Any, _) => Ok(value.get().to_owned()),
        (kind, _) => scalar(kind, value),
    }
}

/// Writes a value for a JSON body.
pub(super) fn json(kind: &Type, value: &RawValue) -> Converted {
    nested(kind, value, 0)
}

/// Writes a value that is this many levels below the body.
fn nested(kind: &Type, value: &RawValue, depth: usize) -> Converted {
    match (kind, Kind::of(value)) {
        (Type::Any, _) | (Type::String(_), Kind::String) => Ok(value.get().to_owned()),
        (Type::Map(_) | Type::Model(_) | Type::Array(_), Kind::Object | Kind::Array) if depth >= DEEPEST => {
            Ok(value.get().to_owned())
        }
        (Type::Map(kind), Kind::Object) => Ok(map(kind, value, depth + 1)),
        (Type::Model(model), Kind::Object) => Ok(object(model, value, depth + 1)),
        (Type::Array(Type::Any), Kind::Array) => Ok(value.get().to_owned()),
        (Type::Array(item), Kind::Array) => {
            let items: Vec<&RawValue> = parse(value)?;
            let texts = items.into_iter().map(|value| match Kind::of(value) {
                // What `null` means as an item is for Looker to say, unless items are texts or numbers.
                Kind::Null if !is_scalar(item) => Ok(value.get().to_owned()),
                _ => nested(item, value, depth + 1),
            });
            let texts: Result<Vec<String>, String> = texts.collect();
            let texts = texts.map_err(|expected| format!("a list, and each of its items {expected}"))?;
            Ok(format!("[{}]", texts.join(",")))
        }
        (Type::String(_), _) => scalar(kind, value).map(|text| quote(&text)),
        (kind, _) => scalar(kind, value),
    }
}

/// A map whose values are converted as the description says; `null` stays, since it clears a value. If a value cannot be
/// converted, all of it is sent unchanged: a list or an object in a map of text means that the map is none. The maps that
/// are known to hold more than text are in `catalog/overlay/json_maps.toml`.
fn map(kind: &Type, value: &RawValue, depth: usize) -> String {
    let unchanged = || value.get().to_owned();
    if *kind == Type::Any {
        return unchanged();
    }
    let Ok(fields) = Input::split(value.get()) else { return unchanged() };
    let convert = |(name, value): (&str, &RawValue)| {
        let text = if Kind::of(value) == Kind::Null { Ok("null".to_owned()) } else { nested(kind, value, depth) };
        text.map(|text| format!("{}:{text}", quote(name)))
    };
    let fields: Result<Vec<String>, String> = fields.fields().map(convert).collect();
    fields.map_or_else(|_| unchanged(), |fields| format!("{{{}}}", fields.join(",")))
}

/// An object within the body. Its properties are converted as the description says where that is possible. Anything else
/// is sent unchanged: for what is this deep, the description is not reliable enough to refuse it.
fn object(model: &Model, value: &RawValue, depth: usize) -> String {
    let Ok(fields) = Input::split(value.get()) else { return value.get().to_owned() };
    let fields = fields.fields().map(|(name, value)| {
        let property = model.properties.iter().find(|property| property.name == name);
        let converted = property.and_then(|property| nested(&property.kind, value, depth).ok());
        format!("{}:{}", quote(name), converted.unwrap_or_else(|| value.get().to_owned()))
    });
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

/// How deep values are converted. Models refer to each other in circles, and inputs can nest without end.
const DEEPEST: usize = 16;

fn is_scalar(kind: &Type) -> bool {
    matches!(kind, Type::Boolean | Type::Integer | Type::Number | Type::String(_))
}

/// The text of one value. For numbers and booleans it is also their JSON.
fn scalar(kind: &Type, value: &RawValue) -> Converted {
    let expected = || Err(expectation(kind));
    match (kind, Kind::of(value)) {
        (Type::String(_), Kind::String) => unquote(value),
        (Type::String(_), Kind::Number | Kind::Boolean) => Ok(value.get().to_owned()),
        (Type::Boolean, Kind::Boolean) => Ok(value.get().to_owned()),
        (Type::Boolean, Kind::String) => match unquote(value)?.trim() {
            text if text.eq_ignore_ascii_case("true") => Ok("true".into()),
            text if text.eq_ignore_ascii_case("false") => Ok("false".into()),
            _ => expected(),
        },
        (Type::Integer, Kind::Number) => whole_number(value.get()).map_or_else(expected, Ok),
        (Type::Integer, Kind::String) => whole_number(unquote(value)?.trim()).map_or_else(expected, Ok),
        (Type::Number, Kind::Number) => Ok(value.get().to_owned()),
        (Type::Number, Kind::String) => {
            let text = unquote(value)?;
            match serde_json::from_str::<&RawValue>(text.trim()) {
                Ok(number) if Kind::of(number) == Kind::Number => Ok(number.get().to_owned()),
                _ => expected(),
            }
        }
        _ => expected(),
    }
}

/// The digits of a whole number. `5.0` is one too, since some platforms have only floating-point numbers.
fn whole_number(text: &str) -> Option<String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let significant = digits.trim_start_matches('0');
        let significant = if significant.is_empty() { "0" } else { significant };
        let negative = digits.len() < text.len() && significant != "0";
        return Some(if negative { format!("-{significant}") } else { significant.to_owned() });
    }
    // Above 2^53, a floating-point number does not tell which whole number was meant.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number: f64 = serde_json::from_str(text).ok()?;
    (number.fract() == 0.0 && number.abs() <= EXACT).then(|| format!("{number:.0}"))
}

/// Describes a right value, for an error.
fn expectation(kind: &Type) -> String {
    match kind {
        Type::Any => "a value".into(),
        Type::Boolean => "true or false".into(),
        Type::Integer => "a whole number".into(),
        Type::Number => "a number".into(),
        Type::String(Format::DateTime) => "text, such as 2026-01-31T12:00:00Z".into(),
        Type::String(Format::Date) => "text, such as 2026-01-31".into(),
        Type::String(_) => "text".into(),
        Type::Array(item) => format!("a list, and each of its items {}", expectation(item)),
        Type::Map(_) | Type::Model(_) => "an object".into(),
    }
}

/// The text in a JSON string.
fn unquote(value: &RawValue) -> Converted {
    parse(value)
}

/// Writes a text as a JSON string.
pub(crate) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn parse<'a, T: serde::Deserialize<'a>>(value: &'a RawValue) -> Result<T, String> {
    // A raw value is valid JSON, but a string in it may contain half a surrogate pair, which is not valid text.
    serde_json::from_str(value.get()).map_err(|_| "valid Unicode".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: Type = Type::String(Format::Text);

    fn raw(document: &str) -> &RawValue {
        serde_json::from_str(document).unwrap()
    }

    #[test]
    fn writes_text_of_every_type() {
        for (kind, document, expected) in [
            (TEXT, "\"a\\u00fc\"", Ok("aü")),
            (TEXT, "5", Ok("5")),
            (TEXT, "12345678901234567890123", Ok("12345678901234567890123")),
            (TEXT, "true", Ok("true")),
            (TEXT, "[]", Err("text")),
            (TEXT, "{}", Err("text")),
            (Type::Integer, "5", Ok("5")),
            (Type::Integer, "\" 5 \"", Ok("5")),
            (Type::Integer, "5.0", Ok("5")),
            (Type::Integer, "1e3", Ok("1000")),
            (Type::Integer, "-1", Ok("-1")),
            (Type::Integer, "-0", Ok("0")),
            (Type::Integer, "\"007\"", Ok("7")),
            (Type::Integer, "99999999999999999999", Ok("99999999999999999999")),
            (Type::Integer, "5.5", Err("a whole number")),
            (Type::Integer, "\"five\"", Err("a whole number")),
            (Type::Integer, "\"\"", Err("a whole number")),
            (Type::Integer, "true", Err("a whole number")),
            (Type::Integer, "1e300", Err("a whole number")),
            (Type::Number, "1.50", Ok("1.50")),
            (Type::Number, "\"1.50\"", Ok("1.50")),
            (Type::Number, "\"NaN\"", Err("a number")),
            (Type::Boolean, "false", Ok("false")),
            (Type::Boolean, "\"True\"", Ok("true")),
            (Type::Boolean, "1", Err("true or false")),
            (Type::Array(&TEXT), "[\"a\", 2, true]", Ok("a,2,true")),
            (Type::Array(&TEXT), "[]", Ok("")),
            (Type::Array(&TEXT), "\"a,b\"", Ok("a,b")),
            (Type::Array(&TEXT), "7", Ok("7")),
            (Type::Array(&Type::Integer), "[\"x\"]", Err("a list, and each of its items a whole number")),
            (Type::Array(&TEXT), "{}", Err("a list, and each of its items text")),
            (Type::Map(&Type::Any), "{\"a\": [1]}", Ok("{\"a\": [1]}")),
            (Type::Map(&Type::Any), "\"{}\"", Ok("{}")),
            (Type::Map(&Type::Any), "5", Err("an object")),
        ] {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(text(&kind, raw(document)), expected, "{kind:?} {document}");
        }
    }

    #[test]
    fn writes_json_of_every_type() {
        for (kind, document, expected) in [
            (TEXT, "5", Ok("\"5\"")),
            (TEXT, "\"\\u00fc\"", Ok("\"\\u00fc\"")),
            (TEXT, "true", Ok("\"true\"")),
            (TEXT, "{}", Err("text")),
            (Type::Integer, "\"5\"", Ok("5")),
            (Type::Number, "1.500", Ok("1.500")),
            (Type::Boolean, "\"true\"", Ok("true")),
            (Type::Array(&TEXT), "[1, \"2\"]", Ok("[\"1\",\"2\"]")),
            (Type::Array(&Type::Map(&Type::Any)), "[{\"a\" : 1}, null]", Ok("[{\"a\" : 1},null]")),
            (Type::Array(&Type::Map(&TEXT)), "[{\"a\" : 1}]", Ok("[{\"a\":\"1\"}]")),
            (Type::Array(&Type::Any), "[{\"a\" : 1}]", Ok("[{\"a\" : 1}]")),
            (Type::Array(&TEXT), "\"a\"", Err("a list, and each of its items text")),
            (Type::Map(&Type::Any), "{\"a\":1}", Ok("{\"a\":1}")),
            (
                Type::Map(&TEXT),
                "{\"orders.id\": 1.50, \"a\": true, \"b\":null , \"c\\u0022\": \"x\"}",
                Ok("{\"orders.id\":\"1.50\",\"a\":\"true\",\"b\":null,\"c\\\"\":\"x\"}"),
            ),
            (Type::Map(&Type::Map(&Type::Integer)), "{\"a\":{\"b\":\"5\"}}", Ok("{\"a\":{\"b\":5}}")),
            (Type::Map(&TEXT), "{\"a\": 1, \"b\":[]}", Ok("{\"a\": 1, \"b\":[]}")),
            (Type::Map(&TEXT), "{\"a\":1,\"a\":2}", Ok("{\"a\":1,\"a\":2}")),
            (Type::Map(&Type::Any), "[]", Err("an object")),
            (Type::Any, "[1]", Ok("[1]")),
        ] {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(json(&kind, raw(document)), expected, "{kind:?} {document}");
        }
    }

    #[test]
    fn objects_within_a_body_are_converted_where_that_is_possible() {
        let query = Type::Model(crate::catalog::model("Query").unwrap());
        for (document, expected) in [
            (
                r#"{"limit": 500, "filters": {"orders.id": 1}, "total": "true", "fields": ["a"], "new": { "x": 1.0 }}"#,
                r#"{"limit":"500","filters":{"orders.id":"1"},"total":true,"fields":["a"],"new":{ "x": 1.0 }}"#,
            ),
            // What cannot be converted is left to Looker.
            (r#"{"limit": [], "total": "maybe", "filters": null}"#, r#"{"limit":[],"total":"maybe","filters":null}"#),
            (r#"{"limit": 1, "limit": 2}"#, r#"{"limit": 1, "limit": 2}"#),
        ] {
            assert_eq!(json(&query, raw(document)).as_deref(), Ok(expected));
        }
        let deep = (0..1000).fold("1".to_owned(), |inner, _| format!("{{\"a\":{inner}}}"));
        fn maps(depth: usize) -> &'static Type {
            if depth == 0 { &Type::Integer } else { Box::leak(Box::new(Type::Map(maps(depth - 1)))) }
        }
        assert_eq!(json(maps(1000), raw(&deep)).as_deref(), Ok(deep.as_str()));
    }

    #[test]
    fn half_a_surrogate_pair_is_refused() {
        // serde_json checks the strings in a raw value only when they are read.
        if let Ok(value) = serde_json::from_str::<&RawValue>("\"\\ud800\"") {
            assert!(text(&TEXT, value).is_err());
        }
    }
}
