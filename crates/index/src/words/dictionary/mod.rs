//! The terms of a section in their order, and what is known of each.
//!
//! Terms stand in blocks of 32, each sharing its start with the one before it. The offsets of the
//! blocks are a table, so a term is found by halving, and all terms with one start lie side by side.
//! A term that one row has is told here in full, where there are no positions.

mod read;

pub(crate) use read::{Dictionary, TermCursor};

use super::error::WordsError;
use super::varint;

/// Terms of a block.
pub(super) const BLOCK_TERMS: u32 = 32;

/// What is known of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Rows of this section that have it.
    pub(crate) df: u32,
    /// Rows of other sections that are taken back.
    pub(crate) retracted: i64,
    pub(crate) place: Place,
}

/// Where the postings of a term are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// There are none, or this one.
    Here { row: u32, frequency: u32 },
    /// In the parts of the postings and of the positions.
    Stored { postings: Span, positions: Span },
}

/// A piece of a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u64,
    pub(crate) bytes: u64,
}

impl Span {
    /// The piece itself.
    pub(crate) fn of<'a>(&self, part: &'a [u8]) -> Option<&'a [u8]> {
        let start = usize::try_from(self.start).ok()?;
        let end = start.checked_add(usize::try_from(self.bytes).ok()?)?;
        part.get(start..end)
    }

    fn end(self) -> u64 {
        self.start.saturating_add(self.bytes)
    }
}

/// Writes the terms, in rising order.
#[derive(Debug, Default)]
pub(crate) struct DictionaryWriter {
    with_positions: bool,
    count: u32,
    blocks: Vec<u8>,
    offsets: Vec<u8>,
    last: Vec<u8>,
    /// Where the next postings and positions begin.
    next: [u64; 2],
}

impl DictionaryWriter {
    pub(crate) fn new(with_positions: bool) -> Self {
        Self { with_positions, ..Self::default() }
    }

    /// The number of terms, the blocks and their offsets.
    pub(crate) fn finish(self) -> (u32, Vec<u8>, Vec<u8>) {
        (self.count, self.blocks, self.offsets)
    }

    /// Appends a term. What it stores has to follow what the one before it stored.
    pub(crate) fn add(&mut self, term: &[u8], entry: &Entry) -> Result<(), WordsError> {
        if self.count.is_multiple_of(BLOCK_TERMS) {
            let start = u32::try_from(self.blocks.len());
            let start = start.map_err(|_| WordsError::TooLarge { what: "terms" })?;
            self.offsets.extend_from_slice(&start.to_le_bytes());
            varint::put(term.len() as u64, &mut self.blocks);
            self.blocks.extend_from_slice(term);
            self.next.into_iter().for_each(|next| varint::put(next, &mut self.blocks));
        } else {
            let shared = self.last.iter().zip(term).take_while(|(a, b)| a == b).count();
            put_lengths(shared, term.len() - shared, &mut self.blocks);
            self.blocks.extend_from_slice(&term[shared..]);
        }
        self.last.clear();
        self.last.extend_from_slice(term);
        let out = &mut self.blocks;
        varint::put(u64::from(entry.df) << 1 | u64::from(entry.retracted != 0), out);
        if entry.retracted != 0 {
            varint::put_signed(entry.retracted, out);
        }
        match entry.place {
            Place::Here { row, frequency } if entry.df == 1 => {
                varint::put(u64::from(row), out);
                varint::put(u64::from(frequency), out);
            }
            Place::Here { .. } => {}
            Place::Stored { postings, positions } => {
                varint::put(postings.bytes, out);
                if self.with_positions {
                    varint::put(positions.bytes, out);
                }
                self.next = [postings.end(), positions.end()];
            }
        }
        self.count = self.count.checked_add(1).ok_or(WordsError::TooLarge { what: "terms" })?;
        Ok(())
    }
}

/// Two small numbers in a byte, with more bytes where one is 15 or above.
fn put_lengths(shared: usize, more: usize, out: &mut Vec<u8>) {
    out.push((shared.min(15) << 4 | more.min(15)) as u8);
    for long in [shared, more].iter().filter(|number| **number >= 15) {
        varint::put((long - 15) as u64, out);
    }
}
