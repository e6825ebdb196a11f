//! [`Capacity`]: how many records a memtable of some budget takes, and [`Full`].

use sutra_format::limits::COMMIT_BYTES_MAX;
use sutra_format::{AssociationRecord, ConceptRecord};
use thiserror::Error;

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

/// Whether a commit is small enough to be one.
pub(super) fn is_legal(concepts: usize, associations: usize, payload_bytes: usize) -> bool {
    let records = concepts
        .saturating_mul(ConceptRecord::BYTES)
        .saturating_add(associations.saturating_mul(AssociationRecord::BYTES));
    records.saturating_add(payload_bytes) <= COMMIT_BYTES_MAX
}
