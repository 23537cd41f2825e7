//! The flag `--auth`: how to sign in, with a name if there are several.

use super::text_source::TextSource;
use std::convert::Infallible;
use std::str::FromStr;

/// How to sign in: `JSON|@FILE|-`, or the same after `NAME=`.
#[derive(Debug, Clone)]
pub(super) struct NamedAuth {
    /// [`None`] where no name was given.
    pub(super) name: Option<String>,
    pub(super) source: TextSource,
}

impl FromStr for NamedAuth {
    type Err = Infallible;

    fn from_str(argument: &str) -> Result<Self, Infallible> {
        let is_name = |text: &str| {
            let is_usual = |character: char| character.is_alphanumeric() || matches!(character, '-' | '_' | '.');
            !text.is_empty() && text != "-" && text.chars().all(is_usual)
        };
        let (name, source) = match argument.split_once('=') {
            Some((name, source)) if is_name(name) => (Some(name.to_owned()), source),
            _ => (None, argument),
        };
        let Ok(source) = source.parse();
        Ok(Self { name, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_before_an_equals_sign() {
        for (argument, name, source) in [
            ("@auth.json", None, "File"),
            ("production=@auth.json", Some("production"), "File"),
            ("@folder=a/auth.json", None, "File"),
            ("-", None, "StandardInput"),
            ("test-1=-", Some("test-1"), "StandardInput"),
            (r#"{"client_id":"a=b"}"#, None, "Text"),
            (r#"a={"client_id":"a=b"}"#, Some("a"), "Text"),
        ] {
            let Ok(auth) = argument.parse::<NamedAuth>();
            assert_eq!((auth.name.as_deref(), format!("{:?}", auth.source).as_str()), (name, source), "{argument}");
        }
    }
}
