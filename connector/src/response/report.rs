//! What the result of a query, or one of several results, reports of its failure.

use super::scan::Scan;
use serde_json::Value;

/// A document that is the result of a query, or an object of several, followed as it arrives.
#[derive(Debug, Default)]
pub struct Results {
    document: Scan,
    several: Option<Several>,
}

impl Results {
    /// Starts a document, which may be an object of several results.
    pub fn of(is_several: bool) -> Self {
        Self { document: Scan::default(), several: is_several.then(Several::default) }
    }

    /// Reads on.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.document.feed(bytes);
        if let Some(several) = &mut self.several {
            bytes.iter().for_each(|byte| several.byte(*byte));
        }
    }

    /// What was found in the document as a whole.
    pub fn document(&self) -> &Scan {
        &self.document
    }

    /// The error that was reported so far, with the name of the result if there are several. Errors beside the rows are
    /// certain only at the end.
    pub fn report(&self) -> Option<(Option<&str>, Value)> {
        match &self.several {
            Some(several) => several.failed.as_ref().map(|(name, error)| (Some(name.as_str()), error.clone())),
            None => report(&self.document).map(|error| (None, error)),
        }
    }

    /// Whether a failure is certain before the end.
    pub fn has_failed(&self) -> bool {
        self.document.error_row.is_some() || self.several.as_ref().is_some_and(|several| several.failed.is_some())
    }
}

/// What a result says of its failure.
fn report(scan: &Scan) -> Option<Value> {
    let parse = |bytes: &Vec<u8>| serde_json::from_slice(bytes).unwrap_or(Value::Null);
    if let Some(row) = &scan.error_row {
        return Some(match parse(row) {
            Value::Object(mut row) => row.remove("looker_error").unwrap_or_default(),
            _ => Value::Null,
        });
    }
    let errors = match scan.errors.as_ref().map(parse) {
        Some(Value::Array(errors)) => errors,
        Some(error) if !is_empty(&error) => vec![error],
        _ => Vec::new(),
    };
    let error = scan.error.as_ref().map(parse).filter(|error| !is_empty(error));
    let fatal = |error: &Value| error.get("fatal").and_then(Value::as_bool);
    // What is not said to be fatal, or not, is so where there are no rows.
    let is_failure = |error: &Value| fatal(error).unwrap_or(!scan.has_rows);
    let (failures, notes): (Vec<Value>, Vec<Value>) = errors.into_iter().partition(is_failure);
    if failures.is_empty() && error.is_none() {
        return None;
    }
    if failures.is_empty() && notes.is_empty() {
        return error;
    }
    // The first is the message, so notes come last.
    let errors: Vec<Value> = failures.into_iter().chain(error).chain(notes).collect();
    Some(Value::Array(errors))
}

/// Whether a value says nothing. `false` says that there is no error.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// An object of several results, each of which is scanned for itself.
#[derive(Debug, Default)]
struct Several {
    depth: usize,
    in_string: bool,
    is_escaped: bool,
    expects_name: bool,
    in_name: bool,
    name: Vec<u8>,
    result: Scan,
    failed: Option<(String, Value)>,
}

/// The longest name of a result that is kept.
const LONGEST_NAME: usize = 100;

impl Several {
    fn byte(&mut self, byte: u8) {
        if self.in_string {
            let was_in_name = self.in_name;
            if self.is_escaped {
                self.is_escaped = false;
            } else if byte == b'\\' {
                self.is_escaped = true;
            } else if byte == b'"' {
                (self.in_string, self.in_name) = (false, false);
            }
            if !was_in_name {
                self.result.byte(byte);
            } else if self.in_name && self.name.len() < LONGEST_NAME {
                self.name.push(byte);
            }
            return;
        }
        match byte {
            b'"' => {
                self.in_string = true;
                self.in_name = self.depth == 1 && self.expects_name;
                if self.in_name {
                    self.name.clear();
                } else {
                    self.result.byte(byte);
                }
            }
            b'{' | b'[' => {
                if self.depth >= 1 {
                    self.result.byte(byte);
                }
                self.depth += 1;
                self.expects_name = self.depth == 1;
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth >= 1 {
                    self.result.byte(byte);
                } else {
                    self.end_result();
                }
            }
            b',' if self.depth == 1 => {
                self.end_result();
                self.expects_name = true;
            }
            b':' if self.depth == 1 => self.expects_name = false,
            _ if self.depth >= 1 => self.result.byte(byte),
            _ => {}
        }
    }

    fn end_result(&mut self) {
        let result = std::mem::take(&mut self.result);
        if self.failed.is_none() {
            let name = String::from_utf8_lossy(&self.name);
            self.failed = report(&result).map(|error| (name.into_owned(), error));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_result_that_failed_among_several() {
        let failed = |document: &str| {
            let mut results = Results::of(true);
            results.feed(document.as_bytes());
            results.report().map(|(name, error)| (name.unwrap().to_owned(), error))
        };
        let row = r#"{"t1":[{"a":"\\"}, {"a":"]\""}],"t2" : [{"a":1},{"looker_error":"x"}],"t3":{"error":"y"}}"#;
        assert_eq!(failed(row), Some(("t2".into(), "x".into())));
        assert_eq!(failed(r#"{"t1":{"data":[1],"error":"x"}}"#), Some(("t1".into(), "x".into())));
        assert_eq!(failed(r#"{"t1":[],"t2":{"data":[]},"error":5,"t4":"looker_error"}"#), None);
        let notes = r#"{"t1":{"errors":[{"message":"a note","fatal":false}]},"t2":{"error":"x"}}"#;
        assert_eq!(failed(notes), Some(("t2".into(), "x".into())));
        assert_eq!(failed("[]"), None);
    }
}
