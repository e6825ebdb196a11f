//! Times as people and programs write them.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY_MS: i64 = 86_400_000;

/// Reads a time: milliseconds since 1970, or a date of the Gregorian calendar, with a time of day
/// behind `T` or a space if it is not midnight; UTC, with or without the `Z`.
pub(crate) fn parse(text: &str) -> Result<i64, String> {
    if let Ok(ms) = text.parse() {
        return Ok(ms);
    }
    let refusal = || {
        format!(
            "{text:?} is no time; write 2026-03-01, 2026-03-01T12:30:00Z or milliseconds since 1970"
        )
    };
    let time = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let (date, of_day) = time.split_once(['T', 't', ' ']).unwrap_or((time, "00:00"));
    let day = day(date).ok_or_else(refusal)?;
    let ms = ms_of_day(of_day).ok_or_else(refusal)?;
    Ok(day * DAY_MS + ms)
}

/// The time now, in milliseconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// `2026-03-01` as days since 1970. Years have four digits.
fn day(date: &str) -> Option<i64> {
    let mut parts = date.splitn(3, '-');
    let (year, month, day) =
        (number(parts.next()?, 4)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days = [31, if is_leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let index = usize::try_from(month.checked_sub(1)?).ok()?;
    if !(1..=*days.get(index)?).contains(&day) {
        return None;
    }
    let before: i64 = days[..index].iter().sum();
    let last = year - 1; // Of the years that are over: 0000 is one, and a leap year.
    let leap_days = last.div_euclid(4) - last.div_euclid(100) + last.div_euclid(400) + 1;
    Some(year * 365 + leap_days + before + day - 1 - 719_528)
}

/// `12:30`, `12:30:05` or `12:30:05.123` as milliseconds.
fn ms_of_day(time: &str) -> Option<i64> {
    let mut parts = time.splitn(3, ':');
    let (hour, minute) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let (second, ms) = match parts.next() {
        None => (0, 0),
        Some(second) => match second.split_once('.') {
            None => (number(second, 2)?, 0),
            Some((second, ms)) => (number(second, 2)?, number(ms, 3)?),
        },
    };
    let in_range = hour < 24 && minute < 60 && second < 60;
    in_range.then_some(((hour * 60 + minute) * 60 + second) * 1000 + ms)
}

/// Exactly so many digits.
fn number(text: &str, digits: usize) -> Option<i64> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show;

    #[test]
    fn what_is_shown_is_read_again() {
        for ms in
            [0, -1, 1_760_529_600_123, 951_782_400_000, 4_107_542_400_000, -62_167_219_200_000]
        {
            assert_eq!(parse(&show::time(ms)), Ok(ms), "{}", show::time(ms));
            assert_eq!(parse(&ms.to_string()), Ok(ms));
        }
        let mut day = -62_167_219_200_000;
        while day < 253_402_300_800_000 {
            assert_eq!(parse(&show::time(day)), Ok(day));
            day += 97 * DAY_MS;
        }
    }

    #[test]
    fn dates_may_be_short() {
        let times = ["2025-10-15", "2025-10-15T12:00", "2025-10-15 12:00:00Z"].map(parse);
        assert_eq!(times, [1_760_486_400_000, 1_760_529_600_000, 1_760_529_600_000].map(Ok));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "now",
            "2025-13-01",
            "2025-00-01",
            "2025-02-29",
            "2025-10-00",
            "25-10-01",
            "2025-10-15T24:00",
            "2025-10-15T1:00",
            "2025-10-15T12:60",
            "2025-10-15T12:00:00.5",
            "2025-10-15T12:00+02:00",
            "99999999999999999999",
        ] {
            let refusal = parse(text).unwrap_err();
            assert!(refusal.contains("no time; write"), "{refusal}");
        }
    }
}
