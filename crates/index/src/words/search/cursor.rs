//! A list of rows under way: which block it stands at, and what of it is unpacked.

use super::super::error::WordsError;
use super::super::pack::{BLOCK, Block};
use super::super::postings::Refused;
use super::super::score::{Norms, contribution};
use super::kept::Kept;
use super::list::Positions;
use super::source::{Found, Source};

/// No block.
const NONE: usize = usize::MAX;

/// A place in a list.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    block: u32,
    place: u32,
}

/// Walks over one list, always forwards.
#[derive(Debug)]
pub(super) struct Cursor<'s, 'a> {
    source: &'s Source<'a>,
    norms: &'s Norms,
    found: &'s Found<'a>,
    weight: f32,
    /// The most that the term gives any row.
    pub(super) most: f32,
    /// The block that it stands at.
    block: usize,
    blocks: usize,
    /// Which block the rows, the frequencies and the bound are of.
    rows_of: usize,
    frequencies_of: usize,
    bound_of: usize,
    bound: f32,
    count: usize,
    /// Behind the last one they are greater than every row.
    rows: Block,
    frequencies: Block,
}

impl<'s, 'a> Cursor<'s, 'a> {
    pub(super) fn new(
        source: &'s Source<'a>,
        norms: &'s Norms,
        found: &'s Found<'a>,
        weight: f32,
    ) -> Self {
        Self {
            source,
            norms,
            found,
            weight,
            most: found.list.bound_of_all(weight, norms, source.lengths()),
            block: 0,
            blocks: found.list.blocks(),
            rows_of: NONE,
            frequencies_of: NONE,
            bound_of: NONE,
            bound: 0.0,
            count: 0,
            rows: [0; BLOCK],
            frequencies: [0; BLOCK],
        }
    }

    /// How many rows have the term here.
    pub(super) fn df(&self) -> u32 {
        self.found.df
    }

    /// Goes to the block that may have `row`. Whether there is one.
    #[inline]
    pub(super) fn seek(&mut self, row: u32) -> bool {
        if self.block < self.blocks && self.last_row() < row {
            self.block = self.found.list.seek(self.block + 1, row);
            if self.block < self.blocks && self.last_row() < row {
                self.block = self.blocks;
            }
        }
        self.block < self.blocks
    }

    /// The last row of the block that it stands at.
    #[inline]
    pub(super) fn last_row(&self) -> u32 {
        self.found.list.last_row(self.block)
    }

    /// A row that is not behind the first one from `row` on: that one, if it is unpacked.
    pub(super) fn first_from(&self, row: u32) -> u32 {
        if self.rows_of == self.block {
            let rows = &self.rows[..self.count];
            let next = rows.get(rows.partition_point(|other| *other < row));
            return next.copied().unwrap_or(row);
        }
        match self.block.checked_sub(1) {
            Some(before) => self.found.list.last_row(before).saturating_add(1).max(row),
            None => row,
        }
    }

    /// The most that the term gives a row of the block that it stands at.
    #[inline]
    pub(super) fn bound(&mut self) -> f32 {
        if self.bound_of != self.block {
            let lengths = self.source.lengths();
            self.bound = self.found.list.bound(self.block, self.weight, self.norms, lengths);
            self.bound_of = self.block;
        }
        self.bound
    }

    /// The most that the term gives a row from where it stands up to and with `last`.
    pub(super) fn bound_until(&self, last: u32) -> f32 {
        let mut bound = 0.0_f32;
        for block in self.block..self.blocks {
            let lengths = self.source.lengths();
            bound = self.found.list.bound(block, self.weight, self.norms, lengths).max(bound);
            if self.found.list.last_row(block) >= last {
                break;
            }
        }
        bound
    }

    #[inline]
    fn load_rows(&mut self) -> Result<(), WordsError> {
        if self.rows_of != self.block {
            let count = self.found.list.rows(self.block, &mut self.rows);
            self.count = count.map_err(|Refused| self.source.broken())?;
            self.rows[self.count..].fill(u32::MAX);
            self.rows_of = self.block;
        }
        Ok(())
    }

    /// The rows of the block that it stands at, with their frequencies.
    #[inline]
    pub(super) fn rows_and_frequencies(&mut self) -> Result<(&[u32], &[u32]), WordsError> {
        self.load_rows()?;
        if self.frequencies_of != self.block {
            let loaded = self.found.list.frequencies(self.block, &mut self.frequencies);
            loaded.map_err(|Refused| self.source.broken())?;
            self.frequencies_of = self.block;
        }
        Ok((&self.rows[..self.count], &self.frequencies[..self.count]))
    }

    /// What the term gives each row of the block, into `out`.
    #[inline]
    pub(super) fn contributions(&mut self, out: &mut [f32; BLOCK]) -> Result<&[u32], WordsError> {
        let (source, norms, weight) = (self.source, self.norms, self.weight);
        let (rows, frequencies) = self.rows_and_frequencies()?;
        source.inverse_norms(rows, norms, out);
        for (out, frequency) in out.iter_mut().zip(frequencies) {
            *out = contribution(weight, *frequency, *out);
        }
        Ok(&self.rows[..self.count])
    }

    /// The rows of the block that were loaded last; behind them, greater numbers.
    #[inline]
    pub(super) fn block_of_rows(&self) -> &Block {
        &self.rows
    }

    /// Where in the block that it stands at `row` is.
    #[inline]
    pub(super) fn find(&mut self, row: u32) -> Result<Option<usize>, WordsError> {
        self.load_rows()?;
        Ok(self.place_of(row))
    }

    /// Looks up those of at most 128 rows that are `asked` for in the block that it stands at. Keeps
    /// which ones are there, and their places in the list.
    ///
    /// There is no branch on what is found: it cannot be foreseen.
    #[inline]
    pub(super) fn find_each(
        &mut self,
        rows: &[u32],
        asked: &[u8],
        kept: &mut Kept,
        places: &mut [Place; BLOCK],
    ) -> Result<(), WordsError> {
        self.load_rows()?;
        for at in asked {
            let row = rows[usize::from(*at)];
            let place = self.least_from(row);
            places[kept.count() % BLOCK] = self.place(place);
            kept.push(*at, self.rows[place] == row);
        }
        Ok(())
    }

    fn place_of(&self, row: u32) -> Option<usize> {
        let place = self.least_from(row);
        (self.rows[place] == row && place < self.count).then_some(place)
    }

    /// The place of the first row of the block that is not less than this one, or the last place.
    /// Halves the block seven times.
    #[inline]
    fn least_from(&self, row: u32) -> usize {
        let mut place = 0;
        for half in [64, 32, 16, 8, 4, 2, 1] {
            let before = self.rows[(place + half - 1) % BLOCK] < row;
            place += half * usize::from(before);
        }
        place % BLOCK
    }

    /// The place in the list of what is at this place of the block.
    #[inline]
    pub(super) fn place(&self, place: usize) -> Place {
        Place { block: self.block as u32, place: place as u32 }
    }

    /// The positions of the row at this place of the block.
    pub(super) fn positions_at(
        &mut self,
        place: usize,
        positions: &mut Positions<'a>,
        out: &mut Vec<u32>,
    ) -> Result<(), WordsError> {
        let (source, list, block) = (self.source, &self.found.list, self.block);
        let (_, frequencies) = self.rows_and_frequencies()?;
        let read = positions.read(list, block, frequencies, place, out);
        read.ok_or_else(|| source.broken())
    }

    /// What the term gives a row, which is at this place of the list.
    #[inline]
    pub(super) fn contribution_at(&self, row: u32, place: Place) -> Result<f32, WordsError> {
        let inverse = self.norms.inverse(self.source.lengths().get(row));
        self.contribution_to(inverse, place)
    }

    /// What the term gives a row of this norm, which is at this place of the list.
    #[inline]
    pub(super) fn contribution_to(&self, inverse: f32, at: Place) -> Result<f32, WordsError> {
        let frequency = self.found.list.frequency(at.block as usize, at.place as usize);
        let frequency = frequency.map_err(|Refused| self.source.broken())?;
        Ok(contribution(self.weight, frequency, inverse))
    }
}
