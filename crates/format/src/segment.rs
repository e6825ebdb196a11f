//! The segment file: header, four blocks, sections, section table.
//!
//! ```text
//! header 256 B | concepts | associations | vectors | content | sections... | page sums | section table
//! ```
//! Blocks and sections start on pages of 4 KiB; what lies between is zero. The section table is
//! the last thing in the file.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::association::AssociationRecord;
use crate::checksum::{PLAIN_SEED, crc32};
use crate::concept::ConceptRecord;
use crate::error::FormatError;
use crate::ids::ConceptId;
use crate::limits::{PAGE_BYTES, ROWS_MAX, SECTIONS_MAX};

/// The first eight bytes of a segment.
pub const MAGIC: [u8; 8] = *b"SUTRA\0\0\0";
/// The version that this crate reads and writes.
pub const VERSION: u32 = 1;

/// Where a block lies and what it holds.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    FromBytes,
    IntoBytes,
    KnownLayout,
    Immutable,
    Unaligned,
)]
#[repr(C)]
pub struct BlockExtent {
    /// Offset in the file, a multiple of 4,096.
    pub offset: U64,
    /// Bytes.
    pub length: U64,
    /// Records; of the vector block: vectors; of the content block: entries.
    pub count: U64,
}

impl BlockExtent {
    /// The offset behind the last byte.
    pub fn end(&self) -> Option<u64> {
        self.offset.get().checked_add(self.length.get())
    }
}

/// The first 256 bytes of a segment.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(C)]
pub struct SegmentHeader {
    /// [`MAGIC`].
    pub magic: [u8; 8],
    /// [`VERSION`].
    pub version: U32,
    /// Unique in its store, for ever.
    pub segment_id: U32,
    /// Concept records.
    pub concepts: BlockExtent,
    /// Association records.
    pub associations: BlockExtent,
    /// Vectors.
    pub vectors: BlockExtent,
    /// Text entries.
    pub content: BlockExtent,
    /// When the file was written, in milliseconds.
    pub created_at: U64,
    /// When a compaction wrote it, in milliseconds; zero if none did.
    pub compacted_at: U64,
    /// Sum of the concept block.
    pub concepts_crc: U32,
    /// Sum of the association block.
    pub associations_crc: U32,
    /// Sum of the vector block.
    pub vectors_crc: U32,
    /// Sum of the content block.
    pub content_crc: U32,
    /// The lowest sequence number that the file accounts for.
    pub min_seq: U64,
    /// The highest sequence number that the file accounts for.
    pub max_seq: U64,
    /// The seed of the placement hash.
    pub hash_seed: U64,
    /// The store that the file belongs to; zero when it stands alone.
    pub store_id: [u8; 16],
    /// Offset of the section table.
    pub section_table_offset: U64,
    /// Bytes of the section table; the file ends with it.
    pub section_table_length: U64,
    /// Sum of the section table.
    pub section_table_crc: U32,
    /// See [`SegmentFlags`].
    pub flags: U32,
    /// Concept records that are tombstones.
    pub concept_tombstones: U64,
    /// Association records that are tombstones.
    pub association_tombstones: U64,
    /// Zero.
    pub reserved: [u8; 28],
    /// Sum of the bytes before it.
    pub header_crc: U32,
}

/// Bits of [`SegmentHeader::flags`].
#[derive(Clone, Copy, Debug)]
pub struct SegmentFlags;

impl SegmentFlags {
    /// Records are sorted, one row for each id or association, and the directories are there.
    /// Without it the records lie in the order in which they were appended.
    pub const SORTED: u32 = 1;
    /// All bits that version 1 knows.
    pub const ALL: u32 = 1;
}

impl SegmentHeader {
    /// Bytes of the header.
    pub const BYTES: usize = size_of::<Self>();

    /// The header at the start of `file`, once everything that it says about itself is proven:
    /// magic, version, sum, and that every extent lies inside of `file_length` bytes in order.
    pub fn decode(bytes: &[u8], file_length: u64) -> Result<&Self, FormatError> {
        let short =
            FormatError::TooShort { length: bytes.len() as u64, needed: Self::BYTES as u64 };
        let (header, _) = Self::ref_from_prefix(bytes).map_err(|_| short)?;
        if header.magic != MAGIC {
            return Err(FormatError::BadMagic);
        }
        if header.version.get() != VERSION {
            return Err(FormatError::UnknownVersion { version: header.version.get() });
        }
        let (stored, computed) = (header.header_crc.get(), header.sum());
        if stored != computed {
            return Err(FormatError::Checksum {
                offset: 0,
                part: "segment header",
                stored,
                computed,
            });
        }
        header.check(file_length)?;
        Ok(header)
    }

    /// What [`Self::header_crc`] must be.
    pub fn sum(&self) -> u32 {
        crc32(PLAIN_SEED, &self.as_bytes()[..Self::BYTES - 4])
    }

    /// Checks every extent against the length of the file and the others.
    fn check(&self, file_length: u64) -> Result<(), FormatError> {
        let blocks = [
            (&self.concepts, 16, "concept block lies outside of its place"),
            (&self.associations, 40, "association block lies outside of its place"),
            (&self.vectors, 64, "vector block lies outside of its place"),
            (&self.content, 88, "content block lies outside of its place"),
        ];
        let mut behind = Self::BYTES as u64;
        for (extent, field, misplaced) in blocks {
            let start = extent.offset.get();
            let end = extent.end().ok_or(invalid(field, misplaced))?;
            if start % PAGE_BYTES != 0 || start < behind || end > file_length {
                return Err(invalid(field, misplaced));
            }
            behind = end;
        }
        records_fit(&self.concepts, ConceptRecord::BYTES, 16)?;
        records_fit(&self.associations, AssociationRecord::BYTES, 40)?;
        let (table, length) = (self.section_table_offset.get(), self.section_table_length.get());
        let table_end = table.checked_add(length).ok_or(invalid(184, "section table overflows"))?;
        if table < behind || table_end != file_length || table % 8 != 0 {
            return Err(invalid(184, "section table does not end the file"));
        }
        let entries = length / SectionEntry::BYTES as u64;
        if length % SectionEntry::BYTES as u64 != 0 || entries > SECTIONS_MAX as u64 {
            return Err(invalid(192, "section table has a wrong length"));
        }
        if self.flags.get() & !SegmentFlags::ALL != 0 {
            return Err(invalid(204, "unknown flag"));
        }
        if self.min_seq.get() > self.max_seq.get() {
            return Err(invalid(144, "lowest sequence number above the highest"));
        }
        if self.reserved != [0; 28] {
            return Err(invalid(224, "reserved bytes are not zero"));
        }
        Ok(())
    }
}

fn records_fit(extent: &BlockExtent, bytes: usize, field: u64) -> Result<(), FormatError> {
    let count = extent.count.get();
    if count > ROWS_MAX || count * bytes as u64 != extent.length.get() {
        return Err(invalid(field, "record count does not match the length of the block"));
    }
    Ok(())
}

const fn invalid(offset: u64, reason: &'static str) -> FormatError {
    FormatError::Invalid { offset, reason }
}

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
}

impl SectionKind {
    /// Every kind that version 1 knows.
    pub const ALL: [Self; 10] = [
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
    /// When it was deleted last.
    pub seq: U64,
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
    /// Bytes from the start of one vector to the next.
    pub fn stride(&self) -> u64 {
        vector_stride(self.dimension.get())
    }
}

/// Bytes that a vector of `dimension` values takes in a vector block.
pub const fn vector_stride(dimension: u32) -> u64 {
    (dimension as u64 * 4).next_multiple_of(crate::limits::VECTOR_ALIGNMENT)
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

const _: () = {
    use core::mem::offset_of;
    assert!(SegmentHeader::BYTES == 256 && align_of::<SegmentHeader>() == 1);
    assert!(offset_of!(SegmentHeader, concepts) == 16);
    assert!(offset_of!(SegmentHeader, associations) == 40);
    assert!(offset_of!(SegmentHeader, vectors) == 64);
    assert!(offset_of!(SegmentHeader, content) == 88);
    assert!(offset_of!(SegmentHeader, created_at) == 112);
    assert!(offset_of!(SegmentHeader, min_seq) == 144);
    assert!(offset_of!(SegmentHeader, section_table_offset) == 184);
    assert!(offset_of!(SegmentHeader, flags) == 204);
    assert!(offset_of!(SegmentHeader, header_crc) == 252);
    assert!(size_of::<SectionEntry>() == 32);
    assert!(TagLine::BYTES == 64);
    assert!(size_of::<VertexTombstone>() == 24);
    assert!(size_of::<VectorRun>() == 16 && size_of::<PayloadHome>() == 16);
};
