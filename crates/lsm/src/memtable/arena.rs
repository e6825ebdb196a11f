//! [`Arena`]: slots of a fixed number of words, filled one after the other and never moved.
//!
//! Invariants:
//! * A slot is written once, before its number is published with Release; whoever learnt the
//!   number with Acquire may read the words relaxed. What may change later (one link of an
//!   association) is published by the store itself.
//! * Slot numbers start at 1 where they are stored, so that zeroed memory means "none".

use std::alloc::{Layout, handle_alloc_error};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use zerocopy::FromZeros;

use super::chunks::Chunks;

/// The most slots of one arena. Keeps a bit of the hash beside every slot number in a table.
pub(super) const SLOTS_MAX: usize = 1 << 30;

/// The number of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(NonZeroU32);

impl Slot {
    /// The slot that a stored link names; zero is none.
    pub(super) fn from_link(link: u32) -> Option<Self> {
        NonZeroU32::new(link).map(Self)
    }

    /// What is stored for it.
    pub(super) fn link(self) -> u32 {
        self.0.get()
    }

    /// The slot that was filled after this many others.
    pub(super) fn from_index(index: usize) -> Option<Self> {
        u32::try_from(index + 1).ok().and_then(Self::from_link)
    }

    /// How many slots were filled before it.
    pub(super) fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// What is stored for a slot or for none.
pub(super) fn link(slot: Option<Slot>) -> u32 {
    slot.map_or(0, Slot::link)
}

/// Two links in one word.
pub(super) fn pair(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// The low half of a word.
#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
pub(super) fn low(word: u64) -> u32 {
    word as u32
}

/// The high half of a word.
pub(super) fn high(word: u64) -> u32 {
    low(word >> 32)
}

/// Slots of `WORDS` words each.
#[derive(Debug)]
pub(super) struct Arena<const WORDS: usize> {
    chunks: Chunks<[AtomicU64; WORDS]>,
    used: AtomicU32,
}

impl<const WORDS: usize> Arena<WORDS> {
    /// Room for `slots` slots, none of them allocated.
    pub(super) fn with_capacity(slots: usize) -> Self {
        Self { chunks: Chunks::with_capacity(slots), used: AtomicU32::new(0) }
    }

    /// Writes the next slot. The caller publishes it, and has made sure that there is room.
    pub(super) fn push(&self, words: &[u64; WORDS]) -> Slot {
        let used = self.used.load(Ordering::Relaxed);
        let slot = Slot(NonZeroU32::MIN.saturating_add(used));
        let cells = self.chunks.grow(slot.index(), zeroed).expect("the applier checked for room");
        for (cell, word) in cells.iter().zip(words) {
            cell.store(*word, Ordering::Relaxed);
        }
        self.used.store(used + 1, Ordering::Relaxed);
        slot
    }

    /// The words of a slot that was published to the caller.
    pub(super) fn slot(&self, slot: Slot) -> &[AtomicU64; WORDS] {
        self.chunks.get(slot.index()).expect("the chunk of a published slot is there")
    }

    /// How many slots are written.
    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed) as usize
    }

    /// Bytes allocated.
    pub(super) fn owned_bytes(&self) -> u64 {
        self.chunks.owned_bytes(self.used())
    }
}

/// Zeroed memory straight from the allocator: pages that nobody touches cost nothing.
pub(crate) fn zeroed<T: FromZeros>(count: usize) -> Box<[T]> {
    <[T]>::new_box_zeroed_with_elems(count).unwrap_or_else(|_| {
        let layout = Layout::array::<T>(count).expect("capacities are bounded by SLOTS_MAX");
        handle_alloc_error(layout)
    })
}
