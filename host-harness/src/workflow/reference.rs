//! References: strings in a step that stand for what a run is given, or for the output of an earlier step.
//!
//! A string that begins with `$.` is a JSONPath (RFC 9535) into `{"inputs": {…}, "steps": {id: output}}`, and in a step
//! with `for_each` also into `item` and `index`. It is replaced by the value that it finds, whatever its type:
//!
//! | in the input | result |
//! | --- | --- |
//! | `$.inputs.people` | what the run was given |
//! | `$.steps.looker-2.id` | the value with its type: a string, a number, an object, … |
//! | `$.steps.looker-1[0].email` | the same; an error if there is none |
//! | `$.steps.looker-1[*].id` | a list of all matches, because such a path can match several values; an error if there is none |
//! | `$.steps.looker-1[?@.email == 'a@b.c'].id` | a list of all matches, even if there is only one |
//! | `$.item.email`, `$.index` | of the element that `for_each` is at, and its number from 0 |
//! | `$$.95` | the text `$.95`: one `$` is removed if a `.` follows two or more of them |
//! | `$5`, `costs $.95` | unchanged, because it does not begin with `$.` |
//!
//! After a dot, RFC 9535 allows neither a hyphen in a name nor a digit at its start, but the IDs of steps often have
//! them. Such a name is read as if it were in brackets: `$.steps.looker-2` is `$.steps['looker-2']`. Text within
//! brackets is not changed, so a name like this needs brackets of its own in a filter: `[?@['looker-2'] == 1]`.
//!
//! Outputs that are not JSON can be referenced too: text is a string, no content is `null`, and a file is an object
//! of `media_type`, `name` and `base64`.

use super::jsonpath::{Budget, Exhausted, JsonPath, outside_quotes};
use jsonpath_rust::parser::model::{Segment, Selector};
use serde_json::{Map, Value};
use std::fmt;

/// A JSONPath into what a run is given and what its steps gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    text: String,
    path: JsonPath,
    root: Root,
}

/// What a reference goes into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// The output of this step. `None` if it refers to all steps, as `$.steps.*.id` does.
    Step(Option<String>),
    /// This input of the run. `None` if it refers to all inputs.
    Input(Option<String>),
    /// The element that `for_each` is at.
    Item,
    /// The number of the element, from 0.
    Index,
}

/// As a part of a sentence: "the output of step `a`".
impl fmt::Display for Root {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(Some(step)) => write!(formatter, "the output of step `{step}`"),
            Self::Step(None) => formatter.write_str("the outputs of the steps"),
            Self::Input(Some(name)) => write!(formatter, "the input `{name}`"),
            Self::Input(None) => formatter.write_str("the inputs"),
            Self::Item => formatter.write_str("the element of `for_each`"),
            Self::Index => formatter.write_str("the number of the element"),
        }
    }
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
    /// It refers to nothing that there is.
    #[error(
        "`{reference}` does not refer to a step or an input: a reference begins with `$.steps.` and the ID of a step, \
         `$.inputs.`, `$.item` or `$.index` (for text that begins with `$.`, write `$${rest}`)",
        rest = &reference[1..]
    )]
    NoRoot {
        /// The reference.
        reference: String,
    },
    /// It finds nothing.
    #[error("`{reference}` finds nothing in {root}{hint}")]
    Nothing {
        /// The reference.
        reference: String,
        /// What it goes into.
        root: Root,
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
    /// Returns an error if the text is not a valid JSONPath, or if it refers to none of the roots.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let path = JsonPath::parse(&normalized(text))
            .map_err(|error| ReferenceError::Malformed { reference: text.to_owned(), problem: error.to_string() })?;
        let name = |segment: &Segment| match segment {
            Segment::Selector(Selector::Name(name)) => Some(name.clone()),
            _ => None,
        };
        let mut segments = path.segments().iter();
        let root = match (segments.next().and_then(name).as_deref(), segments.next()) {
            (Some("steps"), Some(step)) => Root::Step(name(step)),
            (Some("inputs"), input) => Root::Input(input.and_then(name)),
            (Some("item"), _) => Root::Item,
            (Some("index"), _) => Root::Index,
            _ => return Err(ReferenceError::NoRoot { reference: text.to_owned() }),
        };
        Ok(Self { text: text.to_owned(), path, root })
    }

    /// What it goes into.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The path below the root: after `$.steps.ID`, `$.inputs.NAME`, `$.item` or `$.index`.
    pub(super) fn segments(&self) -> &[Segment] {
        let root = match &self.root {
            Root::Step(_) => 2,
            Root::Input(_) => 2.min(self.path.segments().len()),
            Root::Item | Root::Index => 1,
        };
        &self.path.segments()[root..]
    }

    /// Whether it gives one value, not a list of all values that it finds.
    pub(super) fn is_singular(&self) -> bool {
        self.path.is_singular()
    }

    /// Returns what it finds in `scope`, which is `{"inputs": {…}, "steps": {id: output}, "item": …, "index": …}`.
    ///
    /// # Errors
    ///
    /// Returns an error if it finds nothing, or if the budget does not suffice.
    pub fn find(&self, scope: &Value, budget: &mut Budget) -> Result<Value, ReferenceError> {
        let exhausted = |problem| ReferenceError::Exhausted { reference: self.text.clone(), problem };
        let found = self.path.find(scope, budget).map_err(exhausted)?;
        if found.is_empty() {
            let hint = self
                .path
                .dotted_name(scope)
                .map_or_else(String::new, |name| format!("; there is a name that contains a dot: write `['{name}']`"));
            return Err(ReferenceError::Nothing { reference: self.text.clone(), root: self.root.clone(), hint });
        }
        found.iter().try_for_each(|value| budget.copy(value)).map_err(exhausted)?;
        let mut found = found.into_iter().cloned();
        Ok(match (self.is_singular(), found.next()) {
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

/// Visits every value that is neither a list nor an object, with its place: `input.user_id`, `input.tags[2]`.
pub(super) fn for_each<E>(
    value: &Value,
    place: &str,
    visit: &mut impl FnMut(&str, &Value) -> Result<(), E>,
) -> Result<(), E> {
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| for_each(item, &format!("{place}[{index}]"), &mut *visit)),
        Value::Object(properties) => {
            properties.iter().try_for_each(|(name, value)| for_each(value, &format!("{place}.{name}"), &mut *visit))
        }
        _ => visit(place, value),
    }
}

/// A value with what its references stand for.
///
/// # Errors
///
/// Gives the place (`input.user_id`) and the error of the first reference that finds nothing.
pub(super) fn resolve(
    value: &Value,
    place: &str,
    scope: &Value,
    // All references of an input together.
    budget: &mut Budget,
) -> Result<Value, (String, ReferenceError)> {
    Ok(match value {
        Value::String(text) if is_reference(text) => Reference::parse(text)
            .and_then(|reference| reference.find(scope, budget))
            .map_err(|error| (place.to_owned(), error))?,
        Value::String(text) => Value::String(unescape(text).to_owned()),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items
                .map(|(index, item)| resolve(item, &format!("{place}[{index}]"), scope, budget))
                .collect::<Result<_, _>>()?
        }
        Value::Object(properties) => Value::Object(resolve_object(properties, place, scope, budget)?),
        other => other.clone(),
    })
}

/// An object with what its references stand for, as [`resolve`].
pub(super) fn resolve_object(
    properties: &Map<String, Value>,
    place: &str,
    scope: &Value,
    budget: &mut Budget,
) -> Result<Map<String, Value>, (String, ReferenceError)> {
    let resolved = |(name, value): (&String, &Value)| {
        Ok((name.clone(), resolve(value, &format!("{place}.{name}"), scope, budget)?))
    };
    properties.iter().map(resolved).collect()
}

/// The path as RFC 9535 writes it: names that it does not allow after a dot are put into brackets. What is malformed
/// stays so: the parser tells.
fn normalized(text: &str) -> String {
    let mut path = "$".to_owned();
    let mut rest = text.strip_prefix('$').unwrap_or(text);
    while let Some(next) = rest.chars().next() {
        rest = match next {
            '.' => dot(rest, &mut path),
            '[' => {
                let (bracket, after) = rest.split_at(end_of_bracket(rest));
                path.push_str(bracket);
                after
            }
            _ => {
                path.push_str(rest);
                ""
            }
        };
    }
    path
}

/// `.name`, `.*`, `..name` or `..*`, and what is before a bracket in `..[…]`. Returns the rest.
fn dot<'a>(segment: &'a str, path: &mut String) -> &'a str {
    let dots = if segment.starts_with("..") { ".." } else { "." };
    let rest = &segment[dots.len()..];
    let end = rest.find(|character: char| !is_name_character(character)).unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    if name.is_empty() {
        let wildcard = if after.starts_with('*') { "*" } else { "" };
        path.push_str(dots);
        path.push_str(wildcard);
        return &after[wildcard.len()..];
    }
    let needs_brackets = name.contains('-') || name.starts_with(|first: char| first.is_ascii_digit());
    match (needs_brackets, dots) {
        (false, _) => path.push_str(&format!("{dots}{name}")),
        (true, "..") => path.push_str(&format!("..['{name}']")),
        (true, _) => path.push_str(&format!("['{name}']")),
    }
    after
}

/// What RFC 9535 allows in a name after a dot, and hyphens.
fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-') || !character.is_ascii()
}

/// Where the bracket ends that a segment begins with: after the closing bracket, or at the end if there is none.
fn end_of_bracket(segment: &str) -> usize {
    let mut depth = 0_usize;
    for (index, character) in outside_quotes(segment) {
        match character {
            '[' => depth += 1,
            ']' if depth == 1 => return index + 1,
            ']' => depth -= 1,
            _ => {}
        }
    }
    segment.len()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
