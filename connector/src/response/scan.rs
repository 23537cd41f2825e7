//! Looks through a JSON document as it arrives, for failures that the result of a query reports, and for its end.
//!
//! A result can be larger than the sandbox's memory, so nothing is kept of it but what reports a failure: a row with
//! `looker_error`, and `errors` or `error` beside the rows. This is not a JSON parser: it follows strings and brackets, and
//! finds a document that is cut off or followed by other text.

/// How much is kept of a report.
const LONGEST_REPORT: usize = 64 * 1024;
/// The key of an error in a row.
const LOOKER_ERROR: &[u8] = b"looker_error";
/// The depth within which containers and keys matter: rows are at most in an array in an object.
const DEPTH: usize = 3;

/// What was found in a document so far.
#[derive(Debug, Default)]
pub struct Scan {
    /// The row that reports an error.
    pub error_row: Option<Vec<u8>>,
    /// The value of `errors` beside the rows.
    pub errors: Option<Vec<u8>>,
    /// The value of `error` beside the rows, or of `looker_error` in place of them.
    pub error: Option<Vec<u8>>,
    /// Whether there are rows.
    pub has_rows: bool,
    /// Whether the first row is known not to report an error.
    pub first_row_is_good: bool,

    started: bool,
    ended: bool,
    has_text_after: bool,
    depth: usize,
    /// For the outermost containers: whether it is an object.
    is_object: [bool; DEPTH],
    in_string: bool,
    is_escaped: bool,
    expects_key: bool,
    key: Option<Key>,
    /// The last key of the outermost object.
    top_key: Key,
    row: Option<Row>,
    capture: Option<Capture>,
    /// The memory of the last row that was not kept, for the next one.
    spare: Vec<u8>,
}

/// The beginning of a key: enough to tell it from others.
#[derive(Debug, Clone, Copy, Default)]
struct Key {
    bytes: [u8; LOOKER_ERROR.len()],
    length: usize,
}

impl Key {
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
        }
        self.length += 1;
    }

    fn is(&self, name: &[u8]) -> bool {
        self.bytes.get(..self.length) == Some(name)
    }
}

/// The place of the quote that ends a string, or whether the next character is escaped where there is none.
fn string_end(bytes: &[u8]) -> Result<usize, bool> {
    let mut at = 0;
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok(at),
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
            None => return Err(at > bytes.len()),
        }
    }
}

/// The row that is being read.
#[derive(Debug)]
struct Row {
    depth: usize,
    keys: usize,
    is_error: bool,
}

/// A value that is being kept.
#[derive(Debug)]
struct Capture {
    what: Captured,
    depth: usize,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Captured {
    Row,
    Errors,
    Error,
}

impl Scan {
    /// Reads on.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            if let Some(depth) = self.good_row() {
                rest = self.skip_row(rest, depth);
                if rest.is_empty() {
                    return;
                }
                // Its closing brace.
                self.byte(rest[0]);
                rest = &rest[1..];
                continue;
            }
            self.byte(byte);
            rest = after;
        }
    }

    /// The depth of the row that is being read, if it is known not to report an error.
    fn good_row(&self) -> Option<usize> {
        let is_outside = !self.in_string && self.capture.is_none();
        self.row.as_ref().filter(|row| is_outside && row.keys > 0 && !row.is_error).map(|row| row.depth)
    }

    /// Passes over a row as far as it goes, up to its closing brace: nothing in it matters. Most of a result is in rows.
    fn skip_row<'a>(&mut self, bytes: &'a [u8], depth: usize) -> &'a [u8] {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'"' => match string_end(&bytes[at + 1..]) {
                    Ok(length) => at += 1 + length,
                    Err(is_escaped) => {
                        (self.in_string, self.is_escaped) = (true, is_escaped);
                        return &[];
                    }
                },
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth == depth => break,
                b'}' | b']' => self.depth -= 1,
                _ => {}
            }
            at += 1;
        }
        &bytes[at..]
    }

    /// Whether the document is complete: it has begun and every string and bracket is closed. A number or a word at the
    /// top cannot be seen to end.
    pub fn is_complete(&self) -> bool {
        self.started && self.depth == 0 && !self.in_string
    }

    /// Whether there is text after the end of the document.
    pub fn has_text_after(&self) -> bool {
        self.has_text_after
    }

    /// Whether the document is an object, in which a report can come last.
    pub fn is_object(&self) -> bool {
        self.is_object[0]
    }

    /// Reads one byte.
    pub fn byte(&mut self, byte: u8) {
        if self.in_string {
            self.keep(byte);
            self.string_byte(byte);
            return;
        }
        if byte.is_ascii_whitespace() {
            self.keep(byte);
            return;
        }
        if self.ended {
            self.has_text_after = true;
            return;
        }
        // A byte order mark is no text.
        self.started |= !matches!(byte, 0xef | 0xbb | 0xbf);
        match byte {
            b'"' => {
                self.begin_value_unless_key(false);
                self.in_string = true;
                if self.expects_key && self.needs_key() {
                    self.key = Some(Key::default());
                }
            }
            b'{' | b'[' => {
                self.begin_value_unless_key(byte == b'{');
                self.open(byte == b'{');
            }
            b'}' | b']' => {
                self.end_value();
                self.keep(byte);
                self.close();
                return;
            }
            b',' => {
                self.end_value();
                self.expects_key = self.depth >= 1 && self.depth <= DEPTH && self.is_object[self.depth - 1];
            }
            b':' => self.expects_key = false,
            _ => self.begin_value_unless_key(false),
        }
        self.keep(byte);
    }

    fn string_byte(&mut self, byte: u8) {
        if self.is_escaped {
            self.is_escaped = false;
        } else if byte == b'\\' {
            self.is_escaped = true;
        } else if byte == b'"' {
            self.in_string = false;
            if let Some(key) = self.key.take() {
                self.key_is_read(key);
            } else if self.depth == 0 {
                self.ended = true;
            }
            return;
        }
        if let Some(key) = &mut self.key {
            key.push(byte);
        }
    }

    /// Whether the next key matters: beside the rows, the first of a row, and each of a row that reports an error.
    fn needs_key(&self) -> bool {
        let in_row = self.row.as_ref().is_some_and(|row| row.depth == self.depth && (row.keys == 0 || row.is_error));
        self.depth == 1 || in_row
    }

    fn key_is_read(&mut self, key: Key) {
        let depth = self.depth;
        if let Some(row) = self.row.as_mut().filter(|row| row.depth == depth) {
            row.keys += 1;
            if row.keys == 1 && key.is(LOOKER_ERROR) {
                row.is_error = true;
            }
            if row.keys == 1 && !row.is_error {
                self.first_row_is_good = true;
                self.spare = self.capture.take().map(|capture| capture.bytes).unwrap_or_default();
            }
        }
        if depth == 1 {
            self.top_key = key;
        }
    }

    /// Notes the beginning of a value: a row, or one of the values beside the rows.
    fn begin_value_unless_key(&mut self, is_object: bool) {
        if self.expects_key {
            return;
        }
        match self.depth {
            1 if self.is_object[0] => {
                if self.top_key.is(b"errors") {
                    self.start(Captured::Errors);
                } else if self.top_key.is(b"error") || self.top_key.is(LOOKER_ERROR) {
                    self.start(Captured::Error);
                }
            }
            1 => {
                self.has_rows = true;
                self.first_row_is_good |= !is_object;
            }
            2 if self.is_object[0] && self.is_rows() => self.has_rows = true,
            _ => {}
        }
    }

    fn is_rows(&self) -> bool {
        !self.is_object[1] && self.is_at_rows()
    }

    fn is_at_rows(&self) -> bool {
        self.top_key.is(b"rows") || self.top_key.is(b"data")
    }

    fn start(&mut self, what: Captured) {
        if self.capture.is_none() {
            let mut bytes = std::mem::take(&mut self.spare);
            bytes.clear();
            self.capture = Some(Capture { what, depth: self.depth, bytes });
        }
    }

    fn open(&mut self, is_object: bool) {
        let is_row = is_object
            && match self.depth {
                1 => !self.is_object[0],
                2 => self.is_object[0] && self.is_rows(),
                _ => false,
            };
        if is_row {
            self.row = Some(Row { depth: self.depth + 1, keys: 0, is_error: false });
            self.start(Captured::Row);
        }
        // Data by columns, or an object with rows in it.
        if is_object && self.depth == 1 && self.is_at_rows() {
            self.has_rows = true;
        }
        if self.depth < DEPTH {
            self.is_object[self.depth] = is_object;
        }
        self.depth += 1;
        self.expects_key = is_object && self.depth <= DEPTH;
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.expects_key = false;
        self.ended = self.depth == 0;
        let depth = self.depth;
        if let Some(row) = self.row.take_if(|row| row.depth == depth + 1) {
            let is_first = !self.first_row_is_good;
            match self.capture.take_if(|capture| capture.what == Captured::Row) {
                Some(capture) if row.is_error && (is_first || row.keys == 1) => {
                    self.error_row.get_or_insert(capture.bytes);
                }
                _ => {}
            }
            self.first_row_is_good = true;
        } else if self.capture.as_ref().is_some_and(|capture| capture.depth == depth) {
            self.end_value();
        }
    }

    /// Ends what is being kept, if it is a value beside the rows at this depth.
    fn end_value(&mut self) {
        let depth = self.depth;
        let Some(capture) = self.capture.take_if(|capture| capture.what != Captured::Row && capture.depth == depth)
        else {
            return;
        };
        let place = if capture.what == Captured::Errors { &mut self.errors } else { &mut self.error };
        place.get_or_insert(capture.bytes);
    }

    fn keep(&mut self, byte: u8) {
        if let Some(capture) = &mut self.capture
            && capture.bytes.len() < LONGEST_REPORT
        {
            capture.bytes.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scans a document whole and byte by byte, which must give the same.
    fn scan(document: &str) -> Scan {
        let (mut whole, mut bytes) = (Scan::default(), Scan::default());
        whole.feed(document.as_bytes());
        document.as_bytes().iter().for_each(|byte| bytes.feed(&[*byte]));
        assert_eq!(format!("{whole:?}"), format!("{bytes:?}"));
        whole
    }

    fn text(bytes: Option<Vec<u8>>) -> Option<String> {
        bytes.map(|bytes| String::from_utf8(bytes).unwrap().trim().to_owned())
    }

    #[test]
    fn finds_rows_that_report_errors() {
        for (document, expected) in [
            (r#"[{"looker_error":"x"}]"#, Some(r#"{"looker_error":"x"}"#)),
            (r#" [ { "looker_error" : {"a": ["]"]} } , {"a":1}]"#, Some(r#"{ "looker_error" : {"a": ["]"]} }"#)),
            (r#"[{"a":1},{"a":{"looker_error":1}},{"looker_error":"x"}]"#, Some(r#"{"looker_error":"x"}"#)),
            (r#"[{"looker_error":"x","a":1}]"#, Some(r#"{"looker_error":"x","a":1}"#)),
            (
                r#"{"metadata":{"rows":[{"looker_error":1}]},"rows":[{"a":1},{"looker_error":"x"}]}"#,
                Some(r#"{"looker_error":"x"}"#),
            ),
            (r#"{"rows":[{"looker_error":"x"}],"metadata":{}}"#, Some(r#"{"looker_error":"x"}"#)),
            (r#"[{"a":1},{"looker_error":"x","b":2}]"#, None),
            (r#"[{"a":"{\"looker_error\":1}"},{"b":"\\"},{"looker_error ":1}]"#, None),
            (r#"[[{"looker_error":"x"}]]"#, None),
            (r#"{"other":[{"looker_error":"x"}]}"#, None),
            (r#"[1,"looker_error",{}]"#, None),
        ] {
            assert_eq!(text(scan(document).error_row).as_deref(), expected, "{document}");
        }
    }

    #[test]
    fn finds_errors_beside_the_rows() {
        for (document, errors, error, has_rows) in [
            (r#"{"errors":[{"message":"a"},[]],"data":[]}"#, Some(r#"[{"message":"a"},[]]"#), None, false),
            (r#"{"data":[{"a":1}],"errors": null }"#, Some("null"), None, true),
            (r#"{"data":[1],"errors":"x"}"#, Some("\"x\""), None, true),
            (r#"{"error":"x, {y}"}"#, None, Some("\"x, {y}\""), false),
            (r#"{"error":5,"rows":{"a":[]}}"#, None, Some("5"), true),
            (r#"{"error":{"message":"x"},"errors":[]}"#, Some("[]"), Some(r#"{"message":"x"}"#), false),
            (r#"{"a":{"errors":[1]},"b":[{"error":2}]}"#, None, None, false),
            (r#"[{"errors":[1]}]"#, None, None, true),
            ("[]", None, None, false),
            (r#"{"data":null,"rows":[]}"#, None, None, false),
        ] {
            let scan = scan(document);
            assert_eq!(text(scan.errors).as_deref(), errors, "{document}");
            assert_eq!(text(scan.error).as_deref(), error, "{document}");
            assert_eq!(scan.has_rows, has_rows, "{document}");
        }
    }

    #[test]
    fn finds_the_end() {
        for document in ["[]", "{}", " {\"a\":[1,\"]\"]} \n", "\"a\"", "5", "null", "\u{feff}[]"] {
            let scan = scan(document);
            assert!(scan.is_complete() && !scan.has_text_after(), "{document}");
        }
        for document in ["", " ", "[", "[{\"a\":1},", "{\"a\":\"}", "\"a", "\u{feff}"] {
            assert!(!scan(document).is_complete(), "{document}");
        }
        for document in ["[]x", "{} {}", "\"a\"b", "[{\"a\":1}]\nError"] {
            assert!(scan(document).has_text_after(), "{document}");
        }
    }

    #[test]
    fn keeps_little() {
        let long = format!(r#"[{{"looker_error":"{}"}}]"#, "x".repeat(3 * LONGEST_REPORT));
        assert_eq!(scan(&long).error_row.unwrap().len(), LONGEST_REPORT);
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(scan(&deep).is_complete());
    }
}
