//! Walks JSON Schemas: what a place in a document can be.

use serde_json::Value;

/// How many `$ref` are followed in a row.
const REFERENCES: usize = 16;

/// What can stand at a place: one of several schemas, each of which may be anything.
#[derive(Debug, Clone)]
pub(super) struct Possible<'a> {
    /// The document that `$ref` goes into.
    root: &'a Value,
    /// The alternatives, with `$ref`, `anyOf` and `oneOf` resolved. `None` if anything can stand here.
    nodes: Option<Vec<&'a Value>>,
    /// How many lists are around it.
    lists: usize,
}

/// What stands nowhere.
static NOTHING: Value = Value::Null;

impl<'a> Possible<'a> {
    /// What a schema describes.
    pub(super) fn of(schema: &'a Value) -> Self {
        Self::at(schema, [schema])
    }

    /// Anything.
    pub(super) fn anything() -> Self {
        Self { root: &NOTHING, nodes: None, lists: 0 }
    }

    fn at(root: &'a Value, nodes: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut found = Vec::new();
        for node in nodes {
            if !expand(root, node, &mut found, 0) {
                return Self { root, nodes: None, lists: 0 };
            }
        }
        Self { root, nodes: Some(found), lists: 0 }
    }

    /// A list of it.
    pub(super) fn in_list(self) -> Self {
        Self { lists: self.lists + 1, ..self }
    }

    /// The alternatives. `None` if anything can stand here, or a list of it.
    pub(super) fn alternatives(&self) -> Option<&[&'a Value]> {
        self.nodes.as_deref().filter(|_| self.lists == 0)
    }

    /// Another part of the same document.
    pub(super) fn part(&self, node: &'a Value) -> Self {
        Self::at(self.root, [node])
    }

    /// The property of this name. An error has the names that there are.
    pub(super) fn property(&self, name: &str) -> Result<Self, Vec<&'a str>> {
        if self.lists > 0 {
            return Err(Vec::new());
        }
        let Some(nodes) = &self.nodes else { return Ok(self.clone()) };
        let mut found = Vec::new();
        let mut names = Vec::new();
        for node in nodes.iter().filter(|node| may_be(node, "object")) {
            let properties = node.get("properties").and_then(Value::as_object);
            match (properties.and_then(|properties| properties.get(name)), node.get("additionalProperties")) {
                (Some(schema), _) => found.push(schema),
                (None, Some(schema)) if schema.is_object() => found.push(schema),
                (None, Some(Value::Bool(true))) => return Ok(Self::anything()),
                (None, None) if properties.is_none() => return Ok(Self::anything()),
                (None, _) => {
                    names.extend(properties.into_iter().flat_map(|properties| properties.keys().map(String::as_str)))
                }
            }
        }
        if found.is_empty() { Err(names) } else { Ok(Self::at(self.root, found)) }
    }

    /// The elements of a list. `None` if it cannot be a list.
    pub(super) fn elements(&self) -> Option<Self> {
        if self.lists > 0 {
            return Some(Self { lists: self.lists - 1, ..self.clone() });
        }
        let Some(nodes) = &self.nodes else { return Some(self.clone()) };
        let lists: Vec<&&Value> = nodes.iter().filter(|node| may_be(node, "array")).collect();
        if lists.is_empty() {
            return None;
        }
        if lists.iter().any(|list| !list.get("items").is_some_and(Value::is_object)) {
            return Some(Self::anything());
        }
        Some(Self::at(self.root, lists.iter().filter_map(|list| list.get("items"))))
    }

    /// The elements of a list and the values of an object. `None` if it can be neither.
    pub(super) fn children(&self) -> Option<Self> {
        if self.lists > 0 {
            return Some(Self { lists: self.lists - 1, ..self.clone() });
        }
        let Some(nodes) = &self.nodes else { return Some(self.clone()) };
        let mut found = Vec::new();
        let mut has_children = false;
        for node in nodes {
            if may_be(node, "array") {
                has_children = true;
                match node.get("items") {
                    Some(items) if items.is_object() => found.push(items),
                    _ => return Some(Self::anything()),
                }
            }
            if may_be(node, "object") {
                has_children = true;
                match (node.get("properties").and_then(Value::as_object), node.get("additionalProperties")) {
                    (Some(properties), None | Some(Value::Bool(false))) => found.extend(properties.values()),
                    (None, Some(schema)) if schema.is_object() => found.push(schema),
                    _ => return Some(Self::anything()),
                }
            }
        }
        has_children.then(|| Self::at(self.root, found))
    }

    /// All that either can be.
    pub(super) fn or(self, other: Self) -> Self {
        match (self.nodes, other.nodes) {
            (Some(mut nodes), Some(others)) if std::ptr::eq(self.root, other.root) && self.lists == other.lists => {
                nodes.extend(others);
                Self { root: self.root, nodes: Some(nodes), lists: self.lists }
            }
            _ => Self::anything(),
        }
    }

    /// The types that it can have. `None` if it can have any.
    pub(super) fn types(&self) -> Option<Vec<&'a str>> {
        if self.lists > 0 {
            return Some(vec!["array"]);
        }
        let mut types = Vec::new();
        for node in self.nodes.as_ref()? {
            let named = super::super::inputs::types(node);
            if named.is_empty() {
                return None;
            }
            types.extend(named);
        }
        types.sort_unstable();
        types.dedup();
        Some(types)
    }
}

/// Resolves a schema to what it can be. False if that is anything.
fn expand<'a>(root: &'a Value, node: &'a Value, found: &mut Vec<&'a Value>, depth: usize) -> bool {
    let Some(keywords) = node.as_object() else { return false };
    if depth > REFERENCES {
        return false;
    }
    if let Some(reference) = keywords.get("$ref") {
        let target = reference.as_str().and_then(|path| path.strip_prefix('#')).and_then(|path| root.pointer(path));
        return target.is_some_and(|target| expand(root, target, found, depth + 1));
    }
    for keyword in ["anyOf", "oneOf"] {
        if let Some(Value::Array(alternatives)) = keywords.get(keyword) {
            // An object with requirements of its own besides is described by its properties.
            if keywords.contains_key("properties") {
                break;
            }
            return alternatives.iter().all(|alternative| expand(root, alternative, found, depth + 1));
        }
    }
    let describes = ["type", "properties", "items", "enum", "additionalProperties"];
    if !describes.iter().any(|keyword| keywords.contains_key(*keyword)) {
        return false;
    }
    found.push(node);
    true
}

/// Whether a value that matches a schema can be of a type.
fn may_be(node: &Value, name: &str) -> bool {
    let types = super::super::inputs::types(node);
    match name {
        _ if types.contains(&name) => true,
        _ if !types.is_empty() => false,
        "object" => node.get("properties").is_some() || node.get("additionalProperties").is_some(),
        "array" => node.get("items").is_some(),
        _ => true,
    }
}
