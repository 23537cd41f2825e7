//! Times and amounts of memory as people write them.

use connector_host::limits::MEMORY_BYTES_MOST;
use std::time::Duration;

/// A time: `90` (seconds), `500ms`, `90s`, `5m`, `1h`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let expected = || "give a time above zero: 90, 500ms, 90s, 5m or 1h".to_owned();
    let (number, unit) = split(text);
    let number: u64 = number.parse().map_err(|_| expected())?;
    let milliseconds = match unit {
        "ms" => Some(number),
        "" | "s" => number.checked_mul(1_000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => None,
    };
    // A year is more than any clock needs to count to.
    milliseconds.filter(|time| (1..=31_536_000_000).contains(time)).map(Duration::from_millis).ok_or_else(expected)
}

/// An amount of memory: `67108864` (bytes), `64MiB`, `1GiB`.
pub(super) fn memory(text: &str) -> Result<u64, String> {
    let expected = || "give an amount of memory above zero and up to 4GiB: 65536KiB, 64MiB or 1GiB".to_owned();
    let (number, unit) = split(text);
    let number: u64 = number.parse().map_err(|_| expected())?;
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        _ => return Err(expected()),
    };
    number.checked_mul(factor).filter(|bytes| (1..=MEMORY_BYTES_MOST).contains(bytes)).ok_or_else(expected)
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_amounts_are_understood() {
        let second = Duration::from_secs(1);
        for (text, expected) in [
            ("90", 90 * second),
            ("90s", 90 * second),
            ("5m", 300 * second),
            ("1h", 3600 * second),
            ("500ms", second / 2),
        ] {
            assert_eq!(duration(text), Ok(expected), "{text}");
        }
        for (text, expected) in
            [("4096", 4096), ("1 kib", 1024), ("64MiB", 64 << 20), ("64M", 64 << 20), ("4GiB", 4 << 30)]
        {
            assert_eq!(memory(text), Ok(expected), "{text}");
        }
        for text in ["", "0", "-1", "1.5", "s", "5d", "99999999999999999999", "18446744073709551615h"] {
            assert!(duration(text).is_err(), "{text}");
        }
        for text in ["", "0", "-1", "64MB", "5GiB", "18446744073709551615g"] {
            assert!(memory(text).is_err(), "{text}");
        }
    }
}
