//! Lengths of time as arguments: `30d`, `12h`, `90m`, `45s`.

/// Milliseconds of each unit, longest first.
const UNITS: [(char, u64); 4] = [('d', 86_400_000), ('h', 3_600_000), ('m', 60_000), ('s', 1_000)];

/// Milliseconds, above zero; none if it is no such text.
pub(crate) fn milliseconds(text: &str) -> Option<u64> {
    UNITS.iter().find_map(|(unit, ms)| {
        let number: u64 = text.strip_suffix(*unit)?.parse().ok()?;
        number.checked_mul(*ms).filter(|span| *span > 0)
    })
}

/// The same for an argument.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let refused =
        || format!("{text:?} is no length of time; write one such as `30d`, `12h` or `45s`");
    milliseconds(text).ok_or_else(refused)
}

/// As it can be read again, in the longest unit that fits; else in milliseconds.
pub(crate) fn shown(span: u64) -> String {
    match UNITS.iter().find(|(_, ms)| span.is_multiple_of(*ms)) {
        Some((unit, ms)) => format!("{}{unit}", span / ms),
        None => format!("{span} ms"),
    }
}
