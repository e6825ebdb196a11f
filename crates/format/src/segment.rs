//! The segment file: header, four blocks, sections, section table. This file has the header.
//!
//! ```text
//! header 256 B | concepts | associations | vectors | content | sections... | page sums | section table
//! ```
//! Blocks and sections start on pages of 4 KiB; what lies between is zero. The section table is
//! the last thing in the file.

use core::mem::offset_of;

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::association::AssociationRecord;
use crate::checksum::{PLAIN_SEED, crc32, part_seed};
use crate::concept::ConceptRecord;
use crate::error::{FormatError, ensure};
use crate::layout::layout;
use crate::limits::{PAGE_BYTES, ROWS_MAX, SECTIONS_MAX};
use crate::text::LENGTH_PREFIX_BYTES;

pub use crate::section::{
    Moment, PayloadHome, SectionEntry, SectionKind, TagLine, VectorRun, VertexTombstone,
    vector_stride,
};

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
    /// The rows have their older versions beside them: the segment is read for what was, and not
    /// for what is. Only with `SORTED`.
    pub const HISTORY: u32 = 1 << 1;
    /// All bits that version 1 knows.
    pub const ALL: u32 = (1 << 2) - 1;
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

    /// The rows of the section table, which is `table`, once everything that they say about
    /// themselves is proven: sum, order, place, and that no section is required and unknown.
    /// Says nothing of what is in the sections.
    pub fn sections<'a>(&self, table: &'a [u8]) -> Result<&'a [SectionEntry], FormatError> {
        let (offset, needed) = (self.section_table_offset.get(), self.section_table_length.get());
        let length = table.len() as u64;
        if length < needed {
            return Err(FormatError::TooShort { length, needed });
        }
        let (stored, computed) = (self.section_table_crc.get(), self.part_sum(offset, table));
        if stored != computed {
            return Err(FormatError::Checksum { offset, part: "section table", stored, computed });
        }
        let entries = <[SectionEntry]>::ref_from_bytes(table)
            .map_err(|_| FormatError::Invalid { offset, reason: "section table is cut short" })?;
        let mut behind = self.content.end().unwrap_or(u64::MAX);
        for (index, entry) in entries.iter().enumerate() {
            let place = offset.saturating_add((index * SectionEntry::BYTES) as u64);
            behind = entry.check(behind, offset).map_err(|error| error.at(place))?;
            let twin = entries[..index].iter().any(|other| other.kind == entry.kind);
            ensure(!twin, 0, "two sections of one kind").map_err(|error| error.at(place))?;
        }
        Ok(entries)
    }

    /// The sum of a block, a section or the section table that lies at `offset`.
    pub fn part_sum(&self, offset: u64, bytes: &[u8]) -> u32 {
        crc32(part_seed(self.hash_seed.get(), self.segment_id.get(), offset), bytes)
    }

    /// Checks every extent against the length of the file and the others, and every count
    /// against the bytes that it counts.
    fn check(&self, file_length: u64) -> Result<(), FormatError> {
        let behind = self.check_blocks(file_length)?;
        let (table, length) = (self.section_table_offset.get(), self.section_table_length.get());
        let field = offset_of!(Self, section_table_offset);
        let ends = table.checked_add(length) == Some(file_length);
        ensure(ends && table >= behind, field, "section table does not end the file")?;
        ensure(table % 8 == 0, field, "section table is not aligned")?;
        let (entries, rest) =
            (length / SectionEntry::BYTES as u64, length % SectionEntry::BYTES as u64);
        let field = offset_of!(Self, section_table_length);
        ensure(rest == 0, field, "section table is not a whole number of entries")?;
        ensure(entries <= SECTIONS_MAX as u64, field, "too many sections")?;
        let field = offset_of!(Self, flags);
        let flags = self.flags.get();
        ensure(flags & !SegmentFlags::ALL == 0, field, "unknown flag")?;
        let is_odd = flags & SegmentFlags::HISTORY != 0 && flags & SegmentFlags::SORTED == 0;
        ensure(!is_odd, field, "history that is not sorted")?;
        let field = offset_of!(Self, min_seq);
        ensure(self.min_seq <= self.max_seq, field, "lowest sequence number above the highest")?;
        let field = offset_of!(Self, concept_tombstones);
        ensure(self.concept_tombstones <= self.concepts.count, field, "more tombstones than rows")?;
        let field = offset_of!(Self, association_tombstones);
        let within = self.association_tombstones <= self.associations.count;
        ensure(within, field, "more tombstones than rows")?;
        ensure(self.reserved == [0; 28], offset_of!(Self, reserved), "reserved bytes are not zero")
    }

    /// Checks the four blocks, and gives the offset behind the last.
    fn check_blocks(&self, file_length: u64) -> Result<u64, FormatError> {
        let blocks = [
            (&self.concepts, offset_of!(Self, concepts)),
            (&self.associations, offset_of!(Self, associations)),
            (&self.vectors, offset_of!(Self, vectors)),
            (&self.content, offset_of!(Self, content)),
        ];
        let mut behind = Self::BYTES as u64;
        for (extent, field) in blocks {
            let start = extent.offset.get();
            ensure(start % PAGE_BYTES == 0, field, "block does not start on a page")?;
            ensure(start >= behind, field, "block overlaps what is before it")?;
            let end = extent.end().filter(|end| *end <= file_length);
            ensure(end.is_some(), field, "block reaches beyond the file")?;
            behind = end.unwrap_or(file_length);
        }
        let rows_fit = |extent: &BlockExtent, row: usize| {
            let count = extent.count.get();
            count <= ROWS_MAX && count * row as u64 == extent.length.get()
        };
        // Of vectors and entries only the least that one takes is known here.
        let at_least =
            |extent: &BlockExtent, least: u64| extent.count.get() <= extent.length.get() / least;
        let counts = [
            rows_fit(&self.concepts, ConceptRecord::BYTES),
            rows_fit(&self.associations, AssociationRecord::BYTES),
            at_least(&self.vectors, size_of::<f32>() as u64),
            at_least(&self.content, LENGTH_PREFIX_BYTES),
        ];
        for ((_, field), fits) in blocks.into_iter().zip(counts) {
            ensure(fits, field, "count does not suit the length of the block")?;
        }
        Ok(behind)
    }
}

layout!(BlockExtent: 24 {
    offset: 0, length: 8, count: 16,
});

layout!(SegmentHeader: 256 {
    magic: 0, version: 8, segment_id: 12, concepts: 16, associations: 40, vectors: 64,
    content: 88, created_at: 112, compacted_at: 120, concepts_crc: 128, associations_crc: 132,
    vectors_crc: 136, content_crc: 140, min_seq: 144, max_seq: 152, hash_seed: 160,
    store_id: 168, section_table_offset: 184, section_table_length: 192, section_table_crc: 200,
    flags: 204, concept_tombstones: 208, association_tombstones: 216, reserved: 224,
    header_crc: 252,
});
