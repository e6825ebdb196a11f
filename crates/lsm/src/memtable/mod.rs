//! The memtable: what was committed since the last rotation, in memory, readable at any seq.
//!
//! Records lie in arenas of fixed slots (`arena`) that are filled one after the other. Hash
//! tables that are never resized lead to them (`table`), versions of one thing are chained
//! newest first (`concepts`, `associations`), and the text and vectors of a commit stay in the
//! buffer in which they came (`payload`). One thread at a time applies commits (`apply`); any
//! number of threads read and none of them ever waits. Flush and scans sort what is there
//! (`sorted`).
//!
//! # Why readers see what they should
//! Everything shared is an atomic integer or set once through a [`OnceLock`].
//! 1. The applier writes the words of a slot with relaxed stores, and whatever they refer to (the
//!    chunk, older slots, the payload) before that.
//! 2. Then it stores the number of the slot with Release: in a cell of a table, or as the link to
//!    the newest version of an association. All other links are words of the slot and were
//!    written with it.
//! 3. A reader comes to a slot only through an Acquire load of such a number, or through a word of
//!    a slot to which it came that way. So all of step 1 happened before, relaxed loads of the
//!    words are enough, and a slot is never seen half written. When appliers take turns, the lock
//!    that they pass on orders their steps 1 and 2.
//! 4. After a commit is applied whole, the engine publishes its last seq as visible (Release). A
//!    reader with `upto` at or below a visible seq that it loaded (Acquire) therefore finds every
//!    version up to it; each link that it follows holds the value of that moment or a later one.
//! 5. A later value only adds versions above `upto`, in front of the chains: the reader walks
//!    past them. What it sees does not depend on how far a commit that is not yet visible got.
//!
//! Invariants:
//! * Seqs rise from commit to commit, and within a commit along its concepts and along its
//!   associations.
//! * Nothing is ever removed or moved; memory goes when the memtable goes.
//! * Owned memory stays below the budget plus 32 MiB, or below 54 MiB where that is more: what
//!   the greatest commit, half a million associations, takes with slots and tables.

mod apply;
mod arena;
mod association_slot;
mod associations;
mod capacity;
mod chunks;
mod concepts;
mod log;
mod payload;
mod sorted;
mod table;
#[cfg(test)]
mod tests;
mod versions;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize};

use parking_lot::Mutex;
use sutra_format::hash::placement;
use sutra_format::segment::Moment;
use sutra_format::{AssociationKind, AssociationRecord, ConceptId};

pub(crate) use self::arena::zeroed;
use self::associations::{Associations, Key};
pub use self::capacity::{Capacity, Counts, Full};
use self::concepts::Concepts;
pub use self::concepts::Found;
pub use self::log::Logged;
pub use self::payload::PayloadId;
pub use self::sorted::{AssociationRow, ConceptRow};
use crate::vectors::RecentVectors;
use crate::words::RecentWords;

/// Committed records in memory. See the module.
#[derive(Debug)]
pub struct Memtable {
    hash_seed: u64,
    budget_bytes: u64,
    /// How many versions of each kind it has room for. Raised only while it is empty.
    concept_room: AtomicUsize,
    association_room: AtomicUsize,
    /// Makes appliers take turns, whatever callers do. Readers do not know it.
    applying: Mutex<()>,
    /// Made by the first concept, when it is known how many there must be room for.
    concepts: OnceLock<Concepts>,
    /// Made by the first association.
    associations: OnceLock<Associations>,
    min_seq: AtomicU64,
    max_seq: AtomicU64,
    /// When commits were made. One entry for each millisecond in which there were any.
    timeline: Mutex<Vec<Moment>>,
    /// The words of what is here, as far as anybody searched for them.
    pub(crate) words: RecentWords,
    /// Its vectors, likewise.
    pub(crate) vectors: RecentVectors,
}

impl Memtable {
    /// An empty memtable, which allocates nothing yet. `hash_seed` is the seed of the store.
    pub fn new(hash_seed: u64, budget_bytes: u64) -> Self {
        let Capacity { concepts, associations } = Capacity::for_bytes(budget_bytes);
        Self {
            hash_seed,
            budget_bytes,
            concept_room: AtomicUsize::new(concepts),
            association_room: AtomicUsize::new(associations),
            applying: Mutex::new(()),
            concepts: OnceLock::new(),
            associations: OnceLock::new(),
            min_seq: AtomicU64::new(u64::MAX),
            max_seq: AtomicU64::new(0),
            timeline: Mutex::default(),
            words: RecentWords::default(),
            vectors: RecentVectors::default(),
        }
    }

    /// The newest version of a concept at or below `upto`, the deltas of this memtable folded in.
    /// `hash` is the placement of the id, here and below.
    pub fn concept(&self, hash: u64, id: &ConceptId, upto: u64) -> Option<Found> {
        Some(self.concepts.get()?.find(hash, id, upto)?.found())
    }

    /// The bytes of a payload, aligned to 4; none for [`PayloadId::NONE`].
    pub fn payload(&self, id: PayloadId) -> &[u8] {
        self.concepts.get().map_or(&[], |concepts| concepts.payload(id))
    }

    /// The newest version of an association at or below `upto`, a tombstone included.
    pub fn association(
        &self,
        source_hash: u64,
        source: &ConceptId,
        kind: AssociationKind,
        target: &ConceptId,
        upto: u64,
    ) -> Option<AssociationRecord> {
        self.associations.get()?.find(&Key { source_hash, source, kind, target }, upto)
    }

    /// Appends the newest version at or below `upto` of each association that starts at `source`,
    /// tombstones included, by (kind code, target).
    pub fn outgoing(
        &self,
        source_hash: u64,
        source: &ConceptId,
        upto: u64,
        out: &mut Vec<AssociationRecord>,
    ) {
        let Some(associations) = self.associations.get() else { return };
        let start = out.len();
        out.extend(associations.outgoing(source_hash, source, upto));
        out[start..].sort_unstable_by_key(|record| (record.kind_code.get(), record.target));
    }

    /// Appends the newest version at or below `upto` of each association that ends at `target`,
    /// tombstones included, by (kind code, placement of the source, source).
    pub fn incoming(
        &self,
        target_hash: u64,
        target: &ConceptId,
        upto: u64,
        out: &mut Vec<AssociationRecord>,
    ) {
        let Some(associations) = self.associations.get() else { return };
        let start = out.len();
        out.extend(associations.incoming(target_hash, target, upto));
        out[start..].sort_unstable_by_key(|record| {
            (record.kind_code.get(), placement(self.hash_seed, &record.source), record.source)
        });
    }

    /// The seq of the newest tombstone of a concept at or below `upto`, even if the concept was
    /// put again later: it hides the older associations. Tombstones of facts do not count.
    pub fn vertex_tombstone(&self, hash: u64, id: &ConceptId, upto: u64) -> Option<u64> {
        if !self.has_vertex_tombstones() {
            return None;
        }
        self.concepts.get()?.vertex_tombstone(hash, id, upto)
    }

    /// Whether any concept was ever deleted in this memtable.
    pub fn has_vertex_tombstones(&self) -> bool {
        self.concepts.get().is_some_and(|concepts| concepts.vertex_tombstones() > 0)
    }
}
