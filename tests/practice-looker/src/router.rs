//! Finds the operation for a method and a path.

use std::{collections::HashMap, sync::LazyLock};

use looker_connector::catalog::{OPERATIONS, Operation};
use percent_encoding::percent_decode_str;

/// An operation and the decoded values of its path parameters, by name.
pub(crate) struct Route {
    pub(crate) operation: &'static Operation,
    pub(crate) path: Vec<(&'static str, String)>,
}

/// The route of a method and a path below `/api/4.0`.
pub(crate) fn route(method: &str, path: &str) -> Option<Route> {
    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let operation = TREE.find(method, &segments)?;
    let mut values = Vec::new();
    for (template, segment) in operation.path.trim_start_matches('/').split('/').zip(segments) {
        if let Some(name) = parameter(template) {
            values.push((name, percent_decode_str(segment).decode_utf8().ok()?.into_owned()));
        }
    }
    Some(Route { operation, path: values })
}

/// The name of the parameter, if a segment of a template is one.
pub(crate) fn parameter(segment: &'static str) -> Option<&'static str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

static TREE: LazyLock<Node> = LazyLock::new(|| {
    let mut tree = Node::default();
    for operation in &OPERATIONS {
        tree.add(operation);
    }
    tree
});

/// The operations whose paths have a common prefix.
#[derive(Default)]
struct Node {
    literal: HashMap<&'static str, Node>,
    parameter: Option<Box<Node>>,
    operations: Vec<&'static Operation>,
}

impl Node {
    fn add(&mut self, operation: &'static Operation) {
        let mut node = self;
        for segment in operation.path.trim_start_matches('/').split('/') {
            node = match parameter(segment) {
                Some(_) => node.parameter.get_or_insert_default(),
                None => node.literal.entry(segment).or_default(),
            };
        }
        node.operations.push(operation);
    }

    /// Prefers a literal segment to a parameter: `/users/search` is not the user "search".
    fn find(&self, method: &str, segments: &[&str]) -> Option<&'static Operation> {
        let Some((first, rest)) = segments.split_first() else {
            return self.operations.iter().find(|operation| operation.method.as_str() == method).copied();
        };
        let literal = self.literal.get(first).and_then(|node| node.find(method, rest));
        literal.or_else(|| {
            let node = self.parameter.as_ref().filter(|_| !first.is_empty())?;
            node.find(method, rest)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_operation_has_its_own_route() {
        for operation in &OPERATIONS {
            let path: Vec<String> = operation
                .path
                .split('/')
                .map(|segment| if segment.starts_with('{') { "a%20b%2Fc".to_owned() } else { segment.to_owned() })
                .collect();
            let route = route(operation.method.as_str(), &path.join("/")).unwrap();
            assert_eq!(route.operation.name, operation.name);
            assert!(route.path.iter().all(|(_, value)| value == "a b/c"), "{:?}", route.path);
        }
    }

    #[test]
    fn unknown_paths_have_no_route() {
        assert!(route("GET", "/no_such_thing").is_none());
        assert!(route("PUT", "/users").is_none());
        assert!(route("GET", "/users/").is_none());
        assert!(route("GET", "users").is_none());
        assert!(route("GET", "/users/%ff").is_none());
    }
}
