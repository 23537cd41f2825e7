//! Dates and times in Looker's responses.

/// The time from the beginning of 1970 to a moment such as `2026-01-15T09:30:00.000+00:00`, in seconds. A space may stand for
/// the `T`; without an offset the time is taken as UTC. `None` if it is no moment.
pub fn seconds(text: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| {
        let digits = text.get(range).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        digits.parse::<i64>().ok()
    };
    let sign = |index: usize, signs: &[u8]| text.as_bytes().get(index).is_some_and(|byte| signs.contains(byte));
    if !(sign(4, b"-") && sign(7, b"-") && sign(10, b"T ") && sign(13, b":") && sign(16, b":")) {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = text.get(19..)?.trim_start_matches(|letter: char| letter == '.' || letter.is_ascii_digit());
    let offset = match rest.as_bytes().first() {
        None | Some(b'Z') => 0,
        Some(sign @ (b'+' | b'-')) => {
            let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
            let minutes = digits.get(0..2)?.parse::<i64>().ok()? * 60 + digits.get(2..4)?.parse::<i64>().ok()?;
            if *sign == b'+' { minutes * 60 } else { -minutes * 60 }
        }
        Some(_) => return None,
    };
    Some(days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset)
}

/// A moment of so many seconds after the beginning of 1970, such as `2026-01-15T09:30:00Z`.
pub fn written(seconds: i64) -> String {
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Years begin in March here, so that the day that some years add comes last.
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// The number of days from the beginning of 1970 to a date.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let march_month = (month + 9) % 12;
    let of_year = (153 * march_month + 2) / 5 + day - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    era * 146_097 + of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_looker_writes() {
        assert_eq!(seconds("2026-01-15T09:30:00.000+00:00"), Some(1_768_469_400));
        assert_eq!(seconds("2026-01-15T10:30:00+01:00"), Some(1_768_469_400));
        assert_eq!(seconds("2026-01-15T04:00:00.5-0530"), Some(1_768_469_400));
        assert_eq!(seconds("2026-01-15 09:30:00"), Some(1_768_469_400));
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        for wrong in ["", "2026-01-15", "2026-13-15T09:30:00Z", "yesterday at 10:30:00", "2026-01-15T09:30:00 o'clock"]
        {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn writes_what_it_reads() {
        for moment in ["1970-01-01T00:00:00Z", "2000-02-29T23:59:59Z", "2024-03-01T00:00:01Z", "2026-12-31T12:00:00Z"] {
            assert_eq!(written(seconds(moment).unwrap()), moment);
        }
    }
}
