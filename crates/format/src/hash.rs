//! The placement hash: where a record stands in a table that is sorted by it.
//!
//! Keyed by the seed of the store, so that sequential ids, random ones, and ids that somebody
//! chose without knowing the seed behave alike.
//! Both halves of the id pass one after the other through the finaliser of MurmurHash3 (Appleby,
//! 2011), each step of which is a bijection: two ids that share one half never collide.

use crate::ids::ConceptId;

/// Position in a sorted table is proportional to this number.
pub const fn placement(seed: u64, id: &ConceptId) -> u64 {
    let [low, high] = halves(id);
    mix(mix(low ^ seed).wrapping_add(high ^ seed.rotate_left(32)))
}

/// MurmurHash3's 64-bit finaliser: a bijection that spreads every bit.
pub const fn mix(mut x: u64) -> u64 {
    x ^= x >> 33;
    x = x.wrapping_mul(0xff51_afd7_ed55_8ccd);
    x ^= x >> 33;
    x = x.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    x ^ (x >> 33)
}

/// The 16 bits that a tag line keeps of a hash: the low ones, since the high ones choose the line.
#[expect(clippy::cast_possible_truncation, reason = "the low bits are what is wanted")]
pub const fn tag(hash: u64) -> u16 {
    hash as u16
}

/// Which of `parts` equal ranges of the hash space holds `hash`. Zero when there are none.
pub const fn range_of(hash: u64, parts: u64) -> u64 {
    ((hash as u128 * parts as u128) >> 64) as u64
}

const fn halves(id: &ConceptId) -> [u64; 2] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *id.as_bytes();
    [u64::from_le_bytes([a, b, c, d, e, f, g, h]), u64::from_le_bytes([i, j, k, l, m, n, o, p])]
}
