//! Reads the body of an error response: Looker's JSON, a proxy's web page, plain text or nothing.

use crate::auth::Address;
use crate::context::Context;
use crate::failure::FieldProblem;
use crate::retry::Received;
use crate::web_page;
use redact::Redactor;
use serde_json::{Map, Value};

/// The longest message of Looker's that is shown, in characters.
const LONGEST_MESSAGE: usize = 2000;
/// The longest line of a web page or a plain text that is shown, in characters.
const LONGEST_LINE: usize = 300;

/// What an error's body says.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Explanation {
    /// What the body is.
    pub source: Source,
    /// The message.
    pub message: Option<String>,
    /// Where Looker explains it.
    pub documentation_url: Option<String>,
    /// The fields that it names.
    pub fields: Vec<FieldProblem>,
}

/// What the body of an error is, and so who sent it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Source {
    /// JSON, as Looker's API sends it.
    Looker,
    /// A web page or a plain text: not from Looker's API.
    Other,
    /// Nothing, or nothing that can be read.
    #[default]
    Nothing,
}

impl Explanation {
    /// Reads an error's body.
    pub fn read(received: &Received<Vec<u8>>, context: &Context) -> Self {
        if let Some(encoding) = received.headers.content_encoding() {
            let message = Some(format!("its text is encoded as {encoding}, which the connector did not ask for"));
            return Self { source: Source::Other, message, ..Self::default() };
        }
        let text = String::from_utf8_lossy(&received.body);
        let text = text.trim_start_matches('\u{feff}').trim();
        match serde_json::from_str(text) {
            Ok(document) => Self::from_json(document, context.address, context.secrets),
            // JSON that is cut off or broken is not readable and can be anything: half the response to a login, for
            // example, with a token in it that nobody knows yet.
            Err(_) if text.is_empty() || text.starts_with(['{', '[']) => Self::default(),
            Err(_) => {
                let message = page_line(text, context.secrets);
                Self { source: Source::Other, message, ..Self::default() }
            }
        }
    }

    /// Reads an error in JSON.
    pub fn from_json(document: Value, address: &Address, secrets: &Redactor) -> Self {
        let reader = Reader { address, secrets };
        let explanation = match document {
            Value::Object(error) => reader.object(&error),
            Value::Array(errors) => {
                let fields: Vec<FieldProblem> = errors.iter().map(|error| reader.field_problem(error)).collect();
                let message = fields.iter().map(|field| field.message.clone()).find(|message| !message.is_empty());
                Self { message, fields, ..Self::default() }
            }
            other => Self { message: reader.text(&other), ..Self::default() },
        };
        Self { source: Source::Looker, ..explanation }
    }
}

/// One line of a web page or a plain text, without secrets and of limited length.
pub(crate) fn page_line(document: &str, secrets: &Redactor) -> Option<String> {
    // The whole text is redacted, since cutting it could leave half a secret.
    web_page::readable_line(&secrets.redact(document)).map(|line| cut(&line, LONGEST_LINE))
}

struct Reader<'a> {
    address: &'a Address,
    secrets: &'a Redactor,
}

impl Reader<'_> {
    fn object(&self, error: &Map<String, Value>) -> Explanation {
        let text = |name: &str| error.get(name).and_then(|value| self.text(value));
        let fields = match error.get("errors") {
            Some(Value::Array(errors)) => errors.iter().map(|error| self.field_problem(error)).collect(),
            _ => Vec::new(),
        };
        // Looker has `message`; OAuth, and proxies before Looker, have the others.
        let message = ["message", "error_description", "error", "detail", "title"].into_iter().find_map(text);
        Explanation {
            source: Source::Looker,
            message: self.with_details(message, error),
            documentation_url: text("documentation_url").and_then(|url| documentation_url(&url, self.address)),
            fields,
        }
    }

    fn field_problem(&self, error: &Value) -> FieldProblem {
        let Value::Object(error) = error else {
            return FieldProblem { field: None, code: String::new(), message: self.text(error).unwrap_or_default() };
        };
        let text = |name: &str| error.get(name).and_then(|value| self.text(value));
        let message = text("message").or_else(|| text("text"));
        FieldProblem {
            field: text("field"),
            code: text("code").unwrap_or_default(),
            message: self.with_details(message, error).or_else(|| text("params")).unwrap_or_default(),
        }
    }

    /// A message followed by its details, which Looker gives for errors of queries.
    fn with_details(&self, message: Option<String>, error: &Map<String, Value>) -> Option<String> {
        let details = error.get("message_details").and_then(|value| self.text(value));
        match (message, details) {
            (Some(message), Some(details)) if !message.contains(&details) => {
                Some(cut(&format!("{message}\n{details}"), LONGEST_MESSAGE))
            }
            (message, details) => message.or(details),
        }
    }

    /// A JSON value as a message: the text of a string, anything else but `null` as JSON. Lines stay lines.
    fn text(&self, value: &Value) -> Option<String> {
        let text = match value {
            Value::Null => return None,
            Value::String(text) => self.secrets.redact(text),
            other => self.secrets.redact(&other.to_string()),
        };
        let lines = text.lines().map(printable);
        let text = lines.collect::<Vec<_>>().join("\n");
        let text = text.trim_matches('\n').trim_end();
        (!text.trim().is_empty()).then(|| cut(text, LONGEST_MESSAGE))
    }
}

/// A line without control characters, which could drive a terminal.
fn printable(line: &str) -> String {
    let line: String = line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    line.trim_end().to_owned()
}

/// The beginning of a text, with a mark where the rest was cut off.
fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let mut beginning: String = text.chars().take(longest - 1).collect();
    beginning.push('…');
    beginning
}

/// The URL of Looker's explanation. Only pages of Looker's or Google's, by HTTPS, are passed on: a server could name any.
fn documentation_url(url: &str, address: &Address) -> Option<String> {
    if url.chars().any(|letter| letter.is_whitespace() || letter.is_control() || letter == '\\') {
        return None;
    }
    let scheme = "https://";
    let is_absolute = url.contains("://") || url.starts_with("//");
    let url =
        if is_absolute { url.to_owned() } else { format!("{}/{}", address.base_url(), url.trim_start_matches('/')) };
    let rest =
        url.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme)).map(|_| &url[scheme.len()..])?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let is_allowed = authority == address.authority()
        || ["looker.com", "google.com"]
            .iter()
            .any(|domain| authority.strip_suffix(domain).is_some_and(|start| start.is_empty() || start.ends_with('.')));
    // A user name in front of the host would make another host look like an allowed one.
    (is_allowed && !authority.contains('@')).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Auth;
    use crate::transport::Headers;
    use redact::Secret;

    fn read(body: &[u8]) -> Explanation {
        let received = Received { status: 500, headers: Headers::default(), retry_after: None, body: body.to_vec() };
        let auth = Auth::parse(r#"{"domain": "looker.example.com", "access_token": "token"}"#, |_| None).unwrap();
        let mut secrets = Redactor::default();
        secrets.add(&Secret::new("the-secret".into()));
        Explanation::read(&received, &Context::login(&auth.address, &secrets))
    }

    fn message(body: &str) -> Option<String> {
        read(body.as_bytes()).message
    }

    #[test]
    fn reads_lookers_own_errors() {
        let explanation = read(
            br#"{"message": "Validation Failed", "documentation_url": "/docs/r/err/422", "errors":
                [{"field": "email", "code": "invalid", "message": "is no address", "documentation_url": "x"}]}"#,
        );
        assert_eq!(explanation.source, Source::Looker);
        assert_eq!(explanation.message.as_deref(), Some("Validation Failed"));
        assert_eq!(explanation.documentation_url.as_deref(), Some("https://looker.example.com/docs/r/err/422"));
        let expected =
            FieldProblem { field: Some("email".into()), code: "invalid".into(), message: "is no address".into() };
        assert_eq!(explanation.fields, [expected]);
    }

    #[test]
    fn documentation_is_at_looker_or_google_by_https() {
        for (url, expected) in [
            ("https://cloud.google.com/looker/docs/r/err", true),
            ("https://docs.looker.com/x?a=1#b", true),
            ("https://looker.example.com/x", true),
            ("https://google.com", true),
            ("http://cloud.google.com/looker", false),
            ("https://evil.example.com/", false),
            ("https://cloud.google.com.evil.example.com/", false),
            ("https://evilgoogle.com/", false),
            ("https://cloud.google.com@evil.example.com/", false),
            ("https://evil.example.com\\@cloud.google.com/", false),
            ("https://evil.example.com#.google.com", false),
            ("//evil.example.com/x", false),
            ("javascript:alert(1)//https://cloud.google.com", false),
            ("https://cloud.google.com/ \u{1b}[31m", false),
        ] {
            let document = serde_json::json!({ "documentation_url": url }).to_string();
            let seen = read(document.as_bytes()).documentation_url;
            assert_eq!(seen.as_deref(), expected.then_some(url), "{url}");
        }
    }

    #[test]
    fn reads_every_shape_of_error() {
        for (body, expected) in [
            ("", None),
            ("  \n", None),
            ("null", None),
            (r#"{"message": null, "errors": null, "documentation_url": null}"#, None),
            (r#"{"message": {"a": 1}}"#, Some(r#"{"a":1}"#)),
            (r#"{"message": 7}"#, Some("7")),
            (r#"{"error": "invalid_grant", "error_description": "too old"}"#, Some("too old")),
            (r#"{"message": "no", "message_details": "such view"}"#, Some("no\nsuch view")),
            (r#"{"message": "", "message_details": "such view"}"#, Some("such view")),
            (r#""just text""#, Some("just text")),
            (r#"["first", "second"]"#, Some("first")),
            (r#"[{"message": "in an array"}]"#, Some("in an array")),
            ("upstream connect error\nreset", Some("upstream connect error")),
            ("<html><head><TITLE>502 Bad\n Gateway</TITLE></head><body>x</body></html>", Some("502 Bad Gateway")),
        ] {
            assert_eq!(message(body).as_deref(), expected, "{body}");
        }
        assert_eq!(read(b"\xff\xfe").message.as_deref(), Some("\u{fffd}\u{fffd}"));
    }

    #[test]
    fn lookers_messages_keep_their_lines() {
        let body =
            r#"{"message": "<b> is unknown\r\n  at line 2\u001b[31m\n\nhint", "errors": [{"message": "one\ntwo"}]}"#;
        let explanation = read(body.as_bytes());
        assert_eq!(explanation.message.as_deref(), Some("<b> is unknown\n  at line 2 [31m\n\nhint"));
        assert_eq!(explanation.fields[0].message, "one\ntwo");
    }

    #[test]
    fn json_that_is_cut_off_is_not_quoted() {
        // Found by random responses through the component: a proxy's 502 with half of Looker's response to a login.
        for body in [r#"{"access_token": "the-token", "expires_in": 36"#, r#"[{"secret": "x"#, "\u{feff} {\"a\": \u{1}"]
        {
            assert_eq!(message(body), None, "{body}");
        }
    }

    #[test]
    fn errors_that_are_not_objects_are_kept() {
        let explanation = read(br#"{"message": "m", "errors": ["a", null, {"field": 3}]}"#);
        let texts: Vec<_> =
            explanation.fields.iter().map(|field| (field.field.as_deref(), field.message.as_str())).collect();
        assert_eq!(texts, [(None, "a"), (None, ""), (Some("3"), "")]);
    }

    #[test]
    fn long_messages_are_cut_and_marked() {
        let long = "ü".repeat(5000);
        let line = message(&long).unwrap();
        assert_eq!((line.chars().count(), line.ends_with('…')), (300, true));
        let document = serde_json::json!({ "message": long, "errors": [{ "message": long }] }).to_string();
        let explanation = read(document.as_bytes());
        for text in [&explanation.message.unwrap(), &explanation.fields[0].message] {
            assert_eq!((text.chars().count(), text.ends_with('…')), (2000, true));
        }
    }

    #[test]
    fn secrets_are_hidden_before_a_message_is_cut() {
        for length in 1980..2000 {
            let document = serde_json::json!({ "message": format!("{}the-secret", "x".repeat(length)) }).to_string();
            let message = message(&document).unwrap();
            assert!(!message.contains("the-"), "{length}");
        }
        for length in 285..300 {
            let message = message(&format!("<title>{}the-secret</title>", "x".repeat(length))).unwrap();
            assert!(!message.contains("the-"), "{length}");
        }
    }

    #[test]
    fn a_compressed_text_is_not_read() {
        let headers = Headers(vec![("Content-Encoding".into(), "gzip".into())]);
        let received = Received { status: 500, headers, retry_after: None, body: b"\x1f\x8b\x08".to_vec() };
        let auth = Auth::parse(r#"{"domain": "looker.example.com", "access_token": "token"}"#, |_| None).unwrap();
        let explanation = Explanation::read(&received, &Context::login(&auth.address, &Redactor::default()));
        assert!(explanation.message.unwrap().contains("gzip"));
    }
}
