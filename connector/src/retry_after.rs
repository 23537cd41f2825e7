//! The `Retry-After` header: how long Looker, or a proxy before it, asks to wait.

use crate::transport::Headers;
use std::time::Duration;

/// The longest wait that is handed on. A platform that comes back after a day does no harm, and one that believes in a
/// date from a wrong clock would sleep for years.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The time to wait, where the headers name one: in seconds or as a date. A date that has passed is no wait.
///
/// `wall_clock` gives the time since the beginning of 1970. It is asked only where it decides: few responses name a time,
/// and each look at the clock is a call to the host. The server's own clock (`Date`) comes first, since a date is meant by
/// that clock.
pub fn retry_after(headers: &Headers, wall_clock: impl FnOnce() -> Duration) -> Option<Duration> {
    let value = headers.get("retry-after")?.trim();
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Only a number too large for 64 bits does not parse.
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        let now = headers.get("date").and_then(date).unwrap_or_else(wall_clock);
        date(value)?.saturating_sub(now)
    };
    Some(wait.min(LONGEST))
}

/// The time from the beginning of 1970 to a date as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn date(text: &str) -> Option<Duration> {
    let moment = httpdate::parse_http_date(text.trim()).ok()?;
    moment.duration_since(std::time::SystemTime::UNIX_EPOCH).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(value: &str, wall_clock: u64) -> Option<u64> {
        let headers = Headers(vec![("Retry-After".into(), value.into())]);
        retry_after(&headers, || Duration::from_secs(wall_clock)).map(|time| time.as_secs())
    }

    #[test]
    fn reads_seconds_and_dates() {
        assert_eq!(after("120", 0), Some(120));
        assert_eq!(after(" 0 ", 0), Some(0));
        assert_eq!(after("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_770), Some(7));
        assert_eq!(after("Thu, 29 Feb 2024 00:00:00 GMT", 1_709_164_800 - 60), Some(60));
    }

    #[test]
    fn a_date_that_has_passed_is_no_wait() {
        assert_eq!(after("Sun, 06 Nov 1994 08:49:37 GMT", 2_000_000_000), Some(0));
    }

    #[test]
    fn a_date_is_compared_with_the_servers_clock() {
        let headers = |date: &str| {
            Headers(vec![("date".into(), date.into()), ("retry-after".into(), "Thu, 01 Jan 2026 00:01:00 GMT".into())])
        };
        let wrong_clock = || Duration::ZERO;
        let wait = |date: &str| retry_after(&headers(date), wrong_clock);
        assert_eq!(wait("Thu, 01 Jan 2026 00:00:00 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(wait("not a date"), Some(LONGEST));
    }

    #[test]
    fn a_wait_is_at_most_a_day() {
        for value in ["86401", "18446744073709551615", "99999999999999999999999999", "Thu, 01 Jan 2026 00:00:00 GMT"] {
            assert_eq!(after(value, 0), Some(86_400), "{value}");
        }
    }

    #[test]
    fn ignores_what_it_does_not_understand() {
        for value in
            ["", "soon", "-1", "+1", "1.5", "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "x, 1"]
        {
            assert_eq!(after(value, 0), None, "{value}");
        }
        assert_eq!(retry_after(&Headers::default(), || unreachable!("no header, no clock")), None);
    }
}
