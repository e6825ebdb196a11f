//! How a commit enters a memtable.

use std::hint::black_box;
use std::sync::atomic::Ordering;

use sutra_format::hash::placement;
use sutra_format::{AssociationRecord, ConceptRecord};
use zerocopy::little_endian::U64;

use super::associations::{Associations, Hashes};
use super::concepts::Concepts;
use super::{Full, Memtable};
use crate::journal::Payload;

/// How many records of a commit are read ahead together: enough to keep the memory busy.
const READ_AHEAD: usize = 32;

impl Memtable {
    /// Applies one commit. Its records carry relative seqs, rising along each slice; `first_seq`
    /// is added. Must be above all seqs so far. Ask [`Self::has_room`] before the commit is
    /// journalled; fails without effect if there are not enough slots.
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
        let fits = match self.is_empty() {
            true => self.has_room(full.concepts, full.associations, full.payload_bytes),
            false => self.has_slots(full.concepts, full.associations),
        };
        if !fits {
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
        let capacity = self.capacity().concepts;
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
        let capacity = self.capacity().associations;
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
}
