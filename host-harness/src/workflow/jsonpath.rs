//! JSONPath (RFC 9535) whose cost is bounded, whoever wrote the path and the document.
//!
//! Paths come from a workflow's author and run outside every sandbox. The parser is the crate `jsonpath-rust`; the
//! evaluation is our own, since no library bounds it: a path of 40 bytes can find billions of nodes. A path may have
//!
//! | limit | at most |
//! | --- | --- |
//! | [`PATH_BYTES`] | 4,096 bytes |
//! | [`NESTING`] | 8 brackets and parentheses within each other |
//! | [`SELECTORS`] | 64 selectors, those in its filters included |
//! | [`FILTERS`] | 8 filters |
//!
//! and one evaluation draws on a [`Budget`], which also bounds what several evaluations find together.
//!
//! The functions of RFC 9535 are there: `length`, `count`, `value`, `match` and `search`.

mod budget;
mod compare;
mod evaluate;
mod filter;
mod regex;

pub use budget::{Budget, Exhausted, size};

use jsonpath_rust::parser::model::{
    Comparable, Comparison, Filter, FilterAtom, FnArg, JpQuery, Segment, Selector, Test, TestFunction,
};
use jsonpath_rust::parser::parse_json_path;
use serde_json::Value;

/// The longest path, in bytes. Paths that people write have some tens.
pub const PATH_BYTES: usize = 4096;

/// How deep brackets and parentheses may nest. The parser tries several readings at each level, so that its time grows
/// exponentially with the depth.
pub const NESTING: usize = 8;

/// How many selectors a path may have in all.
pub const SELECTORS: usize = 64;

/// How many filters a path may have in all.
pub const FILTERS: usize = 8;

/// A path that can be evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonPath {
    query: JpQuery,
}

/// A path that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It goes over one of the limits of paths.
    #[error("it has more than {max} {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How many there may be.
        max: usize,
    },
    /// It is not JSONPath.
    #[error("{0}")]
    Syntax(String),
}

impl JsonPath {
    /// Reads a path.
    ///
    /// # Errors
    ///
    /// Fails where the text is not JSONPath, uses a function that RFC 9535 does not have, or goes over a limit.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if text.len() > PATH_BYTES {
            return Err(PathError::TooLarge { what: "bytes", max: PATH_BYTES });
        }
        if nesting(text) > NESTING {
            return Err(PathError::TooLarge { what: "brackets and parentheses within each other", max: NESTING });
        }
        let query = parse_json_path(text).map_err(|error| PathError::Syntax(one_line(&error.to_string())))?;
        let mut counted = Counted::default();
        counted.segments(&query.segments)?;
        Ok(Self { query })
    }

    /// What the path finds in a document.
    ///
    /// # Errors
    ///
    /// Fails where the budget does not suffice.
    pub fn find<'a>(&self, document: &'a Value, budget: &mut Budget) -> Result<Vec<&'a Value>, Exhausted> {
        evaluate::find(&self.query.segments, document, budget)
    }
}

impl JsonPath {
    /// The segments, in order.
    pub(super) fn segments(&self) -> &[Segment] {
        &self.query.segments
    }

    /// Whether the path can find one value only: it consists of names and indices.
    pub(super) fn is_singular(&self) -> bool {
        let is_single =
            |segment: &Segment| matches!(segment, Segment::Selector(Selector::Name(_) | Selector::Index(_)));
        self.query.segments.iter().all(is_single)
    }

    /// The name with a dot in it that the path may have meant, where it finds nothing: `users.id` for
    /// `$.steps.q[0].users.id`, where there is no `users`.
    pub fn dotted_name(&self, document: &Value) -> Option<String> {
        let mut node = document;
        for (position, segment) in self.query.segments.iter().enumerate() {
            let Segment::Selector(selector) = segment else { return None };
            node = match (selector, node) {
                (Selector::Index(index), Value::Array(items)) => items.get(usize::try_from(*index).ok()?)?,
                (Selector::Name(name), Value::Object(properties)) => match properties.get(name) {
                    Some(value) => value,
                    None => {
                        let mut joined = name.clone();
                        for segment in &self.query.segments[position + 1..] {
                            let Segment::Selector(Selector::Name(next)) = segment else { return None };
                            joined = format!("{joined}.{next}");
                            if properties.contains_key(&joined) {
                                return Some(joined);
                            }
                        }
                        return None;
                    }
                },
                _ => return None,
            };
        }
        None
    }
}

/// The characters of a path outside quoted names, with the bytes before each. Both quotation marks are left out.
pub(super) fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote = None;
    let mut is_escaped = false;
    text.char_indices().filter(move |(_, character)| {
        match (quote, *character) {
            _ if is_escaped => is_escaped = false,
            (Some(_), '\\') => is_escaped = true,
            (Some(open), character) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(*character),
            (None, _) => return true,
        }
        false
    })
}

/// How deep brackets and parentheses nest; those in quoted names do not count.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for (_, character) in outside_quotes(text) {
        match character {
            '[' | '(' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The last line of the parser's message, which says what it expected; the others draw the place.
fn one_line(message: &str) -> String {
    message
        .lines()
        .rev()
        .map(|line| line.trim().trim_start_matches("= "))
        .find(|line| !line.is_empty())
        .unwrap_or("it cannot be read")
        .to_owned()
}

/// What a path has been found to have.
#[derive(Default)]
struct Counted {
    selectors: usize,
    filters: usize,
}

impl Counted {
    fn segments(&mut self, segments: &[Segment]) -> Result<(), PathError> {
        segments.iter().try_for_each(|segment| self.segment(segment))
    }

    fn segment(&mut self, segment: &Segment) -> Result<(), PathError> {
        match segment {
            Segment::Descendant(inner) => self.segment(inner),
            Segment::Selector(selector) => self.selector(selector),
            Segment::Selectors(selectors) => selectors.iter().try_for_each(|selector| self.selector(selector)),
        }
    }

    fn selector(&mut self, selector: &Selector) -> Result<(), PathError> {
        self.count_selector()?;
        let Selector::Filter(filter) = selector else { return Ok(()) };
        self.filters += 1;
        if self.filters > FILTERS {
            return Err(PathError::TooLarge { what: "filters", max: FILTERS });
        }
        self.filter(filter)
    }

    fn count_selector(&mut self) -> Result<(), PathError> {
        self.selectors += 1;
        if self.selectors > SELECTORS {
            return Err(PathError::TooLarge { what: "selectors", max: SELECTORS });
        }
        Ok(())
    }

    fn filter(&mut self, filter: &Filter) -> Result<(), PathError> {
        match filter {
            Filter::Or(filters) | Filter::And(filters) => filters.iter().try_for_each(|filter| self.filter(filter)),
            Filter::Atom(FilterAtom::Filter { expr, .. }) => self.filter(expr),
            Filter::Atom(FilterAtom::Test { expr, .. }) => self.test(expr),
            Filter::Atom(FilterAtom::Comparison(comparison)) => self.comparison(comparison),
        }
    }

    fn comparison(&mut self, comparison: &Comparison) -> Result<(), PathError> {
        let (left, right) = comparison.vals();
        // Each comparison is one step for each node, as a selector is.
        self.count_selector()?;
        for side in [left, right] {
            match side {
                Comparable::Literal(_) | Comparable::SingularQuery(_) => {}
                Comparable::Function(function) => self.function(function)?,
            }
        }
        Ok(())
    }

    fn test(&mut self, test: &Test) -> Result<(), PathError> {
        match test {
            Test::RelQuery(segments) => self.segments(segments),
            Test::AbsQuery(query) => self.segments(&query.segments),
            Test::Function(function) if test.is_res_bool() => self.function(function),
            Test::Function(function) => Err(PathError::Syntax(format!(
                "`{function}` gives a value, which a filter has to compare with another"
            ))),
        }
    }

    fn function(&mut self, function: &TestFunction) -> Result<(), PathError> {
        self.count_selector()?;
        match function {
            TestFunction::Length(argument) => self.value_argument(argument),
            TestFunction::Search(text, pattern) | TestFunction::Match(text, pattern) => {
                self.value_argument(text)?;
                self.value_argument(pattern)
            }
            TestFunction::Value(argument) | TestFunction::Count(argument) => self.nodes_argument(argument),
            TestFunction::Custom(name, _) => Err(PathError::Syntax(format!(
                "there is no function `{name}`; there are length, count, value, match and search"
            ))),
        }
    }

    /// An argument that is one value: a literal, a function, or a path that finds one node at most.
    fn value_argument(&mut self, argument: &FnArg) -> Result<(), PathError> {
        let FnArg::Test(test) = argument else { return Ok(()) };
        let segments = match &**test {
            Test::RelQuery(segments) => segments,
            Test::AbsQuery(query) => &query.segments,
            Test::Function(function) => return self.function(function),
        };
        let is_singular =
            |segment: &Segment| matches!(segment, Segment::Selector(Selector::Name(_) | Selector::Index(_)));
        match segments.iter().find(|segment| !is_singular(segment)) {
            Some(segment) => {
                let problem = format!("`{segment}` can find several values, where a function takes one");
                Err(PathError::Syntax(problem))
            }
            None => self.segments(segments),
        }
    }

    /// An argument that is what a path finds.
    fn nodes_argument(&mut self, argument: &FnArg) -> Result<(), PathError> {
        match argument {
            FnArg::Test(test) => self.test(test),
            FnArg::Literal(_) => Ok(()),
            FnArg::Filter(filter) => self.filter(filter),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
