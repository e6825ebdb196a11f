//! Times: milliseconds since the epoch, signed where a fact may be older than 1970.
//!
//! A validity interval is half open, `from <= t < to`. An open end is an extreme of the type.

/// Valid since ever.
pub const OPEN_START: i64 = i64::MIN;
/// Valid until further notice.
pub const OPEN_END: i64 = i64::MAX;

/// Whether `from <= time < to`. Without an end it holds at every time from `from` on, the last one
/// included.
pub const fn holds_at(from: i64, to: i64, time: i64) -> bool {
    from <= time && (time < to || to == OPEN_END)
}

const OPEN_START_48: i64 = -(1 << 47);
const OPEN_END_48: i64 = (1 << 47) - 1;

/// Whether `ms` can be the end of an association's interval: 48 bits, or an open end.
pub const fn fits_48_bits(ms: i64) -> bool {
    ms == OPEN_START || ms == OPEN_END || (OPEN_START_48 < ms && ms < OPEN_END_48)
}

/// Packs a time into 48 bits, little-endian. Open ends become the extremes; a time beyond them
/// is clamped to the nearer open end, so check [`fits_48_bits`] first.
pub const fn pack_48(ms: i64) -> [u8; 6] {
    let clamped = if ms < OPEN_START_48 {
        OPEN_START_48
    } else if ms > OPEN_END_48 {
        OPEN_END_48
    } else {
        ms
    };
    let [a, b, c, d, e, f, _, _] = clamped.to_le_bytes();
    [a, b, c, d, e, f]
}

/// Unpacks what [`pack_48`] wrote.
pub const fn unpack_48(bytes: [u8; 6]) -> i64 {
    let [a, b, c, d, e, f] = bytes;
    let sign = if f & 0x80 != 0 { 0xff } else { 0 };
    match i64::from_le_bytes([a, b, c, d, e, f, sign, sign]) {
        OPEN_START_48 => OPEN_START,
        OPEN_END_48 => OPEN_END,
        ms => ms,
    }
}
