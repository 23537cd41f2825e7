//! One output that is kept.

use super::document::{Document, NotJson};
use base64::Engine as _;
use connector_host::{Body, File};
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

/// The bytes of a file that its document shows. The whole file is there as it is.
const SHOWN_BYTES: usize = 3 * 1024;

/// Records that are looked at to see whether a text is a table.
const CSV_RECORDS: usize = 20;

/// An output that is kept.
pub(in crate::serve) struct Kept {
    step: String,
    operation: String,
    content: Content,
    has_next: bool,
    finished_at: SystemTime,
    document: OnceLock<Result<Document, NotJson>>,
}

/// What an operation gave. JSON is here as its text.
pub(in crate::serve) enum Content {
    Json(Arc<str>),
    Text(String),
    File(File),
    Nothing,
}

impl From<&Body> for Content {
    fn from(body: &Body) -> Self {
        match body {
            Body::Json(text) => Self::Json(text.as_str().into()),
            Body::Text(text) => Self::Text(text.clone()),
            Body::File(file) => Self::File(file.clone()),
            Body::Nothing => Self::Nothing,
        }
    }
}

impl Kept {
    pub(in crate::serve) fn new(step: &str, operation: &str, content: Content, has_next: bool) -> Self {
        let (step, operation, finished_at) = (step.to_owned(), operation.to_owned(), SystemTime::now());
        Self { step, operation, content, has_next, finished_at, document: OnceLock::new() }
    }

    pub(super) fn step(&self) -> &str {
        &self.step
    }

    pub(super) fn content(&self) -> &Content {
        &self.content
    }

    /// The bytes that the output has.
    fn size(&self) -> usize {
        match &self.content {
            Content::Json(text) => text.len(),
            Content::Text(text) => text.len(),
            Content::File(file) => file.bytes.len(),
            Content::Nothing => 0,
        }
    }

    /// The memory that it takes, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        let document = self.document.get().and_then(|document| document.as_ref().ok());
        let own_text = |document: &Document| match &self.content {
            // The document's text is the output's.
            Content::Json(_) => 0,
            _ => document.text(document.root()).len(),
        };
        let document = document.map_or(0, |document| document.index_bytes() + own_text(document));
        (self.size() + document) as u64
    }

    /// As the API describes it.
    pub(in crate::serve) fn info(&self) -> Value {
        let kind = match &self.content {
            Content::Json(_) => "json",
            Content::Text(_) => "text",
            Content::File(_) => "file",
            Content::Nothing => "nothing",
        };
        let mut info = json!({
            "step": self.step,
            "operation": self.operation,
            "kind": kind,
            "bytes": self.size(),
            "has_next": self.has_next,
            "finished_at": humantime::format_rfc3339_millis(self.finished_at).to_string(),
            "pinned": true,
        });
        if let Some(media_type) = self.media_type() {
            info["media_type"] = json!(media_type);
        }
        if let Content::File(File { name: Some(name), .. }) = &self.content {
            info["name"] = json!(name);
        }
        info
    }

    /// Its media type. A text that has the form of a table is one.
    pub(super) fn media_type(&self) -> Option<&str> {
        match &self.content {
            Content::Json(_) => Some("application/json"),
            Content::Text(text) if is_csv(text) => Some("text/csv"),
            Content::Text(_) => Some("text/plain"),
            Content::File(file) => Some(&file.media_type),
            Content::Nothing => None,
        }
    }

    /// Its values as references see them. Indexing takes a moment for large outputs; the index is kept.
    pub(in crate::serve) fn document(&self) -> Result<&Document, NotJson> {
        let document = self.document.get_or_init(|| match &self.content {
            Content::Json(text) => Document::new(Arc::clone(text)),
            Content::Text(text) => Document::new(Value::from(text.as_str()).to_string().into()),
            Content::Nothing => Document::new("null".into()),
            Content::File(file) => {
                let shown = &file.bytes[..file.bytes.len().min(SHOWN_BYTES)];
                let base64 = base64::engine::general_purpose::STANDARD.encode(shown);
                Document::new(
                    json!({ "media_type": file.media_type, "name": file.name, "base64": base64 }).to_string().into(),
                )
            }
        });
        document.as_ref().map_err(|error| *error)
    }

    /// The whole output as a run sees it.
    pub(in crate::serve) fn to_value(&self) -> Result<Value, NotJson> {
        match &self.content {
            Content::File(file) => Ok(json!({
                "media_type": file.media_type,
                "name": file.name,
                "base64": base64::engine::general_purpose::STANDARD.encode(&file.bytes),
            })),
            _ => self.document()?.to_value().map_err(|_| NotJson),
        }
    }
}

/// Whether a text has the form of CSV: its first records have equally many fields, and more than one.
fn is_csv(text: &str) -> bool {
    let mut records = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let mut fields = 0;
    let mut seen = 0;
    for record in records.records().take(CSV_RECORDS) {
        // Records of another length than the first are errors.
        let Ok(record) = record else { return false };
        fields = record.len();
        seen += 1;
    }
    seen > 1 && fields > 1
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn kept(content: Content) -> Kept {
        Kept::new("a", "get", content, false)
    }

    #[test]
    fn text_in_the_form_of_a_table_is_csv() {
        for (text, media_type) in [
            ("a,b\n1,2\n", "text/csv"),
            ("a,b\n\"1\n,\",2\n", "text/csv"),
            ("a\n1\n", "text/plain"),
            ("Hello, you\nand all\n", "text/plain"),
            ("a,b\n", "text/plain"),
            ("", "text/plain"),
        ] {
            assert_eq!(kept(Content::Text(text.to_owned())).media_type(), Some(media_type), "{text}");
        }
    }

    #[test]
    fn a_run_sees_a_whole_file_and_the_tree_its_beginning() {
        let bytes = vec![7; 100_000];
        let file = File { media_type: "image/png".to_owned(), name: None, bytes };
        let kept = kept(Content::File(file));
        kept.document().unwrap();
        assert!(kept.bytes() < 110_000);
        assert_eq!(kept.to_value().unwrap()["base64"].as_str().unwrap().len(), 133_336);
        assert_eq!(kept.to_value().unwrap()["name"], Value::Null);
    }
}
