//! Searching as in Looker: SQL's LIKE, ignoring case.

use serde_json::Value;

use crate::{call::Call, table::Row};

/// The query parameters of a search that are not criteria.
const NOT_CRITERIA: [&str; 12] = [
    "fields",
    "page",
    "per_page",
    "limit",
    "offset",
    "sorts",
    "filter_or",
    "curate",
    "content_metadata_id",
    "embed_user",
    "externally_orphaned",
    "ids",
];

/// Whether a search finds an object. Criteria that do not apply to the object are ignored.
pub(crate) fn matches(call: &Call, row: &Row) -> bool {
    let mut found: Vec<bool> = Vec::new();
    for (name, wanted) in call.queries().filter(|(name, _)| !NOT_CRITERIA.contains(name)) {
        if let Some(value) = criterion(row, name) {
            found.push(fits(value, wanted));
        }
    }
    if call.is_set("filter_or") && !found.is_empty() { found.contains(&true) } else { !found.contains(&false) }
}

/// The property that a criterion searches. Some criteria have a different name than their property.
fn criterion<'a>(row: &'a Row, name: &str) -> Option<&'a Value> {
    let name = match name {
        "full_name" => "display_name",
        "group_id" => "group_ids",
        "built_in" if row.contains_key("internal") => "internal",
        "model_set_ids" => "model_set_id",
        "permission_set_ids" => "permission_set_id",
        name => name,
    };
    row.get(name)
}

fn fits(value: &Value, wanted: &str) -> bool {
    if wanted.eq_ignore_ascii_case("is null") {
        return value.is_null();
    }
    if wanted.eq_ignore_ascii_case("not null") {
        return !value.is_null();
    }
    match value {
        Value::Null | Value::Object(_) => false,
        Value::Bool(flag) => wanted == flag.to_string(),
        Value::Number(number) => wanted.split(',').any(|item| item.trim() == number.to_string()),
        // A list of ids or names matches if one of its items does.
        Value::Array(items) => items.iter().any(|item| fits(item, wanted)),
        Value::String(text) if is_number(text) && wanted.contains(',') => {
            wanted.split(',').any(|item| item.trim() == text)
        }
        Value::String(text) => like(text, wanted),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// SQL's LIKE: `%` is any text, `_` any one character, and the pattern must match the whole text.
pub(crate) fn like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    // Where to continue if the rest does not match after the last `%`, which then takes one more character.
    let (mut at, mut place, mut again) = (0, 0, None);
    while at < text.len() {
        match pattern.get(place) {
            Some('%') => {
                again = Some((place, at));
                place += 1;
            }
            Some(letter) if *letter == '_' || *letter == text[at] => {
                at += 1;
                place += 1;
            }
            _ => match again {
                Some((percent, taken)) => {
                    place = percent + 1;
                    at = taken + 1;
                    again = Some((percent, taken + 1));
                }
                None => return false,
            },
        }
    }
    pattern[place..].iter().all(|letter| *letter == '%')
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn pattern_matches_the_whole_text() {
        assert!(like("Danger", "dan%") && like("Danzig", "dan%") && !like("David", "dan%"));
        assert!(like("Damage", "D_m%") && like("dump", "D_m%"));
        assert!(like("Ada", "ada") && !like("Ada", "ad") && !like("Ada", "da"));
        assert!(like("abcabd", "%abd") && like("", "%") && like("", "") && !like("", "_"));
        assert!(like("a%b", "a%b") && like("aXbXc", "a%b%c") && !like("aXbX", "a%b%c"));
    }
}
