//! Mistakes in a workflow file.

use std::fmt;

/// A place in a workflow file. Both numbers start at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position {
    /// The line.
    pub line: u64,
    /// The column, in characters.
    pub column: u64,
}

/// One mistake in a workflow file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, starting at 1.
    pub line: u64,
    /// The column, starting at 1. `None` if only the line is known.
    pub column: Option<u64>,
    /// The ID of the step. `None` for a mistake outside the steps.
    pub step: Option<String>,
    /// The part of the step or of the file: `input.user_id`, `steps`. Empty if it is the whole of it.
    pub place: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl Problem {
    /// Creates a problem outside the steps.
    pub(super) fn new(at: Position, place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            line: at.line,
            column: (at.column > 0).then_some(at.column),
            step: None,
            place: place.into(),
            message: message.into(),
        }
    }

    /// The same problem in a step.
    #[must_use]
    pub(super) fn in_step(mut self, id: &str) -> Self {
        self.step = Some(id.to_owned());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}", self.line)?;
        if let Some(step) = &self.step {
            write!(formatter, ", step `{step}`")?;
        }
        if !self.place.is_empty() {
            write!(formatter, ", `{}`", self.place)?;
        }
        write!(formatter, ": {}", self.message)
    }
}

/// The name that a misspelt one may have meant: the closest of those that exist, if it is close enough.
pub(super) fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let allowed = (name.chars().count() / 3).clamp(1, 4);
    known
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "; did you mean `name`?", or which names there are, or nothing if there are too many to list.
pub(super) fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    /// More names than this do not help.
    const LISTED: usize = 12;
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(closest) = closest(name, known.iter().copied()) {
        return format!("; did you mean `{closest}`?");
    }
    match known.len() {
        0 => String::new(),
        count if count <= LISTED => {
            let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("; there is {}", names.join(", "))
        }
        _ => String::new(),
    }
}
