//! The best hits so far, and with them the score that a further one has to reach.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::{Hit, Source};

/// Room for this many hits is made at once; more as they come.
const ROOM: usize = 1024;

/// What a search of one source is told by the best hits so far, and tells them.
pub(super) trait Best {
    /// No row of the source from `row` on whose score is lower can become a hit.
    fn floor(&self, row: u32) -> f32;

    /// Takes a row if it is good enough and may be found.
    fn offer(&mut self, score: f32, row: u32);
}

/// The best hits so far.
pub(super) struct Top<K, F, A> {
    limit: usize,
    /// What a hit has to have while there is room.
    least: f32,
    heap: BinaryHeap<Reverse<Ranked<K>>>,
    key: F,
    allows: A,
    source: usize,
    rows: u32,
    keys_rise: bool,
    /// There is one source, and rows rise as keys do: nobody needs to know keys.
    by_rows: bool,
}

/// A hit with what orders it; the greater one is the better one.
#[derive(Clone, Copy)]
struct Ranked<K> {
    score: f32,
    /// None where rows say as much.
    key: Option<K>,
    source: usize,
    row: u32,
}

impl<K: Ord> Ord for Ranked<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_key = || other.key.cmp(&self.key);
        let by_row = || (other.source, other.row).cmp(&(self.source, self.row));
        self.score.total_cmp(&other.score).then_with(by_key).then_with(by_row)
    }
}

impl<K: Ord> PartialOrd for Ranked<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K: Ord> PartialEq for Ranked<K> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<K: Ord> Eq for Ranked<K> {}

impl<K: Ord + Copy, F: Fn(usize, u32) -> K, A: Fn(usize, u32) -> bool> Top<K, F, A> {
    pub(super) fn new(
        limit: usize,
        min_score: Option<f32>,
        sources: &[Source<'_>],
        key: F,
        allows: A,
    ) -> Self {
        let least = min_score.unwrap_or(0.0).max(0.0);
        let heap = BinaryHeap::with_capacity(limit.min(ROOM));
        let by_rows = matches!(sources, [source] if source.keys_rise());
        Self { limit, least, heap, key, allows, source: 0, rows: 0, keys_rise: false, by_rows }
    }

    /// The rows that follow are those of this source, which has so many.
    pub(super) fn enter(&mut self, source: usize, rows: u32, keys_rise: bool) {
        (self.source, self.rows, self.keys_rise) = (source, rows, keys_rise);
    }

    fn key_of(&self, row: u32) -> Option<K> {
        (!self.by_rows).then(|| (self.key)(self.source, row))
    }

    /// The hits, the best one first.
    pub(super) fn hits(self) -> Vec<Hit> {
        let ranked = self.heap.into_sorted_vec();
        let hit = |ranked: Reverse<Ranked<K>>| {
            let Ranked { score, source, row, .. } = ranked.0;
            Hit { score, source, row }
        };
        ranked.into_iter().map(hit).collect()
    }
}

impl<K: Ord + Copy, F: Fn(usize, u32) -> K, A: Fn(usize, u32) -> bool> Best for Top<K, F, A> {
    #[inline]
    fn floor(&self, row: u32) -> f32 {
        if self.heap.len() < self.limit {
            return self.least;
        }
        let Some(Reverse(worst)) = self.heap.peek() else { return self.least };
        // Later rows have greater keys, so an equal score does not suffice once the key is too great.
        let is_late = || match worst.source == self.source {
            true => row > worst.row,
            false => row < self.rows && self.key_of(row) >= worst.key,
        };
        let late = self.keys_rise && is_late();
        if late { worst.score.next_up() } else { worst.score }
    }

    #[inline]
    fn offer(&mut self, score: f32, row: u32) {
        let full = self.heap.len() >= self.limit;
        match self.heap.peek() {
            Some(Reverse(worst)) if full && score < worst.score => return,
            _ if score < self.least => return,
            _ => {}
        }
        let ranked = Ranked { score, key: self.key_of(row), source: self.source, row };
        if !full {
            if (self.allows)(self.source, row) {
                self.heap.push(Reverse(ranked));
            }
        } else if let Some(mut worst) = self.heap.peek_mut()
            && ranked > worst.0
            && (self.allows)(self.source, row)
        {
            *worst = Reverse(ranked);
        }
    }
}
