//! The concept half of a memtable: versions in an arena, found by id, chained newest first.
//!
//! A slot is two words of links and the 16 words of a record:
//!
//! | word | low half | high half |
//! |---|---|---|
//! | 0 | slot of the version before | payload of this version |
//! | 1 | slot of the newest vertex tombstone up to this version | zero |
//! | 2 to 17 | the record, its seq absolute | |
//!
//! Invariants:
//! * A version is what the concept is at its seq, as far as this memtable knows: deltas were
//!   folded into it as it came. One that is still a delta has its base in an older segment.
//! * The link to the version before always leads to a lower seq, so a walk ends at the version that a reader may see.

use std::sync::atomic::{AtomicU64, Ordering};

use sutra_format::fold::fold;
use sutra_format::{ConceptId, ConceptRecord};
use zerocopy::transmute;

use super::arena::{Arena, Slot, high, link, low, pair};
use super::payload::{PayloadId, Payloads};
use super::table::{CELLS_PER_SLOT, Table};
use crate::journal::Payload;

const LINK_WORDS: usize = 2;
const RECORD_WORDS: usize = ConceptRecord::BYTES / 8;
const WORDS: usize = LINK_WORDS + RECORD_WORDS;
const SEQ_WORD: usize = LINK_WORDS + 2;
const _: () = assert!(std::mem::offset_of!(ConceptRecord, seq) == (SEQ_WORD - LINK_WORDS) * 8);

/// A concept as a memtable knows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Its newest visible version, with the absolute seq. May be a tombstone.
    pub record: ConceptRecord,
    /// The payload that the record's offsets point into.
    pub payload: PayloadId,
    /// Whether the record decides. If not, it is one delta, all deltas of this memtable in one,
    /// and its base is older than the memtable.
    pub complete: bool,
}

/// All concept versions of a memtable.
#[derive(Debug)]
pub(super) struct Concepts {
    versions: Arena<WORDS>,
    newest: Table,
    payloads: Payloads,
    vertex_tombstones: AtomicU64,
}

impl Concepts {
    /// What a version costs beside its payload.
    pub(super) const BYTES_PER_VERSION: usize = WORDS * 8 + CELLS_PER_SLOT * size_of::<u32>();

    /// Room for `capacity` versions.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self {
            versions: Arena::with_capacity(capacity),
            newest: Table::with_capacity(capacity),
            payloads: Payloads::with_capacity(capacity),
            vertex_tombstones: AtomicU64::new(0),
        }
    }

    /// Loads what [`Self::apply`] will look at: records whose memory is loaded together wait for
    /// it together.
    pub(super) fn read_ahead(&self, hash: u64) -> u64 {
        self.newest.guess(hash).map_or(0, |slot| self.version(slot).word(LINK_WORDS))
    }

    /// Applies one record, whose seq is absolute and above all that came before for its id.
    pub(super) fn apply(&self, hash: u64, record: &ConceptRecord, payload: PayloadId) {
        let place = self.newest.place(hash, |slot| self.version(slot).is(&record.id));
        let mut version = *record;
        let mut home = if record.is_delta() { PayloadId::NONE } else { payload };
        let mut buried = None;
        if let Some(before) = place.found.map(|slot| self.version(slot)) {
            buried = before.newest_vertex_tombstone();
            if record.is_delta() {
                version = before.record();
                if version.is_tombstone() {
                    return; // What is deleted cannot be touched.
                }
                fold(&mut version, record);
                home = before.payload();
            }
        }
        let links = [pair(link(place.found), home.0), pair(link(buried), 0)];
        let slot = self.versions.push(&words(links, &version));
        if is_vertex_tombstone(&version) {
            // Not yet published, so the slot may still be completed.
            let itself = pair(slot.link(), 0);
            self.versions.slot(slot)[1].store(itself, Ordering::Relaxed);
            self.vertex_tombstones.fetch_add(1, Ordering::Relaxed);
        }
        self.newest.publish(&place, slot);
    }

    /// Keeps the payload of a commit of these records. A payload that no record can refer to is
    /// dropped, so there are never more payloads than versions.
    pub(super) fn keep(&self, payload: Payload, of: &[ConceptRecord]) -> PayloadId {
        if payload.is_empty() || of.iter().all(|record| record.is_delta()) {
            return PayloadId::NONE;
        }
        self.payloads.push(payload)
    }

    /// The bytes of a payload.
    pub(super) fn payload(&self, id: PayloadId) -> &[u8] {
        self.payloads.get(id)
    }

    /// The newest version of a concept at or below `upto`.
    pub(super) fn find(&self, hash: u64, id: &ConceptId, upto: u64) -> Option<Version<'_>> {
        self.find_slot(hash, id, upto).map(|slot| self.version(slot))
    }

    /// The same, by its slot.
    pub(super) fn find_slot(&self, hash: u64, id: &ConceptId, upto: u64) -> Option<Slot> {
        let newest = self.newest.find(hash, |slot| self.version(slot).is(id))?;
        self.at(newest, upto)
    }

    /// The seq of the newest vertex tombstone at or below `upto`.
    pub(super) fn vertex_tombstone(&self, hash: u64, id: &ConceptId, upto: u64) -> Option<u64> {
        let tombstone = self.find(hash, id, upto)?.newest_vertex_tombstone()?;
        Some(self.version(tombstone).seq())
    }

    /// The newest visible version of every concept, nearly in the order of the hashes.
    pub(super) fn visible(&self, upto: u64) -> impl Iterator<Item = Slot> {
        self.newest.slots().filter_map(move |newest| self.at(newest, upto))
    }

    /// The version in a slot.
    pub(super) fn version(&self, slot: Slot) -> Version<'_> {
        Version(self.versions.slot(slot))
    }

    /// How many vertex tombstones it has.
    pub(super) fn vertex_tombstones(&self) -> u64 {
        self.vertex_tombstones.load(Ordering::Relaxed)
    }

    /// How many versions it has.
    pub(super) fn versions(&self) -> usize {
        self.versions.used()
    }

    /// How many concepts it has.
    pub(super) fn ids(&self) -> usize {
        self.newest.used()
    }

    /// Bytes allocated.
    pub(super) fn owned_bytes(&self) -> u64 {
        self.versions.owned_bytes() + self.newest.owned_bytes() + self.payloads.owned_bytes()
    }

    fn at(&self, newest: Slot, upto: u64) -> Option<Slot> {
        let mut slot = newest;
        while self.version(slot).seq() > upto {
            slot = self.version(slot).before()?;
        }
        Some(slot)
    }
}

/// One version, in its slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Version<'a>(&'a [AtomicU64; WORDS]);

impl Version<'_> {
    /// As callers see it.
    pub(super) fn found(self) -> Found {
        let record = self.record();
        Found { record, payload: self.payload(), complete: !record.is_delta() }
    }

    /// The record.
    pub(super) fn record(self) -> ConceptRecord {
        let words: [u64; RECORD_WORDS] = std::array::from_fn(|at| self.word(LINK_WORDS + at));
        transmute!(words)
    }

    /// The id.
    pub(super) fn id(self) -> ConceptId {
        transmute!([self.word(LINK_WORDS), self.word(LINK_WORDS + 1)])
    }

    /// The absolute seq.
    pub(super) fn seq(self) -> u64 {
        u64::from_le(self.word(SEQ_WORD))
    }

    /// The newest vertex tombstone up to this version.
    pub(super) fn newest_vertex_tombstone(self) -> Option<Slot> {
        Slot::from_link(low(self.word(1)))
    }

    fn is(self, id: &ConceptId) -> bool {
        let [first, second]: [u64; 2] = transmute!(*id);
        self.word(LINK_WORDS) == first && self.word(LINK_WORDS + 1) == second
    }

    /// The version of the same concept before it.
    pub(super) fn before(self) -> Option<Slot> {
        Slot::from_link(low(self.word(0)))
    }

    fn payload(self) -> PayloadId {
        PayloadId(high(self.word(0)))
    }

    fn word(self, at: usize) -> u64 {
        self.0[at].load(Ordering::Relaxed)
    }
}

/// Whether a record hides the older associations of its concept. The tombstone of a fact does
/// not: nothing is attached to a fact.
fn is_vertex_tombstone(record: &ConceptRecord) -> bool {
    record.is_tombstone() && !record.is_fact()
}

fn words(links: [u64; LINK_WORDS], record: &ConceptRecord) -> [u64; WORDS] {
    let record: [u64; RECORD_WORDS] = transmute!(*record);
    let mut words = [0; WORDS];
    words[..LINK_WORDS].copy_from_slice(&links);
    words[LINK_WORDS..].copy_from_slice(&record);
    words
}
