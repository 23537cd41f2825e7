//! Values that a server or a proxy could take for another path.

use percent_encoding::percent_decode_str;

/// How many times a value is decoded. Each server on the way may decode it once.
const DECODINGS: usize = 8;

/// Whether a path value has `.` or `..` as a segment, in any disguise: percent-encoded, also more than once, beside slashes
/// or backslashes, or before the parameters of a segment (`;`). Some servers and proxies resolve all of these.
pub(crate) fn has_dot_segment(value: &str) -> bool {
    let is_ignored = |letter: char| letter.is_whitespace() || letter.is_control();
    let is_dots = |segment: &str| {
        let name = segment.split(';').next().unwrap_or_default();
        matches!(name.trim_matches(is_ignored), "." | "..")
    };
    let mut value = value.to_owned();
    for _ in 0..DECODINGS {
        if value.split(['/', '\\']).any(is_dots) {
            return true;
        }
        let decoded = percent_decode_str(&value).decode_utf8_lossy().into_owned();
        if decoded == value {
            return false;
        }
        value = decoded;
    }
    // Nobody encodes an id this often.
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_segments_are_found_in_every_disguise() {
        for value in [
            ".",
            "..",
            "%2e",
            "%2E%2e",
            ".%2E",
            "%252e%252e",
            "../x",
            "x/..",
            "a/../b",
            "..\\x",
            "x\\..",
            "..%2fx",
            "x%2F..",
            "..%5Cx",
            "%2e%2e%5cx",
            "..;",
            "..;a=b",
            "x/..;a/y",
            "..%3b",
            "..%253Bx",
            " .. ",
            "..%00",
            "..%09/x",
            "./x",
        ] {
            assert!(has_dot_segment(value), "{value}");
        }
        let mut often = "..".to_owned();
        for _ in 0..20 {
            often = often.replace('%', "%25").replace('.', "%2e");
            assert!(has_dot_segment(&often), "{often}");
        }
    }

    #[test]
    fn ordinary_values_pass() {
        for value in [
            "5",
            "model::name",
            "a/b",
            "...",
            "a..b",
            ".hidden",
            "v1.0",
            "100%",
            "%zz",
            "a;b",
            "x.lkml",
            "%FF",
            "",
            "ü",
        ] {
            assert!(!has_dot_segment(value), "{value}");
        }
    }
}
