//! Damage, enumerated: every bit flipped once, every length cut to.

/// A copy of `bytes` for each of its bits, with that bit flipped, in order. The number is that of
/// the bit: bit `b % 8`, the lowest first, of byte `b / 8`.
pub fn flip_every_bit(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> + '_ {
    (0..bytes.len() * 8).map(|bit| {
        let mut damaged = bytes.to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        (bit, damaged)
    })
}

/// Every proper prefix of `bytes`, the empty one first.
pub fn truncations(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    (0..bytes.len()).map(|length| &bytes[..length])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_flip_differs_in_the_one_bit_that_it_names() {
        let flips: Vec<_> = flip_every_bit(&[0, 0xff]).collect();
        assert_eq!(flips.len(), 16);
        assert_eq!(flips[0], (0, vec![1, 0xff]));
        assert_eq!(flips[7], (7, vec![0x80, 0xff]));
        assert_eq!(flips[15], (15, vec![0, 0x7f]));
    }

    #[test]
    fn truncations_are_all_the_shorter_prefixes() {
        let cut: Vec<_> = truncations(b"abc").collect();
        assert_eq!(cut, [&b""[..], b"a", b"ab"]);
        assert_eq!(truncations(b"").count(), 0);
    }
}
