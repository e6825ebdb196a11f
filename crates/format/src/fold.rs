//! [`fold`]: what a newer record makes of an older one of the same concept.
//!
//! A concept that is only touched, or whose strength or confidence is only set, gets a delta: a
//! record without payload that changes an older one. Memtable, reads and compaction all go
//! through this one function, so that a concept reads alike before and after a merge.
//!
//! Folding is associative: deltas may be folded into one another first, and the result into the
//! full record later. It is not commutative: the newer one comes second.

use zerocopy::little_endian::{U32, U64};

use crate::concept::{ConceptFlags, ConceptRecord};

/// Brings `newer` to bear on `base`, both being of the same concept.
///
/// | `base` | `newer` | result |
/// |---|---|---|
/// | anything | full record or tombstone | `newer` |
/// | tombstone | delta | `base`: what is deleted cannot be touched |
/// | full record or delta | delta | `base` with the delta applied, of the same sort as `base` |
///
/// Applying a delta adds `access_count` (saturating), takes the later `accessed_at`, takes
/// `strength` and `confidence` where the delta sets them, and takes `seq`. All else stays,
/// references to text and vector included. A delta remembers what it sets.
pub fn fold(base: &mut ConceptRecord, newer: &ConceptRecord) {
    debug_assert_eq!(base.id, newer.id, "only records of one concept are folded");
    if !newer.is_delta() {
        *base = *newer;
        return;
    }
    if base.is_tombstone() {
        return;
    }
    let count = base.access_count.get().saturating_add(newer.access_count.get());
    base.access_count = U32::new(count);
    base.accessed_at = U64::new(base.accessed_at.get().max(newer.accessed_at.get()));
    if newer.has(ConceptFlags::SETS_STRENGTH) {
        base.strength = newer.strength;
    }
    if newer.has(ConceptFlags::SETS_CONFIDENCE) {
        base.confidence = newer.confidence;
    }
    if base.is_delta() {
        let sets = ConceptFlags::SETS_STRENGTH | ConceptFlags::SETS_CONFIDENCE;
        base.flags = U32::new(base.flags.get() | (newer.flags.get() & sets));
    }
    base.seq = newer.seq;
}
