//! The `Retry-After` header: how long Looker, or a proxy before it, asks to wait.

use crate::transport::Headers;
use std::time::Duration;

/// The time to wait, where the headers name one: as seconds or, given the time `since_1970`, as a date.
pub fn retry_after(headers: &Headers, since_1970: Duration) -> Option<Duration> {
    let value = headers.get("retry-after")?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    date(value).map(|moment| moment.saturating_sub(since_1970))
}

/// The moment, since 1970, of a date as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn date(text: &str) -> Option<Duration> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, rest) = text.split_once(", ")?;
    let mut words = rest.split(' ');
    let day: u64 = words.next()?.parse().ok().filter(|day| (1..=31).contains(day))?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)?;
    let year: u64 = words.next()?.parse().ok().filter(|year| (1970..10_000).contains(year))?;
    let mut clock = words.next()?.split(':').map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if words.next() != Some("GMT") || clock.next().is_some() || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let february = if leap(year) { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let years: u64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let days = years + lengths[..month].iter().sum::<u64>() + day - 1;
    Some(Duration::from_secs(((days * 24 + hour) * 60 + minute) * 60 + second))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(value: &str, since_1970: u64) -> Option<u64> {
        let headers = Headers(vec![("Retry-After".into(), value.into())]);
        retry_after(&headers, Duration::from_secs(since_1970)).map(|time| time.as_secs())
    }

    #[test]
    fn seconds_and_dates() {
        assert_eq!(after("120", 0), Some(120));
        assert_eq!(after(" 0 ", 0), Some(0));
        assert_eq!(after("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_770), Some(7));
        assert_eq!(after("Thu, 29 Feb 2024 00:00:00 GMT", 1_709_164_800 - 60), Some(60));
        // A moment that has passed: come back at once.
        assert_eq!(after("Sun, 06 Nov 1994 08:49:37 GMT", 2_000_000_000), Some(0));
    }

    #[test]
    fn what_it_does_not_understand_it_leaves_alone() {
        for value in ["", "soon", "-1", "1.5", "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "x, 1"]
        {
            assert_eq!(after(value, 0), None, "{value}");
        }
        assert_eq!(retry_after(&Headers::default(), Duration::ZERO), None);
    }
}
