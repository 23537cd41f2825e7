//! Arguments whose text may stand in a file.

use super::error::CliError;
use std::convert::Infallible;
use std::io::{self, Read};
use std::path::PathBuf;
use std::str::FromStr;

/// A text: as it stands, of a file (`@FILE`), or of standard input (`-`).
#[derive(Clone)]
pub(super) enum TextSource {
    Text(String),
    File(PathBuf),
    StandardInput,
}

/// Without the text, which may be a secret.
impl std::fmt::Debug for TextSource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Text(_) => "Text",
            Self::File(_) => "File",
            Self::StandardInput => "StandardInput",
        })
    }
}

impl FromStr for TextSource {
    type Err = Infallible;

    fn from_str(argument: &str) -> Result<Self, Infallible> {
        Ok(match argument.strip_prefix('@') {
            Some(path) => Self::File(path.into()),
            None if argument == "-" => Self::StandardInput,
            None => Self::Text(argument.to_owned()),
        })
    }
}

impl TextSource {
    /// Reads the text. `flag` is where it comes from: `--inputs`. Also gives how messages name the place.
    pub(super) async fn read(&self, flag: &str) -> Result<(String, String), CliError> {
        let (text, place) = match self {
            Self::Text(text) => (Ok(text.clone()), flag.to_owned()),
            Self::File(path) => {
                let file = path.clone();
                (read(|| std::fs::read(file)).await, format!("{flag}: {}", path.display()))
            }
            Self::StandardInput => (read(read_standard_input).await, format!("{flag}: standard input")),
        };
        let text = text.map_err(|problem| CliError::usage(format!("{place} {problem}")))?;
        Ok((text, place))
    }

    /// Reads the text, which has to be a JSON object. `flag` is where it comes from: `--input`.
    ///
    /// The text is given as it stands: nothing that it says changes on the way to the connector.
    pub(super) async fn read_object(&self, flag: &str) -> Result<String, CliError> {
        let (text, place) = self.read(flag).await?;
        match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text) {
            Ok(_) => Ok(text),
            // The message tells the place and what was expected, but might quote a value, which may be a secret.
            Err(error) => {
                let problem = match error.classify() {
                    serde_json::error::Category::Data => "it has to be a JSON object, such as {\"id\": \"5\"}",
                    serde_json::error::Category::Eof => "the JSON ends too early",
                    _ => "it is no JSON",
                };
                Err(CliError::usage(format!("{place}: {problem} (line {}, column {})", error.line(), error.column())))
            }
        }
    }
}

/// Reads on a thread of its own: a pipe may stay silent for any time, and a signal has to end the program all the same.
async fn read(bytes: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static) -> Result<String, String> {
    let bytes = match tokio::task::spawn_blocking(bytes).await {
        Ok(outcome) => outcome.map_err(|error| format!("could not be read: {error}"))?,
        Err(error) => return Err(format!("could not be read: {error}")),
    };
    decoded(bytes)
}

fn read_standard_input() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The text without its byte order mark. Editors and shells on Windows write one, and some write UTF-16 with it.
fn decoded(bytes: Vec<u8>) -> Result<String, String> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks(2).map(|pair| unit([pair[0], pair.get(1).copied().unwrap_or(0)])).collect();
        String::from_utf16(&units).map_err(|_| "is not UTF-16, as its byte order mark says".to_owned())
    };
    match bytes.as_slice() {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => {
            let mut text = String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
            if text.starts_with('\u{FEFF}') {
                text.remove(0);
            }
            Ok(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_marks_are_dropped() {
        let text = r#"{"name": "Zoë"}"#;
        let utf16 = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| {
            [&mark[..], &text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>()].concat()
        };
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
            utf16([0xFF, 0xFE], u16::to_le_bytes),
            utf16([0xFE, 0xFF], u16::to_be_bytes),
        ] {
            assert_eq!(decoded(bytes.clone()).as_deref(), Ok(text), "{bytes:?}");
        }
        for bytes in [vec![0xFF, 0xFE, 0x00, 0xD8], vec![b'{', 0xFF, b'}']] {
            assert!(decoded(bytes).is_err_and(|problem| problem.starts_with("is not UTF-")));
        }
    }
}
