//! Exact results from Looker's searches, which are SQL's LIKE without a documented escape.

use super::{Job, id};
use crate::catalog::nearest;
use crate::failure::{Problem, Reason, Result};
use serde_json::{Value, json};

/// Searches by one property and returns the rows whose value is exactly `value`; `ignore_case` compares as Looker does.
///
/// # Errors
///
/// The failure of the search; and [`Reason::UnexpectedResponse`] if a row cannot be a result of it, so that Looker must have
/// ignored the filter.
pub fn exact(
    job: &mut Job,
    operation: &str,
    (property, value): (&str, &str),
    fields: &str,
    ignore_case: bool,
) -> Result<Vec<Value>> {
    let rows = job.read(operation, &json!({ property: value, "fields": fields }))?;
    let rows = rows.as_array().cloned().unwrap_or_default();
    let text = |row: &Value| id(&row[property]).unwrap_or_default();
    if let Some(row) = rows.iter().find(|row| !like(&text(row), value)) {
        let message = format!(
            "{operation} returned {} for {property} {value}: this Looker ignores the filter, so nothing tells whether there is one.",
            id(&row["id"]).map_or("something else".to_owned(), |id| format!("another thing (id {id})"))
        );
        let mut problem = Problem::new(Reason::UnexpectedResponse, message);
        problem.request_sent = true;
        return Err(problem.permanent());
    }
    let is_exact = |row: &Value| {
        let text = text(row);
        text == value || (ignore_case && text.to_lowercase() == value.to_lowercase())
    };
    Ok(rows.into_iter().filter(is_exact).collect())
}

/// The id of the only row with a name.
///
/// # Errors
///
/// A failure about the input `field`: [`Reason::NotFound`] for none, with similar names; [`Reason::InvalidInput`] for
/// several, with their ids.
pub fn only_one(job: &Job, field: &str, what: &str, name: &str, rows: &[Value]) -> Result<String> {
    let named = |row: &&Value| row["name"].as_str() == Some(name);
    let ids: Vec<String> = rows.iter().filter(named).filter_map(|row| id(&row["id"])).collect();
    match &ids[..] {
        [one] => Ok(one.clone()),
        [] => {
            let near = nearest(name, rows.iter().filter_map(|row| row["name"].as_str()));
            let advice = if near.is_empty() { String::new() } else { format!(" Did you mean {}?", near.join(" or ")) };
            let message = format!("There is no {what} {name}, or this API key may not see it.{advice}");
            Err(job.fail_input(field, "not_found", Reason::NotFound, message))
        }
        several => {
            let message = format!("There are several {what}s {name}: give one of their IDs ({}).", several.join(", "));
            Err(job.fail_input(field, "ambiguous", Reason::InvalidInput, message))
        }
    }
}

/// SQL's LIKE, ignoring case: `%` is any text, `_` any one character.
fn like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    // Where to go on if the rest does not match after the last `%`, which then takes one more character.
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
                    (place, at) = (percent + 1, taken + 1);
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
    fn a_pattern_matches_the_whole_text() {
        assert!(like("Ada_L@x", "ada_l@x") && like("adaXl@x", "ada_l@x") && !like("ada.b@x", "ada_l@x"));
        assert!(like("100% sure", "100% sure") && like("100 so sure", "100% sure") && !like("100 sure!", "100% sure"));
        assert!(like("", "") && like("", "%") && !like("", "_") && !like("Ada", "ad"));
    }
}
