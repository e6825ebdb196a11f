//! Words in memory: searchable at once after each write, while one writer goes on writing.
//!
//! Everything is an event with a number: a text that is put is row and event in one, and so is the
//! hiding of a row, here or in a section. A view is a number of events; it sees what came before that
//! and nothing else, statistics included, and never changes. Whoever numbers commits keeps, for each,
//! how many events there were after it.
//!
//! Invariants:
//! * Nothing is locked. What an event wrote is visible before its number is published; of what later
//!   events wrote, a view recognises by the number that it is not its own.
//! * A view of all events gives the same hits and scores as a section of the same rows.

mod arena;
mod flush;
mod list;
mod record;
mod table;
mod view;

use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use foldhash::fast::RandomState;

use super::analyser::{Analyser, Purpose, Scratch};
use super::error::WordsError;
use super::score::Statistics;
use super::writer::Make;
use arena::Arena;
use record::{
    BYTES, EVENT, FREQUENCY_MAX, HASH, HIDDEN_BY, LENGTH, LOST, NOT_LENGTH_MIN, ROWS, ROWS_SUM,
    SLOT, STAMP, TERMS_SUM, TEXT,
};
use table::Table;

pub(crate) use list::MemoryList;
pub use view::MemoryView;

/// What the writer and all readers share.
#[derive(Debug)]
struct Shared {
    make: Make,
    hasher: RandomState,
    table: Table,
    /// Terms, chains, positions.
    terms: Arena,
    /// One record for each event.
    events: Arena,
    /// Events that are whole.
    published: AtomicU32,
}

/// An index in memory; whoever has it writes.
#[derive(Debug)]
pub struct MemoryWords {
    shared: Arc<Shared>,
    analyser: Analyser,
    scratch: Scratch,
    /// The place and the frequency of each term of the text at hand.
    text: Vec<(u32, u32)>,
    /// Index in `text`, position.
    text_positions: Vec<(u32, u32)>,
    statistics: Statistics,
    events: u32,
    terms: usize,
    stamp: u32,
    terms_used: u32,
    events_used: u32,
}

/// Gives views of an index in memory; as many as are wanted, in any thread.
#[derive(Clone, Debug)]
pub struct MemoryReader {
    shared: Arc<Shared>,
}

impl MemoryReader {
    /// What can be seen after this many events; of more than there are, all.
    pub fn view(&self, events: u32) -> MemoryView {
        let published = self.shared.published.load(Ordering::Acquire);
        MemoryView::new(self.shared.clone(), events.min(published))
    }

    /// How many events there are.
    pub fn events(&self) -> u32 {
        self.shared.published.load(Ordering::Acquire)
    }
}

/// Which row a text that is hidden belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// A row of this index.
    Here(u32),
    /// A row of a section or of an older index.
    Elsewhere,
}

impl MemoryWords {
    /// An index without rows. Positions are needed for phrases.
    pub fn new(analyser: Analyser, with_positions: bool) -> Self {
        let make = Make::new(analyser.name(), analyser.version(), with_positions);
        let shared = Shared {
            make,
            hasher: RandomState::default(),
            table: Table::new(),
            terms: Arena::new(),
            events: Arena::new(),
            published: AtomicU32::new(0),
        };
        Self {
            shared: Arc::new(shared),
            analyser,
            scratch: Scratch::default(),
            text: Vec::new(),
            text_positions: Vec::new(),
            statistics: Statistics::default(),
            events: 0,
            terms: 0,
            stamp: 0,
            terms_used: 0,
            events_used: 0,
        }
    }

    /// Where readers get their views from.
    pub fn reader(&self) -> MemoryReader {
        MemoryReader { shared: self.shared.clone() }
    }

    /// What can be seen now.
    pub fn view(&self) -> MemoryView {
        MemoryView::new(self.shared.clone(), self.events)
    }

    /// Adds a text, and returns its row.
    pub fn put(&mut self, text: &str) -> Result<u32, WordsError> {
        let row = self.events;
        let length = self.take_apart(text)?;
        let event = self.shared.events.room(&mut self.events_used, EVENT as usize)?;
        self.shared.events.set(event + LENGTH, length);
        self.append_rows(row, length)?;
        let rows = i64::from(length > 0);
        self.publish(event, Statistics { rows, terms: i64::from(length) });
        Ok(row)
    }

    /// Hides a row whose text was this. To replace a row: put the new one and hide the old one, or
    /// the other way round; a view of both events sees one of them.
    pub fn hide(&mut self, hidden: Hidden, text: &str) -> Result<(), WordsError> {
        let number = self.events;
        if let Hidden::Here(row) = hidden
            && row >= number
        {
            return Err(WordsError::RowOutOfRange { row, rows: number });
        }
        let length = self.take_apart(text)?;
        let event = self.shared.events.room(&mut self.events_used, EVENT as usize)?;
        let shared = &self.shared;
        for (term, _) in &self.text {
            let entry = [number + 1, 1, 0];
            record::append(&shared.terms, &mut self.terms_used, term + LOST, entry)?;
        }
        if let Hidden::Here(row) = hidden {
            shared.events.set(row * EVENT + HIDDEN_BY, number + 1);
        }
        let rows = i64::from(length > 0);
        let change = Statistics { rows, terms: i64::from(length) };
        self.publish(event, Statistics::default().minus(change));
        Ok(())
    }

    /// How many events there are.
    pub fn events(&self) -> u32 {
        self.events
    }

    /// Bytes that are in use.
    pub fn bytes(&self) -> usize {
        (self.terms_used as usize + self.events_used as usize) * 4 + self.terms * 8
    }

    fn publish(&mut self, event: u32, change: Statistics) {
        self.statistics = self.statistics.plus(change);
        let Statistics { rows, terms } = self.statistics;
        let events = &self.shared.events;
        events.set(event + ROWS_SUM, rows as u32);
        events.set(event + TERMS_SUM, terms as u32);
        events.set(event + TERMS_SUM + 1, (terms >> 32) as u32);
        self.events += 1;
        self.shared.published.store(self.events, Ordering::Release);
    }

    fn append_rows(&mut self, row: u32, length: u32) -> Result<(), WordsError> {
        let arena = &self.shared.terms;
        // Stable, so the positions of a term still rise.
        self.text_positions.sort_by_key(|(term, _)| *term);
        let mut positions = self.text_positions.as_slice();
        for (term, frequency) in &self.text {
            let mut start = 0;
            if self.shared.make.with_positions {
                let (these, rest) = positions.split_at(*frequency as usize);
                start = arena.room(&mut self.terms_used, these.len())?;
                for (at, (_, position)) in these.iter().enumerate() {
                    arena.set(start + at as u32, *position);
                }
                positions = rest;
            }
            let frequency_max = arena.get(term + FREQUENCY_MAX).max(*frequency);
            arena.set(term + FREQUENCY_MAX, frequency_max);
            let not_length = arena.get(term + NOT_LENGTH_MIN).max(!length);
            arena.set(term + NOT_LENGTH_MIN, not_length);
            let entry = [row + 1, *frequency, start];
            record::append(arena, &mut self.terms_used, term + ROWS, entry)?;
        }
        Ok(())
    }

    /// Fills `text` and `text_positions`, and returns the number of terms with repeats.
    fn take_apart(&mut self, text: &str) -> Result<u32, WordsError> {
        if self.events == u32::MAX - 1 || self.stamp == u32::MAX {
            return Err(WordsError::TooLarge { what: "events in memory" });
        }
        self.text.clear();
        self.text_positions.clear();
        self.stamp += 1;
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut length = 0;
        let mut failed = Ok(());
        let with_positions = self.shared.make.with_positions;
        let (shared, list, positions) = (&*self.shared, &mut self.text, &mut self.text_positions);
        let (stamp, used, terms) = (self.stamp, &mut self.terms_used, &mut self.terms);
        self.analyser.each(text, Purpose::Index, &mut scratch, |term, position| {
            match shared.place(term.as_bytes(), used, terms) {
                Ok(place) => {
                    length += 1;
                    let at = count(&shared.terms, place, stamp, list);
                    if with_positions {
                        positions.push((at, position));
                    }
                }
                Err(error) => failed = Err(error),
            }
        });
        self.scratch = scratch;
        failed.map(|()| length)
    }
}

/// Counts a term of the text at hand, and returns its place in the list of the text.
fn count(arena: &Arena, term: u32, stamp: u32, list: &mut Vec<(u32, u32)>) -> u32 {
    if arena.get(term + STAMP) == stamp {
        let slot = arena.get(term + SLOT);
        list[slot as usize].1 += 1;
        return slot;
    }
    let slot = list.len() as u32;
    arena.set(term + STAMP, stamp);
    arena.set(term + SLOT, slot);
    list.push((term, 1));
    slot
}

impl Shared {
    /// The record of a term.
    fn find(&self, term: &[u8]) -> Option<u32> {
        let hash = self.hash(term);
        self.table.find(hash, |place| self.is(place, hash, term))
    }

    fn hash(&self, term: &[u8]) -> u32 {
        self.hasher.hash_one(term) as u32
    }

    fn is(&self, place: u32, hash: u32, term: &[u8]) -> bool {
        self.terms.get(place + HASH) == hash
            && self.terms.get(place + BYTES) as usize == term.len()
            && record::same_bytes(&self.terms, place + TEXT, term)
    }

    /// The record of a term, made if it is new. Only the writer does.
    fn place(&self, term: &[u8], used: &mut u32, terms: &mut usize) -> Result<u32, WordsError> {
        let hash = self.hash(term);
        if let Some(place) = self.table.find(hash, |place| self.is(place, hash, term)) {
            return Ok(place);
        }
        let place = self.terms.room(used, TEXT as usize + term.len().div_ceil(4))?;
        self.terms.set(place + HASH, hash);
        self.terms.set(place + BYTES, term.len() as u32);
        record::put_bytes(&self.terms, place + TEXT, term);
        *terms += 1;
        let hash_of = |place: u32| self.terms.get(place + HASH);
        if self.table.insert(hash, place, *terms, hash_of) {
            Ok(place)
        } else {
            Err(WordsError::TooLarge { what: "terms in memory" })
        }
    }
}
