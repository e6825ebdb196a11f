//! Associations of one concept, in either direction, over all tables of a snapshot.

use std::borrow::Cow;
use std::ops::Deref;

use sutra_format::{AssociationRecord, ConceptId};
use sutra_fs::Dir;

use crate::error::Result;
use crate::snapshot::Snapshot;

/// Associations of one concept: a slice, of the map itself where nothing had to be merged.
///
/// Outgoing ones are sorted by kind and target, incoming ones by kind and the placement of the
/// source.
#[derive(Clone, Debug)]
pub struct Neighbors<'s>(Cow<'s, [AssociationRecord]>);

impl Deref for Neighbors<'_> {
    type Target = [AssociationRecord];

    fn deref(&self) -> &[AssociationRecord] {
        &self.0
    }
}

impl<'s> IntoIterator for &'s Neighbors<'_> {
    type Item = &'s AssociationRecord;
    type IntoIter = std::slice::Iter<'s, AssociationRecord>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// Sorted rows of one table.
type Rows<'s> = Cow<'s, [AssociationRecord]>;

impl<D: Dir> Snapshot<D> {
    /// Associations that start at `id`. Costs one cache line for each segment that has none, two
    /// and the records for one that has.
    pub fn outgoing(&self, id: &ConceptId) -> Result<Neighbors<'_>> {
        let hash = self.version.hash(id);
        let mut tables: Vec<Rows<'_>> = Vec::new();
        for memtable in &self.version.memtables {
            let mut rows = Vec::new();
            memtable.outgoing(hash, id, self.seq(), &mut rows);
            tables.push(rows.into());
        }
        for file in &self.version.segments {
            tables.push(file.segment.outgoing(hash, id)?.into());
        }
        let rows = merge(tables, |record| (record.kind().code(), 0, record.target));
        self.visible(rows)
    }

    /// Associations that end at `id`. Costs as [`outgoing`](Self::outgoing), and a random access
    /// for each record.
    pub fn incoming(&self, id: &ConceptId) -> Result<Neighbors<'_>> {
        let hash = self.version.hash(id);
        let mut tables: Vec<Rows<'_>> = Vec::new();
        for memtable in &self.version.memtables {
            let mut rows = Vec::new();
            memtable.incoming(hash, id, self.seq(), &mut rows);
            tables.push(rows.into());
        }
        for file in &self.version.segments {
            let incoming = file.segment.incoming(hash, id)?;
            let mut rows = Vec::with_capacity(incoming.len());
            for record in incoming {
                rows.push(*record?);
            }
            tables.push(rows.into());
        }
        let version = &self.version;
        let rows = merge(tables, |record| {
            (record.kind().code(), version.hash(&record.source), record.source)
        });
        self.visible(rows)
    }

    /// Leaves out what is deleted. Copies nothing if nothing can be.
    fn visible<'s>(&self, rows: Rows<'s>) -> Result<Neighbors<'s>> {
        let version = &self.version;
        let in_memory = matches!(rows, Cow::Owned(_));
        if !in_memory && !version.association_tombstones && !version.has_vertex_tombstones() {
            return Ok(Neighbors(rows));
        }
        let mut visible = Vec::with_capacity(rows.len());
        for record in rows.iter() {
            if !record.is_tombstone() && !self.is_hidden(record)? {
                visible.push(*record);
            }
        }
        Ok(Neighbors(visible.into()))
    }
}

/// Merges rows of tables, newest table first, each sorted by `key`; of equal keys the newest wins.
fn merge<'s, K: Ord>(mut tables: Vec<Rows<'s>>, key: impl Fn(&AssociationRecord) -> K) -> Rows<'s> {
    tables.retain(|rows| !rows.is_empty());
    if tables.len() <= 1 {
        return tables.pop().unwrap_or_default();
    }
    // The sort is stable and the newest table comes first, so the first of equal keys is newest.
    let mut rows: Vec<AssociationRecord> =
        tables.iter().flat_map(|rows| rows.iter().copied()).collect();
    rows.sort_by_cached_key(&key);
    rows.dedup_by(|later, kept| key(later) == key(kept));
    rows.into()
}
