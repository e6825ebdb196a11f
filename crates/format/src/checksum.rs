//! The one checksum of the format: CRC-32 (IEEE 802.3), always under a seed.
//!
//! The seed stands for the sum of what came before the first byte, as the first argument of zlib's
//! `crc32` does; so the sum of no bytes is the seed. Equal bytes under different seeds have
//! different sums, so a zero page, a stale page, and a page of another file or another place
//! fail. A page is short enough for any three flipped bits to be noticed.

use crate::hash::mix;

/// CRC-32 of `bytes` under `seed`.
pub fn crc32(seed: u32, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(seed);
    hasher.update(bytes);
    hasher.finalize()
}

/// The seed of page `page` (its offset divided by the page size) of a segment.
pub const fn page_seed(hash_seed: u64, segment_id: u32, page: u64) -> u32 {
    place_seed(PAGE, hash_seed, segment_id, page)
}

/// The seed of a part of a segment that is summed as a whole: a block, a section, or the section
/// table, which starts at `offset`.
pub const fn part_seed(hash_seed: u64, segment_id: u32, offset: u64) -> u32 {
    place_seed(PART, hash_seed, segment_id, offset)
}

/// The seed of a frame header of a journal: what stands elsewhere, or in another journal, fails.
pub const fn frame_seed(hash_seed: u64, journal_id: u32, offset: u64) -> u32 {
    place_seed(FRAME, hash_seed, journal_id, offset)
}

/// The seed of what says all about itself: segment header, journal header, manifest, payload.
pub const PLAIN_SEED: u32 = 0x5354_5241;

const PAGE: u64 = 1;
const PART: u64 = 2;
const FRAME: u64 = 3;

/// Each of sort, store, file and place passes through a bijection of its own, so that two places
/// share a seed by chance only.
const fn place_seed(sort: u64, hash_seed: u64, file: u32, place: u64) -> u32 {
    fold(mix(hash_seed ^ mix(mix(sort << 32 | file as u64) ^ place)))
}

#[expect(clippy::cast_possible_truncation, reason = "both halves are folded into one")]
const fn fold(x: u64) -> u32 {
    (x ^ (x >> 32)) as u32
}
