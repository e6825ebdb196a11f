//! The association half of a memtable: versions in an arena, found by key and from either end.
//!
//! Invariants:
//! * The first version of an association stands for it: tables and lists lead to the first
//!   version alone, and it alone knows the newest (zero: itself). However often an association
//!   changes, the lists hold it once.
//! * The link to the newest version is the only part of a slot that ever changes. It is stored
//!   with Release and loaded with Acquire.
//! * The link to the version before always leads to a lower seq.

use sutra_format::hash::placement;
use sutra_format::{AssociationKind, AssociationRecord, ConceptId};

use super::arena::{Arena, Slot};
use super::association_slot::{Version, WORDS, first_version, later_version};
use super::table::{CELLS_PER_SLOT, Table};

const TABLES: usize = 3;

/// All association versions of a memtable.
#[derive(Debug)]
pub(super) struct Associations {
    versions: Arena<WORDS>,
    by_key: Table,
    by_source: Table,
    by_target: Table,
}

/// The name of an association, with the placement of its source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key<'a> {
    pub(super) source_hash: u64,
    pub(super) source: &'a ConceptId,
    pub(super) kind: AssociationKind,
    pub(super) target: &'a ConceptId,
}

impl Key<'_> {
    /// Keyed like the placement that it is made of.
    fn hash(&self) -> u64 {
        placement(self.source_hash.wrapping_add(self.kind.code().into()), self.target)
    }
}

/// The hashes under which an association is found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hashes {
    source: u64,
    target: u64,
    key: u64,
}

impl Hashes {
    /// Those of this record in a store with this seed.
    pub(super) fn of(seed: u64, record: &AssociationRecord) -> Self {
        let (source, target) = (&record.source, &record.target);
        let source_hash = placement(seed, source);
        let key = Key { source_hash, source, kind: record.kind(), target };
        Self { source: source_hash, target: placement(seed, target), key: key.hash() }
    }
}

impl Associations {
    /// What a version costs.
    pub(super) const BYTES_PER_VERSION: usize =
        WORDS * 8 + TABLES * CELLS_PER_SLOT * size_of::<u32>();

    /// Room for `capacity` versions.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        let table = || Table::with_capacity(capacity);
        Self {
            versions: Arena::with_capacity(capacity),
            by_key: table(),
            by_source: table(),
            by_target: table(),
        }
    }

    /// Loads what [`Self::apply`] will look at: records whose memory is loaded together wait for
    /// it together, and a batch is applied in little more than half the time.
    pub(super) fn read_ahead(&self, hashes: &Hashes) -> u64 {
        let touch = |slot: Option<Slot>| slot.map_or(0, |slot| self.version(slot).touch());
        touch(self.by_key.guess(hashes.key))
            ^ touch(self.by_source.guess(hashes.source))
            ^ touch(self.by_target.guess(hashes.target))
    }

    /// Applies one record, whose seq is absolute and above all that came before for its key.
    pub(super) fn apply(&self, hashes: &Hashes, record: &AssociationRecord) {
        let (source, target) = (&record.source, &record.target);
        let key = Key { source_hash: hashes.source, source, kind: record.kind(), target };
        let place = self.by_key.place(hashes.key, |slot| self.version(slot).is(&key));
        if let Some(first) = place.found {
            let before = self.version(first).newest().unwrap_or(first);
            let slot = self.versions.push(&later_version(record, before));
            self.version(first).publish_newest(slot);
            return;
        }
        let out = self.by_source.place(hashes.source, |slot| self.version(slot).starts_at(source));
        let into = self.by_target.place(hashes.target, |slot| self.version(slot).ends_at(target));
        let slot = self.versions.push(&first_version(record, out.found, into.found));
        self.by_key.publish(&place, slot);
        self.by_source.publish(&out, slot);
        self.by_target.publish(&into, slot);
    }

    /// The newest version of an association at or below `upto`.
    pub(super) fn find(&self, key: &Key<'_>, upto: u64) -> Option<AssociationRecord> {
        let first = self.by_key.find(key.hash(), |slot| self.version(slot).is(key))?;
        self.at(first, upto).map(|slot| self.version(slot).record())
    }

    /// The newest visible version of each association that starts at `source`.
    pub(super) fn outgoing(
        &self,
        source_hash: u64,
        source: &ConceptId,
        upto: u64,
    ) -> impl Iterator<Item = AssociationRecord> {
        let newest = self.by_source.find(source_hash, |slot| self.version(slot).starts_at(source));
        std::iter::successors(newest, |slot| self.version(*slot).next_of_source())
            .filter_map(move |first| self.at(first, upto))
            .map(|slot| self.version(slot).record())
    }

    /// The newest visible version of each association that ends at `target`.
    pub(super) fn incoming(
        &self,
        target_hash: u64,
        target: &ConceptId,
        upto: u64,
    ) -> impl Iterator<Item = AssociationRecord> {
        let newest = self.by_target.find(target_hash, |slot| self.version(slot).ends_at(target));
        std::iter::successors(newest, |slot| self.version(*slot).next_of_target())
            .filter_map(move |first| self.at(first, upto))
            .map(|slot| self.version(slot).record())
    }

    /// The newest visible version of every association that starts at one of the sources, source
    /// by source, nearly in the order of the placements of the sources.
    pub(super) fn visible(&self, upto: u64) -> impl Iterator<Item = Slot> {
        self.by_source.slots().flat_map(move |newest| {
            std::iter::successors(Some(newest), |slot| self.version(*slot).next_of_source())
                .filter_map(move |first| self.at(first, upto))
        })
    }

    /// The version in a slot.
    pub(super) fn version(&self, slot: Slot) -> Version<'_> {
        Version(self.versions.slot(slot))
    }

    /// How many versions it has.
    pub(super) fn versions(&self) -> usize {
        self.versions.used()
    }

    /// How many associations it has.
    pub(super) fn keys(&self) -> usize {
        self.by_key.used()
    }

    /// Bytes allocated.
    pub(super) fn owned_bytes(&self) -> u64 {
        let tables = [&self.by_key, &self.by_source, &self.by_target];
        self.versions.owned_bytes() + tables.iter().map(|table| table.owned_bytes()).sum::<u64>()
    }

    fn at(&self, first: Slot, upto: u64) -> Option<Slot> {
        if self.version(first).seq() > upto {
            return None;
        }
        let mut slot = self.version(first).newest().unwrap_or(first);
        while self.version(slot).seq() > upto {
            slot = self.version(slot).before()?;
        }
        Some(slot)
    }
}
