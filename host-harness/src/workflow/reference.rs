//! References: strings in a step's input that stand for the output of an earlier step.
//!
//! A string that begins with `$.` is a JSONPath (RFC 9535) into `{"steps": {id: output}}`. It is replaced by the value
//! that it finds, whatever its type:
//!
//! | in the input | result |
//! | --- | --- |
//! | `$.steps.looker-2.id` | the value with its type: a string, a number, an object, … |
//! | `$.steps.looker-1[0].email` | the same; an error if there is none |
//! | `$.steps.looker-1[*].id` | a list of all matches, because such a path can match several values; an error if there is none |
//! | `$.steps.looker-1[?@.email == 'a@b.c'].id` | a list of all matches, even if there is only one |
//! | `$$.95` | the text `$.95`: one `$` is removed if a `.` follows two or more of them |
//! | `$5`, `costs $.95` | unchanged, because it does not begin with `$.` |
//!
//! After a dot, RFC 9535 allows neither a hyphen in a name nor a digit at its start, but the IDs of steps often have
//! them. Such a name is read as if it were in brackets: `$.steps.looker-2` is `$.steps['looker-2']`. Text within
//! brackets is not changed, so a name like this needs brackets of its own in a filter: `[?@['looker-2'] == 1]`.
//!
//! Outputs that are not JSON can be referenced too: text is a string, no content is `null`, and a file is an object
//! of `media_type`, `name` and `base64`.

use super::jsonpath::{Budget, Exhausted, JsonPath};
use serde_json::{Map, Value};

/// A JSONPath into the outputs of earlier steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    text: String,
    path: JsonPath,
    step: Option<String>,
    is_singular: bool,
}

/// Why a reference cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// It is not a valid JSONPath.
    #[error("`{reference}` is not a valid JSONPath: {problem} (for text that begins with `$.`, write `$${rest}`)", rest = &reference[1..])]
    Malformed {
        /// The reference.
        reference: String,
        /// What is wrong.
        problem: String,
    },
    /// It does not refer to a step.
    #[error(
        "`{reference}` does not refer to a step: a reference begins with `$.steps.` and the ID of a step (for text that \
         begins with `$.`, write `$${rest}`)",
        rest = &reference[1..]
    )]
    NoStep {
        /// The reference.
        reference: String,
    },
    /// It finds nothing.
    #[error("`{reference}` finds nothing in the output of step `{step}`{hint}")]
    Nothing {
        /// The reference.
        reference: String,
        /// The step that it refers to.
        step: String,
        /// What the reference may have to be. Empty if there is no suggestion.
        hint: String,
    },
    /// It costs more than a step's references may.
    #[error("`{reference}`: {problem}")]
    Exhausted {
        /// The reference.
        reference: String,
        /// The limit that it exceeds.
        problem: Exhausted,
    },
}

impl Reference {
    /// Reads a reference.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not a valid JSONPath, or if it does not refer to a step.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let normal = Normal::of(text);
        let path = JsonPath::parse(&normal.path)
            .map_err(|error| ReferenceError::Malformed { reference: text.to_owned(), problem: error.to_string() })?;
        let mut names = normal.names.into_iter();
        let (first, step) = (names.next(), names.next());
        let begins_with_steps = matches!(&first, Some(Some(name)) if name == "steps");
        if !begins_with_steps || step.is_none() {
            return Err(ReferenceError::NoStep { reference: text.to_owned() });
        }
        Ok(Self { text: text.to_owned(), path, step: step.flatten(), is_singular: normal.is_singular })
    }

    /// The step that it refers to. `None` if it refers to all steps, as `$.steps.*.id` does.
    pub fn step(&self) -> Option<&str> {
        self.step.as_deref()
    }

    /// Returns what it finds in `outputs`, which is `{"steps": {id: output}}`.
    ///
    /// # Errors
    ///
    /// Returns an error if it finds nothing, or if the budget does not suffice.
    pub fn find(&self, outputs: &Value, budget: &mut Budget) -> Result<Value, ReferenceError> {
        let exhausted = |problem| ReferenceError::Exhausted { reference: self.text.clone(), problem };
        let found = self.path.find(outputs, budget).map_err(exhausted)?;
        if found.is_empty() {
            let step = self.step.clone().unwrap_or_else(|| "*".to_owned());
            let hint = self
                .path
                .dotted_name(outputs)
                .map_or_else(String::new, |name| format!("; there is a name that contains a dot: write `['{name}']`"));
            return Err(ReferenceError::Nothing { reference: self.text.clone(), step, hint });
        }
        found.iter().try_for_each(|value| budget.copy(value)).map_err(exhausted)?;
        let mut found = found.into_iter().cloned();
        Ok(match (self.is_singular, found.next()) {
            (true, Some(value)) => value,
            (_, first) => Value::Array(first.into_iter().chain(found).collect()),
        })
    }
}

/// Whether a string is a reference.
pub(super) fn is_reference(text: &str) -> bool {
    text.starts_with("$.")
}

/// Removes the `$` that text has in front if it would otherwise look like a reference.
fn unescape(text: &str) -> &str {
    let dollars = text.bytes().take_while(|byte| *byte == b'$').count();
    if dollars >= 2 && text[dollars..].starts_with('.') { &text[1..] } else { text }
}

/// Visits every value of an input that is neither a list nor an object, with its place: `.user_id`, `.tags[2]`.
pub(super) fn for_each<E>(
    input: &Map<String, Value>,
    visit: &mut impl FnMut(&str, &Value) -> Result<(), E>,
) -> Result<(), E> {
    let mut input = input.clone();
    input
        .iter_mut()
        .try_for_each(|(name, value)| walk(value, &format!(".{name}"), &mut |place, value| visit(place, value)))
}

/// An input with what its references stand for.
///
/// # Errors
///
/// Gives the place (`.user_id`) and the error of the first reference that finds nothing.
pub(super) fn resolve(
    input: &Map<String, Value>,
    outputs: &Value,
) -> Result<Map<String, Value>, (String, ReferenceError)> {
    let mut input = input.clone();
    // All references of an input together.
    let mut budget = Budget::default();
    for (name, value) in &mut input {
        walk(value, &format!(".{name}"), &mut |place, value| {
            if let Value::String(text) = value {
                *value = if is_reference(text) {
                    let found = Reference::parse(text).and_then(|reference| reference.find(outputs, &mut budget));
                    found.map_err(|error| (place.to_owned(), error))?
                } else {
                    Value::String(unescape(text).to_owned())
                };
            }
            Ok(())
        })?;
    }
    Ok(input)
}

/// Visits every value that is neither list nor object.
fn walk<E>(value: &mut Value, place: &str, visit: &mut impl FnMut(&str, &mut Value) -> Result<(), E>) -> Result<(), E> {
    match value {
        Value::Array(items) => items
            .iter_mut()
            .enumerate()
            .try_for_each(|(index, item)| walk(item, &format!("{place}[{index}]"), &mut *visit)),
        Value::Object(properties) => {
            properties.iter_mut().try_for_each(|(name, value)| walk(value, &format!("{place}.{name}"), &mut *visit))
        }
        _ => visit(place, value),
    }
}

/// A path as RFC 9535 writes it.
struct Normal {
    path: String,
    /// For each segment its name, where it is one name.
    names: Vec<Option<String>>,
    /// Whether it can find one thing only.
    is_singular: bool,
}

impl Normal {
    /// Puts names that RFC 9535 does not allow after a dot into brackets. What is malformed stays so: the parser tells.
    fn of(text: &str) -> Self {
        let mut normal = Self { path: "$".to_owned(), names: Vec::new(), is_singular: true };
        let mut rest = text.strip_prefix('$').unwrap_or(text);
        while let Some(next) = rest.chars().next() {
            rest = match next {
                '.' => normal.dot(rest),
                '[' => normal.bracket(rest),
                _ => {
                    normal.path.push_str(rest);
                    ""
                }
            };
        }
        normal
    }

    /// `.name`, `.*`, `..name` or `..*`, and what is before a bracket in `..[…]`.
    fn dot<'a>(&mut self, segment: &'a str) -> &'a str {
        let dots = if segment.starts_with("..") { ".." } else { "." };
        let rest = &segment[dots.len()..];
        let end = rest.find(|character: char| !is_name_character(character)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let descends = dots == "..";
        if descends {
            self.is_singular = false;
        }
        if name.is_empty() {
            let wildcard = if after.starts_with('*') { "*" } else { "" };
            self.path.push_str(dots);
            self.path.push_str(wildcard);
            if !wildcard.is_empty() {
                self.is_singular = false;
                self.names.push(None);
            }
            return &after[wildcard.len()..];
        }
        let needs_brackets = name.contains('-') || name.starts_with(|first: char| first.is_ascii_digit());
        match (needs_brackets, descends) {
            (false, _) => self.path.push_str(&format!("{dots}{name}")),
            (true, true) => self.path.push_str(&format!("..['{name}']")),
            (true, false) => self.path.push_str(&format!("['{name}']")),
        }
        self.names.push((!descends).then(|| name.to_owned()));
        after
    }

    /// `[…]`, unchanged.
    fn bracket<'a>(&mut self, segment: &'a str) -> &'a str {
        let end = closing_bracket(segment).unwrap_or(segment.len());
        let (bracket, after) = segment.split_at(end);
        self.path.push_str(bracket);
        let selector = bracket.trim_start_matches('[').trim_end_matches(']').trim();
        let name = quoted(selector);
        if name.is_none() && selector.parse::<i64>().is_err() {
            self.is_singular = false;
        }
        self.names.push(name);
        after
    }
}

/// What RFC 9535 allows in a name after a dot, and hyphens.
fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-') || !character.is_ascii()
}

/// Where the bracket ends that a segment begins with, after the closing bracket.
fn closing_bracket(segment: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut is_escaped = false;
    for (index, character) in segment.char_indices() {
        match (quote, character) {
            _ if is_escaped => is_escaped = false,
            (Some(_), '\\') => is_escaped = true,
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '[') => depth += 1,
            (None, ']') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(index + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// The text of a selector that is one quoted name and nothing else.
fn quoted(selector: &str) -> Option<String> {
    let quote = selector.chars().next().filter(|first| matches!(first, '\'' | '"'))?;
    let inner = selector[1..].strip_suffix(quote)?;
    let mut name = String::new();
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => name.push(characters.next()?),
            _ if character == quote => return None,
            _ => name.push(character),
        }
    }
    Some(name)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
