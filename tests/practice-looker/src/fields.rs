//! `fields=id,credentials_email(email)`: selects properties, for operations that have this parameter.

use serde_json::Value;

use crate::{call::Call, table::Row};

/// Keeps only the properties that the call selects.
pub(crate) fn select(call: &Call, row: Row) -> Row {
    match call.query("fields") {
        Some(fields) if !fields.trim().is_empty() => keep(row, &parse(fields)),
        _ => row,
    }
}

/// A selected property and the selected properties below it. An empty list selects all of them.
#[derive(Debug, PartialEq)]
struct Field<'a> {
    name: &'a str,
    below: Vec<Field<'a>>,
}

fn parse(text: &str) -> Vec<Field<'_>> {
    let mut fields = Vec::new();
    for part in split(text) {
        match part.split_once('(') {
            Some((name, below)) => {
                let below = below.strip_suffix(')').unwrap_or(below);
                fields.push(Field { name: name.trim(), below: parse(below) });
            }
            None => fields.push(Field { name: part.trim(), below: Vec::new() }),
        }
    }
    fields
}

/// Splits at commas outside parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (index, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn keep(mut row: Row, fields: &[Field<'_>]) -> Row {
    let mut kept = Row::new();
    for field in fields {
        if let Some(value) = row.remove(field.name) {
            kept.insert(field.name.to_owned(), keep_below(value, &field.below));
        }
    }
    kept
}

fn keep_below(value: Value, fields: &[Field<'_>]) -> Value {
    match value {
        value if fields.is_empty() => value,
        Value::Object(row) => Value::Object(keep(row, fields)),
        Value::Array(items) => Value::Array(items.into_iter().map(|item| keep_below(item, fields)).collect()),
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept(row: Value, fields: &str) -> Value {
        let Value::Object(row) = row else { return Value::Null };
        Value::Object(keep(row, &parse(fields)))
    }

    #[test]
    fn selects_properties_at_every_depth() {
        let row = json!({ "id": "1", "a": { "b": [{ "c": 1, "d": 2 }], "e": 3 }, "f": null });
        assert_eq!(kept(row.clone(), "id, f"), json!({ "id": "1", "f": null }));
        assert_eq!(kept(row.clone(), "a(b(c))"), json!({ "a": { "b": [{ "c": 1 }] } }));
        assert_eq!(kept(row.clone(), "a(b(d),e),id"), json!({ "id": "1", "a": { "b": [{ "d": 2 }], "e": 3 } }));
        assert_eq!(kept(row, "nothing,of,this"), json!({}));
    }
}
