//! A list of rows under way: which block it stands at, and what of it is unpacked.

use super::super::error::WordsError;
use super::super::pack::{BLOCK, Block};
use super::super::postings::Refused;
use super::super::score::{Norms, contribution};
use super::list::Positions;
use super::source::{Found, Source};

/// No block.
const NONE: usize = usize::MAX;

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
    /// Rows before this one are less than what was looked for last.
    at: usize,
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
            at: 0,
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
            self.at = 0;
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
            self.rows_of = self.block;
            self.at = 0;
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

    /// Where in the block that it stands at `row` is; rows asked for must rise.
    #[inline]
    pub(super) fn find(&mut self, row: u32) -> Result<Option<usize>, WordsError> {
        self.load_rows()?;
        let rows = &self.rows[self.at..self.count];
        self.at += if rows.first().is_some_and(|first| *first >= row) {
            0
        } else {
            rows.partition_point(|other| *other < row)
        };
        Ok((self.rows.get(self.at) == Some(&row) && self.at < self.count).then_some(self.at))
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

    /// What the term gives the row at this place of the block.
    #[inline]
    pub(super) fn contribution_at(&mut self, place: usize) -> Result<f32, WordsError> {
        let (source, norms, weight) = (self.source, self.norms, self.weight);
        let (rows, frequencies) = self.rows_and_frequencies()?;
        let inverse = norms.inverse(source.lengths().get(rows[place]));
        Ok(contribution(weight, frequencies[place], inverse))
    }
}
