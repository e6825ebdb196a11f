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
        let mut found = Found::default();
        for memtable in self.version.memtables.iter().filter(|m| !m.is_empty()) {
            let mut rows = Vec::new();
            memtable.outgoing(hash, id, self.seq(), &mut rows);
            found.add(rows.into());
        }
        for file in &self.version.segments {
            found.add(file.segment.outgoing(hash, id)?.into());
        }
        self.visible(found.merge(|record| (record.kind().code(), record.target)))
    }

    /// Associations that end at `id`. Costs as [`outgoing`](Self::outgoing), and a random access
    /// for each record.
    pub fn incoming(&self, id: &ConceptId) -> Result<Neighbors<'_>> {
        let hash = self.version.hash(id);
        let mut found = Found::default();
        for memtable in self.version.memtables.iter().filter(|m| !m.is_empty()) {
            let mut rows = Vec::new();
            memtable.incoming(hash, id, self.seq(), &mut rows);
            found.add(rows.into());
        }
        for file in &self.version.segments {
            let incoming = file.segment.incoming(hash, id)?;
            let mut rows = Vec::with_capacity(incoming.len());
            for record in incoming {
                rows.push(*record?);
            }
            found.add(rows.into());
        }
        let version = &self.version;
        self.visible(
            found.merge(|record| {
                (record.kind().code(), version.hash(&record.source), record.source)
            }),
        )
    }

    /// Leaves out what is deleted. Copies nothing if nothing can be.
    fn visible<'s>(&self, rows: Rows<'s>) -> Result<Neighbors<'s>> {
        let version = &self.version;
        let in_memory = version.memtables.iter().any(|memtable| !memtable.is_empty());
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

/// What the tables have, newest table first. Most often only one has any, and nothing is copied.
#[derive(Default)]
struct Found<'s> {
    first: Rows<'s>,
    rest: Vec<Rows<'s>>,
}

impl<'s> Found<'s> {
    fn add(&mut self, rows: Rows<'s>) {
        if rows.is_empty() {
            return;
        }
        if self.first.is_empty() {
            self.first = rows;
        } else {
            self.rest.push(rows);
        }
    }

    /// All rows, each table's sorted by `key`; of equal keys the newest wins.
    fn merge<K: Ord>(self, key: impl Fn(&AssociationRecord) -> K) -> Rows<'s> {
        if self.rest.is_empty() {
            return self.first;
        }
        let mut rows = self.first.into_owned();
        rows.extend(self.rest.iter().flat_map(|rows| rows.iter()));
        // The sort is stable and the newest table comes first, so the first of equals is newest.
        rows.sort_by_cached_key(&key);
        rows.dedup_by(|later, kept| key(later) == key(kept));
        rows.into()
    }
}
