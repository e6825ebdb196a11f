//! Times as people write them.

use crate::show;

/// Milliseconds since 1970 from `2025-10-15`, from `2025-10-15T12:00:00Z` with or without a fraction
/// of a second, or from a number of milliseconds.
pub(crate) fn parse(text: &str) -> Result<i64, String> {
    let wrong = || {
        format!(
            "{text:?} is no time; give a date as 2025-10-15, a time as 2025-10-15T12:00:00Z, or \
             milliseconds since 1970"
        )
    };
    if let Ok(ms) = text.parse() {
        return Ok(ms);
    }
    let ms = date_time(text).ok_or_else(wrong)?;
    // A day or an hour that there is not comes back as another one.
    let shown = show::time(ms);
    let same =
        text.get(..10) == shown.get(..10) && text.get(11..19).is_none_or(|t| t == &shown[11..19]);
    if same { Ok(ms) } else { Err(wrong()) }
}

fn date_time(text: &str) -> Option<i64> {
    let (date, time) = match text.get(10..11) {
        None => (text, "00:00:00"),
        Some("T" | " ") => (text.get(..10)?, text.get(11..)?.strip_suffix('Z')?),
        Some(_) => return None,
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let fraction = format!("{fraction:0<3}");
    let [ms] = numbers(&fraction, '.', [3])?;
    Some((days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second) * 1000 + ms)
}

/// Numbers of so many digits each, with a separator between them.
fn numbers<const N: usize>(text: &str, separator: char, digits: [usize; N]) -> Option<[i64; N]> {
    let mut numbers = [0; N];
    let mut parts = text.split(separator);
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next()?;
        let plain = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        *number = if plain { part.parse().ok()? } else { return None };
    }
    parts.next().is_none().then_some(numbers)
}

/// Days since 1970 of a date of the Gregorian calendar; years begin in March, so that the leap day is
/// the last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_given_back() {
        for ms in [0, -1, 1_760_529_600_123, 951_782_400_000, 4_107_542_400_000, -2_208_988_800_000]
        {
            assert_eq!(parse(&show::time(ms)), Ok(ms));
            assert_eq!(parse(&ms.to_string()), Ok(ms));
        }
        assert_eq!(parse("2025-10-15"), Ok(1_760_486_400_000));
        assert_eq!(parse("2025-10-15T12:00:00Z"), Ok(1_760_529_600_000));
        assert_eq!(parse("2025-10-15T12:00:00.5Z"), Ok(1_760_529_600_500));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        let wrong = [
            "",
            "soon",
            "2025",
            "2025-1-1",
            "2025-02-29",
            "2025-13-01",
            "2025-00-10",
            "2025-10-15T12:00Z",
            "2025-10-15T12:00:00",
            "2025-10-15T25:00:00Z",
            "2025-10-15T12:60:00Z",
            "2025-10-15T12:00:00.1234Z",
            "+025-10-15",
            "2025-10-15x",
            "2025-10-1é",
        ];
        for text in wrong {
            // A year alone is a number of milliseconds, as it says.
            assert_eq!(parse(text).is_err(), text != "2025", "{text}");
        }
    }
}
