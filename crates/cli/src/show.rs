//! How numbers, sizes, times and texts look to people.

use std::fmt::Write;

/// `1234567` as `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() * 4 / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A number of bytes in the largest unit that leaves at least 1, with one decimal.
pub(crate) fn bytes(number: u64) -> String {
    if number < 1024 {
        return format!("{number} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let mut value = number as f64;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] {
        if value < 1024.0 {
            break;
        }
        (value, unit) = (value / 1024.0, larger);
    }
    format!("{value:.1} {unit}")
}

/// Milliseconds since 1970 as `2025-10-15 12:00:00.000Z`.
pub(crate) fn time(ms: i64) -> String {
    const DAY_MS: i64 = 86_400_000;
    let (day, ms) = (ms.div_euclid(DAY_MS), ms.rem_euclid(DAY_MS));
    let (year, month, day) = date(day);
    let (hour, minute) = (ms / 3_600_000, ms / 60_000 % 60);
    let (second, ms) = (ms / 1000 % 60, ms % 1000);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// Year, month and day of the n-th day since 1970. Years are counted from March on, so that the
/// leap day is the last of its year; 146,097 days make 400 years.
fn date(day: i64) -> (i64, i64, i64) {
    let since_0000_03 = day + 719_468;
    let (era, day) = (since_0000_03.div_euclid(146_097), since_0000_03.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153; // 0 is March; five months have 153 days.
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + carry, month, day)
}

/// Text for people: control characters, which could steer a terminal, become visible. Line feeds
/// and tabs stay.
pub(crate) fn text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && c != '\n' && c != '\t' {
            // Infallible: a `String` takes all that is written to it.
            let _ = write!(shown, "{}", c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The start of a text on one line: at most `width` characters.
pub(crate) fn line(content: &str, width: usize) -> String {
    let mut characters = content.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    let mut shown: String = characters.by_ref().take(width).collect();
    if characters.next().is_some() {
        shown.pop();
        shown.push('…');
    }
    text(&shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_by_thousands() {
        let shown = [0, 999, 1000, 117_791, 1_000_000].map(count);
        assert_eq!(shown, ["0", "999", "1,000", "117,791", "1,000,000"]);
    }

    #[test]
    fn sizes_have_the_largest_unit_that_fits() {
        let shown = [0, 1023, 1024, 1536, 64 << 20, u64::MAX].map(bytes);
        assert_eq!(shown, ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "64.0 MiB", "16.0 EiB"]);
    }

    #[test]
    fn times_are_dates_of_the_gregorian_calendar() {
        assert_eq!(time(0), "1970-01-01 00:00:00.000Z");
        assert_eq!(time(1_760_529_600_123), "2025-10-15 12:00:00.123Z");
        assert_eq!(time(951_782_400_000), "2000-02-29 00:00:00.000Z");
        assert_eq!(time(-1), "1969-12-31 23:59:59.999Z");
        assert_eq!(time(4_107_542_400_000), "2100-03-01 00:00:00.000Z");
    }

    #[test]
    fn text_cannot_steer_the_terminal() {
        assert_eq!(text("a\x1b[31mb\tc\n\u{9b}"), "a\\u{1b}[31mb\tc\n\\u{9b}");
    }

    #[test]
    fn a_long_text_is_cut_to_one_line() {
        assert_eq!(line("one\ntwo", 10), "one two");
        assert_eq!(line("abcdef", 6), "abcdef");
        assert_eq!(line("abcdefg", 6), "abcde…");
    }
}
