//! Checks that a response is text, and that the text is JSON, sixteen bytes at a time where that is possible.
//!
//! A response is passed on as it is, so nothing else has to be known of it. serde_json and the standard library look at one
//! byte or a few after the other, which took most of the time of large responses. Whatever is accepted here, they accept
//! too. What is not accepted here is left to them: what is nested very deeply, text that is not ASCII, and everything that
//! is broken. So serde_json still says where a document is broken.

use serde::de::IgnoredAny;
use std::string::FromUtf8Error;

/// How many arrays and objects may be open at once, so that a number holds which is which.
const MAX_DEPTH: u32 = u128::BITS;

/// Checks that bytes are UTF-8.
pub(super) fn text(bytes: Vec<u8>) -> Result<String, FromUtf8Error> {
    if is_ascii(&bytes) {
        // SAFETY: ASCII is UTF-8.
        return Ok(unsafe { String::from_utf8_unchecked(bytes) });
    }
    String::from_utf8(bytes)
}

/// Checks that a text is one JSON value.
pub(super) fn check(text: &str) -> serde_json::Result<()> {
    if is_surely_json(text.as_bytes()) {
        return Ok(());
    }
    serde_json::from_str::<IgnoredAny>(text).map(|_| ())
}

/// Whether bytes, which are UTF-8, are one JSON value for certain.
fn is_surely_json(bytes: &[u8]) -> bool {
    let mut rest = Rest { bytes, at: 0 };
    rest.value().is_some() && rest.at == bytes.len()
}

/// What is still to be checked. Its functions pass over what they are named after, and return nothing where it is not there.
struct Rest<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Rest<'_> {
    /// One value, with the white space around it.
    fn value(&mut self) -> Option<()> {
        // A bit for each that is open, the innermost lowest: whether it is an object.
        let (mut depth, mut objects) = (0, 0u128);
        loop {
            match self.token()? {
                b'"' => self.string()?,
                open @ (b'{' | b'[') => {
                    if depth == MAX_DEPTH {
                        return None;
                    }
                    depth += 1;
                    objects = objects << 1 | u128::from(open == b'{');
                    match (open, self.peek()?) {
                        // It is empty, and closed below.
                        (b'{', b'}') | (b'[', b']') => {}
                        (b'{', _) => {
                            self.key()?;
                            continue;
                        }
                        _ => continue,
                    }
                }
                b't' => self.word(b"rue")?,
                b'f' => self.word(b"alse")?,
                b'n' => self.word(b"ull")?,
                first @ (b'-' | b'0'..=b'9') => self.number(first)?,
                _ => return None,
            }
            loop {
                if depth == 0 {
                    self.space();
                    return Some(());
                }
                let is_object = objects & 1 == 1;
                match (self.token()?, is_object) {
                    (b',', true) => {
                        self.key()?;
                        break;
                    }
                    (b',', false) => break,
                    (b'}', true) | (b']', false) => {
                        depth -= 1;
                        objects >>= 1;
                    }
                    _ => return None,
                }
            }
        }
    }

    /// A key and its colon.
    fn key(&mut self) -> Option<()> {
        (self.token()? == b'"').then_some(())?;
        self.string()?;
        (self.token()? == b':').then_some(())
    }

    /// White space.
    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    /// The next byte that is no white space, which stays.
    fn peek(&mut self) -> Option<u8> {
        self.space();
        self.bytes.get(self.at).copied()
    }

    /// The next byte that is no white space.
    fn token(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// The rest of a word.
    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.bytes[self.at..].starts_with(word).then_some(())?;
        self.at += word.len();
        Some(())
    }

    /// The rest of a string.
    fn string(&mut self) -> Option<()> {
        loop {
            self.at += plain_length(&self.bytes[self.at..]);
            let byte = self.bytes.get(self.at)?;
            self.at += 1;
            match byte {
                b'"' => return Some(()),
                b'\\' => {}
                _ => return None,
            }
            match self.bytes.get(self.at)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
                b'u' => {
                    let digits = self.bytes.get(self.at + 1..self.at + 5)?;
                    digits.iter().all(u8::is_ascii_hexdigit).then_some(())?;
                    self.at += 5;
                }
                _ => return None,
            }
        }
    }

    /// The rest of a number.
    fn number(&mut self, first: u8) -> Option<()> {
        let first = if first == b'-' { self.digit()? } else { first };
        if first != b'0' {
            self.digits();
        }
        if self.is_next(b".") {
            self.digit()?;
            self.digits();
        }
        if self.is_next(b"eE") {
            self.is_next(b"+-");
            self.digit()?;
            self.digits();
        }
        Some(())
    }

    fn digit(&mut self) -> Option<u8> {
        let digit = *self.bytes.get(self.at).filter(|byte| byte.is_ascii_digit())?;
        self.at += 1;
        Some(digit)
    }

    fn digits(&mut self) {
        while self.digit().is_some() {}
    }

    /// Passes over a byte that is one of these, and tells whether it was there.
    fn is_next(&mut self, bytes: &[u8]) -> bool {
        let is_next = self.bytes.get(self.at).is_some_and(|byte| bytes.contains(byte));
        self.at += usize::from(is_next);
        is_next
    }
}

/// Whether a byte is anything else in a string than itself: its end, the beginning of an escape, or not allowed.
fn is_special(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..0x20)
}

/// How many bytes of a string come before the next that is special.
#[cfg_attr(target_family = "wasm", target_feature(enable = "simd128"))]
fn plain_length(bytes: &[u8]) -> usize {
    let (blocks, tail) = bytes.as_chunks();
    for (index, block) in blocks.iter().enumerate() {
        let special = special_bits(block);
        if special != 0 {
            return index * BLOCK + special.trailing_zeros() as usize;
        }
    }
    let before = bytes.len() - tail.len();
    before + tail.iter().position(|byte| is_special(*byte)).unwrap_or(tail.len())
}

/// Whether bytes are all ASCII.
#[cfg_attr(target_family = "wasm", target_feature(enable = "simd128"))]
fn is_ascii(bytes: &[u8]) -> bool {
    let (blocks, tail) = bytes.as_chunks();
    for block in blocks {
        if !is_ascii_block(block) {
            return false;
        }
    }
    tail.is_ascii()
}

/// Bytes that are looked at together.
const BLOCK: usize = 16;

/// For each byte of a block, the first lowest, whether it is special.
#[cfg(not(target_family = "wasm"))]
fn special_bits(block: &[u8; BLOCK]) -> u16 {
    block.iter().rev().fold(0, |bits, byte| bits << 1 | u16::from(is_special(*byte)))
}

/// Whether a block is all ASCII.
#[cfg(not(target_family = "wasm"))]
fn is_ascii_block(block: &[u8; BLOCK]) -> bool {
    block.is_ascii()
}

#[cfg(target_family = "wasm")]
use simd::{is_ascii_block, special_bits};

/// The same for a block at once. WebAssembly has had these instructions for years, and a component that has them is refused
/// where a host has not.
#[cfg(target_family = "wasm")]
mod simd {
    use super::BLOCK;
    use core::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_lt, u8x16_splat, v128, v128_load, v128_or};

    #[inline]
    #[target_feature(enable = "simd128")]
    pub(super) fn special_bits(block: &[u8; BLOCK]) -> u16 {
        let block = load(block);
        let ends = v128_or(u8x16_eq(block, u8x16_splat(b'"')), u8x16_eq(block, u8x16_splat(b'\\')));
        u8x16_bitmask(v128_or(ends, u8x16_lt(block, u8x16_splat(0x20))))
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    pub(super) fn is_ascii_block(block: &[u8; BLOCK]) -> bool {
        // The highest bit of each byte.
        u8x16_bitmask(load(block)) == 0
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    fn load(block: &[u8; BLOCK]) -> v128 {
        // SAFETY: the block has as many bytes as are read, and they may lie anywhere.
        unsafe { v128_load(block.as_ptr().cast()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    fn is_json(text: &str) -> bool {
        serde_json::from_str::<IgnoredAny>(text).is_ok()
    }

    #[test]
    fn json_is_accepted_without_a_second_look() {
        for text in [
            "null",
            " true ",
            "false",
            "0",
            "-0",
            "12",
            "-1.5e+10",
            "0.5E-3",
            "1e9",
            "\"\"",
            "[]",
            "{}",
            " [ ] ",
            "{ }",
            "[1,[2,[]],{}]",
            r#"{"a":{"b":[{},{"c":null}]},"d":"e"}"#,
            r#""\u00e9\ud83d\n\"\\\/ü😀""#,
            "\r\n{\t\"a\" : [ 1 , 2 ] }\n",
            "\"0123456789abcdef\"",
            "\"0123456789abcde\\\"0123456789abcdef012\"",
            "\"\u{7f}\"",
        ] {
            assert!(is_json(text) && is_surely_json(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn anything_else_is_an_error_with_its_place() {
        for text in [
            "",
            " ",
            "nul",
            "nulll",
            "tru",
            "01",
            "-",
            "+1",
            "1.",
            ".5",
            "1e",
            "1e+",
            "0x1",
            "\"",
            "\"a",
            "\"\\\"",
            r#""\x""#,
            r#""\u12g4""#,
            r#""\u123"#,
            "\"\n\"",
            "\"0123456789abcdef\t\"",
            "[",
            "]",
            "[1",
            "[1,",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{",
            "{1:2}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":1 \"b\":2}",
            "{\"a\":1]",
            "[1}",
            "{} {}",
            "[]]",
            "a",
            "'a'",
            "\u{feff}1",
            "\u{a0}1",
            "1,",
            "{,}",
            "[\"a\":1]",
            "\"a\"b",
        ] {
            let error = check(text).unwrap_err();
            assert!(!is_json(text) && error.line() > 0, "{text}");
        }
    }

    #[test]
    fn however_deep_it_is() {
        for depth in [127, 128, 129, 100_000] {
            let text = format!("{}{}", "[{\"a\":".repeat(depth), "1}]".repeat(depth).replace("1}]1", "1}]"));
            let open = "[".repeat(depth) + &"]".repeat(depth);
            assert!(check(&open).is_ok(), "{depth}");
            assert!(check(&open[1..]).is_err() && check(&text[1..]).is_err(), "{depth}");
        }
    }

    proptest! {
        /// Pieces of JSON in any order are JSON now and then, and nearly JSON more often.
        #[test]
        fn what_is_accepted_is_json(pieces in vec(select(vec![
            "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\"a\":", "1", "-", "0", ".5", "e1", "true", "null", " ", "\n", "\\", "\\u00",
            "ü", "\u{1}", "0123456789abcde", "\"0123456789abcdef\"", "[]", "{}", "{\"a\":1}", "[1,2]",
        ]), 0..12)) {
            let text = pieces.concat();
            prop_assert_eq!(is_surely_json(text.as_bytes()), is_json(&text), "{}", text);
        }

        #[test]
        fn a_change_of_one_byte_is_noticed(place in 0..200usize, byte in 0u8..128) {
            let mut text = br#"{"rows":[{"name":"a longer text than one block of bytes","n":-1.5e10,"b":[true,false,null,{}]},{"e":"\u00e9\n"}]}"#.to_vec();
            let place = place % text.len();
            text[place] = byte;
            let text = String::from_utf8(text).unwrap();
            prop_assert_eq!(is_surely_json(text.as_bytes()), is_json(&text), "{}", text);
        }

        #[test]
        fn ascii_is_found(text in ".{0,70}") {
            prop_assert_eq!(is_ascii(text.as_bytes()), text.is_ascii());
        }
    }
}
