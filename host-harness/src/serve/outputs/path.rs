//! Paths to one value: the JSONPath of RFC 9535 with names and indices only.

use std::fmt;

/// A path to one value: `$.users[0]['e-mail']`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::serve) struct Path {
    segments: Vec<Segment>,
}

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::serve) enum Segment {
    Name(String),
    Index(usize),
}

impl Path {
    /// Reads a path. [`None`] if it is not one, or may lead to several values. A hyphen is accepted in a name after a dot, as
    /// references in workflows have it.
    pub(in crate::serve) fn parse(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix('$')?;
        let mut segments = Vec::new();
        while !rest.is_empty() {
            let (segment, after) = if let Some(after) = rest.strip_prefix('.') { dot(after)? } else { bracket(rest)? };
            segments.push(segment);
            rest = after;
        }
        Some(Self { segments })
    }

    pub(in crate::serve) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The path without its first segments.
    pub(in crate::serve) fn without(&self, segments: usize) -> Self {
        Self { segments: self.segments.iter().skip(segments).cloned().collect() }
    }

    /// The path to a value within this one.
    pub(super) fn child(&self, segment: Segment) -> Self {
        let mut segments = self.segments.clone();
        segments.push(segment);
        Self { segments }
    }
}

/// `name`, after the dot.
fn dot(text: &str) -> Option<(Segment, &str)> {
    let is_part =
        |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-') || !character.is_ascii();
    let end = text.find(|character| !is_part(character)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    (!name.is_empty()).then(|| (Segment::Name(name.to_owned()), rest))
}

/// `[0]`, `['name']` or `["name"]`.
fn bracket(text: &str) -> Option<(Segment, &str)> {
    let inner = text.strip_prefix('[')?;
    let quote = inner.chars().next()?;
    if !matches!(quote, '\'' | '"') {
        let (digits, rest) = inner.split_once(']')?;
        let is_index = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
        return is_index.then(|| Some((Segment::Index(digits.parse().ok()?), rest)))?;
    }
    let mut name = String::new();
    let mut characters = inner[1..].char_indices();
    loop {
        let (at, character) = characters.next()?;
        match character {
            '\\' => match characters.next()?.1 {
                'b' => name.push('\u{8}'),
                'f' => name.push('\u{c}'),
                'n' => name.push('\n'),
                'r' => name.push('\r'),
                't' => name.push('\t'),
                'u' => name.push(escaped_unit(&mut characters)?),
                other @ ('\\' | '/' | '\'' | '"') => name.push(other),
                _ => return None,
            },
            _ if character == quote => {
                let rest = inner[1 + at + 1..].strip_prefix(']')?;
                return Some((Segment::Name(name), rest));
            }
            other => name.push(other),
        }
    }
}

/// The character of `\uXXXX`, or of a pair of them.
fn escaped_unit(characters: &mut std::str::CharIndices<'_>) -> Option<char> {
    let mut unit =
        || -> Option<u32> { (0..4).try_fold(0, |unit, _| Some(unit * 16 + characters.next()?.1.to_digit(16)?)) };
    let first = unit()?;
    if !(0xD800..0xDC00).contains(&first) {
        return char::from_u32(first);
    }
    if (characters.next()?.1, characters.next()?.1) != ('\\', 'u') {
        return None;
    }
    let mut unit =
        || -> Option<u32> { (0..4).try_fold(0, |unit, _| Some(unit * 16 + characters.next()?.1.to_digit(16)?)) };
    let second = unit()?.checked_sub(0xDC00).filter(|second| *second < 0x400)?;
    char::from_u32(0x10000 + ((first - 0xD800) << 10) + second)
}

/// The form in which people write it: a name that needs no brackets comes after a dot.
impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("$")?;
        for segment in &self.segments {
            match segment {
                Segment::Index(index) => write!(formatter, "[{index}]")?,
                Segment::Name(name) if is_plain(name) => write!(formatter, ".{name}")?,
                Segment::Name(name) => {
                    formatter.write_str("['")?;
                    for character in name.chars() {
                        match character {
                            '\'' | '\\' => write!(formatter, "\\{character}")?,
                            '\n' => formatter.write_str("\\n")?,
                            '\r' => formatter.write_str("\\r")?,
                            '\t' => formatter.write_str("\\t")?,
                            control if control < ' ' => write!(formatter, "\\u{:04x}", u32::from(control))?,
                            other => write!(formatter, "{other}")?,
                        }
                    }
                    formatter.write_str("']")?;
                }
            }
        }
        Ok(())
    }
}

fn is_plain(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_as_they_are_read() {
        for (text, written) in [
            ("$", "$"),
            ("$.a_1[0]['b']", "$.a_1[0].b"),
            ("$.looker-1.id", "$['looker-1'].id"),
            (r#"$["a'b"]['c\\d']"#, r"$['a\'b']['c\\d']"),
            (r"$['\n\u0001\u00e9\ud83d\ude00']", "$['\\n\\u0001é😀']"),
            ("$['']", "$['']"),
            ("$['1']", "$['1']"),
            ("$['].x[']", "$['].x[']"),
        ] {
            let path = Path::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(path.to_string(), written);
            assert_eq!(Path::parse(written), Some(path));
        }
    }

    #[test]
    fn what_may_lead_to_several_values_is_no_path() {
        for text in [
            "",
            "a",
            "$a",
            "$.",
            "$..a",
            "$.*",
            "$[*]",
            "$[-1]",
            "$[01]",
            "$[1",
            "$['a'",
            "$['a]",
            "$[?@.a]",
            "$[0:2]",
            "$['a','b']",
            "$[]",
            r"$['\x']",
            r"$['\ud800']",
            "$.a b",
            "$[99999999999999999999999]",
        ] {
            assert_eq!(Path::parse(text), None, "{text}");
        }
    }
}
