//! What one reader sees of a memory index: all events before a certain one.

use std::sync::Arc;

use super::super::score::Statistics;
use super::super::writer::Make;
use super::list::MemoryTerm;
use super::record::{BYTES, EVENT, HIDDEN_BY, LENGTH, ROWS_SUM, TERMS_SUM, TEXT, take_bytes};
use super::{Arena, Shared};

/// A memory index as it was after a number of events.
#[derive(Clone, Debug)]
pub struct MemoryView {
    shared: Arc<Shared>,
    events: u32,
}

impl MemoryView {
    pub(super) fn new(shared: Arc<Shared>, events: u32) -> Self {
        Self { shared, events }
    }

    /// How many events it sees; every row is below.
    pub fn events(&self) -> u32 {
        self.events
    }

    /// What the view adds to the statistics of all live rows.
    pub fn statistics(&self) -> Statistics {
        let Some(last) = self.events.checked_sub(1) else { return Statistics::default() };
        let number = |place: u32| self.shared.events.get(last * EVENT + place);
        let (low, high) = (number(TERMS_SUM), number(TERMS_SUM + 1));
        let terms = (u64::from(high) << 32 | u64::from(low)) as i64;
        // As many rows as events at most, to either side: 32 bits and a sign.
        Statistics { rows: i64::from(number(ROWS_SUM) as i32), terms }
    }

    /// Whether a row is there and not hidden by another row of the same index.
    #[inline]
    pub fn is_live(&self, row: u32) -> bool {
        if row >= self.events {
            return false;
        }
        let hidden_by = self.shared.events.get(row * EVENT + HIDDEN_BY);
        hidden_by == 0 || hidden_by > self.events
    }

    /// The terms of a row, with repeats.
    #[inline]
    pub(crate) fn length(&self, row: u32) -> u32 {
        if row < self.events { self.shared.events.get(row * EVENT + LENGTH) } else { 0 }
    }

    pub(crate) fn make(&self) -> Make {
        self.shared.make
    }

    pub(super) fn arena(&self) -> &Arena {
        &self.shared.terms
    }

    /// A term, if the index has ever met it.
    pub(crate) fn find(&self, term: &[u8]) -> Option<MemoryTerm<'_>> {
        Some(MemoryTerm::new(self, self.shared.find(term)?))
    }

    /// Gives every term that the index has ever met, in no order.
    pub(crate) fn each_term<'a>(&'a self, mut give: impl FnMut(&[u8], MemoryTerm<'a>)) {
        let mut text = Vec::new();
        for place in self.shared.table.places() {
            let bytes = self.arena().get(place + BYTES) as usize;
            take_bytes(self.arena(), place + TEXT, bytes, &mut text);
            give(&text, MemoryTerm::new(self, place));
        }
    }
}
