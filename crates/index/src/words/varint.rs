//! Numbers in as few bytes as they need: seven bits a byte, the low ones first.

/// Appends a number.
pub(crate) fn put(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a number that may be negative; small ones of either sign are short.
pub(crate) fn put_signed(value: i64, out: &mut Vec<u8>) {
    put(((value << 1) ^ (value >> 63)) as u64, out);
}

/// Takes a number from the front of `bytes`.
#[inline]
pub(crate) fn take(bytes: &mut &[u8]) -> Option<u64> {
    match bytes {
        [byte, rest @ ..] if *byte < 0x80 => {
            *bytes = rest;
            Some(u64::from(*byte))
        }
        _ => take_long(bytes),
    }
}

fn take_long(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for (place, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f).checked_shl(7 * place as u32)?;
        if byte & 0x80 == 0 {
            *bytes = &bytes[place + 1..];
            return Some(value);
        }
    }
    None
}

/// Takes a number of 32 bits from the front of `bytes`.
pub(crate) fn take_u32(bytes: &mut &[u8]) -> Option<u32> {
    u32::try_from(take(bytes)?).ok()
}

/// Takes a number that may be negative from the front of `bytes`.
pub(crate) fn take_signed(bytes: &mut &[u8]) -> Option<i64> {
    let value = take(bytes)?;
    Some((value >> 1) as i64 ^ -((value & 1) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put(value, &mut bytes);
            put_signed(value as i64, &mut bytes);
            let rest = &mut bytes.as_slice();
            assert_eq!((take(rest), take_signed(rest)), (Some(value), Some(value as i64)));
            assert!(rest.is_empty());
        }
    }

    #[test]
    fn an_endless_number_is_none() {
        assert_eq!(take(&mut [0xff; 20].as_slice()), None);
        assert_eq!(take(&mut [0x80].as_slice()), None);
    }
}
