//! Follows a reference's path through a schema: what it can find, and where it cannot lead.

use super::schema::Possible;
use crate::workflow::inputs::words::of_type;
use crate::workflow::problem::suggestion;
use jsonpath_rust::parser::model::{
    Comparable, Filter, FilterAtom, FnArg, Segment, Selector, SingularQuery, SingularQuerySegment, Test, TestFunction,
};

/// Follows one path, and collects what is wrong with it.
pub(super) struct Walk<'p> {
    /// What the path begins with: `$.steps.a`.
    pub(super) root: String,
    pub(super) problems: &'p mut Vec<String>,
}

impl Walk<'_> {
    /// What the segments find from a place on.
    pub(super) fn follow<'a>(&mut self, segments: &[Segment], start: Possible<'a>) -> Possible<'a> {
        let mut place = self.root.clone();
        let mut current = start;
        for segment in segments {
            current = self.segment(segment, &current, &place);
            place.push_str(&shown(segment));
        }
        current
    }

    fn segment<'a>(&mut self, segment: &Segment, node: &Possible<'a>, place: &str) -> Possible<'a> {
        match segment {
            Segment::Selector(selector) => self.selector(selector, node, place),
            Segment::Selectors(selectors) => selectors
                .iter()
                .map(|selector| self.selector(selector, node, place))
                .reduce(Possible::or)
                .unwrap_or_else(Possible::anything),
            // Somewhere below: schemas may refer to themselves.
            Segment::Descendant(_) => Possible::anything(),
        }
    }

    fn selector<'a>(&mut self, selector: &Selector, node: &Possible<'a>, place: &str) -> Possible<'a> {
        match selector {
            Selector::Name(name) => self.name(name, node, place),
            Selector::Index(index) => self.elements(node, place, &format!("[{index}]")),
            Selector::Slice(..) => self.elements(node, place, "[…]"),
            Selector::Wildcard => match node.children() {
                Some(children) => children,
                None => self.wrong(format!("`{place}` is {}, which has no parts", types(node))),
            },
            Selector::Filter(filter) => match node.children() {
                Some(children) => {
                    self.filter(filter, &children, place);
                    children
                }
                None => self.wrong(format!("`{place}` is {}, which has no parts to filter", types(node))),
            },
        }
    }

    fn name<'a>(&mut self, name: &str, node: &Possible<'a>, place: &str) -> Possible<'a> {
        let names = match node.property(name) {
            Ok(found) => return found,
            Err(names) => names,
        };
        if let Some(elements) = node.elements()
            && elements.property(name).is_ok()
        {
            return self.wrong(format!(
                "`{place}` is a list; write `{place}[0].{name}` for its first element, or `{place}[*].{name}` for all"
            ));
        }
        if names.is_empty() {
            return self.wrong(format!("`{place}` is {}, which has no `{name}`", types(node)));
        }
        self.wrong(format!("`{place}` has no `{name}`{}", suggestion(name, names)))
    }

    fn elements<'a>(&mut self, node: &Possible<'a>, place: &str, selector: &str) -> Possible<'a> {
        match node.elements() {
            Some(elements) => elements,
            None => self.wrong(format!("`{place}` is {}, so that `{selector}` finds nothing", types(node))),
        }
    }

    fn wrong<'a>(&mut self, problem: String) -> Possible<'a> {
        self.problems.push(problem);
        Possible::anything()
    }

    /// The paths of a filter that begin with `@`.
    fn filter(&mut self, filter: &Filter, node: &Possible<'_>, place: &str) {
        match filter {
            Filter::Or(filters) | Filter::And(filters) => {
                filters.iter().for_each(|filter| self.filter(filter, node, place));
            }
            Filter::Atom(FilterAtom::Filter { expr, .. }) => self.filter(expr, node, place),
            Filter::Atom(FilterAtom::Test { expr, .. }) => self.test(expr, node, place),
            Filter::Atom(FilterAtom::Comparison(comparison)) => {
                let (left, right) = comparison.vals();
                for side in [left, right] {
                    match side {
                        Comparable::SingularQuery(SingularQuery::Current(segments)) => {
                            let segments: Vec<Segment> = segments.iter().map(plain).collect();
                            self.below(&segments, node, place);
                        }
                        Comparable::Function(function) => self.function(function, node, place),
                        Comparable::SingularQuery(SingularQuery::Root(_)) | Comparable::Literal(_) => {}
                    }
                }
            }
        }
    }

    fn test(&mut self, test: &Test, node: &Possible<'_>, place: &str) {
        match test {
            Test::RelQuery(segments) => self.below(segments, node, place),
            Test::Function(function) => self.function(function, node, place),
            Test::AbsQuery(_) => {}
        }
    }

    fn function(&mut self, function: &TestFunction, node: &Possible<'_>, place: &str) {
        let arguments: Vec<&FnArg> = match function {
            TestFunction::Length(argument) => vec![argument],
            TestFunction::Value(argument) | TestFunction::Count(argument) => vec![argument],
            TestFunction::Search(text, pattern) | TestFunction::Match(text, pattern) => vec![text, pattern],
            TestFunction::Custom(_, arguments) => arguments.iter().collect(),
        };
        for argument in arguments {
            match argument {
                FnArg::Test(test) => self.test(test, node, place),
                FnArg::Filter(filter) => self.filter(filter, node, place),
                FnArg::Literal(_) => {}
            }
        }
    }

    fn below(&mut self, segments: &[Segment], node: &Possible<'_>, place: &str) {
        let root = std::mem::replace(&mut self.root, format!("{place}[*]"));
        self.follow(segments, node.clone());
        self.root = root;
    }
}

fn plain(segment: &SingularQuerySegment) -> Segment {
    Segment::Selector(match segment {
        SingularQuerySegment::Name(name) => Selector::Name(name.clone()),
        SingularQuerySegment::Index(index) => Selector::Index(*index),
    })
}

/// The types of a place, as nouns.
pub(super) fn types(node: &Possible<'_>) -> String {
    let types = node.types().unwrap_or_default();
    let types: Vec<&str> = types.iter().filter(|name| **name != "null").map(|name| of_type(name)).collect();
    if types.is_empty() { "nothing".to_owned() } else { types.join(" or ") }
}

/// A segment as people write it.
fn shown(segment: &Segment) -> String {
    match segment {
        Segment::Selector(Selector::Name(name)) => name_shown(name),
        Segment::Selector(Selector::Index(index)) => format!("[{index}]"),
        Segment::Descendant(_) => "..*".to_owned(),
        Segment::Selector(_) | Segment::Selectors(_) => "[*]".to_owned(),
    }
}

/// A name after a dot, or in brackets if it cannot stand there.
pub(super) fn name_shown(name: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || character == '_' || character == '-';
    if !name.is_empty() && name.chars().all(is_plain) { format!(".{name}") } else { format!("['{name}']") }
}
