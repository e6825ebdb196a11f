//! [`Reader`] and [`Reads`]: what a commit was made of, and whether that still holds.
//!
//! A commit that says what it read goes through only if it would read the same now: the leader,
//! who alone makes commits visible, looks again when all commits before it are applied. So no
//! update between the look and the commit is ever lost, and nothing is locked meanwhile.
//!
//! Invariants:
//! * Of each thing the sequence number of its version is noted, or that there is none, be it expired.
//!   No flush, no merge and no clock changes either, so only another commit makes a conflict.
//! * A commit that relies on reads goes into one group with others only if none of those that
//!   come before it there changes a concept that it read, or an end of an association that it did.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use sutra_format::{AssociationKind, AssociationRecord, ConceptId};
use sutra_fs::{Dir, OsDir};

use crate::error::{LsmError, Result};
use crate::journal::CommitBody;
use crate::neighbours::Neighbors;
use crate::snapshot::{Concept, Snapshot};

/// A snapshot that notes what is read through it. [`LsmTree::commit_if`](crate::LsmTree::commit_if)
/// takes the notes.
pub struct Reader<D: Dir = OsDir> {
    snapshot: Snapshot<D>,
    reads: RefCell<Reads>,
}

/// What a commit relies on. Takes about 50 bytes for each thing, and 8 for each association of a
/// concept whose associations were asked for.
#[derive(Clone, Debug, Default)]
pub struct Reads {
    seq: u64,
    concepts: HashMap<ConceptId, Option<u64>>,
    associations: HashMap<(ConceptId, AssociationKind, ConceptId), Option<u64>>,
    outgoing: HashMap<ConceptId, Vec<u64>>,
    incoming: HashMap<ConceptId, Vec<u64>>,
}

impl<D: Dir> Reader<D> {
    /// Reads `snapshot`, and has read nothing yet.
    pub fn new(snapshot: Snapshot<D>) -> Self {
        let reads = Reads { seq: snapshot.seq(), ..Reads::default() };
        Self { snapshot, reads: RefCell::new(reads) }
    }

    /// As [`Snapshot::concept`].
    pub fn concept(&self, id: &ConceptId) -> Result<Option<Concept<'_, D>>> {
        Ok(self.snapshot.unexpired(self.concept_even_expired(id)?))
    }

    /// As [`Snapshot::concept_even_expired`].
    pub fn concept_even_expired(&self, id: &ConceptId) -> Result<Option<Concept<'_, D>>> {
        let found = self.snapshot.concept_even_expired(id)?;
        let seq = found.as_ref().map(|concept| concept.record().seq.get());
        self.reads.borrow_mut().concepts.insert(*id, seq);
        Ok(found)
    }

    /// As [`Snapshot::association`].
    pub fn association(
        &self,
        source: &ConceptId,
        kind: AssociationKind,
        target: &ConceptId,
    ) -> Result<Option<AssociationRecord>> {
        match self.association_even_expired(source, kind, target)? {
            Some(record) if self.snapshot.is_expired(&record)? => Ok(None),
            found => Ok(found),
        }
    }

    /// As [`Snapshot::association_even_expired`].
    pub fn association_even_expired(
        &self,
        source: &ConceptId,
        kind: AssociationKind,
        target: &ConceptId,
    ) -> Result<Option<AssociationRecord>> {
        let found = self.snapshot.association_even_expired(source, kind, target)?;
        let seq = found.map(|record| record.seq.get());
        self.reads.borrow_mut().associations.insert((*source, kind, *target), seq);
        Ok(found)
    }

    /// As [`Snapshot::outgoing`].
    pub fn outgoing(&self, id: &ConceptId) -> Result<Neighbors<'_>> {
        self.snapshot.unexpired_of(self.outgoing_even_expired(id)?)
    }

    /// As [`Snapshot::outgoing_even_expired`].
    pub fn outgoing_even_expired(&self, id: &ConceptId) -> Result<Neighbors<'_>> {
        let found = self.snapshot.outgoing_even_expired(id)?;
        self.reads.borrow_mut().outgoing.insert(*id, seqs(&found).collect());
        Ok(found)
    }

    /// As [`Snapshot::incoming`].
    pub fn incoming(&self, id: &ConceptId) -> Result<Neighbors<'_>> {
        self.snapshot.unexpired_of(self.incoming_even_expired(id)?)
    }

    /// As [`Snapshot::incoming_even_expired`].
    pub fn incoming_even_expired(&self, id: &ConceptId) -> Result<Neighbors<'_>> {
        let found = self.snapshot.incoming_even_expired(id)?;
        self.reads.borrow_mut().incoming.insert(*id, seqs(&found).collect());
        Ok(found)
    }

    /// What was read.
    pub fn into_reads(self) -> Reads {
        self.reads.into_inner()
    }
}

impl Reads {
    /// Fails if anything reads otherwise in `now`, which hides nothing. Costs the same reads again, unless nothing at
    /// all was committed since.
    pub(crate) fn check<D: Dir>(&self, now: &Snapshot<D>) -> Result<()> {
        if now.seq() == self.seq {
            return Ok(());
        }
        let (ids, seen): (Vec<_>, Vec<_>) = self.concepts.iter().unzip();
        for ((id, seen), found) in ids.iter().zip(seen).zip(now.concepts(&ids)?) {
            if found.map(|concept| concept.record().seq.get()) != seen {
                return Err(conflict(format!("concept {id}")));
            }
        }
        for ((source, kind, target), seen) in &self.associations {
            let found = now.association(source, *kind, target)?;
            if found.map(|record| record.seq.get()) != *seen {
                let code = kind.code();
                return Err(conflict(format!(
                    "the association of kind {code} from {source} to {target}"
                )));
            }
        }
        for (id, seen) in &self.outgoing {
            if !seqs(&now.outgoing(id)?).eq(seen.iter().copied()) {
                return Err(conflict(format!("what starts at concept {id}")));
            }
        }
        for (id, seen) in &self.incoming {
            if !seqs(&now.incoming(id)?).eq(seen.iter().copied()) {
                return Err(conflict(format!("what ends at concept {id}")));
            }
        }
        Ok(())
    }

    /// Whether `changes` may touch anything of it: rather once too often.
    pub(crate) fn may_meet(&self, changes: &Changes) -> bool {
        let has = |id: &ConceptId| changes.ids.contains(id);
        let lists = self.outgoing.keys().chain(self.incoming.keys());
        // Who deletes a concept takes it from the lists of all its neighbours.
        let listed = changes.deletes && !(self.outgoing.is_empty() && self.incoming.is_empty());
        listed
            || self.concepts.keys().chain(lists).any(has)
            || self.associations.keys().any(|(source, _, target)| has(source) || has(target))
    }
}

/// What commits that are about to be written together change.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    ids: HashSet<ConceptId>,
    deletes: bool,
    commits: usize,
}

impl Changes {
    /// Adds those of `commits` that are new since the last time: it only grows at its end.
    pub(crate) fn catch_up<'a>(&mut self, commits: impl Iterator<Item = &'a CommitBody>) {
        for body in commits.skip(self.commits) {
            self.commits += 1;
            self.deletes |= body.concepts.iter().any(|record| record.is_tombstone());
            self.ids.extend(body.concepts.iter().map(|record| record.id));
            self.ids.extend(body.associations.iter().flat_map(|r| [r.source, r.target]));
        }
    }
}

fn seqs<'a>(records: &'a Neighbors<'_>) -> impl Iterator<Item = u64> + 'a {
    records.iter().map(|record| record.seq.get())
}

fn conflict(what: String) -> LsmError {
    LsmError::Conflict { what }
}
