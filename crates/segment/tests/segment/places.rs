//! Where a verification says that something is wrong: at the very row, entry or byte.

use std::ops::Range;

use crate::common::{open, sample, sum_again};
use sutra_format::{
    AssociationRecord, ConceptRecord, FormatError, SectionKind, SegmentHeader, VectorRun,
    VertexTombstone,
};
use sutra_segment::SegmentError;
use zerocopy::FromBytes;

pub(crate) fn header(bytes: &[u8]) -> SegmentHeader {
    SegmentHeader::read_from_prefix(bytes).unwrap().0
}

pub(crate) fn section(bytes: &[u8], kind: SectionKind) -> Range<usize> {
    let header = header(bytes);
    let entries = header.sections(&bytes[header.section_table_offset.get() as usize..]).unwrap();
    let entry = entries.iter().find(|entry| entry.kind.get() == kind.code()).unwrap();
    let start = entry.offset.get() as usize;
    start..start + entry.length.get() as usize
}

/// The ranges of so many bytes that a range has.
fn items(range: &Range<usize>, bytes: usize) -> Vec<Range<usize>> {
    let items: Vec<_> = range.clone().step_by(bytes).map(|at| at..at + bytes).collect();
    assert!(items.len() > 3, "too few to tell places from each other");
    items
}

fn concepts(bytes: &[u8]) -> Vec<Range<usize>> {
    let start = header(bytes).concepts.offset.get() as usize;
    items(&(start..start + 6 * ConceptRecord::BYTES), ConceptRecord::BYTES)
}

fn associations(bytes: &[u8]) -> Vec<Range<usize>> {
    let start = header(bytes).associations.offset.get() as usize;
    items(&(start..start + 6 * AssociationRecord::BYTES), AssociationRecord::BYTES)
}

/// Edits the sample, and checks that what is wrong is told with a place in this range.
#[track_caller]
fn told_in(place: Range<usize>, what: &str, edit: impl FnOnce(&mut [u8])) {
    let mut bytes = sample().write();
    edit(&mut bytes);
    sum_again(&mut bytes);
    let result = open(&bytes).and_then(|segment| segment.verify(&mut |_| {}).map(drop));
    let Err(SegmentError::Corrupt { source: FormatError::Invalid { offset, reason }, .. }) = result
    else {
        panic!("{what}: {result:?}");
    };
    let place = place.start as u64..place.end as u64;
    assert!(place.contains(&offset), "{what}: {reason} at {offset}, not in {place:?}");
}

fn swap(bytes: &mut [u8], one: &Range<usize>, other: &Range<usize>) {
    let first = bytes[one.clone()].to_vec();
    bytes.copy_within(other.clone(), one.start);
    bytes[other.clone()].copy_from_slice(&first);
}

#[test]
fn a_record_that_cannot_be_meant_is_told_by_its_row() {
    let bytes = sample().write();
    for row in concepts(&bytes) {
        told_in(row.clone(), "a concept", |bytes| {
            ConceptRecord::mut_from_bytes(&mut bytes[row]).unwrap().confidence = f32::NAN.into();
        });
    }
    for row in associations(&bytes) {
        told_in(row.clone(), "an association", |bytes| {
            AssociationRecord::mut_from_bytes(&mut bytes[row]).unwrap().weight = f32::NAN.into();
        });
    }
}

#[test]
fn a_row_that_does_not_rise_is_told_by_its_place() {
    let bytes = sample().write();
    let sections =
        [(SectionKind::IncomingRows, 4), (SectionKind::VertexTombstones, VertexTombstone::BYTES)];
    let sections = sections.map(|(kind, size)| items(&section(&bytes, kind), size));
    for pair in concepts(&bytes).windows(2).chain(sections[1].windows(2)) {
        told_in(pair[1].start..pair[1].start + 1, "in another order", |bytes| {
            swap(bytes, &pair[0], &pair[1]);
        });
    }
    for rows in sections.iter().chain([&concepts(&bytes), &associations(&bytes)]) {
        for pair in rows.windows(2) {
            told_in(pair[1].start..pair[1].start + 1, "twice", |bytes| {
                bytes.copy_within(pair[0].clone(), pair[1].start);
            });
        }
    }
}

#[test]
fn a_reference_that_leads_nowhere_is_told_by_its_row() {
    for row in concepts(&sample().write()) {
        told_in(row.clone(), "a text", |bytes| {
            let record = ConceptRecord::mut_from_bytes(&mut bytes[row]).unwrap();
            record.content_offset = (record.content_offset.get() + (1 << 30)).into();
        });
    }
}

#[test]
fn a_run_of_vectors_that_cannot_be_is_told_by_its_place() {
    for run in items(&section(&sample().write(), SectionKind::VectorRuns), VectorRun::BYTES) {
        told_in(run.start..run.start + 1, "no vector", |bytes| {
            VectorRun::mut_from_bytes(&mut bytes[run]).unwrap().count = 0.into();
        });
    }
}

#[test]
fn a_text_that_is_none_is_told_by_its_entry_or_its_row() {
    let bytes = sample().write();
    let block = header(&bytes).content.offset.get() as usize;
    for row in concepts(&bytes) {
        let record = ConceptRecord::read_from_bytes(&bytes[row.clone()]).unwrap();
        let start = block + record.content_offset.get() as usize;
        let text = start + 4..start + 4 + record.content_length.get() as usize;
        let entries = start..start + record.text_bytes() as usize;
        for at in
            [text.start, text.end.saturating_sub(1)].into_iter().filter(|at| text.contains(at))
        {
            told_in(start..text.end, "a text that is not UTF-8", |bytes| bytes[at] = 0xff);
        }
        told_in(row, "a key that is neither UTF-8 nor of a fact", |bytes| {
            bytes[entries.end - 1] = 0xff;
        });
        told_in(entries.clone(), "a length beyond the block", |bytes| bytes[start + 3] = 1);
        told_in(entries, "a length of one more", |bytes| bytes[start] += 1);
    }
}

#[test]
fn a_vector_with_a_value_that_is_none_is_told_by_its_place() {
    let bytes = sample().write();
    let block = header(&bytes).vectors.offset.get() as usize;
    for row in concepts(&bytes) {
        let record = ConceptRecord::read_from_bytes(&bytes[row]).unwrap();
        let start = block + record.vector_offset.get() as usize;
        let end = start + record.vector_dimension.get() as usize * 4;
        for at in [start, end - 4] {
            told_in(start..start + 1, "a value", |bytes| {
                bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
            });
        }
        if !end.is_multiple_of(64) {
            told_in(start..start + 1, "padding", |bytes| bytes[end] = 1);
        }
    }
}

#[test]
fn a_byte_where_none_should_be_is_told_by_its_place() {
    let behind = concepts(&sample().write())[5].end;
    for at in [behind, behind + 1, behind + 700, behind.next_multiple_of(4096) - 1] {
        told_in(at..at + 1, "a byte", |bytes| bytes[at] = 1);
    }
}
