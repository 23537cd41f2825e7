//! A JSON document that is read in parts: its text, and an index of where each value is.
//!
//! A parsed value takes five to ten times the memory of its text. The index takes 20 bytes for each value, and the text keeps
//! every digit and the order of keys. Nothing here recurses, so no depth of nesting does harm.

use super::path::{Path, Segment};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// Stands for the key of a value that has none.
const NO_KEY: u32 = u32::MAX;

/// A JSON document with its index.
pub(in crate::serve) struct Document {
    text: Arc<str>,
    nodes: Vec<Node>,
}

/// Where a value is. The values within it follow it in the index.
struct Node {
    /// Where its key begins, with the quotation mark.
    key: u32,
    start: u32,
    end: u32,
    /// The number of the first value after it that is not within it.
    next: u32,
    /// How many values it has, if it is an array or an object.
    children: u32,
}

/// A text that is not JSON, or has more than 4 GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::serve) struct NotJson;

/// A value of a document, by its number in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::serve) struct NodeId(u32);

/// The types of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::serve) enum Kind {
    Object,
    Array,
    String,
    Number,
    Boolean,
    Null,
}

impl Kind {
    /// As JSON Schema has it.
    pub(in crate::serve) fn name(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Null => "null",
        }
    }
}

impl Document {
    /// Indexes a text.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not JSON. Numbers and words are not checked letter by letter.
    pub(in crate::serve) fn new(text: Arc<str>) -> Result<Self, NotJson> {
        if u32::try_from(text.len()).is_err() {
            return Err(NotJson);
        }
        let nodes =
            Scanner { text: text.as_bytes(), at: 0, nodes: Vec::new(), open: Vec::new() }.run().ok_or(NotJson)?;
        Ok(Self { text, nodes })
    }

    /// The memory that the index takes, in bytes.
    pub(super) fn index_bytes(&self) -> usize {
        self.nodes.len() * size_of::<Node>()
    }

    /// The value that is the document.
    pub(in crate::serve) fn root(&self) -> NodeId {
        NodeId(0)
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// The text of a value.
    pub(in crate::serve) fn text(&self, id: NodeId) -> &str {
        let node = self.node(id);
        &self.text[node.start as usize..node.end as usize]
    }

    /// The type of a value.
    pub(in crate::serve) fn kind(&self, id: NodeId) -> Kind {
        match self.text.as_bytes()[self.node(id).start as usize] {
            b'{' => Kind::Object,
            b'[' => Kind::Array,
            b'"' => Kind::String,
            b't' | b'f' => Kind::Boolean,
            b'n' => Kind::Null,
            _ => Kind::Number,
        }
    }

    /// How many values an array or an object has. Zero for others.
    pub(super) fn len(&self, id: NodeId) -> usize {
        self.node(id).children as usize
    }

    /// The values of an array or an object.
    pub(super) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        let (mut child, end) = (id.0 + 1, self.node(id).next);
        std::iter::from_fn(move || {
            let this = NodeId(child);
            (child < end).then(|| {
                child = self.node(this).next;
                this
            })
        })
    }

    /// A value and every value within it.
    pub(super) fn subtree(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        (id.0..self.node(id).next).map(NodeId)
    }

    /// The key of a value in an object.
    pub(super) fn key(&self, id: NodeId) -> Option<Cow<'_, str>> {
        let start = self.node(id).key;
        (start != NO_KEY).then(|| {
            let start = start as usize;
            let end = end_of_string(self.text.as_bytes(), start).unwrap_or(self.text.len());
            unquoted(&self.text[start..end])
        })
    }

    /// What a string says.
    pub(super) fn string(&self, id: NodeId) -> Cow<'_, str> {
        unquoted(self.text(id))
    }

    /// The value at a path.
    pub(in crate::serve) fn find(&self, path: &Path) -> Option<NodeId> {
        let mut node = self.root();
        for segment in path.segments() {
            node = match segment {
                Segment::Index(index) if self.kind(node) == Kind::Array => self.children(node).nth(*index)?,
                Segment::Name(name) if self.kind(node) == Kind::Object => {
                    // The last one, as parsers have it.
                    self.children(node).filter(|child| self.key(*child).is_some_and(|key| key == *name)).last()?
                }
                _ => return None,
            };
        }
        Some(node)
    }

    /// The whole document as a value.
    pub(in crate::serve) fn to_value(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_str(&self.text)
    }
}

/// The content of a string in quotation marks.
fn unquoted(quoted: &str) -> Cow<'_, str> {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    // A lone half of a surrogate pair is no character.
    serde_json::from_str::<String>(quoted).map_or(Cow::Borrowed(inner), Cow::Owned)
}

/// Where the string ends that begins at `start`, after its quotation mark.
fn end_of_string(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Reads a text from left to right.
struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
    /// The arrays and objects that have not ended.
    open: Vec<u32>,
}

impl Scanner<'_> {
    fn run(mut self) -> Option<Vec<Node>> {
        self.value(NO_KEY)?;
        while let Some(&container) = self.open.last() {
            self.skip_space();
            let (is_object, children) = {
                let node = &self.nodes[container as usize];
                (self.text[node.start as usize] == b'{', node.children)
            };
            match (*self.text.get(self.at)?, children) {
                (b'}', _) if is_object => self.close(container)?,
                (b']', _) if !is_object => self.close(container)?,
                (b',', 1..) => {
                    self.at += 1;
                    self.member(container, is_object)?;
                }
                (_, 0) => self.member(container, is_object)?,
                _ => return None,
            }
        }
        self.skip_space();
        (self.at == self.text.len()).then_some(self.nodes)
    }

    fn close(&mut self, container: u32) -> Option<()> {
        self.at += 1;
        self.open.pop();
        let next = u32::try_from(self.nodes.len()).ok()?;
        let node = &mut self.nodes[container as usize];
        node.end = u32::try_from(self.at).ok()?;
        node.next = next;
        Some(())
    }

    fn member(&mut self, container: u32, is_object: bool) -> Option<()> {
        self.skip_space();
        let mut key = NO_KEY;
        if is_object {
            if *self.text.get(self.at)? != b'"' {
                return None;
            }
            key = u32::try_from(self.at).ok()?;
            self.at = end_of_string(self.text, self.at)?;
            self.skip_space();
            if *self.text.get(self.at)? != b':' {
                return None;
            }
            self.at += 1;
            self.skip_space();
        }
        self.nodes[container as usize].children += 1;
        self.value(key)
    }

    /// Reads a value, or the beginning of an array or an object.
    fn value(&mut self, key: u32) -> Option<()> {
        self.skip_space();
        let (start, number) = (self.at, u32::try_from(self.nodes.len()).ok()?);
        match self.text.get(start)? {
            b'{' | b'[' => {
                self.at += 1;
                self.open.push(number);
            }
            b'"' => self.at = end_of_string(self.text, start)?,
            _ => {
                let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
                self.at += self.text[start..].iter().take_while(|byte| is_part(byte)).count();
                if !is_word(&self.text[start..self.at]) {
                    return None;
                }
            }
        }
        let (start, end) = (u32::try_from(start).ok()?, u32::try_from(self.at).ok()?);
        self.nodes.push(Node { key, start, end, next: number.checked_add(1)?, children: 0 });
        Some(())
    }

    fn skip_space(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }
}

/// Whether this is a number, `true`, `false` or `null`.
fn is_word(word: &[u8]) -> bool {
    match word {
        b"true" | b"false" | b"null" => true,
        [first, ..] => {
            (*first == b'-' || first.is_ascii_digit())
                && word.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
        }
        [] => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document::new(text.into()).unwrap()
    }

    fn at(document: &Document, path: &str) -> Option<String> {
        document.find(&Path::parse(path).unwrap()).map(|node| document.text(node).to_owned())
    }

    #[test]
    fn values_are_found_with_their_text() {
        let text = r#" {"a": [1.50, {"b\n": "x\u0041"}, []], "big": 12345678901234567890123, "a.b": null, "t": true, "twice": 1, "twice": 2} "#;
        let document = document(text);
        for (path, expected) in [
            ("$", Some(text.trim())),
            ("$.a[0]", Some("1.50")),
            ("$.a[1]", Some(r#"{"b\n": "x\u0041"}"#)),
            (r"$.a[1]['b\n']", Some(r#""x\u0041""#)),
            ("$.a[2]", Some("[]")),
            ("$.a[3]", None),
            ("$.a.b", None),
            ("$['a.b']", Some("null")),
            ("$.big", Some("12345678901234567890123")),
            ("$.t", Some("true")),
            ("$.twice", Some("2")),
            ("$.none", None),
        ] {
            assert_eq!(at(&document, path).as_deref(), expected, "{path}");
        }
        let node = document.find(&Path::parse(r"$.a[1]['b\n']").unwrap()).unwrap();
        assert_eq!((document.string(node), document.key(node)), ("xA".into(), Some("b\n".into())));
        let kinds: Vec<&str> = document.children(document.root()).map(|node| document.kind(node).name()).collect();
        assert_eq!(kinds, ["array", "number", "null", "boolean", "number", "number"]);
        assert_eq!(document.len(document.root()), 6);
    }

    #[test]
    fn what_is_not_json_has_no_index() {
        for text in [
            "",
            " ",
            "{",
            "[",
            "[1",
            "[1,",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\" 1}",
            "[1}",
            "{\"a\":1]",
            "\"",
            "\"\\\"",
            "1 2",
            "nul",
            "truee",
            "x",
            "'a'",
            "]",
            "[]]",
            "{\"a\":1}{",
            "+1",
        ] {
            assert!(Document::new(text.into()).is_err(), "{text}");
        }
        for text in ["1", "-0.5e+3", "\"\"", "null", "[]", "{}", "[[],{}]", "\"\\\\\""] {
            assert!(Document::new(text.into()).is_ok(), "{text}");
        }
    }

    #[test]
    fn nesting_does_no_harm() {
        let levels = 100_000;
        let text = format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        let document = document(&text);
        assert_eq!(at(&document, &format!("${}", "[0]".repeat(1000))).unwrap().len(), text.len() - 2000);
        assert_eq!(document.subtree(document.root()).count(), levels + 1);
    }
}
