//! What flush and scans read: one row for each concept or association, in segment order.
//!
//! A row is 16 bytes, a hash and a slot number, and the records stay where they are: sorting a
//! full memtable takes a quarter of its budget at most.

use sutra_format::hash::placement;
use sutra_format::{AssociationRecord, VertexTombstone};
use zerocopy::little_endian::U64;

use super::arena::Slot;
use super::associations::Associations;
use super::{Found, Memtable};

/// A concept of [`Memtable::sorted_concepts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConceptRow {
    /// The placement of its id.
    pub hash: u64,
    pub(super) slot: Slot,
}

/// An association of [`Memtable::sorted_associations`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssociationRow {
    /// The placement of its source.
    pub source_hash: u64,
    pub(super) slot: Slot,
}

impl Memtable {
    /// The newest visible version of each concept, by (placement, id). Tombstones and lone
    /// deltas are among them.
    pub fn sorted_concepts(&self, upto: u64) -> Vec<ConceptRow> {
        let Some(concepts) = self.concepts.get() else { return Vec::new() };
        let row = |slot| ConceptRow { hash: self.placement(&concepts.version(slot).id()), slot };
        let mut rows = Vec::with_capacity(concepts.ids());
        rows.extend(concepts.visible(upto).map(row));
        rows.sort_unstable_by(|a, b| {
            let id = |row: &ConceptRow| concepts.version(row.slot).id();
            a.hash.cmp(&b.hash).then_with(|| id(a).cmp(&id(b)))
        });
        rows
    }

    /// What a row of [`Self::sorted_concepts`] stands for.
    ///
    /// # Panics
    /// May panic if the row is of another memtable.
    pub fn concept_row(&self, row: ConceptRow) -> Found {
        let concepts = self.concepts.get().expect("the row is of this memtable");
        concepts.version(row.slot).found()
    }

    /// The newest visible version of each association, by (placement of the source, source, kind
    /// code, target). Tombstones are among them.
    pub fn sorted_associations(&self, upto: u64) -> Vec<AssociationRow> {
        let Some(associations) = self.associations.get() else { return Vec::new() };
        let row = |slot| {
            let source_hash = self.placement(&associations.version(slot).source());
            AssociationRow { source_hash, slot }
        };
        let mut rows = Vec::with_capacity(associations.keys());
        rows.extend(associations.visible(upto).map(row));
        rows.sort_by_key(|row| row.source_hash);
        for rows in rows.chunk_by_mut(|a, b| a.source_hash == b.source_hash) {
            sort_source(associations, rows);
        }
        rows
    }

    /// What a row of [`Self::sorted_associations`] stands for.
    ///
    /// # Panics
    /// May panic if the row is of another memtable.
    pub fn association_row(&self, row: AssociationRow) -> AssociationRecord {
        let associations = self.associations.get().expect("the row is of this memtable");
        associations.version(row.slot).record()
    }

    /// The newest visible tombstone of each concept that was ever deleted in this memtable, put
    /// again or not, by (placement, id). Tombstones of facts are not among them.
    pub fn sorted_vertex_tombstones(&self, upto: u64) -> Vec<VertexTombstone> {
        let Some(concepts) = self.concepts.get() else { return Vec::new() };
        if !self.has_vertex_tombstones() {
            return Vec::new();
        }
        let tombstone = |slot| {
            let version = concepts.version(concepts.version(slot).newest_vertex_tombstone()?);
            Some(VertexTombstone { id: version.id(), seq: U64::new(version.seq()) })
        };
        let mut tombstones: Vec<_> = concepts.visible(upto).filter_map(tombstone).collect();
        tombstones.sort_unstable_by_key(|tombstone| (self.placement(&tombstone.id), tombstone.id));
        tombstones
    }

    fn placement(&self, id: &sutra_format::ConceptId) -> u64 {
        placement(self.hash_seed, id)
    }
}

/// Sorts rows of one placement by (source, kind code, target). Nearly always they are of one
/// source; the sort of a hub then compares numbers made of the kind and the start of the target,
/// which stand in the place of the hash meanwhile, and looks at records only where those tie.
fn sort_source(associations: &Associations, rows: &mut [AssociationRow]) {
    let [first, .., _] = *rows else { return };
    let source = associations.version(first.slot).source();
    let one_source = rows.iter().all(|row| associations.version(row.slot).source() == source);
    for row in rows.iter_mut() {
        let version = associations.version(row.slot);
        let [a, b, c, d, e, f, ..] = *version.target().as_bytes();
        let [k, l] = if one_source { version.kind_code().to_be_bytes() } else { [0; 2] };
        let start = if one_source { [k, l, a, b, c, d, e, f] } else { [0; 8] };
        row.source_hash = u64::from_be_bytes(start);
    }
    rows.sort_unstable_by(|a, b| {
        let full = |row: &AssociationRow| {
            let version = associations.version(row.slot);
            (version.source(), version.kind_code(), version.target())
        };
        a.source_hash.cmp(&b.source_hash).then_with(|| full(a).cmp(&full(b)))
    });
    rows.iter_mut().for_each(|row| row.source_hash = first.source_hash);
}
