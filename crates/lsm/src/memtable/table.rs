//! [`Table`]: an open-addressing hash table from a 64-bit hash to a slot number.
//!
//! A cell is a u32: the slot number in the low bits, as much of the hash as fits above it. A
//! lookup therefore reads the arena for nothing but the slot it wants, give or take one in
//! thousands.
//!
//! Invariants:
//! * The table is never resized and a key never leaves its cell. Half of the cells stay empty, so
//!   a probe is short and ends.
//! * A cell is stored with Release after all that the slot refers to was written, and loaded with
//!   Acquire.
//! * Cells follow the order of the hashes but for short runs, so a walk over the table is nearly
//!   sorted.

use std::sync::atomic::{AtomicU32, Ordering};

use sutra_format::hash::range_of;

use super::arena::{Slot, zeroed};

/// Cells for each slot that the table may have to hold.
pub(super) const CELLS_PER_SLOT: usize = 2;

/// A hash table of slot numbers.
#[derive(Debug)]
pub(super) struct Table {
    cells: Box<[AtomicU32]>,
    slot_mask: u32,
    used: AtomicU32,
}

/// Where a key stands in a table or would stand.
#[derive(Debug)]
pub(super) struct Place<'t> {
    cell: &'t AtomicU32,
    tag: u32,
    /// The slot that is there now.
    pub(super) found: Option<Slot>,
}

impl Table {
    /// A table for at most `slots` keys, and slot numbers up to `slots`.
    pub(super) fn with_capacity(slots: usize) -> Self {
        let cells = zeroed((slots * CELLS_PER_SLOT).max(CELLS_PER_SLOT));
        let slot_bits = usize::BITS - slots.leading_zeros();
        Self { cells, slot_mask: (1 << slot_bits) - 1, used: AtomicU32::new(0) }
    }

    /// The slot under this hash for which `is` holds.
    pub(super) fn find(&self, hash: u64, is: impl Fn(Slot) -> bool) -> Option<Slot> {
        self.place(hash, is).found
    }

    /// The cell of the slot under this hash for which `is` holds, or the cell for a new one.
    pub(super) fn place(&self, hash: u64, is: impl Fn(Slot) -> bool) -> Place<'_> {
        let tag = self.tag(hash);
        let mut position = self.home(hash);
        loop {
            let cell = &self.cells[position];
            let value = cell.load(Ordering::Acquire);
            let Some(slot) = Slot::from_link(value & self.slot_mask) else {
                return Place { cell, tag, found: None };
            };
            if value & !self.slot_mask == tag && is(slot) {
                return Place { cell, tag, found: Some(slot) };
            }
            position += 1;
            if position == self.cells.len() {
                position = 0;
            }
        }
    }

    /// The slot in the cell where a probe for this hash begins, if it may be the one. For reading
    /// ahead: it proves nothing.
    pub(super) fn guess(&self, hash: u64) -> Option<Slot> {
        let value = self.cells[self.home(hash)].load(Ordering::Acquire);
        let slot = Slot::from_link(value & self.slot_mask)?;
        (value & !self.slot_mask == self.tag(hash)).then_some(slot)
    }

    /// Makes `slot` what is found at `place`, and with it all that was written before.
    pub(super) fn publish(&self, place: &Place<'_>, slot: Slot) {
        if place.found.is_none() {
            self.used.fetch_add(1, Ordering::Relaxed);
        }
        place.cell.store(place.tag | slot.link(), Ordering::Release);
    }

    /// Every slot, nearly in the order of the hashes.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> {
        let slot = |cell: &AtomicU32| cell.load(Ordering::Acquire) & self.slot_mask;
        self.cells.iter().filter_map(move |cell| Slot::from_link(slot(cell)))
    }

    /// How many keys it has.
    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed) as usize
    }

    /// Bytes allocated.
    pub(super) fn owned_bytes(&self) -> u64 {
        size_of_val::<[_]>(&self.cells) as u64
    }

    fn home(&self, hash: u64) -> usize {
        range_of(hash, self.cells.len() as u64) as usize
    }

    /// The low bits of the hash, above the slot number. The high bits chose the cell.
    #[expect(clippy::cast_possible_truncation, reason = "the low bits are what is wanted")]
    fn tag(&self, hash: u64) -> u32 {
        (hash as u32) << self.slot_mask.count_ones()
    }
}
