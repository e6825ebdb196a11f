//! [`Doubt`]: what the lost rows of a segment may have replaced or deleted in older ones.
//!
//! Rows are sorted, so a lost one lies between its neighbours; and the directory of the segment,
//! where it is whole, knows 16 bits of the hash of each row. So few others are ever in doubt.

use std::collections::HashSet;

use sutra_format::hash::placement;
use sutra_format::{AssociationRecord, ConceptId};
use sutra_fs::Dir;

use super::raw::RawSegment;
use crate::files::MappedSegment;

type ConceptKey = (u64, ConceptId);
type AssociationKey = (u64, ConceptId, u16, ConceptId);

/// Rows that are lost, by the rows before and behind them.
#[derive(Debug)]
pub(super) struct Gap<K> {
    after: Option<K>,
    before: Option<K>,
    /// The first lost row, and how many.
    pub(super) first: u64,
    pub(super) rows: u64,
}

/// What is not known about a segment.
pub(super) struct Doubt<'a, D: Dir> {
    seed: u64,
    segment: Option<&'a MappedSegment<D>>,
    pub(super) concepts: Vec<Gap<ConceptKey>>,
    pub(super) associations: Vec<Gap<AssociationKey>>,
    /// If the deletions are lost: concepts that are there, and may have been deleted before.
    put: HashSet<ConceptId>,
    /// If so: whether anything was lost of which deletions could have been told.
    deletions_lost: bool,
}

impl<'a, D: Dir> Doubt<'a, D> {
    /// Of a segment of which nothing is left.
    pub(super) fn of_all(seed: u64) -> Self {
        let (concepts, associations) = (vec![Gap::of_all()], vec![Gap::of_all()]);
        let (segment, put) = (None, HashSet::new());
        Self { seed, segment, concepts, associations, put, deletions_lost: true }
    }

    pub(super) fn of(seed: u64, raw: &'a RawSegment<D>) -> Self {
        let concepts = gaps(raw.concept_rows(), |row| {
            raw.concept(row).map(|record| (placement(seed, &record.id), record.id))
        });
        let associations = gaps(raw.association_rows(), |row| {
            raw.association(row).map(|record| association_key(seed, &record))
        });
        let deletions_lost = raw.tombstones.is_none();
        let mut put = HashSet::new();
        if deletions_lost {
            let rows = (0..raw.concept_rows()).filter_map(|row| raw.concept(row));
            put.extend(rows.filter(|r| !r.is_tombstone() && !r.is_fact()).map(|r| r.id));
        }
        let segment = raw.segment.as_ref();
        Self { seed, segment, concepts, associations, put, deletions_lost }
    }

    /// Whether there is none.
    pub(super) fn is_none(&self) -> bool {
        self.concepts.is_empty() && self.associations.is_empty() && !self.deletions_lost
    }

    /// Whether a lost row may be that of a concept.
    pub(super) fn about_concept(&self, id: &ConceptId) -> bool {
        let hash = placement(self.seed, id);
        within(&self.concepts, &(hash, *id))
            && self.segment.is_none_or(|segment| segment.find_concept(hash, id).is_err())
    }

    /// Whether a lost row may be that of an association, or say that an end of it was deleted.
    pub(super) fn about_association(&self, record: &AssociationRecord) -> bool {
        let key = association_key(self.seed, record);
        let cannot_tell = |segment: &MappedSegment<D>| {
            let (source, kind, target) = (&record.source, record.kind(), &record.target);
            segment.find_association(key.0, source, kind, target).is_err()
        };
        let is_deleted =
            |id| self.deletions_lost && (self.put.contains(id) || self.about_concept(id));
        within(&self.associations, &key) && self.segment.is_none_or(cannot_tell)
            || is_deleted(&record.source)
            || is_deleted(&record.target)
    }
}

impl<K> Gap<K> {
    fn of_all() -> Self {
        Self { after: None, before: None, first: 0, rows: 0 }
    }
}

fn association_key(seed: u64, record: &AssociationRecord) -> AssociationKey {
    (placement(seed, &record.source), record.source, record.kind().code(), record.target)
}

fn gaps<K: Copy>(rows: u64, key: impl Fn(u64) -> Option<K>) -> Vec<Gap<K>> {
    let (mut gaps, mut after, mut open): (Vec<Gap<K>>, _, Option<u64>) = (Vec::new(), None, None);
    for row in 0..rows {
        let Some(key) = key(row) else {
            open.get_or_insert(row);
            continue;
        };
        if let Some(first) = open.take() {
            gaps.push(Gap { after, before: Some(key), first, rows: row - first });
        }
        after = Some(key);
    }
    if let Some(first) = open {
        gaps.push(Gap { after, before: None, first, rows: rows - first });
    }
    gaps
}

fn within<K: Ord>(gaps: &[Gap<K>], key: &K) -> bool {
    let at = gaps.partition_point(|gap| gap.before.as_ref().is_some_and(|before| before <= key));
    gaps.get(at).is_some_and(|gap| gap.after.as_ref().is_none_or(|after| after < key))
}
