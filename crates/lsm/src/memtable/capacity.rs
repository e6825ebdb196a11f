//! How full a memtable is: [`Capacity`], [`Counts`], [`Full`].

use std::sync::atomic::Ordering;

use sutra_format::limits::COMMIT_BYTES_MAX;
use sutra_format::{AssociationRecord, ConceptRecord};
use thiserror::Error;

use super::Memtable;
use super::arena::SLOTS_MAX;
use super::associations::Associations;
use super::concepts::Concepts;

/// The fewest records of a kind that a memtable takes, however small its budget.
const RECORDS_MIN: usize = 16;

/// A memtable has no room for a commit, and nothing of it was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "memtable has no room for a commit of {concepts} concepts, {associations} associations and \
     {payload_bytes} bytes of payload; rotate and apply it to an empty one, which takes any \
     commit of at most 32 MiB"
)]
pub struct Full {
    /// Concept records of the commit.
    pub concepts: usize,
    /// Association records of the commit.
    pub associations: usize,
    /// Bytes of its payload.
    pub payload_bytes: usize,
}

/// How many records of each kind a memtable takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Concept versions.
    pub concepts: usize,
    /// Association versions.
    pub associations: usize,
}

impl Capacity {
    /// As many as use up `budget_bytes` when all of them are of one kind and without payload,
    /// the tables counted in.
    pub fn for_bytes(budget_bytes: u64) -> Self {
        let budget = usize::try_from(budget_bytes).unwrap_or(usize::MAX);
        let records = |bytes: usize| (budget / bytes).clamp(RECORDS_MIN, SLOTS_MAX);
        Self {
            concepts: records(Concepts::BYTES_PER_VERSION),
            associations: records(Associations::BYTES_PER_VERSION),
        }
    }
}

/// How much a memtable holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Concepts.
    pub concepts: usize,
    /// Versions of concepts.
    pub concept_versions: usize,
    /// Associations.
    pub associations: usize,
    /// Versions of associations.
    pub association_versions: usize,
    /// Versions that delete a concept and hide its older associations.
    pub vertex_tombstones: u64,
}

impl Memtable {
    /// Whether there is room for so much, be it one commit or several that are applied one after
    /// the other. An empty memtable has room for all that is within the limits of one commit,
    /// whatever its budget, and sees to it that it will; any other for what keeps it within the
    /// budget plus 32 MiB.
    pub fn has_room(&self, concepts: usize, associations: usize, payload_bytes: usize) -> bool {
        if !is_legal(concepts, associations, payload_bytes) {
            return false;
        }
        if self.is_empty() {
            self.concept_room.fetch_max(concepts, Ordering::Relaxed);
            self.association_room.fetch_max(associations, Ordering::Relaxed);
            return true;
        }
        let needed = concepts * Concepts::BYTES_PER_VERSION
            + associations * Associations::BYTES_PER_VERSION
            + payload_bytes;
        let limit = self.budget_bytes.saturating_add(COMMIT_BYTES_MAX as u64);
        self.has_slots(concepts, associations) && self.owned_bytes() + needed as u64 <= limit
    }

    /// Whether so many versions can be applied. No number of bytes stands in the way: what had
    /// room together must not lack it in the middle.
    pub(super) fn has_slots(&self, concepts: usize, associations: usize) -> bool {
        let (used, capacity) = (self.counts(), self.capacity());
        used.concept_versions + concepts <= capacity.concepts
            && used.association_versions + associations <= capacity.associations
    }

    /// Whether it is time to rotate: the budget or nearly all slots of a kind are used up. Never
    /// true of an empty memtable.
    pub fn is_full(&self) -> bool {
        if self.is_empty() {
            return false;
        }
        let (used, capacity) = (self.counts(), self.capacity());
        let nearly = |used: usize, capacity: usize| used >= capacity - capacity / 16;
        self.owned_bytes() >= self.budget_bytes
            || nearly(used.concept_versions, capacity.concepts)
            || nearly(used.association_versions, capacity.associations)
    }

    /// Bytes that it has allocated: slots, tables and payload. Tables count whole as soon as there
    /// is a record of their kind, though pages of them may be untouched.
    pub fn owned_bytes(&self) -> u64 {
        let concepts = self.concepts.get().map_or(0, Concepts::owned_bytes);
        let associations = self.associations.get().map_or(0, Associations::owned_bytes);
        size_of::<Self>() as u64 + concepts + associations
    }

    /// Whether nothing was applied yet.
    pub fn is_empty(&self) -> bool {
        self.min_seq.load(Ordering::Relaxed) == u64::MAX
    }

    /// The lowest seq that was applied.
    pub fn min_seq(&self) -> Option<u64> {
        (!self.is_empty()).then(|| self.min_seq.load(Ordering::Relaxed))
    }

    /// The highest seq that was applied, that of a delta that changed nothing included.
    pub fn max_seq(&self) -> Option<u64> {
        (!self.is_empty()).then(|| self.max_seq.load(Ordering::Relaxed))
    }

    /// How many concepts, associations and versions it holds.
    pub fn counts(&self) -> Counts {
        let (concepts, associations) = (self.concepts.get(), self.associations.get());
        Counts {
            concepts: concepts.map_or(0, Concepts::ids),
            concept_versions: concepts.map_or(0, Concepts::versions),
            associations: associations.map_or(0, Associations::keys),
            association_versions: associations.map_or(0, Associations::versions),
            vertex_tombstones: concepts.map_or(0, Concepts::vertex_tombstones),
        }
    }

    pub(super) fn capacity(&self) -> Capacity {
        Capacity {
            concepts: self.concept_room.load(Ordering::Relaxed),
            associations: self.association_room.load(Ordering::Relaxed),
        }
    }
}

/// Whether a commit is small enough to be one.
fn is_legal(concepts: usize, associations: usize, payload_bytes: usize) -> bool {
    let records = concepts
        .saturating_mul(ConceptRecord::BYTES)
        .saturating_add(associations.saturating_mul(AssociationRecord::BYTES));
    records.saturating_add(payload_bytes) <= COMMIT_BYTES_MAX
}
