//! JSON with its order, and a way through it that knows where it is and forgets nothing.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A JSON value whose objects keep their order and have every key once.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// A text.
    String(String),
    /// A list.
    Array(Vec<Node>),
    /// An object.
    Object(Vec<(String, Node)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Node::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut object: Vec<(String, Node)> = Vec::new();
        while let Some((key, value)) = members.next_entry::<String, Node>()? {
            if object.iter().any(|(present, _)| *present == key) {
                return Err(A::Error::custom(format!("the key `{key}` is there twice")));
            }
            object.push((key, value));
        }
        Ok(Node::Object(object))
    }
}

/// A value and where it is.
#[derive(Debug, Clone)]
pub struct At<'a> {
    node: &'a Node,
    pointer: String,
}

/// The members of an object that nobody has taken yet.
#[derive(Debug)]
pub struct Members<'a> {
    pointer: String,
    left: Vec<(&'a str, &'a Node)>,
}

impl<'a> At<'a> {
    /// The whole of a document.
    pub fn root(node: &'a Node) -> Self {
        Self { node, pointer: String::new() }
    }

    /// A problem with this value: its JSON pointer, then what is wrong.
    pub fn problem(&self, problem: impl fmt::Display) -> String {
        let pointer = if self.pointer.is_empty() { "the description" } else { &self.pointer };
        format!("{pointer}: {problem}")
    }

    /// The value as a text.
    pub fn text(&self) -> Result<&'a str, String> {
        match self.node {
            Node::String(text) => Ok(text),
            _ => Err(self.problem("must be a string")),
        }
    }

    /// The value as a boolean.
    pub fn boolean(&self) -> Result<bool, String> {
        match self.node {
            Node::Bool(value) => Ok(*value),
            _ => Err(self.problem("must be true or false")),
        }
    }

    /// The items of a list.
    pub fn items(&self) -> Result<Vec<At<'a>>, String> {
        match self.node {
            Node::Array(items) => Ok((items.iter().enumerate())
                .map(|(index, node)| At { node, pointer: format!("{}/{index}", self.pointer) })
                .collect()),
            _ => Err(self.problem("must be a list")),
        }
    }

    /// The members of an object.
    pub fn members(&self) -> Result<Members<'a>, String> {
        match self.node {
            Node::Object(members) => Ok(Members {
                pointer: self.pointer.clone(),
                left: members.iter().map(|(key, node)| (key.as_str(), node)).collect(),
            }),
            _ => Err(self.problem("must be an object")),
        }
    }
}

impl<'a> Members<'a> {
    /// A problem with the object itself.
    pub fn problem(&self, problem: impl fmt::Display) -> String {
        format!("{}: {problem}", if self.pointer.is_empty() { "the description" } else { &self.pointer })
    }

    /// Takes a member that may be there.
    pub fn take(&mut self, key: &str) -> Option<At<'a>> {
        let index = self.left.iter().position(|(present, _)| *present == key)?;
        let (key, node) = self.left.remove(index);
        Some(At { node, pointer: self.pointer_to(key) })
    }

    /// Takes a member that must be there.
    pub fn need(&mut self, key: &str) -> Result<At<'a>, String> {
        self.take(key).ok_or_else(|| self.problem(format_args!("`{key}` is missing")))
    }

    /// Takes a boolean that is `false` where it is absent.
    pub fn take_flag(&mut self, key: &str) -> Result<bool, String> {
        self.take(key).map_or(Ok(false), |value| value.boolean())
    }

    /// Takes a sentence for people, which the spec leaves out: a text, or the `null` that Looker writes where it has none.
    pub fn take_sentence(&mut self, key: &str) -> Result<(), String> {
        match self.take(key) {
            Some(At { node: Node::Null, .. }) | None => Ok(()),
            Some(sentence) => sentence.text().map(|_| ()),
        }
    }

    /// Takes all members that are left, in their order: for objects whose keys are names.
    pub fn take_all(&mut self) -> Vec<(&'a str, At<'a>)> {
        let left = std::mem::take(&mut self.left);
        left.into_iter().map(|(key, node)| (key, At { node, pointer: self.pointer_to(key) })).collect()
    }

    /// Makes sure that every member was taken.
    pub fn finish(self) -> Result<(), String> {
        if self.left.is_empty() {
            return Ok(());
        }
        let unknown: Vec<_> = self.left.iter().map(|(key, _)| format!("`{key}`")).collect();
        Err(self.problem(format_args!("{} is not understood", unknown.join(", "))))
    }

    /// The JSON pointer (RFC 6901) of a member.
    fn pointer_to(&self, key: &str) -> String {
        format!("{}/{}", self.pointer, key.replace('~', "~0").replace('/', "~1"))
    }
}

/// What went well; what did not is added to the problems.
pub fn collect<T>(outcomes: impl IntoIterator<Item = Result<T, String>>, problems: &mut Vec<String>) -> Vec<T> {
    outcomes.into_iter().filter_map(|outcome| outcome.map_err(|problem| problems.push(problem)).ok()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn objects_keep_their_order_and_have_each_key_once() {
        let node: Node = serde_json::from_str(r#"{"z": [1, -2, 1.5, null, true], "a": "b"}"#).unwrap();
        let Node::Object(members) = node else { panic!("{node:?}") };
        assert_eq!(members.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["z", "a"]);
        let twice = serde_json::from_str::<Node>(r#"{"a": 1, "a": 2}"#).unwrap_err();
        assert!(twice.to_string().contains("`a` is there twice"), "{twice}");
    }

    #[test]
    fn problems_name_their_place() {
        let node: Node = serde_json::from_str(r#"{"paths": {"/users/{id}": [{"a~b": 1}]}}"#).unwrap();
        let mut root = At::root(&node).members().unwrap();
        let path = root.need("paths").unwrap().members().unwrap().take("/users/{id}").unwrap();
        assert_eq!(path.text().unwrap_err(), "/paths/~1users~1{id}: must be a string");
        assert_eq!(path.boolean().unwrap_err(), "/paths/~1users~1{id}: must be true or false");
        assert_eq!(path.members().unwrap_err(), "/paths/~1users~1{id}: must be an object");
        let mut item = path.items().unwrap()[0].members().unwrap();
        assert_eq!(item.need("b").unwrap_err(), "/paths/~1users~1{id}/0: `b` is missing");
        let inner = item.take("a~b").unwrap();
        assert_eq!(inner.items().unwrap_err(), "/paths/~1users~1{id}/0/a~0b: must be a list");
        assert_eq!(root.need("x").unwrap_err(), "the description: `x` is missing");
    }

    #[test]
    fn nothing_is_left_unread() {
        let node: Node = serde_json::from_str(r#"{"a": 1, "b": 2, "c": 3}"#).unwrap();
        let mut members = At::root(&node).members().unwrap();
        members.take("b");
        assert_eq!(members.finish().unwrap_err(), "the description: `a`, `c` is not understood");
    }
}
