//! What stands behind the four blocks of a segment: the section table, and the rows of the
//! sections.
//!
//! A section is an array of one of the small types below, or of u32; [`SectionKind`] says which.

use core::mem::offset_of;

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::error::{FormatError, ensure};
use crate::ids::ConceptId;
use crate::layout::layout;
use crate::limits::{PAGE_BYTES, VECTOR_ALIGNMENT};

/// One row of the section table.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(C)]
pub struct SectionEntry {
    /// See [`SectionKind`].
    pub kind: U32,
    /// Bit 0: a reader that does not know the kind must refuse the file.
    pub flags: U32,
    /// Offset in the file, a multiple of 4,096.
    pub offset: U64,
    /// Bytes.
    pub length: U64,
    /// Sum of the section.
    pub crc: U32,
    /// Zero.
    pub reserved: U32,
}

impl SectionEntry {
    /// Bytes of an entry.
    pub const BYTES: usize = size_of::<Self>();
    /// The flag that says "required".
    pub const REQUIRED: u32 = 1;

    /// Checks an entry whose section lies from `behind` to `limit` at most, and gives the offset
    /// behind it. Offsets in errors count from the start of the entry.
    pub(crate) fn check(&self, behind: u64, limit: u64) -> Result<u64, FormatError> {
        let kind = self.kind.get();
        if self.is_required() && SectionKind::from_code(kind).is_none() {
            return Err(FormatError::UnknownSection { kind });
        }
        let field = offset_of!(Self, flags);
        ensure(self.flags.get() & !Self::REQUIRED == 0, field, "unknown flag")?;
        let (field, start) = (offset_of!(Self, offset), self.offset.get());
        ensure(start % PAGE_BYTES == 0, field, "section does not start on a page")?;
        ensure(start >= behind, field, "section overlaps what is before it")?;
        let end = start.checked_add(self.length.get()).filter(|end| *end <= limit);
        ensure(end.is_some(), field, "section reaches into the section table")?;
        ensure(
            self.reserved.get() == 0,
            offset_of!(Self, reserved),
            "reserved bytes are not zero",
        )?;
        Ok(end.unwrap_or(limit))
    }

    /// Whether a reader that does not know the kind must refuse the file.
    pub fn is_required(&self) -> bool {
        self.flags.get() & Self::REQUIRED != 0
    }
}

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum SectionKind {
    /// A u32 sum for each page of the file before this section; required. The header's page
    /// is excluded (its slot is zero): the header has a sum of its own.
    PageSums = 1,
    /// [`TagLine`]s over the rows of the concept block.
    ConceptLines = 2,
    /// [`TagLine`]s over the distinct sources, in the order of the association block.
    SourceLines = 3,
    /// u32 for each distinct source and one more: its first row in the association block.
    SourceStarts = 4,
    /// [`TagLine`]s over the distinct targets, in placement order.
    TargetLines = 5,
    /// u32 for each distinct target and one more: its first entry in the incoming rows.
    TargetStarts = 6,
    /// u32 for each association, sorted by (placement of target, target, kind, placement of
    /// source, source): its row in the association block.
    IncomingRows = 7,
    /// [`VertexTombstone`]s in placement order.
    VertexTombstones = 8,
    /// [`VectorRun`]s by rising offset: how long the vectors of the vector block are.
    VectorRuns = 9,
    /// [`PayloadHome`]s by rising segment id: where the payload of these records lies.
    PayloadHomes = 10,
    /// The words of the concepts' contents, as the crate `sutra-index` lays them out.
    Words = 11,
    /// The vectors of the concepts by space: [`VectorIndexEntry`]s, and what they lead to.
    VectorIndex = 12,
    /// Older versions of the concepts of a history segment: concept records by the row of their
    /// newest version, newest first.
    ConceptVersions = 13,
    /// u32 for each concept row and one more: its first entry in the concept versions.
    ConceptVersionStarts = 14,
    /// The same of the associations.
    AssociationVersions = 15,
    /// u32 for each association row and one more: its first entry in the association versions.
    AssociationVersionStarts = 16,
    /// [`Moment`]s by rising sequence number and time: when the commits of a history segment were
    /// made.
    Timeline = 17,
    /// u64 for each of the concept versions: its sequence number. A search among the versions of a
    /// row reads these, which lie together, and then one record.
    ConceptVersionSeqs = 18,
    /// The same of the association versions.
    AssociationVersionSeqs = 19,
}

impl SectionKind {
    /// Every kind that version 1 knows.
    pub const ALL: [Self; 19] = [
        Self::PageSums,
        Self::ConceptLines,
        Self::SourceLines,
        Self::SourceStarts,
        Self::TargetLines,
        Self::TargetStarts,
        Self::IncomingRows,
        Self::VertexTombstones,
        Self::VectorRuns,
        Self::PayloadHomes,
        Self::Words,
        Self::VectorIndex,
        Self::ConceptVersions,
        Self::ConceptVersionStarts,
        Self::AssociationVersions,
        Self::AssociationVersionStarts,
        Self::Timeline,
        Self::ConceptVersionSeqs,
        Self::AssociationVersionSeqs,
    ];

    /// The number that the section table holds.
    pub const fn code(self) -> u32 {
        self as u32
    }

    /// The kind with this number, if version 1 knows it.
    pub fn from_code(code: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// A cache line of a lookup directory: filter and index in one.
///
/// A directory over `n` items that are sorted by placement hash has `ceil(n / 16)` lines; the
/// item with hash `h` belongs to line `h * lines >> 64`. The line says which item is its first,
/// how many it has, and 16 bits of the hash of each of the first 28 of them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(C)]
pub struct TagLine {
    /// The low 16 bits of the hashes of the first items; zero where there is none.
    pub tags: [U16; 28],
    /// The number of the first item.
    pub base: U32,
    /// How many items the line has. Those beyond the 28th have no tag and are all candidates.
    pub count: U32,
}

impl TagLine {
    /// Bytes of a line.
    pub const BYTES: usize = size_of::<Self>();
    /// How many items a line has on average.
    pub const ITEMS: u64 = 16;
    /// How many tags a line has room for.
    pub const TAGS: usize = 28;

    /// How many lines a directory over `items` items has.
    pub const fn lines(items: u64) -> u64 {
        items.div_ceil(Self::ITEMS)
    }
}

/// A deleted concept: associations that touch it and have a lower sequence number are hidden.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(C)]
pub struct VertexTombstone {
    /// The concept.
    pub id: ConceptId,
    /// Sequence number of its last deletion.
    pub seq: U64,
}

impl VertexTombstone {
    /// Bytes of a row.
    pub const BYTES: usize = size_of::<Self>();
}

/// Vectors of one dimension that follow one another in the vector block.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(C)]
pub struct VectorRun {
    /// Offset of the first in the vector block, a multiple of 64.
    pub offset: U64,
    /// How many.
    pub count: U32,
    /// f32 values of each, at least one. Each vector starts on a multiple of 64 bytes.
    pub dimension: U32,
}

impl VectorRun {
    /// Bytes of a row.
    pub const BYTES: usize = size_of::<Self>();

    /// Bytes from the start of one vector to the next.
    pub fn stride(&self) -> u64 {
        vector_stride(self.dimension.get())
    }
}

/// Bytes that a vector of `dimension` values takes in a vector block.
pub const fn vector_stride(dimension: u32) -> u64 {
    (dimension as u64 * 4).next_multiple_of(VECTOR_ALIGNMENT)
}

/// How much payload of a segment the records of this one refer to.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(C)]
pub struct PayloadHome {
    /// The segment that holds the payload.
    pub segment_id: U32,
    /// Zero.
    pub reserved: U32,
    /// Bytes of vectors (with padding) and text entries there that are referred to.
    pub live_bytes: U64,
}

impl PayloadHome {
    /// Bytes of a row.
    pub const BYTES: usize = size_of::<Self>();
}

/// A part of the section of the vectors. The section begins with their number as a u64, then come the
/// entries by rising (space, dimension, epoch), then the parts in the same order, each on a multiple
/// of 64 bytes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(C)]
pub struct VectorIndexEntry {
    /// The space of the vectors.
    pub space: U16,
    /// Zero.
    pub reserved: U16,
    /// Values of each vector.
    pub dimension: U32,
    /// Zero: the rows and codes of this segment. Else: the centroids of the epoch with this number,
    /// for whichever segments name it.
    pub epoch: U64,
    /// Where the part starts in the section, a multiple of 64.
    pub offset: U64,
    /// Its bytes.
    pub length: U64,
}

impl VectorIndexEntry {
    /// Bytes of an entry.
    pub const BYTES: usize = size_of::<Self>();
}

/// When commits were made: those behind the moment before, up to this one.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(C)]
pub struct Moment {
    /// The sequence number of the last record that was committed by then.
    pub seq: U64,
    /// Milliseconds since the epoch. Where the clock went back, the highest time before.
    pub time: U64,
}

impl Moment {
    /// Bytes of a row.
    pub const BYTES: usize = size_of::<Self>();
}

layout!(SectionEntry: 32 {
    kind: 0, flags: 4, offset: 8, length: 16, crc: 24, reserved: 28,
});

layout!(TagLine: 64 {
    tags: 0, base: 56, count: 60,
});

layout!(VertexTombstone: 24 {
    id: 0, seq: 16,
});

layout!(VectorRun: 16 {
    offset: 0, count: 8, dimension: 12,
});

layout!(VectorIndexEntry: 32 {
    space: 0, reserved: 2, dimension: 4, epoch: 8, offset: 16, length: 24,
});

layout!(PayloadHome: 16 {
    segment_id: 0, reserved: 4, live_bytes: 8,
});

layout!(Moment: 16 {
    seq: 0, time: 8,
});
