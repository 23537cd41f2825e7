//! Outputs as files. A browser never shows them as a page of this server: they are saved, or shown if they are pictures or
//! PDFs.

use super::super::error::ApiError;
use super::document::Kind;
use super::kept::{Content, Kept};
use super::path::Path;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a browser may show, with what such a file begins with. None of them runs scripts of this server's origin.
const SHOWN: [(&str, &[&[u8]]); 5] = [
    ("image/png", &[b"\x89PNG\r\n\x1a\n"]),
    ("image/jpeg", &[b"\xff\xd8\xff"]),
    ("image/gif", &[b"GIF87a", b"GIF89a"]),
    ("image/webp", &[b"RIFF"]),
    ("application/pdf", &[b"%PDF-"]),
];

/// The policy of an output that is shown. The page may put it into a frame; the frame has no origin, and runs nothing.
const POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'self'";

/// What a file name in a header keeps as it is: RFC 8187.
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The longest file name, in characters.
const NAME_LENGTH: usize = 100;

/// The output itself, or the value at a path in it.
pub(super) fn response(kept: &Kept, path: Option<&Path>, inline: bool) -> Result<Response, ApiError> {
    let path = path.filter(|path| !path.segments().is_empty());
    let (media_type, name, bytes): (&str, String, Bytes) = match (kept.content(), path) {
        (_, Some(path)) => {
            let document = kept.document().map_err(|_| ApiError::bad_request("the output is not JSON"))?;
            let node =
                document.find(path).ok_or_else(|| ApiError::not_found(format!("the output has nothing at {path}")))?;
            match document.kind(node) {
                Kind::String => ("text/plain", "txt".to_owned(), document.string(node).into_owned().into()),
                _ => ("application/json", "json".to_owned(), document.text(node).to_owned().into()),
            }
        }
        (Content::Json(text), None) => ("application/json", "json".to_owned(), text.to_string().into()),
        (Content::Text(text), None) => {
            let media_type = kept.media_type().unwrap_or("text/plain");
            let extension = if media_type == "text/csv" { "csv" } else { "txt" };
            (media_type, extension.to_owned(), text.clone().into())
        }
        (Content::File(file), None) => {
            let shown = SHOWN.iter().find(|(shown, _)| is_media_type(&file.media_type, shown));
            let shown = shown.filter(|(_, starts)| starts.iter().any(|start| file.bytes.starts_with(start)));
            let extension = shown.map_or("bin", |(shown, _)| shown.rsplit('/').next().unwrap_or("bin"));
            let media_type = shown.map_or("application/octet-stream", |(shown, _)| shown);
            (media_type, extension.to_owned(), file.bytes.clone().into())
        }
        (Content::Nothing, None) => return Err(ApiError::not_found("the step gave no output")),
    };
    let is_shown = inline && SHOWN.iter().any(|(shown, _)| *shown == media_type);
    let name = match kept.content() {
        Content::File(file) if path.is_none() => file.name.clone(),
        _ => None,
    }
    .unwrap_or_else(|| format!("{}.{name}", kept.step()));
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    let content_type = match media_type {
        "text/plain" | "text/csv" => format!("{media_type}; charset=utf-8"),
        other => other.to_owned(),
    };
    let disposition = if is_shown { "inline" } else { "attachment" };
    let name: String = name.chars().filter(|character| !character.is_control()).take(NAME_LENGTH).collect();
    let disposition = format!("{disposition}; filename*=UTF-8''{}", utf8_percent_encode(&name, NAME));
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| ApiError::internal("a header could not be made"));
    headers.insert(header::CONTENT_TYPE, value(&content_type)?);
    headers.insert(header::CONTENT_DISPOSITION, value(&disposition)?);
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}

/// Whether a media type, with its parameters, is this one.
fn is_media_type(text: &str, media_type: &str) -> bool {
    text.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case(media_type))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use connector_host::File;

    fn headers(content: Content, inline: bool) -> (String, String) {
        let response = response(&Kept::new("looker-1", "get", content, false), None, inline).unwrap();
        let text = |name| response.headers()[name].to_str().unwrap().to_owned();
        (text(header::CONTENT_TYPE), text(header::CONTENT_DISPOSITION))
    }

    fn file(media_type: &str, name: Option<&str>, bytes: &[u8]) -> Content {
        Content::File(File { media_type: media_type.to_owned(), name: name.map(str::to_owned), bytes: bytes.to_vec() })
    }

    #[test]
    fn only_pictures_and_pdfs_are_shown() {
        let png = b"\x89PNG\r\n\x1a\n...";
        assert_eq!(
            headers(file("image/png", Some("a.png"), png), true),
            ("image/png".into(), "inline; filename*=UTF-8''a.png".into())
        );
        assert!(headers(file("image/png", Some("a.png"), png), false).1.starts_with("attachment;"));
        let script = b"<script>alert(1)</script>";
        for (media_type, bytes) in [
            ("image/png", &script[..]),
            ("text/html", script),
            ("image/svg+xml", script),
            ("application/xhtml+xml", script),
            ("IMAGE/PNG, text/html", png),
        ] {
            let (content_type, disposition) = headers(file(media_type, Some("a.html"), bytes), true);
            assert_eq!(content_type, "application/octet-stream", "{media_type}");
            assert!(disposition.starts_with("attachment;"), "{media_type}");
        }
        for content in [Content::Text("<script>".into()), Content::Json("\"<script>\"".into())] {
            let (content_type, disposition) = headers(content, true);
            assert!(disposition.starts_with("attachment;") && !content_type.contains("html"));
        }
    }

    #[test]
    fn a_file_name_cannot_leave_its_header() {
        let (_, disposition) =
            headers(file("text/plain", Some("a\"; b\r\nset-cookie: x=1\u{202e}é/..\\c"), b""), false);
        assert_eq!(
            disposition,
            "attachment; filename*=UTF-8''a%22%3B%20bset-cookie%3A%20x%3D1%E2%80%AE%C3%A9%2F..%5Cc"
        );
        assert_eq!(headers(Content::Json("1".into()), false).1, "attachment; filename*=UTF-8''looker-1.json");
    }
}
