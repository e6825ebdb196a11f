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

impl Neighbors<'_> {
    pub(crate) fn of(records: Vec<AssociationRecord>) -> Self {
        Self(records.into())
    }
}

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
        self.unexpired_of(self.outgoing_even_expired(id)?)
    }

    /// Associations that end at `id`. Costs as [`outgoing`](Self::outgoing), and a random access
    /// for each record.
    pub fn incoming(&self, id: &ConceptId) -> Result<Neighbors<'_>> {
        self.unexpired_of(self.incoming_even_expired(id)?)
    }

    /// As [`outgoing`](Self::outgoing), with those that are expired.
    pub fn outgoing_even_expired(&self, id: &ConceptId) -> Result<Neighbors<'_>> {
        if self.is_past() {
            return self.shown(self.outgoing_past(id)?.into());
        }
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
        self.visible(found.merge())
    }

    /// As [`incoming`](Self::incoming), with those that are expired.
    pub fn incoming_even_expired(&self, id: &ConceptId) -> Result<Neighbors<'_>> {
        if self.is_past() {
            return self.shown(self.incoming_past(id)?.into());
        }
        let version = &self.version;
        let hash = version.hash(id);
        let (mut tables, mut recent, mut rows) = (0, Vec::new(), Vec::new());
        for memtable in version.memtables.iter().filter(|m| !m.is_empty()) {
            let before = recent.len();
            memtable.incoming(hash, id, self.seq(), &mut recent);
            tables += usize::from(recent.len() > before);
        }
        for file in &version.segments {
            let before = rows.len();
            for record in file.segment.incoming(hash, id)? {
                rows.push(record?);
            }
            tables += usize::from(rows.len() > before);
        }
        let all = recent.iter().chain(rows);
        self.visible(match tables {
            0 | 1 => all.copied().collect(),
            _ => merge(all.map(|record| Entry {
                kind: record.kind().code(),
                hash: version.hash(&record.source),
                id: record.source,
                record,
            })),
        })
    }

    /// Leaves out what is deleted. Copies nothing if nothing can be.
    fn visible<'s>(&self, rows: Rows<'s>) -> Result<Neighbors<'s>> {
        let version = &self.version;
        let in_memory = version.memtables.iter().any(|memtable| !memtable.is_empty());
        if !in_memory && !version.association_tombstones && !version.has_vertex_tombstones() {
            return Ok(Neighbors(rows));
        }
        self.shown(rows)
    }

    fn shown<'s>(&self, rows: Rows<'s>) -> Result<Neighbors<'s>> {
        let mut visible = Vec::with_capacity(rows.len());
        for record in rows.iter() {
            if !record.is_tombstone() && !self.is_hidden(record)? {
                visible.push(*record);
            }
        }
        Ok(Neighbors(visible.into()))
    }
}

/// Outgoing rows, newest table first. Most often only one has any, and nothing is copied.
#[derive(Default)]
struct Found<'s> {
    first: Rows<'s>,
    rest: Vec<Rows<'s>>,
}

/// A row among those of other tables: what it is sorted by, and where it lies.
struct Entry<'a> {
    kind: u16,
    hash: u64,
    id: ConceptId,
    record: &'a AssociationRecord,
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

    fn merge(self) -> Rows<'s> {
        if self.rest.is_empty() {
            return self.first;
        }
        let tables = std::iter::once(&self.first).chain(&self.rest);
        merge(tables.flat_map(|rows| rows.iter()).map(|record| Entry {
            kind: record.kind().code(),
            hash: 0, // Targets are sorted as they are.
            id: record.target,
            record,
        }))
    }
}

/// The rows of several tables, newest table first, each table's sorted: of equal ones the newest.
fn merge<'a>(entries: impl Iterator<Item = Entry<'a>>) -> Rows<'static> {
    let mut entries: Vec<_> = entries.collect();
    // The sort finds the runs that are there; it is stable, so the first of equals is newest.
    entries.sort_by(|a, b| a.key().cmp(&b.key()));
    entries.dedup_by(|later, kept| later.key() == kept.key());
    entries.into_iter().map(|entry| *entry.record).collect()
}

impl Entry<'_> {
    fn key(&self) -> (u16, u64, &ConceptId) {
        (self.kind, self.hash, &self.id)
    }
}
