//! Deserializing with the place of a failure.

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

/// Deserializes JSON text that lies at `pointer` in a document.
///
/// # Errors
///
/// The JSON pointer (RFC 6901) of what does not fit, and why.
pub fn parse_at<T: DeserializeOwned>(pointer: &str, json: &str) -> Result<T, String> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let parsed = serde_path_to_error::deserialize(&mut deserializer);
    parsed.map_err(|error| {
        let mut pointer = pointer.to_owned();
        for segment in error.path() {
            match segment {
                Segment::Seq { index } => pointer += &format!("/{index}"),
                Segment::Map { key } => pointer = join(&pointer, key),
                Segment::Enum { variant } => pointer = join(&pointer, variant),
                Segment::Unknown => {}
            }
        }
        problem(&pointer, without_position(&error.into_inner()))
    })
}

/// A problem with what lies at a JSON pointer.
pub fn problem(pointer: &str, problem: impl std::fmt::Display) -> String {
    let place = if pointer.is_empty() { "the description" } else { pointer };
    format!("{place}: {problem}")
}

/// The JSON pointer of a member of what lies at `pointer`.
pub fn join(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The message alone: a line and column within one part of the document would mislead.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.strip_suffix(&format!(" at line {} column {}", error.line(), error.column())).unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_failure_is_found_by_its_pointer() {
        type Nested = BTreeMap<String, Vec<BTreeMap<String, u8>>>;
        let parsed: Result<Nested, String> = parse_at("/paths", r#"{"/users/{id}": [{"a~b": "x"}]}"#);
        assert_eq!(parsed, Err("/paths/~1users~1{id}/0/a~0b: invalid type: string \"x\", expected u8".to_owned()));
        assert_eq!(problem("", "is empty"), "the description: is empty");
    }
}
