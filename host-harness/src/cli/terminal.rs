//! What people see: everything that the program prints goes through here.
//!
//! Text from connectors and remote services must not move a terminal's cursor, change its colors or turn its lines
//! around. Control characters are written as JSON escapes (`\u001b`), so that JSON stays JSON.

use serde_json::Value;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// Text in which nothing but printable characters, line feeds and tabs is left: others are escaped.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if is_safe(character) {
            escaped.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    escaped
}

/// Whether a terminal shows a character and nothing else happens.
fn is_safe(character: char) -> bool {
    match character {
        '\n' | '\t' => true,
        // C0, DEL, C1.
        control if control.is_control() => false,
        // Bidirectional marks, embeddings, overrides and isolates.
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => false,
        // Line and paragraph separators; invisible characters that hide text or stand for none.
        '\u{2028}' | '\u{2029}' | '\u{200B}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' => false,
        '\u{E0000}'..='\u{E007F}' => false,
        _ => true,
    }
}

/// Writes text to standard output: as it is where a program reads it, escaped on a terminal.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    if output.is_terminal() {
        output.write_all(escaped(text).as_bytes())?;
    } else {
        output.write_all(text.as_bytes())?;
    }
    output.flush()
}

/// Writes a line to standard output, as [`print`] does.
pub(super) fn print_line(text: &str) -> io::Result<()> {
    print(&format!("{text}\n"))
}

/// Writes a line to standard error, escaped. Nobody may be there to read it, which is no reason to stop.
pub(super) fn tell(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{}", escaped(&text.to_string()));
}

/// Standard error for the log: escaped too.
pub(super) struct EscapedStandardError;

impl Write for EscapedStandardError {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stderr().lock().write_all(escaped(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// JSON for people.
pub(super) fn pretty(json: &Value) -> String {
    format!("{json:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        for (text, expected) in [
            ("plain, größe 数\n\tok", "plain, größe 数\n\tok"),
            ("\u{1b}[2J", "\\u001b[2J"),
            ("a\rb\u{7}\u{8}", "a\\u000db\\u0007\\u0008"),
            ("\u{7f}\u{9b}31m", "\\u007f\\u009b31m"),
            ("\u{202e}gnp.exe\u{2066}\u{200f}", "\\u202egnp.exe\\u2066\\u200f"),
            ("a\u{2028}b\u{feff}", "a\\u2028b\\ufeff"),
            ("\u{e0041}", "\\udb40\\udc41"),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }

    #[test]
    fn escaped_json_is_the_same_json() {
        let json = Value::String("\u{9b}31m\u{202e}\u{e0041}\u{7f}".to_owned());
        assert_eq!(serde_json::from_str::<Value>(&escaped(&json.to_string())).ok(), Some(json));
    }
}
