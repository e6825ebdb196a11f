//! The rows that have a term, as one view sees them.

use super::super::impact::{self, CORNERS, Corner};
use super::super::pack::{BLOCK, Block};
use super::super::score::Norms;
use super::record::{ENTRIES, ENTRY, FIRST, FREQUENCY_MAX, LOST, NEXT, NOT_LENGTH_MIN, ROOM, ROWS};
use super::view::MemoryView;

/// A term of a memory index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemoryTerm<'a> {
    view: &'a MemoryView,
    place: u32,
}

impl<'a> MemoryTerm<'a> {
    pub(super) fn new(view: &'a MemoryView, place: u32) -> Self {
        Self { view, place }
    }

    /// Its rows, hidden ones among them.
    pub(crate) fn list(&self) -> MemoryList<'a> {
        MemoryList::new(self.view, self.place)
    }

    /// How many rows lost it again, here or elsewhere.
    pub(crate) fn lost(&self) -> i64 {
        let chunks = chunks(self.view, self.place + LOST);
        chunks.iter().map(|chunk| i64::from(chunk.count)).sum()
    }
}

/// A chunk of a chain, as far as the view sees it.
#[derive(Clone, Copy, Debug)]
struct Chunk {
    entries: u32,
    count: u32,
    last_row: u32,
}

/// The chunks of a chain that have events of the view.
fn chunks(view: &MemoryView, chain: u32) -> Vec<Chunk> {
    let arena = view.arena();
    let mut chunks = Vec::new();
    let mut chunk = arena.get(chain + FIRST);
    while chunk != 0 {
        let entries = chunk + ENTRIES;
        // One more than the event; 0 where nothing was written yet.
        let event = |at: u32| arena.get(entries + at * ENTRY);
        let room = arena.get(chunk + ROOM);
        let seen = |at: u32| (1..=view.events()).contains(&event(at));
        let (mut low, mut high) = (0, room);
        while low < high {
            let middle = low + (high - low) / 2;
            if seen(middle) { low = middle + 1 } else { high = middle }
        }
        if low == 0 {
            break;
        }
        chunks.push(Chunk { entries, count: low, last_row: event(low - 1) - 1 });
        if low < room {
            break;
        }
        chunk = arena.get(chunk + NEXT);
    }
    chunks
}

/// The rows that have a term, block by block: a block is a chunk.
#[derive(Clone, Debug)]
pub(crate) struct MemoryList<'a> {
    view: &'a MemoryView,
    place: u32,
    chunks: Vec<Chunk>,
}

impl<'a> MemoryList<'a> {
    fn new(view: &'a MemoryView, place: u32) -> Self {
        Self { view, place, chunks: chunks(view, place + ROWS) }
    }

    /// How many rows have the term, hidden ones among them.
    pub(crate) fn df(&self) -> u32 {
        self.chunks.iter().map(|chunk| chunk.count).sum()
    }

    pub(crate) fn blocks(&self) -> usize {
        self.chunks.len()
    }

    pub(crate) fn last_row(&self, block: usize) -> u32 {
        self.chunks.get(block).map_or(u32::MAX, |chunk| chunk.last_row)
    }

    pub(crate) fn seek(&self, from: usize, row: u32) -> usize {
        let rest = self.chunks.get(from..).unwrap_or_default();
        from + rest.partition_point(|chunk| chunk.last_row < row)
    }

    /// The most that a term of this weight gives any row.
    pub(crate) fn bound(&self, weight: f32, norms: &Norms) -> f32 {
        let arena = self.view.arena();
        let frequency = arena.get(self.place + FREQUENCY_MAX);
        let length = !arena.get(self.place + NOT_LENGTH_MIN);
        let corners: [Corner; CORNERS] = impact::corners([(frequency, length)].into_iter());
        impact::bound(&corners, weight, norms)
    }

    pub(crate) fn rows(&self, block: usize, out: &mut Block) -> usize {
        self.column(block, 0, out, |event| event.wrapping_sub(1))
    }

    pub(crate) fn frequencies(&self, block: usize, out: &mut Block) {
        self.column(block, 1, out, |frequency| frequency);
    }

    /// The frequency at one place of a block.
    pub(crate) fn frequency(&self, block: usize, place: usize) -> u32 {
        let Some(chunk) = self.chunks.get(block) else { return 0 };
        self.view.arena().get(chunk.entries + place as u32 * ENTRY + 1)
    }

    fn column(&self, block: usize, column: u32, out: &mut Block, of: impl Fn(u32) -> u32) -> usize {
        let Some(chunk) = self.chunks.get(block) else { return 0 };
        let count = (chunk.count as usize).min(BLOCK);
        for (at, out) in out[..count].iter_mut().enumerate() {
            *out = of(self.view.arena().get(chunk.entries + at as u32 * ENTRY + column));
        }
        count
    }

    /// The positions of the row at this place of a block.
    pub(crate) fn positions(&self, block: usize, place: usize, out: &mut Vec<u32>) {
        out.clear();
        let Some(chunk) = self.chunks.get(block) else { return };
        let entry = chunk.entries + place as u32 * ENTRY;
        let arena = self.view.arena();
        let (frequency, start) = (arena.get(entry + 1), arena.get(entry + 2));
        out.extend((start..start.saturating_add(frequency)).map(|at| arena.get(at)));
    }
}
