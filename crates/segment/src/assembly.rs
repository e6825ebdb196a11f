//! [`Assembly`]: the parts of a segment in file order, and what stands around them.

use sutra_format::limits::PAGE_BYTES;
use sutra_format::segment::{MAGIC, VERSION};
use sutra_format::{BlockExtent, SectionEntry, SectionKind, SegmentHeader};
use sutra_fs::File;
use zerocopy::IntoBytes;
use zerocopy::little_endian::{U32, U64};

use crate::cursor::{Cursor, Identity, Part};
use crate::error::Result;

/// What was written.
#[derive(Clone, Debug)]
pub struct SegmentSummary {
    /// The header as it stands in the file.
    pub header: SegmentHeader,
    /// Bytes of the file.
    pub file_length: u64,
}

/// The four blocks, with their counts.
pub(crate) struct Blocks {
    pub(crate) concepts: (Part, u64),
    pub(crate) associations: (Part, u64),
    pub(crate) vectors: (Part, u64),
    pub(crate) content: (Part, u64),
}

/// A segment whose blocks are written, and whose sections are being added.
pub(crate) struct Assembly<'a, F> {
    file: &'a F,
    identity: Identity,
    header: SegmentHeader,
    sums: Vec<u32>,
    entries: Vec<SectionEntry>,
    next_page: u64,
}

impl<'a, F: File> Assembly<'a, F> {
    /// `header` says all but what follows from the parts.
    pub(crate) fn new(
        file: &'a F,
        identity: Identity,
        mut header: SegmentHeader,
        blocks: &Blocks,
    ) -> Self {
        let extent = |(part, count): &(Part, u64)| BlockExtent {
            offset: U64::new(part.offset),
            length: U64::new(part.length),
            count: U64::new(*count),
        };
        header.magic = MAGIC;
        header.version = U32::new(VERSION);
        header.segment_id = U32::new(identity.segment_id);
        header.hash_seed = U64::new(identity.hash_seed);
        header.concepts = extent(&blocks.concepts);
        header.concepts_crc = U32::new(blocks.concepts.0.crc);
        header.associations = extent(&blocks.associations);
        header.associations_crc = U32::new(blocks.associations.0.crc);
        header.vectors = extent(&blocks.vectors);
        header.vectors_crc = U32::new(blocks.vectors.0.crc);
        header.content = extent(&blocks.content);
        header.content_crc = U32::new(blocks.content.0.crc);
        let sums = vec![0]; // The header has a sum of its own.
        let mut assembly =
            Self { file, identity, header, sums, entries: Vec::new(), next_page: PAGE_BYTES };
        let Blocks { concepts, associations, vectors, content } = blocks;
        for (part, _) in [concepts, associations, vectors, content] {
            assembly.cover(part);
        }
        assembly
    }

    /// A cursor for the next section.
    pub(crate) fn cursor(&self) -> Cursor<'a, F> {
        Cursor::new(self.file, self.identity, self.next_page)
    }

    /// Adds a section that was written where [`Self::cursor`] said. One without bytes is left
    /// out: absent and empty are the same.
    pub(crate) fn add(&mut self, kind: SectionKind, part: &Part) {
        if part.length > 0 {
            self.enter(kind, 0, part);
            self.cover(part);
        }
    }

    /// Writes a section and adds it.
    pub(crate) fn write(&mut self, kind: SectionKind, bytes: &[u8]) -> Result<()> {
        let mut cursor = self.cursor();
        cursor.write(bytes)?;
        self.add(kind, &cursor.finish()?);
        Ok(())
    }

    /// Writes page sums, section table and header, and seals the file.
    pub(crate) fn finish(mut self) -> Result<SegmentSummary> {
        let mut cursor = self.cursor();
        for sum in &self.sums {
            cursor.write(&sum.to_le_bytes())?;
        }
        let sums = cursor.finish()?;
        self.enter(SectionKind::PageSums, SectionEntry::REQUIRED, &sums);
        let offset = (sums.offset + sums.length).next_multiple_of(8);
        let table = self.entries.as_bytes();
        self.file.write_at(offset, table)?;
        self.header.section_table_offset = U64::new(offset);
        self.header.section_table_length = U64::new(table.len() as u64);
        self.header.section_table_crc = U32::new(self.identity.part_sum(offset, table));
        self.header.header_crc = U32::new(self.header.sum());
        self.file.write_at(0, self.header.as_bytes())?;
        self.file.seal()?;
        let file_length = offset + table.len() as u64;
        Ok(SegmentSummary { header: self.header, file_length })
    }

    fn enter(&mut self, kind: SectionKind, flags: u32, part: &Part) {
        self.entries.push(SectionEntry {
            kind: U32::new(kind.code()),
            flags: U32::new(flags),
            offset: U64::new(part.offset),
            length: U64::new(part.length),
            crc: U32::new(part.crc),
            reserved: U32::ZERO,
        });
    }

    fn cover(&mut self, part: &Part) {
        assert_eq!(part.offset, self.next_page, "parts follow one another");
        self.sums.extend_from_slice(&part.sums);
        self.next_page = part.next_page();
    }
}
