//! Reads the body of an error response: Looker's JSON, a proxy's web page, plain text or nothing.

use crate::failure::FieldProblem;
use crate::retry::Received;
use serde_json::{Map, Value};

/// How much of a message is shown, in characters: the first line of a page says what it is, the rest is noise.
const LONGEST: usize = 300;

/// What an error's body says.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Explanation {
    /// The message, on one line.
    pub message: Option<String>,
    /// Where Looker explains it.
    pub documentation_url: Option<String>,
    /// The fields that it names.
    pub fields: Vec<FieldProblem>,
}

impl Explanation {
    /// Reads an error's body. `base_url` completes addresses that Looker gives without a host.
    pub fn read(received: &Received<Vec<u8>>, base_url: &str) -> Self {
        match serde_json::from_slice(&received.body) {
            Ok(document) => Self::from_json(document, base_url),
            Err(_) => {
                let text = String::from_utf8_lossy(&received.body);
                // JSON that is cut off or broken is no text for people, and can be anything: half the answer to a login, say,
                // with a token in it that nobody knows yet.
                let message = if looks_like_json(&text) { None } else { readable_line(&text) };
                Self { message, ..Self::default() }
            }
        }
    }

    /// Reads an error that Looker tells in JSON.
    pub fn from_json(document: Value, base_url: &str) -> Self {
        match document {
            Value::Object(error) => Self::from_object(&error, base_url),
            Value::Array(errors) => {
                let fields: Vec<FieldProblem> = errors.iter().map(field_problem).collect();
                let message = fields.iter().map(|field| field.message.clone()).find(|message| !message.is_empty());
                Self { message, fields, ..Self::default() }
            }
            other => Self { message: text(&other), ..Self::default() },
        }
    }

    fn from_object(error: &Map<String, Value>, base_url: &str) -> Self {
        let said = |name: &str| error.get(name).and_then(text);
        let fields = match error.get("errors") {
            Some(Value::Array(errors)) => errors.iter().map(field_problem).collect(),
            _ => Vec::new(),
        };
        Self {
            // Looker says `message`; OAuth, and proxies before Looker, say the others.
            message: ["message", "error_description", "error", "detail", "title"].into_iter().find_map(said),
            documentation_url: said("documentation_url").map(|url| absolute(url, base_url)),
            fields,
        }
    }
}

fn field_problem(error: &Value) -> FieldProblem {
    let said = |name: &str| error.get(name).and_then(text).unwrap_or_default();
    match error {
        Value::Object(error) => {
            FieldProblem { field: error.get("field").and_then(text), code: said("code"), message: said("message") }
        }
        other => FieldProblem { field: None, code: String::new(), message: text(other).unwrap_or_default() },
    }
}

/// A JSON value as a message: a string's text, anything else but `null` as JSON.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => readable_line(text),
        other => readable_line(&other.to_string()),
    }
}

fn absolute(url: String, base_url: &str) -> String {
    if url.contains("://") { url } else { format!("{base_url}/{}", url.trim_start_matches('/')) }
}

fn looks_like_json(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '['])
}

/// The first line that a person can read; of a web page its title.
fn readable_line(document: &str) -> Option<String> {
    let document = document.trim_start_matches('\u{feff}').trim_start();
    let is_page = document.starts_with('<');
    let without_markup;
    let text = if is_page {
        without_markup = title(document).unwrap_or_else(|| strip_markup(document));
        &without_markup
    } else {
        document
    };
    let line = text.lines().map(clean).find(|line| !line.is_empty())?;
    if line.chars().count() <= LONGEST {
        return Some(line);
    }
    let mut short: String = line.chars().take(LONGEST - 1).collect();
    short.push('…');
    Some(short)
}

/// A line without control characters, which could drive a terminal, and with single spaces.
fn clean(line: &str) -> String {
    let printable: String = line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    printable.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The title of a web page.
fn title(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    let title = clean(&page[start..end]);
    (!title.is_empty()).then_some(title)
}

fn strip_markup(page: &str) -> String {
    let mut text = String::with_capacity(page.len());
    let mut in_markup = false;
    for letter in page.chars() {
        match letter {
            '<' => in_markup = true,
            '>' if in_markup => {
                in_markup = false;
                text.push('\n');
            }
            _ if !in_markup => text.push(letter),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Headers;

    fn read(body: &[u8]) -> Explanation {
        let received = Received { status: 500, headers: Headers::default(), retry_after: None, body: body.to_vec() };
        Explanation::read(&received, "https://looker.example.com")
    }

    fn message(body: &str) -> Option<String> {
        read(body.as_bytes()).message
    }

    #[test]
    fn looker_s_own_errors() {
        let explanation = read(
            br#"{"message": "Validation Failed", "documentation_url": "/docs/r/err/422", "errors":
                [{"field": "email", "code": "invalid", "message": "is no address", "documentation_url": "x"}]}"#,
        );
        assert_eq!(explanation.message.as_deref(), Some("Validation Failed"));
        assert_eq!(explanation.documentation_url.as_deref(), Some("https://looker.example.com/docs/r/err/422"));
        let expected =
            FieldProblem { field: Some("email".into()), code: "invalid".into(), message: "is no address".into() };
        assert_eq!(explanation.fields, [expected]);
    }

    #[test]
    fn an_absolute_address_stays_as_it_is() {
        let explanation = read(br#"{"documentation_url": "https://cloud.google.com/looker/docs/r/err"}"#);
        assert_eq!(explanation.documentation_url.as_deref(), Some("https://cloud.google.com/looker/docs/r/err"));
    }

    #[test]
    fn every_shape_that_was_ever_seen() {
        for (body, expected) in [
            ("", None),
            ("  \n", None),
            ("null", None),
            (r#"{"message": null, "errors": null, "documentation_url": null}"#, None),
            (r#"{"message": {"a": 1}}"#, Some(r#"{"a":1}"#)),
            (r#"{"message": 7}"#, Some("7")),
            (r#"{"error": "invalid_grant", "error_description": "too old"}"#, Some("too old")),
            (r#""just text""#, Some("just text")),
            (r#"["first", "second"]"#, Some("first")),
            (r#"[{"message": "in an array"}]"#, Some("in an array")),
            ("upstream connect error\nreset", Some("upstream connect error")),
            ("<html><head><TITLE>502 Bad\n Gateway</TITLE></head><body>x</body></html>", Some("502 Bad Gateway")),
            ("<p>Sorry,</p><p>we are closed</p>", Some("Sorry,")),
            ("<html", None),
            ("red \u{1b}[31malert\u{7}", Some("red [31malert")),
        ] {
            assert_eq!(message(body).as_deref(), expected, "{body}");
        }
        assert_eq!(read(b"\xff\xfe").message.as_deref(), Some("\u{fffd}\u{fffd}"));
    }

    #[test]
    fn json_that_is_cut_off_is_not_quoted() {
        // Found by random answers through the component: a proxy's 502 with half of what Looker answered to a login.
        for body in [r#"{"access_token": "the-token", "expires_in": 36"#, r#"[{"secret": "x"#, "\u{feff} {\"a\": \u{1}"]
        {
            assert_eq!(message(body), None, "{body}");
        }
    }

    #[test]
    fn errors_that_are_no_objects_are_kept() {
        let explanation = read(br#"{"message": "m", "errors": ["a", null, {"field": 3}]}"#);
        let texts: Vec<_> =
            explanation.fields.iter().map(|field| (field.field.as_deref(), field.message.as_str())).collect();
        assert_eq!(texts, [(None, "a"), (None, ""), (Some("3"), "")]);
    }

    #[test]
    fn a_long_line_is_cut() {
        let message = message(&"ü".repeat(1000)).unwrap();
        assert_eq!(message.chars().count(), LONGEST);
        assert!(message.ends_with('…'));
    }
}
