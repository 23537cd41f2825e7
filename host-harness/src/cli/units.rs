//! Durations and amounts of memory as people write them.

use bytesize::ByteSize;
use connector_host::limits::MAX_MEMORY_BYTES;
use std::time::Duration;

/// The longest duration: more than any clock needs to count to.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A duration: `90` (seconds), or with units: `500ms`, `90s`, `5m`, `1h 30m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let parsed = match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => humantime::parse_duration(text).ok(),
    };
    parsed
        .filter(|duration| !duration.is_zero() && *duration <= LONGEST)
        .ok_or_else(|| "give a duration above zero and up to a year: 90, 500ms, 90s, 5m or 1h".to_owned())
}

/// An amount of memory of one sandbox: `67108864` (bytes), or with a unit: `64MiB`, `1GiB`, `64MB`.
pub(super) fn memory(text: &str) -> Result<u64, String> {
    bytes(text)
        .ok()
        .filter(|bytes| *bytes <= MAX_MEMORY_BYTES)
        .ok_or_else(|| "give an amount of memory above zero and up to 4GiB: 65536KiB, 64MiB or 1GiB".to_owned())
}

/// An amount of bytes, however large.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let parsed = text.trim().parse::<ByteSize>().ok();
    parsed
        .map(|amount| amount.as_u64())
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "give an amount of bytes above zero: 65536KiB, 64MiB or 1GiB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_take_seconds_or_units() {
        let second = Duration::from_secs(1);
        for (text, expected) in [
            ("90", 90 * second),
            ("90s", 90 * second),
            (" 5m ", 300 * second),
            ("1h", 3600 * second),
            ("1h 30m", 5400 * second),
            ("500ms", second / 2),
            ("5 days", 432_000 * second),
        ] {
            assert_eq!(duration(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            "0",
            "0s",
            "-1",
            "1.5",
            "s",
            "5 fortnights",
            "2 years",
            "99999999999999999999",
            "18446744073709551615h",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn amounts_take_bytes_or_units() {
        for (text, expected) in [
            ("4096", 4096),
            ("1 kib", 1024),
            ("64MiB", 64 << 20),
            ("64MB", 64_000_000),
            ("1.5GiB", 3 << 29),
            ("4GiB", 4 << 30),
        ] {
            assert_eq!(memory(text), Ok(expected), "{text}");
        }
        for text in ["", "0", "-1", "5GiB", "64 parsecs", "18446744073709551615g", "1e3"] {
            assert!(memory(text).is_err(), "{text}");
        }
    }
}
