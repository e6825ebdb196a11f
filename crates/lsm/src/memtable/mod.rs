//! The memtable: what was committed since the last rotation, in memory, readable at any seq.
//!
//! Records lie in arenas of fixed slots ([`arena`]) that are filled one after the other. Hash
//! tables that are never resized lead to them ([`table`]), versions of one thing are chained
//! newest first ([`concepts`], [`associations`]), and the text and vectors of a commit stay in the
//! buffer in which they came ([`payload`]). One thread at a time applies commits; any number of
//! threads read and none of them ever waits.
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
//! * Owned memory stays below the budget plus the size of one commit.

mod arena;
mod associations;
mod capacity;
mod chunks;
mod concepts;
mod payload;
mod sorted;
mod table;
#[cfg(test)]
mod tests;

use std::hint::black_box;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use sutra_format::hash::placement;
use sutra_format::limits::COMMIT_BYTES_MAX;
use sutra_format::{AssociationKind, AssociationRecord, ConceptId, ConceptRecord};
use zerocopy::little_endian::U64;

use self::associations::{Associations, Hashes, Key};
pub use self::capacity::{Capacity, Full};
use self::concepts::Concepts;
pub use self::concepts::Found;
pub use self::payload::PayloadId;
pub use self::sorted::{AssociationRow, ConceptRow};
use crate::journal::Payload;

/// How many records of a commit are read ahead together: enough to keep the memory busy.
const READ_AHEAD: usize = 32;

/// Committed records in memory. See the module.
#[derive(Debug)]
pub struct Memtable {
    hash_seed: u64,
    budget_bytes: u64,
    planned: Capacity,
    /// Makes appliers take turns, whatever callers do. Readers do not know it.
    applying: Mutex<()>,
    /// Made by the first concept, so that it can be made large enough for a huge commit.
    concepts: OnceLock<Concepts>,
    /// Made by the first association.
    associations: OnceLock<Associations>,
    min_seq: AtomicU64,
    max_seq: AtomicU64,
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
    /// An empty memtable, which allocates nothing yet. `hash_seed` is the seed of the store.
    pub fn new(hash_seed: u64, budget_bytes: u64) -> Self {
        Self {
            hash_seed,
            budget_bytes,
            planned: Capacity::for_bytes(budget_bytes),
            applying: Mutex::new(()),
            concepts: OnceLock::new(),
            associations: OnceLock::new(),
            min_seq: AtomicU64::new(u64::MAX),
            max_seq: AtomicU64::new(0),
        }
    }

    /// Applies one commit. Its records carry relative seqs, rising along each slice; `first_seq`
    /// is added. Must be above all seqs so far. Fails without effect if there is no room; ask
    /// [`Self::has_room`] before the commit is journalled.
    pub fn apply(
        &self,
        first_seq: u64,
        concepts: &[ConceptRecord],
        associations: &[AssociationRecord],
        payload: Payload,
    ) -> Result<(), Full> {
        let _turn = self.applying.lock();
        let full = Full {
            concepts: concepts.len(),
            associations: associations.len(),
            payload_bytes: payload.len(),
        };
        if !self.has_room(full.concepts, full.associations, full.payload_bytes) {
            return Err(full);
        }
        if !concepts.is_empty() {
            self.apply_concepts(first_seq, concepts, payload);
        }
        if !associations.is_empty() {
            self.apply_associations(first_seq, associations);
        }
        Ok(())
    }

    fn apply_concepts(&self, first_seq: u64, records: &[ConceptRecord], payload: Payload) {
        let capacity = self.planned.concepts.max(records.len());
        let concepts = self.concepts.get_or_init(|| Concepts::with_capacity(capacity));
        let payload = concepts.keep(payload, records);
        for records in records.chunks(READ_AHEAD) {
            let mut hashes = [0; READ_AHEAD];
            let mut loaded = 0;
            for (hash, record) in hashes.iter_mut().zip(records) {
                *hash = placement(self.hash_seed, &record.id);
                loaded ^= concepts.read_ahead(*hash);
            }
            black_box(loaded);
            for (hash, record) in hashes.into_iter().zip(records) {
                let seq = self.note(first_seq, record.seq);
                concepts.apply(hash, &ConceptRecord { seq, ..*record }, payload);
            }
        }
    }

    fn apply_associations(&self, first_seq: u64, records: &[AssociationRecord]) {
        let capacity = self.planned.associations.max(records.len());
        let associations = self.associations.get_or_init(|| Associations::with_capacity(capacity));
        for records in records.chunks(READ_AHEAD) {
            let mut hashes = [Hashes::default(); READ_AHEAD];
            let mut loaded = 0;
            for (hashes, record) in hashes.iter_mut().zip(records) {
                *hashes = Hashes::of(self.hash_seed, record);
                loaded ^= associations.read_ahead(hashes);
            }
            black_box(loaded);
            for (hashes, record) in hashes.iter().zip(records) {
                let seq = self.note(first_seq, record.seq);
                associations.apply(hashes, &AssociationRecord { seq, ..*record });
            }
        }
    }

    /// The absolute seq, which from now on is in the range of this memtable.
    fn note(&self, first_seq: u64, relative: U64) -> U64 {
        let seq = first_seq.saturating_add(relative.get());
        if seq < self.min_seq.load(Ordering::Relaxed) {
            self.min_seq.store(seq, Ordering::Relaxed);
        }
        if seq > self.max_seq.load(Ordering::Relaxed) {
            self.max_seq.store(seq, Ordering::Relaxed);
        }
        U64::new(seq)
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

/// How full it is.
impl Memtable {
    /// Whether a commit fits. An empty memtable takes any commit of at most 32 MiB, whatever its
    /// budget; any other takes what keeps it within the budget plus 32 MiB.
    pub fn has_room(&self, concepts: usize, associations: usize, payload_bytes: usize) -> bool {
        if !capacity::is_legal(concepts, associations, payload_bytes) {
            return false;
        }
        if self.is_empty() {
            return true;
        }
        let (used, capacity) = (self.counts(), self.capacity());
        let needed = concepts * Concepts::BYTES_PER_VERSION
            + associations * Associations::BYTES_PER_VERSION
            + payload_bytes;
        used.concept_versions + concepts <= capacity.concepts
            && used.association_versions + associations <= capacity.associations
            && self.owned_bytes() + needed as u64
                <= self.budget_bytes.saturating_add(COMMIT_BYTES_MAX as u64)
    }

    /// Whether it is time to rotate: the budget or nearly all slots of a kind are used up.
    pub fn is_full(&self) -> bool {
        let (used, capacity) = (self.counts(), self.capacity());
        let nearly = |used: usize, capacity: usize| used >= capacity - capacity / 16;
        self.owned_bytes() >= self.budget_bytes
            || nearly(used.concept_versions, capacity.concepts)
            || nearly(used.association_versions, capacity.associations)
    }

    /// Bytes that it has allocated: slots, tables and payload.
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

    fn capacity(&self) -> Capacity {
        let concepts = self.concepts.get().map(Concepts::capacity);
        let associations = self.associations.get().map(Associations::capacity);
        Capacity {
            concepts: concepts.unwrap_or(self.planned.concepts),
            associations: associations.unwrap_or(self.planned.associations),
        }
    }
}
