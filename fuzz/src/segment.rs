//! Any bytes as a segment: opening, reading and verifying them never panics, takes bounded memory,
//! and what was verified can be read.

use sutra_format::AssociationKind;
use sutra_format::hash::placement;
use sutra_segment::{Segment, SegmentError};

use super::base;
use super::bound::bounded;
use super::damage::damage_bytes;
use super::repair;
use super::tape::Tape;

/// How many rows are looked up in one segment.
const ROWS_MAX: u32 = 1000;

/// The first byte says which sound segment is damaged, or that the rest is one as it is; the
/// second whether sums are made right.
pub fn segment(input: &[u8]) {
    let mut tape = Tape::new(input);
    let (which, repairs) = (usize::from(tape.byte()), !tape.byte().is_multiple_of(4));
    let mut bytes = base::segments().get(which).cloned().unwrap_or_default();
    if bytes.is_empty() {
        bytes = tape.rest().to_vec();
    } else {
        damage_bytes(&mut bytes, &mut tape);
    }
    if repairs {
        repair::segment(&mut bytes);
    }
    bounded(bytes.len() as u64, || check(&bytes));
}

fn check(bytes: &[u8]) {
    let Ok(segment) = Segment::open(bytes.to_vec(), "fuzz.seg") else { return };
    let mut errors = 0;
    read_concepts(&segment, &mut errors);
    read_associations(&segment, &mut errors);
    if segment.is_sorted() {
        errors += usize::from(read_past(&segment).is_err());
        errors += usize::from(read_vectors(&segment).is_err());
    }
    let mut progress = 0;
    if segment.verify(&mut |read| progress += read).is_ok() {
        assert_eq!(errors, 0, "what was verified can be read");
        assert_eq!(progress, bytes.len() as u64, "all of it was read");
    }
}

/// Reads concepts in every way; counts what fails though no lookup should.
fn read_concepts(segment: &Segment<Vec<u8>>, errors: &mut usize) {
    let seed = segment.header().hash_seed.get();
    let rows = u32::try_from(segment.stats().concept_count).unwrap_or(u32::MAX);
    for row in 0..rows.min(ROWS_MAX) {
        let Ok(record) = segment.concept(row) else {
            *errors += 1;
            continue;
        };
        let hash = placement(seed, &record.id);
        if segment.is_sorted() {
            let found = segment.find_concept(hash, &record.id);
            *errors += usize::from(!found.is_ok_and(|found| found == Some(record)));
            *errors += usize::from(segment.vertex_tombstone(hash, &record.id).is_err());
        }
        if let Ok(entries) = segment.text(record.content_offset.get(), record.text_bytes()) {
            let _ = record.split_text(entries).map(|text| text.fact_key().copied());
        }
        let _ = segment.vector(record.vector_offset.get(), record.vector_dimension.get());
        let _ = segment.read_content(record.content_offset.get());
        let _ = segment.read_vector(record.vector_offset.get());
    }
    *errors += usize::from(segment.homes().is_err());
    *errors += usize::from(segment.vertex_tombstones().is_err());
    *errors += usize::from(segment.iter_concepts().map(Iterator::count).is_err());
}

fn read_associations(segment: &Segment<Vec<u8>>, errors: &mut usize) {
    let seed = segment.header().hash_seed.get();
    let rows = u32::try_from(segment.stats().association_count).unwrap_or(u32::MAX);
    for row in 0..rows.min(ROWS_MAX) {
        let Ok(record) = segment.association(row) else {
            *errors += 1;
            continue;
        };
        if !segment.is_sorted() {
            continue;
        }
        let (source, target, kind) = (record.source, record.target, record.kind());
        let hash = placement(seed, &source);
        let outgoing = segment.outgoing(hash, &source);
        *errors += usize::from(!outgoing.is_ok_and(|found| found.contains(record)));
        let found = segment.find_association(hash, &source, kind, &target);
        *errors += usize::from(!found.is_ok_and(|found| found == Some(record)));
        let _ = segment.find_association(hash, &source, AssociationKind::CAUSAL, &source);
        match segment.incoming(placement(seed, &target), &target) {
            Ok(incoming) => {
                let found = incoming.filter(|found| matches!(found, Ok(found) if *found == record));
                *errors += usize::from(found.count() != 1);
            }
            Err(_) => *errors += 1,
        }
    }
    *errors += usize::from(segment.iter_associations().map(Iterator::count).is_err());
}

/// Reads older versions one row at a time, as of numbers around theirs, and all together.
fn read_past(segment: &Segment<Vec<u8>>) -> Result<(), SegmentError> {
    let _ = segment.timeline()?;
    let count = |count: u64| u32::try_from(count).unwrap_or(u32::MAX).min(ROWS_MAX);
    for row in 0..count(segment.stats().concept_count) {
        let (newest, older) = (segment.concept(row)?, segment.concept_versions(row)?);
        for version in older.iter().chain([newest]) {
            let seq = version.seq.get();
            let _ = segment.concept_at(row, seq)?;
            let _ = segment.concept_at(row, seq.wrapping_sub(1))?;
        }
        let hash = placement(segment.header().hash_seed.get(), &newest.id);
        let _ = segment.concept_row(hash, &newest.id)?;
    }
    for row in 0..count(segment.stats().association_count) {
        let (newest, older) = (segment.association(row)?, segment.association_versions(row)?);
        for version in older.iter().chain([newest]) {
            let seq = version.seq.get();
            let _ = segment.association_at(row, seq)?;
            let _ = segment.association_at(row, seq.wrapping_sub(1))?;
        }
    }
    let _ = (segment.older_concepts()?, segment.older_associations()?);
    Ok(())
}

/// Reads what the vectors of each space are indexed by.
fn read_vectors(segment: &Segment<Vec<u8>>) -> Result<(), SegmentError> {
    for entry in segment.vector_index()? {
        if entry.epoch.get() > 0 {
            let _ = segment.centroids_blob(entry)?;
        } else {
            let _ = segment.vectors_of(entry.space.get(), entry.dimension.get())?;
        }
    }
    Ok(())
}
