//! `--auth`: how to sign in, and under which name a workflow's steps find it.

use super::text_source::TextSource;
use std::str::FromStr;

/// The value of one `--auth`.
#[derive(Debug, Clone)]
pub(super) struct AuthArgument {
    /// The name that steps use. `None` for the default.
    pub(super) name: Option<String>,
    /// The auth.
    pub(super) source: TextSource,
}

impl FromStr for AuthArgument {
    type Err = std::convert::Infallible;

    fn from_str(argument: &str) -> Result<Self, Self::Err> {
        // JSON and `@FILE` can contain `=` too, but neither begins with a name.
        let is_name = |name: &str| {
            !name.is_empty() && name.chars().all(|character| character.is_alphanumeric() || "_-.".contains(character))
        };
        let (name, source) = match argument.split_once('=') {
            Some((name, source)) if is_name(name) => (Some(name.to_owned()), source),
            _ => (None, argument),
        };
        let Ok(source) = source.parse();
        Ok(Self { name, source })
    }
}

impl AuthArgument {
    /// How messages name it: `--auth production`.
    pub(super) fn flag(&self) -> String {
        match &self.name {
            Some(name) => format!("--auth {name}"),
            None => "--auth".to_owned(),
        }
    }

    /// Whether it is read from standard input.
    pub(super) fn is_standard_input(&self) -> bool {
        matches!(self.source, TextSource::StandardInput)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_stands_before_the_equals_sign() {
        for (argument, name, is_file) in [
            ("@auth.json", None, true),
            ("@a=b.json", None, true),
            ("-", None, false),
            (r#"{"client_secret": "a=b"}"#, None, false),
            ("production=@auth.json", Some("production"), true),
            ("eu-1=@a=b.json", Some("eu-1"), true),
            (r#"staging={"domain": "x"}"#, Some("staging"), false),
        ] {
            let parsed: AuthArgument = argument.parse().unwrap();
            assert_eq!(parsed.name.as_deref(), name, "{argument}");
            assert_eq!(matches!(parsed.source, TextSource::File(_)), is_file, "{argument}");
        }
    }
}
