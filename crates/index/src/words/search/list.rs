//! A list of rows, wherever it is: in a section or in memory.

use super::super::lengths::Lengths;
use super::super::memory::MemoryList;
use super::super::pack::{BLOCK, Block};
use super::super::postings::{ListReader, PositionReader, Refused};
use super::super::score::Norms;

/// The rows that have a term, block by block.
#[derive(Clone, Debug)]
pub(crate) enum List<'a> {
    Stored(ListReader<'a>),
    Memory(MemoryList<'a>),
}

impl List<'_> {
    /// How many blocks there are.
    pub(crate) fn blocks(&self) -> usize {
        match self {
            Self::Stored(list) => list.blocks(),
            Self::Memory(list) => list.blocks(),
        }
    }

    /// The last row of a block.
    #[inline]
    pub(crate) fn last_row(&self, block: usize) -> u32 {
        match self {
            Self::Stored(list) => list.last_row(block),
            Self::Memory(list) => list.last_row(block),
        }
    }

    /// The first block from `from` on that may have `row` or a later one.
    #[inline]
    pub(crate) fn seek(&self, from: usize, row: u32) -> usize {
        match self {
            Self::Stored(list) => list.seek(from, row),
            Self::Memory(list) => list.seek(from, row),
        }
    }

    /// The most that a term of this weight gives a row of the block.
    pub(crate) fn bound(
        &self,
        block: usize,
        weight: f32,
        norms: &Norms,
        lengths: Lengths<'_>,
    ) -> f32 {
        match self {
            Self::Stored(list) => list.bound(block, weight, norms, lengths),
            Self::Memory(list) => list.bound(weight, norms),
        }
    }

    /// The most that a term of this weight gives any row.
    pub(crate) fn bound_of_all(&self, weight: f32, norms: &Norms, lengths: Lengths<'_>) -> f32 {
        match self {
            Self::Stored(list) => list.bound_of_all(weight, norms, lengths),
            Self::Memory(list) => list.bound(weight, norms),
        }
    }

    /// The rows of a block, into `out`, and how many they are.
    #[inline]
    pub(crate) fn rows(&self, block: usize, out: &mut Block) -> Result<usize, Refused> {
        match self {
            Self::Stored(list) => list.rows(block, out),
            Self::Memory(list) => Ok(list.rows(block, out)),
        }
    }

    /// The frequencies of a block, into `out`.
    #[inline]
    pub(crate) fn frequencies(&self, block: usize, out: &mut Block) -> Result<(), Refused> {
        match self {
            Self::Stored(list) => list.frequencies(block, out),
            Self::Memory(list) => {
                list.frequencies(block, out);
                Ok(())
            }
        }
    }

    /// The frequency at one place of a block.
    #[inline]
    pub(crate) fn frequency(&self, block: usize, place: usize) -> Result<u32, Refused> {
        match self {
            Self::Stored(list) => list.frequency(block, place),
            Self::Memory(list) => Ok(list.frequency(block, place)),
        }
    }
}

/// Where the positions of a term are.
#[derive(Clone, Debug)]
pub(crate) enum Positions<'a> {
    Stored(PositionReader<'a>),
    /// With the rows.
    InMemory,
}

impl Positions<'_> {
    /// The positions of the row at this place of a block with these frequencies, into `out`.
    pub(crate) fn read(
        &mut self,
        list: &List<'_>,
        block: usize,
        frequencies: &[u32],
        place: usize,
        out: &mut Vec<u32>,
    ) -> Option<()> {
        match (self, list) {
            (Self::Stored(reader), List::Stored(list)) => {
                let all = reader.before(list.df() / BLOCK) + list.frequencies_of_rest();
                let before: u64 = frequencies.get(..place)?.iter().map(|f| u64::from(*f)).sum();
                let first = reader.before(block).checked_add(before)?;
                reader.read(all, first, *frequencies.get(place)?, out)
            }
            (_, List::Memory(list)) => {
                list.positions(block, place, out);
                Some(())
            }
            (Self::InMemory, List::Stored(_)) => None,
        }
    }
}
