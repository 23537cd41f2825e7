//! One node of an output's tree: what it is, and a page of its children. Nothing below them is sent.

use super::document::{Document, Kind, NodeId};
use super::path::{Path, Segment};
use regex::{Regex, RegexBuilder};
use serde_json::{Value, json};

/// The longest preview, in characters.
const PREVIEW: usize = 120;

/// The longest text of a value, in bytes.
const VALUE_BYTES: usize = 64 * 1024;

/// The most children of one page.
pub(super) const MAX_CHILDREN: usize = 1000;

/// Which part of a node to send.
pub(super) struct Part<'a> {
    pub(super) offset: usize,
    pub(super) limit: usize,
    /// Children are left out that do not have this text in a key or a value, at any depth.
    pub(super) filter: Option<&'a str>,
}

/// A node with some of its children. For a string, `offset` is where the value begins, in bytes.
pub(super) fn node(document: &Document, path: &Path, id: NodeId, part: &Part<'_>) -> Value {
    let kind = document.kind(id);
    let filter = part.filter.filter(|filter| !filter.is_empty()).and_then(matcher);
    let (mut total, mut children) = (0, Vec::new());
    for (index, child) in document.children(id).enumerate() {
        if filter.as_ref().is_some_and(|filter| !has_match(document, child, filter)) {
            continue;
        }
        if (part.offset..part.offset.saturating_add(part.limit)).contains(&total) {
            children.push(entry(document, path, index, child));
        }
        total += 1;
    }
    let mut node = json!({
        "path": path.to_string(),
        "type": kind.name(),
        "size": size(document, id),
        "total": total,
        "children": children,
        "preview": preview(document, id),
    });
    match kind {
        Kind::Object | Kind::Array => {}
        Kind::String => {
            let text = document.string(id);
            let (value, is_whole) = cut(&text, part.offset, VALUE_BYTES);
            node["value"] = json!(value);
            node["truncated"] = json!(!is_whole);
        }
        _ => node["value"] = serde_json::from_str(document.text(id)).unwrap_or_default(),
    }
    node
}

fn entry(document: &Document, path: &Path, index: usize, id: NodeId) -> Value {
    let key = document.key(id);
    let segment = key.as_ref().map_or(Segment::Index(index), |key| Segment::Name(key.clone().into_owned()));
    let mut entry = json!({
        "key": key.map_or_else(|| json!(index), |key| json!(key)),
        "path": path.child(segment).to_string(),
        "type": document.kind(id).name(),
        "preview": preview(document, id),
    });
    if let Some(size) = size(document, id) {
        entry["size"] = json!(size);
    }
    entry
}

/// How many values an array or an object has; how many bytes a string has.
fn size(document: &Document, id: NodeId) -> Option<usize> {
    match document.kind(id) {
        Kind::Object | Kind::Array => Some(document.len(id)),
        Kind::String => Some(document.string(id).len()),
        _ => None,
    }
}

/// The beginning of a value: a string without its quotation marks, everything else as JSON.
pub(super) fn preview(document: &Document, id: NodeId) -> String {
    // A character has at most six bytes as JSON, and a pair of surrogates twelve.
    let (text, is_whole) = cut(document.text(id), 0, 12 * PREVIEW);
    let text = match document.kind(id) {
        Kind::String if is_whole => document.string(id),
        Kind::String => text.trim_start_matches('"').into(),
        _ => text.into(),
    };
    let mut preview: String = text.chars().take(PREVIEW).collect();
    if preview.len() < text.len() || !is_whole {
        preview.push('…');
    }
    preview
}

/// At most so many bytes of a text from an offset on, as whole characters. Tells whether that is the whole text.
fn cut(text: &str, offset: usize, bytes: usize) -> (&str, bool) {
    let start = text.floor_char_boundary(offset.min(text.len()));
    let end = text.floor_char_boundary(start.saturating_add(bytes).min(text.len()));
    (&text[start..end], start == 0 && end == text.len())
}

fn matcher(filter: &str) -> Option<Regex> {
    RegexBuilder::new(&regex::escape(filter)).case_insensitive(true).build().ok()
}

/// Whether a value or anything in it has the text that is looked for.
fn has_match(document: &Document, id: NodeId, filter: &Regex) -> bool {
    // Without escapes, what is not in the JSON is in none of its strings. That spares a look at each.
    let text = document.text(id);
    if !text.contains('\\') && !filter.is_match(text) {
        return is_match(document, id, filter);
    }
    document.subtree(id).any(|node| is_match(document, node, filter))
}

/// Whether the key or the value itself has the text that is looked for.
fn is_match(document: &Document, id: NodeId, filter: &Regex) -> bool {
    let has_value = || match document.kind(id) {
        Kind::Object | Kind::Array => false,
        Kind::String => filter.is_match(&document.string(id)),
        _ => filter.is_match(document.text(id)),
    };
    document.key(id).is_some_and(|key| filter.is_match(&key)) || has_value()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn read(document: &Document, path: &str, offset: usize, limit: usize, filter: Option<&str>) -> Value {
        let path = Path::parse(path).unwrap();
        node(document, &path, document.find(&path).unwrap(), &Part { offset, limit, filter })
    }

    fn keys(node: &Value) -> Vec<String> {
        node["children"].as_array().unwrap().iter().map(|child| child["key"].to_string()).collect()
    }

    #[test]
    fn children_come_in_pages() {
        let items: Vec<Value> = (0..1000).map(|id| json!({ "id": id, "name": format!("User {id}") })).collect();
        let document = Document::new(json!({ "users": items }).to_string().into()).unwrap();
        let page = read(&document, "$.users", 500, 2, None);
        assert_eq!((&page["type"], &page["size"], &page["total"]), (&json!("array"), &json!(1000), &json!(1000)));
        assert_eq!(keys(&page), ["500", "501"]);
        let child = &page["children"][0];
        assert_eq!(child["path"], "$.users[500]");
        assert_eq!((&child["type"], &child["size"]), (&json!("object"), &json!(2)));
        assert_eq!(child["preview"], r#"{"id":500,"name":"User 500"}"#);
        assert_eq!(keys(&read(&document, "$.users", 999, 5, None)), ["999"]);
        assert!(keys(&read(&document, "$.users", usize::MAX, 5, None)).is_empty());
    }

    #[test]
    fn a_filter_keeps_what_has_the_text_at_any_depth() {
        let text = r#"{"a": [{"x": {"deep": "Needle\n"}}, 1], "needles": 2, "c": {"d": "hay"}, "n": 1.50}"#;
        let document = Document::new(text.into()).unwrap();
        let found = |filter| keys(&read(&document, "$", 0, 100, Some(filter)));
        assert_eq!(found("NEEDLE"), [r#""a""#, r#""needles""#]);
        assert_eq!(found("needle\n"), [r#""a""#]);
        assert_eq!(found("1.5"), [r#""n""#]);
        assert_eq!(found(".*"), Vec::<String>::new());
        assert_eq!(found("").len(), 4);
        assert_eq!(read(&document, "$.a", 0, 9, Some("deep"))["total"], 1);
    }

    #[test]
    fn values_are_whole_up_to_a_limit() {
        let long = "é".repeat(100_000);
        let document = Document::new(json!({ "long": long, "n": 1, "text": "a\"b" }).to_string().into()).unwrap();
        let node = read(&document, "$.long", 0, 0, None);
        assert_eq!((node["value"].as_str().unwrap().len(), &node["truncated"]), (VALUE_BYTES, &json!(true)));
        assert_eq!(node["size"], 200_000);
        let rest = read(&document, "$.long", 199_999, 0, None);
        assert_eq!((&rest["value"], &rest["truncated"]), (&json!("é"), &json!(true)));
        assert_eq!(node["preview"].as_str().unwrap().chars().count(), PREVIEW + 1);
        assert_eq!(read(&document, "$.text", 0, 0, None)["value"], "a\"b");
        assert_eq!(read(&document, "$.n", 0, 0, None)["value"], 1);
    }

    #[test]
    fn digits_are_kept() {
        let document = Document::new("[12345678901234567890123, 1.50]".into()).unwrap();
        let previews: Vec<_> = document.children(document.root()).map(|node| preview(&document, node)).collect();
        assert_eq!(previews, ["12345678901234567890123", "1.50"]);
    }

    #[test]
    fn a_page_of_thirty_megabytes_is_read_at_once() {
        let users: Vec<Value> = (0..100_000)
            .map(|id| {
                let name = format!("User {id}");
                json!({ "id": id.to_string(), "name": name, "email": "ada@example.com", "roles": [1, 2, 3], "text": "x".repeat(180) })
            })
            .collect();
        let text = Value::Array(users).to_string();
        assert!(text.len() > 25 << 20, "{}", text.len());
        let started = Instant::now();
        let document = Document::new(text.into()).unwrap();
        let indexed = started.elapsed();
        let started = Instant::now();
        let page = read(&document, "$", 99_900, 100, None);
        let last = started.elapsed();
        let started = Instant::now();
        let found = read(&document, "$", 0, 100, Some("user 99999"));
        let filtered = started.elapsed();
        eprintln!(
            "indexed in {indexed:?}, last page in {last:?}, filtered in {filtered:?}, index {} bytes",
            document.index_bytes()
        );
        assert_eq!((keys(&page).len(), keys(&found)), (100, vec!["99999".to_owned()]));
        // Without optimization, on a busy machine.
        assert!(last < Duration::from_secs(2), "{last:?}");
    }
}
