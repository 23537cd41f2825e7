//! What of a path is logged.
//!
//! A path names things by their ids, which are somebody's data, and makes every line of a log unlike every other one. The
//! parts that name one thing among many are left out: `/api/4.0/users/5` is logged as `/api/4.0/users/{}`.

use std::fmt;

/// The longest part of a path that is taken for a word.
const LONGEST_WORD: usize = 40;

/// A path, shown without what names one thing among many.
pub(super) struct Template<'a>(pub(super) &'a str);

impl fmt::Display for Template<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.0.split('/').enumerate() {
            if index > 0 {
                formatter.write_str("/")?;
            }
            formatter.write_str(if is_word(part) || is_version(part) { part } else { "{}" })?;
        }
        Ok(())
    }
}

/// A word in lower case, such as a service's own names are: `all_users`, `query-tasks`.
fn is_word(part: &str) -> bool {
    part.len() <= LONGEST_WORD && part.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-'))
}

/// `v1`, `4.0`.
fn is_version(part: &str) -> bool {
    let digits = part.strip_prefix('v').unwrap_or(part);
    let is_number =
        |number: &str| !number.is_empty() && number.len() <= 3 && number.bytes().all(|byte| byte.is_ascii_digit());
    let numbers = digits.split('.').count();
    (digits.len() < part.len() || (2..=3).contains(&numbers)) && numbers <= 3 && digits.split('.').all(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_versions_are_shown_and_the_rest_is_not() {
        for (path, expected) in [
            ("/api/4.0/users/5", "/api/4.0/users/{}"),
            ("/api/4.0/users/5/credentials_email/", "/api/4.0/users/{}/credentials_email/"),
            ("/v1/sql-queries/aB3dE", "/v1/sql-queries/{}"),
            ("/api/4.0/dashboards/model%3A%3Aname", "/api/4.0/dashboards/{}"),
            ("/api/4.0/queries/20260101", "/api/4.0/queries/{}"),
            ("/a@b.example/10.0.0.1/v", "/{}/{}/v"),
            ("/", "/"),
        ] {
            assert_eq!(Template(path).to_string(), expected);
        }
    }
}
