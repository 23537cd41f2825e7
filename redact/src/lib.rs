//! Values that must not be shown, and how texts are cleared of them.
//!
//! Both sides of the sandbox use it: the connector for the secrets and tokens that it knows, and the host for those that
//! it keeps from the connector. It knows no vendor, and it is small enough for a component.
//!
//! ```
//! use redact::{Redactor, Secret};
//!
//! let mut redactor = Redactor::default();
//! redactor.add_credentials("the-id", &Secret::new("hunter2&".to_owned()));
//! assert_eq!(redactor.redact("refused: hunter2%26"), "refused: …");
//! ```

use std::fmt;

/// A secret or a token. It has no `Display`, its `Debug` is redacted, and its memory is wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The value itself, for the code that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

/// What a secret is replaced by.
const HIDDEN: &str = "…";
/// The mark that the connector leaves where it cuts a text.
const CUT: char = '…';
/// The longest way to write a character: two escapes of JSON.
const LONGEST_ENCODED: usize = 12;
/// Anything shorter is not a secret, and hiding it would garble every message.
const SHORTEST: usize = 4;

/// Removes secrets from texts, in every encoding in which a server may send them back: percent, form, JSON, HTML, and
/// base64 of the secret or of `id:secret`. Base64 is made only when a text is cleared, since most calls succeed.
#[derive(Clone, Default)]
pub struct Redactor(Vec<Hidden>);

/// What is hidden.
#[derive(Clone)]
enum Hidden {
    /// A secret, as it is and in base64.
    Secret(Secret),
    /// The credentials `id:secret`, which stand nowhere but in base64.
    Credentials(Secret),
}

impl Redactor {
    /// Hides a secret from now on.
    pub fn add(&mut self, secret: &Secret) {
        if secret.reveal().len() >= SHORTEST {
            self.0.push(Hidden::Secret(secret.clone()));
        }
    }

    /// Hides a secret from now on, and the credentials `id:secret` as HTTP's basic authentication writes them.
    pub fn add_credentials(&mut self, id: &str, secret: &Secret) {
        self.add(secret);
        if secret.reveal().len() >= SHORTEST {
            self.0.push(Hidden::Credentials(Secret::new(format!("{id}:{}", secret.reveal()))));
        }
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text without secrets.
    pub fn redact(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, hidden| match hidden {
            Hidden::Secret(secret) => redact_base64(redact_one(text, secret.reveal()), secret),
            Hidden::Credentials(credentials) => redact_base64(text, credentials),
        })
    }
}

/// The text without the base64 of a secret, in either alphabet.
fn redact_base64(text: String, secret: &Secret) -> String {
    let standard = Secret::new(base64(secret.reveal().as_bytes()));
    // The alphabet for URLs. The padding is left out, so that both forms are found.
    let for_urls = Secret::new(standard.reveal().replace('+', "-").replace('/', "_"));
    let text = if for_urls == standard { text } else { redact_one(text, for_urls.reveal()) };
    redact_one(text, standard.reveal())
}

impl fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Redactor(…)")
    }
}

fn redact_one(text: String, secret: &str) -> String {
    let mut redacted = String::new();
    let (mut done, mut at) = (0, 0);
    while at < text.len() {
        match text.get(at..).and_then(|rest| encoded_length(rest, secret)) {
            Some(length) => {
                redacted.push_str(&text[done..at]);
                redacted.push_str(HIDDEN);
                at += length;
                done = at;
            }
            None => at += 1,
        }
    }
    if done == 0 {
        return text;
    }
    redacted.push_str(&text[done..]);
    redacted
}

/// The length of the text's beginning if that is the secret, whichever way each of its characters is written.
fn encoded_length(text: &str, secret: &str) -> Option<usize> {
    // Nearly all beginnings are ruled out by their first character.
    lengths(text, secret.chars().next()?).next()?;
    // A character can be written in several ways, one of which may be the beginning of another (`\` and `\\`), so all
    // ends that are possible so far are kept.
    let mut ends = vec![0];
    for (matched, character) in secret.chars().enumerate() {
        let mut next: Vec<usize> =
            ends.iter().flat_map(|&end| lengths(&text[end..], character).map(move |length| end + length)).collect();
        next.sort_unstable();
        next.dedup();
        if next.is_empty() {
            let cut = ends.iter().find_map(|&end| Some(end + cut_length(&text[end..])?));
            return cut.filter(|_| matched >= SHORTEST);
        }
        ends = next;
    }
    ends.into_iter().max()
}

/// The length of the mark at the text's beginning where somebody cut it, and of half an encoded character before it.
fn cut_length(text: &str) -> Option<usize> {
    let of_encoding = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'%' | b'\\' | b'&' | b'#');
    let half = match text.as_bytes().first() {
        Some(b'%' | b'\\' | b'&') => text.bytes().take_while(|byte| of_encoding(byte)).count(),
        _ => 0,
    };
    (half < LONGEST_ENCODED && text[half..].starts_with(CUT)).then(|| half + CUT.len_utf8())
}

/// The lengths of the text's beginnings that stand for a character.
fn lengths(text: &str, character: char) -> impl Iterator<Item = usize> {
    let literal = text.starts_with(character).then(|| character.len_utf8());
    // Only these begin an encoded character, which spares nearly all texts the rest.
    let encoded = match text.as_bytes().first() {
        Some(b'%') => percent(text, character),
        Some(b'\\') => escape(text, character),
        Some(b'&') => entity(text, character),
        Some(b'+') if character == ' ' => Some(1),
        _ => None,
    };
    literal.into_iter().chain(encoded)
}

fn percent(text: &str, character: char) -> Option<usize> {
    let mut buffer = [0; 4];
    let bytes = character.encode_utf8(&mut buffer).as_bytes();
    let is_written = |(index, byte): (usize, &u8)| {
        let digits = text.get(3 * index..3 * index + 3).and_then(|triple| triple.strip_prefix('%'));
        digits.is_some_and(|digits| u8::from_str_radix(digits, 16) == Ok(*byte))
    };
    bytes.iter().enumerate().all(is_written).then_some(3 * bytes.len())
}

fn escape(text: &str, character: char) -> Option<usize> {
    let short = match character {
        '"' | '\\' | '/' => Some(character),
        '\n' => Some('n'),
        '\r' => Some('r'),
        '\t' => Some('t'),
        _ => None,
    };
    if short.is_some_and(|short| text[1..].starts_with(short)) {
        return Some(2);
    }
    let mut buffer = [0; 2];
    let units = character.encode_utf16(&mut buffer);
    let is_written = |(index, unit): (usize, &u16)| {
        let digits = text.get(6 * index..6 * index + 6).and_then(|escape| escape.strip_prefix("\\u"));
        digits.is_some_and(|digits| u16::from_str_radix(digits, 16) == Ok(*unit))
    };
    units.iter().enumerate().all(is_written).then_some(6 * units.len())
}

fn entity(text: &str, character: char) -> Option<usize> {
    /// Longer than any number of a character.
    const LONGEST: usize = 10;
    let end = text.bytes().take(LONGEST).position(|byte| byte == b';')?;
    let written = match &text[1..end] {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        name => {
            let number = name.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(number.ok()?)
        }
    };
    (written == Some(character)).then_some(end + 1)
}

/// Base64 without padding. A crate for these lines would be the larger part of the component.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for digit in 0..=chunk.len() {
            text.push(char::from(ALPHABET[(bits >> (18 - 6 * digit) & 63) as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redact(secret: &str, text: &str) -> String {
        let mut redactor = Redactor::default();
        redactor.add_credentials("the-id", &Secret::new(secret.into()));
        redactor.redact(text)
    }

    #[test]
    fn debug_is_redacted() {
        let secret = Secret::new("hunter2".into());
        let mut redactor = Redactor::default();
        redactor.add(&secret);
        assert_eq!(format!("{secret:?} {redactor:?}"), "Secret(…) Redactor(…)");
    }

    #[test]
    fn secrets_are_hidden_in_every_encoding() {
        let secret = "a/\"b\\ ü&+<'é%😀";
        for encoded in [
            secret,
            // Percent, in either case of letters, and form.
            "a%2F%22b%5C%20%C3%BC%26%2B%3C%27%C3%A9%25%F0%9F%98%80",
            "a%2f%22b%5c%20%c3%bc%26%2b%3c'%c3%a9%25%f0%9f%98%80",
            "a/%22b%5C+%C3%BC%26%2B%3C%27%C3%A9%25%F0%9F%98%80",
            // JSON, with as little and as much escaped as can be.
            r#"a/\"b\\ ü&+<'é%😀"#,
            r"a\/\u0022b\u005C\u0020\u00fc\u0026\u002B\u003c\u0027\u00E9\u0025\ud83d\ude00",
            // HTML.
            "a/&quot;b\\ ü&amp;+&lt;&#39;&#xE9;%&#128512;",
        ] {
            assert_eq!(redact(secret, &format!("x{encoded}y {encoded}")), "x…y …", "{encoded}");
        }
        assert_eq!(redact("\\\\\\\\\\", &"\\".repeat(1000)), "…".repeat(100));
    }

    #[test]
    fn basic_credentials_are_hidden() {
        // base64 of "the-secret" and of "the-id:the-secret".
        for encoded in ["dGhlLXNlY3JldA==", "dGhlLXNlY3JldA", "dGhlLWlkOnRoZS1zZWNyZXQ=", "dGhlLXNlY3JldA%3D%3D"] {
            let redacted = redact("the-secret", &format!("Basic {encoded}"));
            assert!(redacted.starts_with("Basic …") && !redacted.contains("dG"), "{redacted}");
        }
        assert_eq!(redact("??>>", "Pz8-Pg and Pz8+Pg"), "… and …");
    }

    #[test]
    fn a_secret_that_was_cut_is_hidden() {
        for cut in ["the-", "the-secret", "the%2Dse", "the-s%6", "the-s&#10", "the-se\\u00", "dGhlLXN"] {
            assert_eq!(redact("the-secret!", &format!("x {cut}…")), "x …", "{cut}");
            assert_eq!(redact("the-secret!", &format!("x {cut}… and y")), "x … and y", "{cut}");
        }
        for text in ["the…", "the-secret", "the-ser…", "the-ecret…"] {
            assert_eq!(redact("the-secret!", text), text);
        }
    }

    #[test]
    fn other_text_stays() {
        for text in ["", "the-secre", "the%2Dsecre%74x%", "ünïcode \\u00", "&#; &amp", "the-secre\\u007"] {
            let redacted = redact("the-secret!", text);
            assert_eq!(redacted, text);
        }
        // Too short to be a secret.
        assert_eq!(redact("a", "a banana"), "a banana");
    }

    #[test]
    fn base64_is_right() {
        for (text, expected) in [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg")] {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }
}
