//! The slot of an association version.
//!
//! A slot is two words of links and the eight words of a record:
//!
//! | word | low half | high half |
//! |---|---|---|
//! | 0 | next association of the source | next association of the target |
//! | 1 | slot of the version before | slot of the newest version |
//! | 2 to 9 | the record, its seq absolute | |

use std::sync::atomic::{AtomicU64, Ordering};

use sutra_format::{AssociationRecord, ConceptId};
use zerocopy::transmute;

use super::arena::{Slot, high, link, low, pair};
use super::associations::Key;

const LINK_WORDS: usize = 2;
const RECORD_WORDS: usize = AssociationRecord::BYTES / 8;
/// Words of a slot.
pub(super) const WORDS: usize = LINK_WORDS + RECORD_WORDS;
const SOURCE_WORD: usize = LINK_WORDS;
const TARGET_WORD: usize = LINK_WORDS + 2;
const SEQ_WORD: usize = LINK_WORDS + 4;
const KIND_WORD: usize = LINK_WORDS + 7;
const _: () = {
    use std::mem::offset_of;
    assert!(offset_of!(AssociationRecord, target) == (TARGET_WORD - LINK_WORDS) * 8);
    assert!(offset_of!(AssociationRecord, seq) == (SEQ_WORD - LINK_WORDS) * 8);
    assert!(offset_of!(AssociationRecord, kind_code) == (KIND_WORD - LINK_WORDS) * 8 + 4);
};

/// One version, in its slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Version<'a>(pub(super) &'a [AtomicU64; WORDS]);

impl Version<'_> {
    /// The record.
    pub(super) fn record(self) -> AssociationRecord {
        let words: [u64; RECORD_WORDS] = std::array::from_fn(|at| self.word(LINK_WORDS + at));
        transmute!(words)
    }

    /// Where it starts.
    pub(super) fn source(self) -> ConceptId {
        transmute!(self.words(SOURCE_WORD))
    }

    /// Where it ends.
    pub(super) fn target(self) -> ConceptId {
        transmute!(self.words(TARGET_WORD))
    }

    /// The code of its kind.
    #[expect(clippy::cast_possible_truncation, reason = "16 bits of the word are the kind")]
    pub(super) fn kind_code(self) -> u16 {
        high(u64::from_le(self.word(KIND_WORD))) as u16
    }

    /// The absolute seq.
    pub(super) fn seq(self) -> u64 {
        u64::from_le(self.word(SEQ_WORD))
    }

    /// Whether it is a version of this association.
    pub(super) fn is(self, key: &Key<'_>) -> bool {
        self.starts_at(key.source)
            && self.ends_at(key.target)
            && self.kind_code() == key.kind.code()
    }

    /// Whether it starts there.
    pub(super) fn starts_at(self, source: &ConceptId) -> bool {
        let id: [u64; 2] = transmute!(*source);
        self.words(SOURCE_WORD) == id
    }

    /// Whether it ends there.
    pub(super) fn ends_at(self, target: &ConceptId) -> bool {
        let id: [u64; 2] = transmute!(*target);
        self.words(TARGET_WORD) == id
    }

    /// Of a first version: the first version of the next association of its source.
    pub(super) fn next_of_source(self) -> Option<Slot> {
        Slot::from_link(low(self.word(0)))
    }

    /// Of a first version: the first version of the next association of its target.
    pub(super) fn next_of_target(self) -> Option<Slot> {
        Slot::from_link(high(self.word(0)))
    }

    /// Of a later version: the version before.
    pub(super) fn before(self) -> Option<Slot> {
        Slot::from_link(low(self.word(1)))
    }

    /// Of a first version: the newest one, if that is another.
    pub(super) fn newest(self) -> Option<Slot> {
        Slot::from_link(high(self.0[1].load(Ordering::Acquire)))
    }

    /// Makes `slot` the newest version of which this is the first, and publishes it.
    pub(super) fn publish_newest(self, slot: Slot) {
        self.0[1].store(pair(0, slot.link()), Ordering::Release);
    }

    /// Something of the slot, to have it in the cache.
    pub(super) fn touch(self) -> u64 {
        self.word(SOURCE_WORD)
    }

    fn words(self, at: usize) -> [u64; 2] {
        [self.word(at), self.word(at + 1)]
    }

    fn word(self, at: usize) -> u64 {
        self.0[at].load(Ordering::Relaxed)
    }
}

/// The words of a first version, in front of the lists of its source and its target.
pub(super) fn first_version(
    record: &AssociationRecord,
    next_of_source: Option<Slot>,
    next_of_target: Option<Slot>,
) -> [u64; WORDS] {
    words([pair(link(next_of_source), link(next_of_target)), 0], record)
}

/// The words of a later version.
pub(super) fn later_version(record: &AssociationRecord, before: Slot) -> [u64; WORDS] {
    words([0, pair(before.link(), 0)], record)
}

fn words(links: [u64; LINK_WORDS], record: &AssociationRecord) -> [u64; WORDS] {
    let record: [u64; RECORD_WORDS] = transmute!(*record);
    let mut words = [0; WORDS];
    words[..LINK_WORDS].copy_from_slice(&links);
    words[LINK_WORDS..].copy_from_slice(&record);
    words
}
