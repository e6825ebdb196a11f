//! What the tests of the format share: golden bytes, and a segment header to be damaged.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::path::Path;

use sutra_format::segment::{MAGIC, SegmentFlags, VERSION};
use sutra_format::{BlockExtent, SegmentHeader};
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, FromZeros};

/// The seed of the store that the samples belong to.
pub(crate) const HASH_SEED: u64 = 0x0123_4567_89ab_cdef;

/// The fields of a golden file of version 1: name and bytes, in order. Made by a program that
/// knew FORMAT.md and nothing of this crate.
pub(crate) fn golden_fields(name: &str) -> Vec<(String, Vec<u8>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1").join(name);
    let text = std::fs::read_to_string(path).expect("the golden file is there");
    text.lines()
        .map(|line| line.split_once(' ').expect("a name and bytes"))
        .map(|(field, digits)| (field.to_owned(), from_hex(digits.trim())))
        .collect()
}

/// The bytes of a golden file of version 1.
pub(crate) fn golden(name: &str) -> Vec<u8> {
    golden_fields(name).into_iter().flat_map(|(_, bytes)| bytes).collect()
}

/// The value that the bytes of a golden file mean.
pub(crate) fn golden_value<T: FromBytes>(name: &str) -> T {
    T::read_from_bytes(&golden(name)).expect("golden bytes have the length of their type")
}

fn from_hex(digits: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("two hexadecimal digits");
    (0..digits.len()).step_by(2).map(byte).collect()
}

pub(crate) fn extent(offset: u64, length: u64, count: u64) -> BlockExtent {
    BlockExtent { offset: U64::new(offset), length: U64::new(length), count: U64::new(count) }
}

/// The length of the file that [`sample_header`] heads.
pub(crate) const SAMPLE_LENGTH: u64 = 20_568;

/// A header that holds: 2 concepts, 1 association, 2 vectors, 3 entries, 2 sections.
pub(crate) fn sample_header() -> SegmentHeader {
    let mut header = SegmentHeader::new_zeroed();
    header.magic = MAGIC;
    header.version = U32::new(VERSION);
    header.segment_id = U32::new(7);
    header.concepts = extent(4096, 256, 2);
    header.associations = extent(8192, 64, 1);
    header.vectors = extent(12_288, 128, 2);
    header.content = extent(16_384, 40, 3);
    header.min_seq = U64::new(255);
    header.max_seq = U64::new(256);
    header.hash_seed = U64::new(HASH_SEED);
    header.section_table_offset = U64::new(SAMPLE_LENGTH - 64);
    header.section_table_length = U64::new(64);
    header.flags = U32::new(SegmentFlags::SORTED);
    summed(header)
}

/// The header with the sum that it must have.
pub(crate) fn summed(mut header: SegmentHeader) -> SegmentHeader {
    header.header_crc = U32::new(header.sum());
    header
}

/// Every copy of `bytes` with one bit flipped, and which bit it is.
pub(crate) fn flips(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..bytes.len() * 8).map(|bit| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        (bit, flipped)
    })
}
