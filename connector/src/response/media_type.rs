//! The type of a response's content.

use crate::request::percent_decode;
use crate::transport::Headers;

/// The name for several media types in Looker's API description: the result formats of a query.
const ANY_TEXT: &str = "text";

/// A media type without its parameters: `text/csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaType(Option<String>);

impl MediaType {
    /// The type that the headers declare.
    pub fn of(headers: &Headers) -> Self {
        let essence = headers
            .get("content-type")
            .map(|value| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
        Self(essence.filter(|essence| !essence.is_empty()))
    }

    /// The type itself; `application/octet-stream` where none is declared.
    pub fn essence(&self) -> &str {
        self.0.as_deref().unwrap_or("application/octet-stream")
    }

    /// Whether no type is declared.
    pub fn is_unknown(&self) -> bool {
        self.0.is_none()
    }

    /// Whether it is JSON.
    pub fn is_json(&self) -> bool {
        self.essence() == "application/json" || self.essence().ends_with("+json")
    }

    /// Whether it is a web page.
    pub fn is_html(&self) -> bool {
        matches!(self.essence(), "text/html" | "application/xhtml+xml")
    }

    /// Whether it is text that a workflow can use as text. SVG is an image.
    pub fn is_text(&self) -> bool {
        self.essence().starts_with("text/")
            || matches!(
                self.essence(),
                "application/sql"
                    | "application/x-sql"
                    | "application/csv"
                    | "application/xml"
                    | "application/xhtml+xml"
            )
    }

    /// Whether it says nothing of the content.
    pub fn is_binary(&self) -> bool {
        self.0.as_deref() == Some("application/octet-stream")
    }
}

/// The media types that a name in Looker's API description stands for; none where it is a media type itself.
pub(crate) fn expand(declared: &'static str) -> &'static [&'static str] {
    match declared {
        ANY_TEXT => &[
            "text/csv",
            "text/plain",
            "text/markdown",
            "text/html",
            // Not text, but one of the formats with that name.
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ],
        _ => &[],
    }
}

/// The file name in a `Content-Disposition` header, without folders.
pub(super) fn file_name(disposition: &str) -> Option<String> {
    let parameters = parameters(disposition);
    let parameter =
        |name: &str| parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone());
    let extended = parameter("filename*").and_then(|value| {
        let (charset, rest) = value.split_once('\'')?;
        let (_, encoded) = rest.split_once('\'')?;
        charset.eq_ignore_ascii_case("utf-8").then(|| percent_decode(encoded)).flatten()
    });
    let name = extended.or_else(|| parameter("filename"))?;
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let printable: String = last.chars().filter(|letter| !letter.is_control()).collect();
    let name = printable.trim();
    (!name.is_empty() && name != "." && name != "..").then(|| name.to_owned())
}

/// The parameters of a header. A value in quotes can hold any character, with a backslash before quotes (RFC 9110, 5.6.4).
fn parameters(header: &str) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    let mut rest = header.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((name, after)) = rest.split_once('=') {
        // A parameter without a value before this one.
        let name = name.rsplit(';').next().unwrap_or_default().trim();
        let mut value = String::new();
        let mut letters = after.trim_start().char_indices();
        let trimmed = after.trim_start();
        let end = if trimmed.starts_with('"') {
            letters.next();
            loop {
                match letters.next() {
                    Some((end, '"')) => break end + 1,
                    Some((_, '\\')) => value.extend(letters.next().map(|(_, escaped)| escaped)),
                    Some((_, letter)) => value.push(letter),
                    None => break trimmed.len(),
                }
            }
        } else {
            let end = trimmed.find(';').unwrap_or(trimmed.len());
            value.push_str(trimmed[..end].trim());
            end
        };
        parameters.push((name.to_owned(), value));
        rest = trimmed[end..].split_once(';').map_or("", |(_, rest)| rest);
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media_type(value: &str) -> MediaType {
        MediaType::of(&Headers(vec![("Content-Type".into(), value.into())]))
    }

    #[test]
    fn parameters_and_case_are_ignored() {
        assert!(media_type("Application/JSON; charset=utf-8").is_json());
        assert!(media_type("application/problem+json").is_json());
        assert!(media_type("text/html;charset=utf-8").is_html());
        assert!(media_type("text/csv").is_text());
        assert!(!media_type("image/svg+xml").is_text());
        assert!(media_type("").is_unknown());
        assert!(MediaType::of(&Headers::default()).is_unknown());
        assert_eq!(MediaType::of(&Headers::default()).essence(), "application/octet-stream");
    }

    #[test]
    fn reads_file_names() {
        for (disposition, expected) in [
            ("attachment; filename=\"a b.xlsx\"", Some("a b.xlsx")),
            ("attachment; filename=a.png", Some("a.png")),
            ("attachment; filename=\"x\"; filename*=UTF-8''%C3%BC%2B+.png", Some("ü++.png")),
            ("attachment; filename=\"../../etc/passwd\"", Some("passwd")),
            ("attachment; filename=\"a; b.csv\"; size=5", Some("a; b.csv")),
            ("attachment; FileName = \"the \\\"best\\\" one.csv\"", Some("the \"best\" one.csv")),
            ("attachment; filename=\"a\\\\b.csv\"", Some("b.csv")),
            ("attachment; x; filename=a.png ; y", Some("a.png")),
            ("attachment; filename=\"never ends", Some("never ends")),
            ("attachment; filename=\"a=b;filename=c.csv\"", Some("a=b;filename=c.csv")),
            ("filename=a.png", None),
            ("attachment; filename", None),
            ("attachment; filename=\"..\"", None),
            ("attachment; filename=\"\"", None),
            ("inline", None),
        ] {
            assert_eq!(file_name(disposition).as_deref(), expected, "{disposition}");
        }
    }
}
