//! How values are written into a URL or a form.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Encodes a text so that it is one path segment or one query value, whatever it holds.
pub fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Writes names and values as a query string or a form.
pub(crate) fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        text.extend(utf8_percent_encode(name, RESERVED));
        text.push('=');
        text.extend(utf8_percent_encode(value, RESERVED));
    }
    text
}

/// Decodes a path segment; `None` where the encoding is broken or the result is not UTF-8.
pub fn percent_decode(text: &str) -> Option<String> {
    let is_hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let bytes = text.as_bytes();
    // The library leaves a broken encoding as it is.
    let is_broken = |at: usize| bytes[at] == b'%' && !(is_hex(bytes.get(at + 1)) && is_hex(bytes.get(at + 2)));
    if (0..bytes.len()).any(is_broken) {
        return None;
    }
    percent_decode_str(text).decode_utf8().ok().map(Into::into)
}

/// Decodes a name or a value of a query string or a form, where `+` means a space.
pub fn form_decode(text: &str) -> Option<String> {
    percent_decode(&text.replace('+', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_all_but_unreserved_characters() {
        assert_eq!(percent_encode("aZ09-._~"), "aZ09-._~");
        assert_eq!(percent_encode("a b/c::ü&=?%"), "a%20b%2Fc%3A%3A%C3%BC%26%3D%3F%25");
    }

    #[test]
    fn decoding_reverses_encoding() {
        for text in ["", "a b/c::ü&=?%+", "\u{1F600}"] {
            assert_eq!(percent_decode(&percent_encode(text)).as_deref(), Some(text));
            assert_eq!(form_decode(&percent_encode(text)).as_deref(), Some(text));
        }
        assert_eq!(percent_decode("a+b").as_deref(), Some("a+b"));
        assert_eq!(form_decode("a+b%2B").as_deref(), Some("a b+"));
        for broken in ["%", "%4", "%zz", "%ff", "%+1"] {
            assert_eq!(percent_decode(broken), None, "{broken}");
        }
    }
}
