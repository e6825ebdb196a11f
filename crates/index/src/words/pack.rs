//! Numbers packed at the width of the largest: blocks of 128 by SIMD, shorter runs one by one.

use bitpacking::{BitPacker, BitPacker4x};

/// Numbers of a full block.
pub(crate) const BLOCK: usize = BitPacker4x::BLOCK_LEN;

/// One block, unpacked.
pub(crate) type Block = [u32; BLOCK];

/// Packs and unpacks full blocks; knows which instructions the processor has. The bytes are the
/// same on every one.
#[derive(Clone, Copy)]
pub(crate) struct Packer(BitPacker4x);

impl std::fmt::Debug for Packer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Packer")
    }
}

impl Packer {
    pub(crate) fn new() -> Self {
        Self(BitPacker4x::new())
    }

    /// Appends rows that rise strictly from `before` on, and returns the width.
    pub(crate) fn put_rows(self, before: Option<u32>, rows: &Block, out: &mut Vec<u8>) -> u8 {
        let bits = self.0.num_bits_strictly_sorted(before, rows);
        let start = out.len();
        out.resize(start + bytes_of_block(bits), 0);
        self.0.compress_strictly_sorted(before, rows, &mut out[start..], bits);
        bits
    }

    /// Appends numbers, and returns the width.
    pub(crate) fn put(self, values: &Block, out: &mut Vec<u8>) -> u8 {
        let bits = self.0.num_bits(values);
        let start = out.len();
        out.resize(start + bytes_of_block(bits), 0);
        self.0.compress(values, &mut out[start..], bits);
        bits
    }

    /// Rows of a block at the front of `bytes`. None where the bytes are too few or too wide.
    #[inline]
    pub(crate) fn rows(
        self,
        before: Option<u32>,
        bytes: &[u8],
        bits: u8,
        out: &mut Block,
    ) -> Option<()> {
        let bytes = packed(bytes, bits)?;
        self.0.decompress_strictly_sorted(before, bytes, out, bits);
        Some(())
    }

    /// Numbers of a block at the front of `bytes`.
    #[inline]
    pub(crate) fn values(self, bytes: &[u8], bits: u8, out: &mut Block) -> Option<()> {
        let bytes = packed(bytes, bits)?;
        self.0.decompress(bytes, out, bits);
        Some(())
    }
}

/// Words of 32 bits that a block is packed into side by side.
const LANES: usize = 4;

/// One of the numbers of a full block at the front of `bytes`, without unpacking the others.
#[inline]
pub(crate) fn value(bytes: &[u8], bits: u8, place: usize) -> Option<u32> {
    let bytes = packed(bytes, bits)?;
    // Number n is in every fourth word from word n % 4 on, behind n / 4 others.
    let bits = usize::from(bits);
    let (first, shift) = (place / LANES * bits / 32, place / LANES * bits % 32);
    let word = |word: usize| -> Option<u64> {
        let bytes = bytes.get((word * LANES + place % LANES) * 4..)?.first_chunk()?;
        Some(u64::from(u32::from_le_bytes(*bytes)))
    };
    let low = word(first)?;
    let high = if shift + bits > 32 { word(first + 1)? } else { 0 };
    Some(((high << 32 | low) >> shift & ((1 << bits) - 1)) as u32)
}

/// Bytes of a full block at this width.
pub(crate) const fn bytes_of_block(bits: u8) -> usize {
    BLOCK / 8 * bits as usize
}

fn packed(bytes: &[u8], bits: u8) -> Option<&[u8]> {
    if bits > 32 { None } else { bytes.get(..bytes_of_block(bits)) }
}

/// The width of the largest number.
pub(crate) fn width(values: &[u32]) -> u8 {
    let all = values.iter().fold(0, |all, value| all | value);
    (u32::BITS - all.leading_zeros()) as u8
}

/// Bytes of `count` numbers at this width.
pub(crate) const fn bytes_of(count: usize, bits: u8) -> usize {
    (count * bits as usize).div_ceil(8)
}

/// Appends numbers at a width that all of them fit in.
pub(crate) fn put_few(values: &[u32], bits: u8, out: &mut Vec<u8>) {
    let mut pending = 0_u64;
    let mut filled = 0;
    for value in values {
        pending |= u64::from(*value) << filled;
        filled += u32::from(bits);
        while filled >= 8 {
            out.push(pending as u8);
            pending >>= 8;
            filled -= 8;
        }
    }
    if filled > 0 {
        out.push(pending as u8);
    }
}

/// Numbers from the front of `bytes`, as many as `out` has room for.
pub(crate) fn take_few(bytes: &[u8], bits: u8, out: &mut [u32]) -> Option<()> {
    if bits > 32 {
        return None;
    }
    let bytes = bytes.get(..bytes_of(out.len(), bits))?;
    let mask = (1_u64 << bits) - 1;
    let mut at = 0;
    for value in out {
        // A number lies within eight bytes: at most 7 bits before it and 32 of its own.
        let pending = match bytes.get(at / 8..at / 8 + 8).and_then(<[u8]>::first_chunk) {
            Some(whole) => u64::from_le_bytes(*whole),
            None => last_bytes(bytes.get(at / 8..)?),
        };
        *value = (pending >> (at % 8) & mask) as u32;
        at += usize::from(bits);
    }
    Some(())
}

/// Fewer than eight bytes as a number.
fn last_bytes(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_number_of_a_block_is_found(values in any::<[u32; BLOCK]>(), shift in 0_u32..32) {
            let values = values.map(|value| value >> shift);
            let mut bytes = Vec::new();
            let bits = Packer::new().put(&values, &mut bytes);
            for (place, expected) in values.iter().enumerate() {
                prop_assert_eq!(value(&bytes, bits, place), Some(*expected));
            }
        }

        #[test]
        fn few_numbers_come_back(values in proptest::collection::vec(any::<u32>(), 0..128), shift in 0_u32..32) {
            let values: Vec<u32> = values.iter().map(|value| value >> shift).collect();
            let bits = width(&values);
            let mut bytes = Vec::new();
            put_few(&values, bits, &mut bytes);
            prop_assert_eq!(bytes.len(), bytes_of(values.len(), bits));
            let mut back = vec![0; values.len()];
            prop_assert_eq!(take_few(&bytes, bits, &mut back), Some(()));
            prop_assert_eq!(back, values);
        }
    }
}
