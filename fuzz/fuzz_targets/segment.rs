//! Any bytes as a segment: opening, reading and verifying them never panics.
//!
//! Checksums would stop nearly every input at the door, so the sums of header, section table and
//! sections are made right first in every second input.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sutra_format::checksum::{crc32, page_seed, part_seed};
use sutra_format::hash::placement;
use sutra_format::limits::PAGE_BYTES;
use sutra_format::{AssociationKind, SectionEntry, SectionKind, SegmentHeader};
use sutra_segment::Segment;
use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, IntoBytes};

fuzz_target!(|input: &[u8]| {
    let Some((&first, bytes)) = input.split_first() else { return };
    let mut bytes = bytes.to_vec();
    if first % 2 == 1 {
        repair(&mut bytes);
    }
    let Ok(segment) = Segment::open(bytes, "fuzz.seg") else { return };
    read_everything(&segment);
    let _ = segment.verify(&mut |_| {});
});

/// Errors are fine; panics are not.
fn read_everything(segment: &Segment<Vec<u8>>) {
    let seed = segment.header().hash_seed.get();
    let stats = segment.stats();
    for row in 0..u32::try_from(stats.concept_count).unwrap_or(0).min(10_000) {
        let Ok(record) = segment.concept(row) else { continue };
        let hash = placement(seed, &record.id);
        let _ = segment.find_concept(hash, &record.id);
        let _ = segment.vertex_tombstone(hash, &record.id);
        if let Ok(entries) = segment.text(record.content_offset.get(), record.text_bytes()) {
            let _ = record.split_text(entries).map(|text| text.fact_key().copied());
        }
        let _ = segment.vector(record.vector_offset.get(), record.vector_dimension.get());
        let _ = segment.read_content(record.content_offset.get());
        let _ = segment.read_vector(record.vector_offset.get());
    }
    for row in 0..u32::try_from(stats.association_count).unwrap_or(0).min(10_000) {
        let Ok(record) = segment.association(row) else { continue };
        let (source, target) = (record.source, record.target);
        let hash = placement(seed, &source);
        let _ = segment.outgoing(hash, &source).map(<[_]>::len);
        let _ = segment.find_association(hash, &source, AssociationKind::CAUSAL, &target);
        if let Ok(incoming) = segment.incoming(placement(seed, &target), &target) {
            incoming.for_each(|record| drop(record));
        }
    }
    let _ = segment.homes();
    let _ = segment.vertex_tombstones();
    let _ = segment.iter_concepts().map(Iterator::count);
    let _ = segment.iter_associations().map(Iterator::count);
}

/// Makes all sums right, as far as the bytes have the shape of a segment.
fn repair(bytes: &mut [u8]) -> Option<()> {
    let (header, _) = SegmentHeader::read_from_prefix(bytes).ok()?;
    let (seed, id) = (header.hash_seed.get(), header.segment_id.get());
    let table = usize::try_from(header.section_table_offset.get()).ok()?;
    let length = bytes.len();
    let mut sums = None;
    for at in (table..length).step_by(SectionEntry::BYTES) {
        let (entry, _) = SectionEntry::read_from_prefix(bytes.get(at..)?).ok()?;
        if entry.kind.get() == SectionKind::PageSums.code() {
            sums = Some((at, entry));
        }
    }
    let (at, mut entry) = sums?;
    let offset = usize::try_from(entry.offset.get()).ok()?;
    let page_bytes = usize::try_from(PAGE_BYTES).ok()?;
    for page in 1..offset / page_bytes {
        let sum = crc32(
            page_seed(seed, id, page as u64),
            bytes.get(page * page_bytes..(page + 1) * page_bytes)?,
        );
        let slot = offset + page * 4;
        bytes.get_mut(slot..slot + 4)?.copy_from_slice(&sum.to_le_bytes());
    }
    let end = offset.checked_add(usize::try_from(entry.length.get()).ok()?)?;
    let sum = crc32(part_seed(seed, id, entry.offset.get()), bytes.get(offset..end)?);
    entry.crc = U32::new(sum);
    bytes.get_mut(at..at + SectionEntry::BYTES)?.copy_from_slice(entry.as_bytes());
    let mut header = header;
    let sum = crc32(part_seed(seed, id, header.section_table_offset.get()), bytes.get(table..)?);
    header.section_table_crc = U32::new(sum);
    header.header_crc = U32::new(header.sum());
    bytes.get_mut(..SegmentHeader::BYTES)?.copy_from_slice(header.as_bytes());
    Some(())
}
