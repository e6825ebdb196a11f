//! The bytes of a section of vectors, and of the centroids of an epoch.
//!
//! All numbers are little-endian. A section is the index of one space in one segment; it has no
//! vectors, only rows and codes. It is written once and never changed.
//!
//! ```text
//! SectionHeader 64 B | name | model | zeros to 64 B | body
//!
//! body of form 0 (rows):  u32 row for each vector, rising
//! body of form 1 (codes): starts | code blocks
//! body of form 2 (signs): starts | sign blocks | 8-bit codes, a vector after the other | scales
//!                         | biases (Euclidean only)
//!
//! starts: u32 for each list and one more: its first block; zeros to 64 B
//! ```
//!
//! A list has the vectors of one cell of the centroids, by rising row, in blocks of 16. What is
//! left of its last block is filled up: row 0xffffffff, codes of zero (0x80), all else zero.
//! Vectors have `padded` values: the dimension rounded up to 16, from 256 on to 64.
//!
//! ```text
//! code block: codes  for each 4 values: for each of 16 vectors: 4 bytes, biased by 128
//!             scales f32 x 16 | rows u32 x 16 | biases f32 x 16 (Euclidean only)
//! sign block: bits   for each 8 values: for each of 16 vectors: 1 byte, bit i for value i,
//!                    set if the value is above that of the centroid or equal
//!             factors f32 x 16 | terms f32 x 16 | rows u32 x 16
//! ```
//!
//! With a turned vector `x`, its centroid `c`, the signs `s` of `x - c` and a query `q`, the score
//! `q x` is estimated as `q c + factor * (q s) + term`, where `factor = |x - c|^2 / sum |x - c|`
//! and `term = c (x - c) - factor * (c s)`, less half of `|x|^2` under the Euclidean metric.
//!
//! The centroids of an epoch are one blob for the whole store:
//!
//! ```text
//! CentroidsHeader 64 B | name | model | zeros to 64 B | f32 x padded for each cell, turned
//! ```

use zerocopy::little_endian::{F32, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Vectors in a block: as many as the widest registers have lanes.
pub const LANES: usize = 16;

/// The version of sections and of centroids that is written.
pub const VERSION: u32 = 1;

/// The row of a lane that has no vector.
pub const NO_ROW: u32 = u32::MAX;

/// Parts of a section start on multiples of this many bytes.
pub(super) const ALIGNMENT: usize = 64;

/// How the body of a section is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Form {
    /// Rows only: too few vectors for lists, all of them are scored exactly.
    Rows = 0,
    /// Lists of 8-bit codes.
    Codes = 1,
    /// Lists of signs, and 8-bit codes for those that come through.
    Signs = 2,
}

impl Form {
    /// The form with this number.
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Rows, Self::Codes, Self::Signs].into_iter().find(|form| *form as u8 == code)
    }
}

/// What a section begins with.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(C)]
pub struct SectionHeader {
    /// [`VERSION`].
    pub version: U32,
    /// A [`Form`].
    pub form: u8,
    /// A [`super::Metric`].
    pub metric: u8,
    /// Bytes of the name of the space.
    pub name_length: u8,
    /// Bytes of the name of the model.
    pub model_length: u8,
    /// Values of a vector.
    pub dimension: U32,
    /// Values of a code; zero in the form of rows.
    pub padded: U32,
    /// What fixes the rotation.
    pub seed: U64,
    /// Which centroids the lists belong to; zero in the form of rows.
    pub epoch: U64,
    /// How many rows the segment has: every row is below.
    pub row_limit: U32,
    /// How many vectors.
    pub vectors: U32,
    /// How many lists; zero in the form of rows.
    pub lists: U32,
    /// How many blocks; zero in the form of rows.
    pub blocks: U32,
    /// Bytes of the section.
    pub length: U64,
    /// Zero.
    pub reserved: U64,
}

/// What the centroids of an epoch begin with.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(C)]
pub struct CentroidsHeader {
    /// [`VERSION`].
    pub version: U32,
    /// Zero.
    pub reserved: u8,
    /// A [`super::Metric`].
    pub metric: u8,
    /// Bytes of the name of the space.
    pub name_length: u8,
    /// Bytes of the name of the model.
    pub model_length: u8,
    /// Values of a vector.
    pub dimension: U32,
    /// Values of a centroid.
    pub padded: U32,
    /// What fixes the rotation.
    pub seed: U64,
    /// The epoch, at least 1.
    pub epoch: U64,
    /// How many cells, at least 1.
    pub cells: U32,
    /// Zero.
    pub reserved_also: [U32; 5],
    /// Bytes of the blob.
    pub length: U64,
}

/// What follows the codes of a block.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct CodeTail {
    /// A scale for each vector.
    pub scales: [F32; LANES],
    /// A row for each vector.
    pub rows: [U32; LANES],
}

/// What follows the signs of a block.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct SignTail {
    /// What a sum of signs is multiplied with, for each vector.
    pub factors: [F32; LANES],
    /// What is added, for each vector.
    pub terms: [F32; LANES],
    /// A row for each vector.
    pub rows: [U32; LANES],
}

/// Proves the size of a structure, that it has no alignment, and the offset of every field.
macro_rules! layout {
    ($type:ident: $bytes:literal { $($field:ident: $offset:literal),* $(,)? }) => {
        const _: () = {
            assert!(size_of::<$type>() == $bytes && align_of::<$type>() == 1);
            $(assert!(core::mem::offset_of!($type, $field) == $offset);)*
            const fn _every_field(value: $type) {
                let $type { $($field: _),* } = value;
            }
        };
    };
}

layout!(SectionHeader: 64 {
    version: 0, form: 4, metric: 5, name_length: 6, model_length: 7, dimension: 8, padded: 12,
    seed: 16, epoch: 24, row_limit: 32, vectors: 36, lists: 40, blocks: 44, length: 48, reserved: 56,
});

layout!(CentroidsHeader: 64 {
    version: 0, reserved: 4, metric: 5, name_length: 6, model_length: 7, dimension: 8, padded: 12,
    seed: 16, epoch: 24, cells: 32, reserved_also: 36, length: 56,
});

layout!(CodeTail: 128 { scales: 0, rows: 64 });

layout!(SignTail: 192 { factors: 0, terms: 64, rows: 128 });
