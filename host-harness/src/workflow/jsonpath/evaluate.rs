//! Segments and selectors: which nodes a path finds.

use super::budget::{Budget, Exhausted};
use super::filter::{Node, holds};
use super::regex::Patterns;
use jsonpath_rust::parser::model::{Segment, Selector, SingularQuerySegment};
use serde_json::Value;

/// What one evaluation works with.
pub(super) struct Evaluation<'a, 'b> {
    /// The whole document: `$`.
    pub(super) root: &'a Value,
    pub(super) budget: &'b mut Budget,
    pub(super) patterns: Patterns,
}

/// The nodes that segments find in a document.
pub(super) fn find<'a>(
    segments: &[Segment],
    document: &'a Value,
    budget: &mut Budget,
) -> Result<Vec<&'a Value>, Exhausted> {
    Evaluation { root: document, budget, patterns: Patterns::default() }.select(segments, document)
}

impl<'a> Evaluation<'a, '_> {
    /// The nodes that segments find from one node on.
    pub(super) fn select(&mut self, segments: &[Segment], start: &'a Value) -> Result<Vec<&'a Value>, Exhausted> {
        let mut nodes = vec![start];
        for segment in segments {
            let mut found = Vec::new();
            for node in nodes {
                self.segment(segment, node, &mut found)?;
            }
            nodes = found;
        }
        Ok(nodes)
    }

    /// The node that names and indices lead to.
    pub(super) fn single(
        &mut self,
        segments: &[SingularQuerySegment],
        start: &'a Value,
    ) -> Result<Option<&'a Value>, Exhausted> {
        self.budget.step(1 + segments.len())?;
        Ok(segments.iter().try_fold(start, |node, segment| match segment {
            SingularQuerySegment::Name(name) => node.as_object()?.get(name),
            SingularQuerySegment::Index(index) => item(node.as_array()?, *index),
        }))
    }

    fn segment(&mut self, segment: &Segment, node: &'a Value, found: &mut Vec<&'a Value>) -> Result<(), Exhausted> {
        match segment {
            Segment::Selector(selector) => self.selector(selector, node, found),
            Segment::Selectors(selectors) => {
                selectors.iter().try_for_each(|selector| self.selector(selector, node, found))
            }
            Segment::Descendant(inner) => {
                // The node itself first, then its children in order, each before the next.
                let mut rest = vec![node];
                while let Some(node) = rest.pop() {
                    self.budget.step(1)?;
                    self.segment(inner, node, found)?;
                    let first = rest.len();
                    rest.extend(children(node));
                    rest[first..].reverse();
                }
                Ok(())
            }
        }
    }

    fn selector(&mut self, selector: &Selector, node: &'a Value, found: &mut Vec<&'a Value>) -> Result<(), Exhausted> {
        self.budget.step(1)?;
        match selector {
            Selector::Name(name) => found.extend(node.as_object().and_then(|object| object.get(name))),
            Selector::Index(index) => found.extend(node.as_array().and_then(|items| item(items, *index))),
            Selector::Wildcard => {
                for child in children(node) {
                    self.budget.step(1)?;
                    found.push(child);
                }
            }
            Selector::Slice(start, end, step) => {
                let items = node.as_array().map_or(&[][..], Vec::as_slice);
                for index in slice(items.len(), *start, *end, *step) {
                    self.budget.step(1)?;
                    found.extend(items.get(index));
                }
            }
            Selector::Filter(filter) => {
                for child in children(node) {
                    self.budget.step(1)?;
                    if holds(self, filter, Node(child))? {
                        found.push(child);
                    }
                }
            }
        }
        Ok(())
    }
}

/// The elements of a list, or the values of an object.
fn children(node: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match node {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(properties) => Box::new(properties.values()),
        _ => Box::new(std::iter::empty()),
    }
}

/// An element, counted from the end where the index is negative.
fn item(items: &[Value], index: i64) -> Option<&Value> {
    let position = usize::try_from(index.unsigned_abs()).ok()?;
    items.get(if index < 0 { items.len().checked_sub(position)? } else { position })
}

/// The indices of a slice, as section 2.3.4.2.2 of RFC 9535 has them.
fn slice(length: usize, start: Option<i64>, end: Option<i64>, step: Option<i64>) -> Box<dyn Iterator<Item = usize>> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let from_the_end = |index: i64| if index >= 0 { index } else { length.saturating_add(index) };
    let step = step.unwrap_or(1);
    let stride = usize::try_from(step.unsigned_abs()).unwrap_or(usize::MAX);
    let indices = |low: i64, high: i64| {
        let bound = |index: i64| usize::try_from(index).unwrap_or(0);
        bound(low)..bound(high)
    };
    match step {
        0 => Box::new(std::iter::empty()),
        1.. => {
            let low = from_the_end(start.unwrap_or(0)).clamp(0, length);
            let high = from_the_end(end.unwrap_or(length)).clamp(0, length);
            Box::new(indices(low, high).step_by(stride))
        }
        _ => {
            let high = start.map_or(length - 1, from_the_end).clamp(-1, length - 1);
            let low = end.map_or(-1, from_the_end).clamp(-1, length - 1);
            Box::new(indices(low + 1, high + 1).rev().step_by(stride))
        }
    }
}
