//! What changed since: every version behind a sequence number, in the order of the commits.

use std::collections::BinaryHeap;

use sutra_format::{AssociationRecord, ConceptId, ConceptRecord};
use sutra_fs::{Dir, OsDir};
use zerocopy::{FromBytes, IntoBytes};

use super::walk::Visit;
use crate::error::{LsmError, Result};
use crate::snapshot::{Concept, Snapshot};
use crate::tree::LsmTree;

/// One change.
pub struct Change<'s, D: Dir = OsDir> {
    /// Its sequence number.
    pub seq: u64,
    /// When it was committed, in milliseconds since the epoch.
    pub time: u64,
    /// What became of what.
    pub what: Changed<'s, D>,
}

/// What a change made.
pub enum Changed<'s, D: Dir = OsDir> {
    /// A concept was put, or its strength, confidence or access changed: what it was from then on.
    Put(Concept<'s, D>),
    /// A concept was deleted, and with it every association that touched it.
    Deleted(ConceptId),
    /// An association was put.
    Associated(AssociationRecord),
    /// An association was deleted.
    Dissociated(AssociationRecord),
}

/// A change that was met, by its number.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Met {
    seq: u64,
    what: Key,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Concept(ConceptId),
    Association(Box<[u8]>),
}

/// The changes with the lowest numbers, so many at most.
struct Earliest {
    limit: usize,
    met: BinaryHeap<Met>,
}

impl Earliest {
    fn meet(&mut self, seq: u64, key: impl FnOnce() -> Key) {
        let is_late = self.met.len() >= self.limit && self.met.peek().is_some_and(|m| m.seq < seq);
        if is_late {
            return;
        }
        self.met.push(Met { seq, what: key() });
        if self.met.len() > self.limit {
            self.met.pop();
        }
    }
}

impl Visit for Earliest {
    fn concept(&mut self, record: &ConceptRecord) {
        self.meet(record.seq.get(), || Key::Concept(record.id));
    }

    fn association(&mut self, record: &AssociationRecord) {
        self.meet(record.seq.get(), || Key::Association(record.as_bytes().into()));
    }
}

impl<D: Dir> LsmTree<D> {
    /// What `snapshot` sees that was committed behind the sequence number `since`: the first `limit`
    /// changes, in the order of their commits. Go on with the number of the last one.
    ///
    /// Reads all rows of the history segments that go beyond `since`, once for each call, so take
    /// large steps; memory is for `limit` changes. Fails with [`NotKept`](LsmError::NotKept) if
    /// history does not go back so far.
    pub fn changes<'s>(
        &self,
        snapshot: &'s Snapshot<D>,
        since: u64,
        limit: usize,
    ) -> Result<Vec<Change<'s, D>>> {
        match self.inner.ledger.lock().manifest.history {
            Some(history) if since >= history.since_seq => {}
            other => return Err(LsmError::NotKept { since: other.map(|h| h.since_time) }),
        }
        let mut changes = Vec::new();
        let mut since = since;
        loop {
            let met = snapshot.earliest(since, limit)?;
            let Some(last) = met.last() else { return Ok(changes) };
            since = last.seq;
            for met in met {
                changes.extend(snapshot.change(met)?);
            }
            if !changes.is_empty() {
                return Ok(changes); // Else these were touches of nothing: go on behind them.
            }
        }
    }

    /// The last sequence number that was committed at `time` or before.
    ///
    /// Fails as [`snapshot_at`](Self::snapshot_at).
    pub fn seq_at(&self, time: u64) -> Result<u64> {
        Ok(self.snapshot_at(time)?.seq())
    }
}

impl<D: Dir> Snapshot<D> {
    /// The first versions behind `since`, by rising number.
    fn earliest(&self, since: u64, limit: usize) -> Result<Vec<Met>> {
        let mut earliest = Earliest { limit, met: BinaryHeap::new() };
        self.version.walk_versions(since, self.seq(), &mut earliest)?;
        Ok(earliest.met.into_sorted_vec())
    }

    /// What a version changed; nothing, if it is a touch of what is not there.
    fn change(&self, met: Met) -> Result<Option<Change<'_, D>>> {
        let Met { seq, what } = met;
        let time = self.version.time_of(seq)?;
        let what = match what {
            Key::Concept(id) => match self.version_at(self.version.hash(&id), &id, seq)? {
                // Else it is older, and what was met is a touch of what is not there.
                Some((record, home)) if record.seq.get() == seq => match record.is_tombstone() {
                    true => Changed::Deleted(id),
                    false => Changed::Put(self.wrap(record, home)),
                },
                _ => return Ok(None),
            },
            Key::Association(bytes) => {
                let record: AssociationRecord =
                    FromBytes::read_from_bytes(&bytes).expect("it was made of a record");
                if record.is_tombstone() {
                    Changed::Dissociated(record)
                } else {
                    Changed::Associated(record)
                }
            }
        };
        Ok(Some(Change { seq, time, what }))
    }
}
