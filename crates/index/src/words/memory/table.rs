//! Which term is where: open addressing, in tables that double.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// Slots of the first table.
const FIRST: usize = 1 << 10;

/// Tables at most.
const TABLES_MAX: usize = 22;

/// Places of terms by their hash. A slot has the place plus one; 0 is free.
#[derive(Debug)]
pub(super) struct Table {
    tables: [OnceLock<Box<[AtomicU32]>>; TABLES_MAX],
    current: AtomicUsize,
}

impl Table {
    pub(super) fn new() -> Self {
        let table = Self { tables: Default::default(), current: AtomicUsize::new(0) };
        table.tables[0].get_or_init(|| slots(FIRST));
        table
    }

    fn slots(&self) -> &[AtomicU32] {
        let current = self.current.load(Ordering::Acquire);
        self.tables[current].get().map_or(&[], |slots| slots)
    }

    /// The first place with this hash for which `is_it` holds.
    #[inline]
    pub(super) fn find(&self, hash: u32, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let slots = self.slots();
        let mask = slots.len() - 1;
        let mut at = hash as usize & mask;
        for _ in 0..slots.len() {
            let place = slots[at].load(Ordering::Relaxed).checked_sub(1)?;
            if is_it(place) {
                return Some(place);
            }
            at = (at + 1) & mask;
        }
        None
    }

    /// Puts in a place that is not there yet, as the `count`th. Only the writer does. Whether there
    /// was room.
    pub(super) fn insert(
        &self,
        hash: u32,
        place: u32,
        count: usize,
        hash_of: impl Fn(u32) -> u32,
    ) -> bool {
        if count * 2 > self.slots().len() && !self.grow(&hash_of) {
            return false;
        }
        put(self.slots(), hash, place);
        true
    }

    fn grow(&self, hash_of: &impl Fn(u32) -> u32) -> bool {
        let next = self.current.load(Ordering::Relaxed) + 1;
        let Some(table) = self.tables.get(next) else { return false };
        let grown = table.get_or_init(|| slots(FIRST << next));
        for place in self.places() {
            put(grown, hash_of(place), place);
        }
        // Readers that see the new table see all that was put into it.
        self.current.store(next, Ordering::Release);
        true
    }

    /// Every place, in no order that means anything.
    pub(super) fn places(&self) -> impl Iterator<Item = u32> {
        self.slots().iter().filter_map(|slot| slot.load(Ordering::Relaxed).checked_sub(1))
    }
}

fn slots(count: usize) -> Box<[AtomicU32]> {
    (0..count).map(|_| AtomicU32::new(0)).collect()
}

fn put(slots: &[AtomicU32], hash: u32, place: u32) {
    let mask = slots.len() - 1;
    let mut at = hash as usize & mask;
    while slots[at].load(Ordering::Relaxed) != 0 {
        at = (at + 1) & mask;
    }
    slots[at].store(place + 1, Ordering::Relaxed);
}
