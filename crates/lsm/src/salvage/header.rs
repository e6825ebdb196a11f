//! [`rebuild`]: the header of a segment whose first page is damaged.
//!
//! All that it says is known from elsewhere. The manifest has identity, counts and sequence numbers;
//! where the blocks are follows from these; the section table ends the file, and what it says of the
//! page sums proves that it is one; how much payload there is, rows and runs tell. And the manifest
//! has the sum of the header: what is put together must give it, to the bit. It does only if all
//! four blocks are whole, since their sums are in the header. Otherwise nothing can be proven.

use sutra_format::checksum::{crc32, part_seed};
use sutra_format::limits::{PAGE_BYTES, SECTIONS_MAX};
use sutra_format::segment::{MAGIC, SegmentFlags, VERSION};
use sutra_format::{
    AssociationRecord, BlockExtent, ConceptRecord, SectionEntry, SectionKind, SegmentHeader,
    VectorRun,
};
use sutra_manifest::{Manifest, SegmentMetadata};
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, FromZeros};

/// What a manifest says of a segment.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) meta: &'a SegmentMetadata,
    pub(super) store_id: [u8; 16],
    pub(super) hash_seed: u64,
}

impl<'a> Known<'a> {
    /// What this manifest says of one of its segments.
    pub(super) fn of(manifest: &Manifest, meta: &'a SegmentMetadata) -> Self {
        Self { meta, store_id: manifest.store_id, hash_seed: manifest.hash_seed }
    }
}

/// The header of the file `bytes`, if it can be proven.
pub(super) fn rebuild(bytes: &[u8], known: &Known<'_>) -> Option<SegmentHeader> {
    let Known { meta, store_id, hash_seed } = *known;
    let file = File { bytes, seed: hash_seed, id: meta.segment_id };
    let (table, entries) = file.section_table()?;
    let concepts = extent(PAGE_BYTES, meta.concept_count, ConceptRecord::BYTES)?;
    let associations =
        extent(behind(&concepts)?, meta.association_count, AssociationRecord::BYTES)?;
    let vectors = file.vectors(behind(&associations)?, entries)?;
    let rows = <[ConceptRecord]>::ref_from_bytes(file.block(&concepts)?).ok()?;
    let links = <[AssociationRecord]>::ref_from_bytes(file.block(&associations)?).ok()?;
    let content = contents(behind(&vectors)?, rows, meta.segment_id)?;
    let table_bytes = bytes.get(usize::try_from(table).ok()?..)?;
    let tombstones = |count: usize| U64::new(count as u64);
    let mut header = SegmentHeader {
        magic: MAGIC,
        version: U32::new(VERSION),
        segment_id: U32::new(meta.segment_id),
        concepts,
        associations,
        vectors,
        content,
        created_at: U64::new(meta.created_at),
        compacted_at: U64::new(meta.compacted_at),
        concepts_crc: file.sum(&concepts)?,
        associations_crc: file.sum(&associations)?,
        vectors_crc: file.sum(&vectors)?,
        content_crc: file.sum(&content)?,
        min_seq: U64::new(meta.min_seq),
        max_seq: U64::new(meta.max_seq),
        hash_seed: U64::new(hash_seed),
        store_id,
        section_table_offset: U64::new(table),
        section_table_length: U64::new(table_bytes.len() as u64),
        section_table_crc: U32::new(file.sum_of(table, table_bytes)),
        flags: U32::new(SegmentFlags::SORTED),
        concept_tombstones: tombstones(rows.iter().filter(|row| row.is_tombstone()).count()),
        association_tombstones: tombstones(links.iter().filter(|l| l.is_tombstone()).count()),
        ..SegmentHeader::new_zeroed()
    };
    header.header_crc = U32::new(header.sum());
    (header.header_crc.get() == meta.header_crc).then_some(header)
}

/// A segment file whose header is unknown.
struct File<'a> {
    bytes: &'a [u8],
    seed: u64,
    id: u32,
}

impl<'a> File<'a> {
    /// The offset of the section table, and its entries.
    fn section_table(&self) -> Option<(u64, &'a [SectionEntry])> {
        (1..=SECTIONS_MAX).find_map(|count| {
            let start = self.bytes.len().checked_sub(count * SectionEntry::BYTES)?;
            let entries = <[SectionEntry]>::ref_from_bytes(&self.bytes[start..]).ok()?;
            let sums = entries.last().filter(|e| e.kind.get() == SectionKind::PageSums.code())?;
            let (offset, length) = (sums.offset.get(), sums.length.get());
            let end = offset.checked_add(length)?.checked_next_multiple_of(8)?;
            let is_it = end == start as u64 && self.sum_at(offset, length)? == sums.crc;
            is_it.then_some((start as u64, entries))
        })
    }

    /// The vector block that starts at `offset`, as the runs tell.
    fn vectors(&self, offset: u64, entries: &[SectionEntry]) -> Option<BlockExtent> {
        let is_runs = |entry: &&SectionEntry| entry.kind.get() == SectionKind::VectorRuns.code();
        let (mut length, mut count) = (0, 0);
        if let Some(entry) = entries.iter().find(is_runs) {
            let bytes = self.part(entry.offset.get(), entry.length.get())?;
            for run in <[VectorRun]>::ref_from_bytes(bytes).ok()? {
                let bytes = run.stride().checked_mul(run.count.get().into())?;
                length = length.max(run.offset.get().checked_add(bytes)?);
                count += u64::from(run.count.get());
            }
        }
        Some(BlockExtent {
            offset: U64::new(offset),
            length: U64::new(length),
            count: U64::new(count),
        })
    }

    fn block(&self, extent: &BlockExtent) -> Option<&'a [u8]> {
        self.part(extent.offset.get(), extent.length.get())
    }

    fn sum(&self, extent: &BlockExtent) -> Option<U32> {
        self.sum_at(extent.offset.get(), extent.length.get())
    }

    fn sum_at(&self, offset: u64, length: u64) -> Option<U32> {
        Some(U32::new(self.sum_of(offset, self.part(offset, length)?)))
    }

    fn sum_of(&self, offset: u64, bytes: &[u8]) -> u32 {
        crc32(part_seed(self.seed, self.id, offset), bytes)
    }

    fn part(&self, offset: u64, length: u64) -> Option<&'a [u8]> {
        let end = usize::try_from(offset.checked_add(length)?).ok()?;
        self.bytes.get(usize::try_from(offset).ok()?..end)
    }
}

/// A block of so many rows.
fn extent(offset: u64, rows: u64, row_bytes: usize) -> Option<BlockExtent> {
    let length = U64::new(rows.checked_mul(row_bytes as u64)?);
    Some(BlockExtent { offset: U64::new(offset), length, count: U64::new(rows) })
}

/// Where the block behind this one starts.
fn behind(extent: &BlockExtent) -> Option<u64> {
    extent.end()?.checked_next_multiple_of(PAGE_BYTES)
}

/// The content block that starts at `offset`, as the rows tell: it has the texts of each of them
/// once.
fn contents(offset: u64, rows: &[ConceptRecord], id: u32) -> Option<BlockExtent> {
    let (mut length, mut count) = (0_u64, 0);
    for row in rows.iter().filter(|r| r.text_bytes() > 0 && r.content_segment.get() == id) {
        length = length.max(row.content_offset.get().checked_add(row.text_bytes())?);
        count += u64::from(row.has_content())
            + u64::from(row.attributes_length.get() > 0)
            + u64::from(row.key_length.get() > 0);
    }
    Some(BlockExtent { offset: U64::new(offset), length: U64::new(length), count: U64::new(count) })
}
