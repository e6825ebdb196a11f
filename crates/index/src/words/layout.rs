//! The header of a section of words, and the fixed entries in it.
//!
//! ```text
//! header | lengths, one byte or two a row | long lengths | dictionary blocks |
//! offsets of the dictionary blocks | postings | positions
//! ```

use std::mem::offset_of;

use zerocopy::little_endian::{I64, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::impact::{CORNERS, Corner};

/// The first bytes of a section of words.
pub(crate) const MAGIC: [u8; 8] = *b"SUTRAWRD";

/// The version of the layout.
pub const VERSION: u32 = 1;

/// The flag of a section that has positions.
pub(crate) const HAS_POSITIONS: u32 = 1;

/// Bytes of the name of an analyser, filled with zeros.
pub(crate) const NAME_BYTES: usize = 16;

/// What a section begins with.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct Header {
    pub(crate) magic: [u8; 8],
    pub(crate) version: U32,
    pub(crate) flags: U32,
    pub(crate) analyser: [u8; NAME_BYTES],
    pub(crate) analyser_version: U32,
    /// Rows of the table: every row number is below.
    pub(crate) rows: U32,
    /// Rows with at least one term, and the terms of all of them.
    pub(crate) own_rows: I64,
    pub(crate) own_terms: I64,
    /// What is taken back from other sections.
    pub(crate) retracted_rows: I64,
    pub(crate) retracted_terms: I64,
    /// Terms of the dictionary.
    pub(crate) term_count: U32,
    /// Bytes of a length: 1 or 2.
    pub(crate) length_width: U32,
    /// Bytes of each part, in their order.
    pub(crate) lengths_bytes: U64,
    pub(crate) long_lengths_bytes: U64,
    pub(crate) dictionary_bytes: U64,
    pub(crate) directory_bytes: U64,
    pub(crate) postings_bytes: U64,
    pub(crate) positions_bytes: U64,
    pub(crate) reserved: [u8; 8],
}

const _: () = {
    assert!(size_of::<Header>() == 136 && align_of::<Header>() == 1);
    assert!(offset_of!(Header, analyser) == 16 && offset_of!(Header, rows) == 36);
    assert!(offset_of!(Header, own_rows) == 40 && offset_of!(Header, term_count) == 72);
    assert!(offset_of!(Header, lengths_bytes) == 80 && offset_of!(Header, reserved) == 128);
};

/// The length of a row that does not fit among the others; they rise by row.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct LongLength {
    pub(crate) row: U32,
    pub(crate) length: U32,
}

const _: () = assert!(size_of::<LongLength>() == 8 && align_of::<LongLength>() == 1);

/// A list that has full blocks: what no row of it exceeds. It stands before the entries.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct ListHead {
    pub(crate) corners: [Corner; CORNERS],
}

const _: () = assert!(size_of::<ListHead>() == 6 && align_of::<ListHead>() == 1);

/// A full block of postings: where it lies, and what no row in it exceeds.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct BlockEntry {
    pub(crate) last_row: U32,
    /// From the end of the term's entries.
    pub(crate) start: U32,
    pub(crate) row_bits: u8,
    pub(crate) frequency_bits: u8,
    pub(crate) corners: [Corner; CORNERS],
}

const _: () = assert!(size_of::<BlockEntry>() == 16 && align_of::<BlockEntry>() == 1);
const _: () = assert!(offset_of!(BlockEntry, corners) == 10);
