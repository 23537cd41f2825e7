//! Arguments whose text may stand in a file.

use super::error::CliError;
use std::convert::Infallible;
use std::io::Read;
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
    /// Reads the text, which has to be a JSON object. `flag` is where it comes from: `--input`.
    ///
    /// The text is given as it stands: nothing that it says changes on the way to the connector.
    pub(super) fn read_object(&self, flag: &str) -> Result<String, CliError> {
        let (text, place) = match self {
            Self::Text(text) => (text.clone(), flag.to_owned()),
            Self::File(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    CliError::usage(format!("{flag}: {} could not be read: {error}", path.display()))
                })?;
                (text, format!("{flag}: {}", path.display()))
            }
            Self::StandardInput => {
                let mut text = String::new();
                std::io::stdin()
                    .read_to_string(&mut text)
                    .map_err(|error| CliError::usage(format!("{flag}: standard input could not be read: {error}")))?;
                (text, format!("{flag}: standard input"))
            }
        };
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
