//! What was: versions of a concept, and what changed since.

use sutra_format::{AssociationRecord, ConceptId};

use crate::concept::Concept;
use crate::error::Result;
use crate::snapshot::Snapshot;

/// What a concept was from some commit on.
#[derive(Debug)]
pub struct ConceptVersion<'s> {
    /// The sequence number from which on.
    pub seq: u64,
    /// When that was committed, in milliseconds since the epoch.
    pub time: u64,
    /// The concept; none if it was deleted.
    pub concept: Option<Concept<'s>>,
}

/// One change.
#[derive(Debug)]
pub struct Change<'s> {
    /// Its sequence number.
    pub seq: u64,
    /// When it was committed, in milliseconds since the epoch.
    pub time: u64,
    /// What became of what.
    pub what: Changed<'s>,
}

/// What a change made.
#[derive(Debug)]
pub enum Changed<'s> {
    /// A concept was put, or its strength, confidence or access changed: what it was from then on. The
    /// text of an association is one, too; its record says so.
    Put(Concept<'s>),
    /// A concept was deleted, and with it every association that touched it.
    Deleted(ConceptId),
    /// An association was put.
    Associated(AssociationRecord),
    /// An association was deleted.
    Dissociated(AssociationRecord),
}

impl<'s> ConceptVersion<'s> {
    fn of(version: sutra_lsm::ConceptVersion<'s>) -> Self {
        let sutra_lsm::ConceptVersion { seq, time, concept } = version;
        Self { seq, time, concept: concept.map(Concept::new) }
    }
}

impl<'s> Change<'s> {
    pub(crate) fn of(change: sutra_lsm::Change<'s>) -> Self {
        let what = match change.what {
            sutra_lsm::Changed::Put(concept) => Changed::Put(Concept::new(concept)),
            sutra_lsm::Changed::Deleted(id) => Changed::Deleted(id),
            sutra_lsm::Changed::Associated(record) => Changed::Associated(record),
            sutra_lsm::Changed::Dissociated(record) => Changed::Dissociated(record),
        };
        Self { seq: change.seq, time: change.time, what }
    }
}

impl Snapshot {
    /// The versions of a concept, newest first: as far back as the store
    /// [keeps history](crate::Store::set_retention), and without it what it is now. A change of
    /// strength, confidence or access is a version, too. Costs a look-up for each.
    pub fn history(&self, id: &ConceptId) -> Result<Vec<ConceptVersion<'_>>> {
        let versions = self.engine().history(id)?.into_iter();
        Ok(versions.map(ConceptVersion::of).collect())
    }

    /// Whether it is of the past: [`Store::snapshot_at`](crate::Store::snapshot_at) made it.
    pub fn is_past(&self) -> bool {
        self.engine().is_past()
    }
}
