//! [`Gathered`]: the postings of one term, taken from wherever they stand, under new rows.
//!
//! It is filled again for each term, so that its memory is taken once.

use super::writer::TermRows;

/// Rows as they come, and then in their order.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// Row, frequency, and where its positions begin.
    postings: Vec<(u32, u32, usize)>,
    pool: Vec<u32>,
    rows: Vec<u32>,
    frequencies: Vec<u32>,
    positions: Vec<u32>,
}

impl Gathered {
    /// Forgets the term before.
    pub(crate) fn clear(&mut self) {
        self.postings.clear();
        self.pool.clear();
    }

    /// Takes a row. Its positions follow, if the section has any.
    pub(crate) fn push(&mut self, row: u32, frequency: u32) {
        self.postings.push((row, frequency, self.pool.len()));
    }

    /// Takes the positions of the row that came last, as many as it said.
    pub(crate) fn push_positions(&mut self, positions: &[u32]) {
        self.pool.extend_from_slice(positions);
    }

    /// Brings the rows into one order. Whether each is there once.
    pub(crate) fn sort(&mut self) -> bool {
        // They rise in as many runs as there are sources, which this sort finds.
        self.postings.sort_by_key(|(row, ..)| *row);
        self.rows.clear();
        self.frequencies.clear();
        self.positions.clear();
        for (row, frequency, start) in &self.postings {
            self.rows.push(*row);
            self.frequencies.push(*frequency);
            if !self.pool.is_empty() {
                self.positions.extend_from_slice(&self.pool[*start..*start + *frequency as usize]);
            }
        }
        self.rows.windows(2).all(|pair| pair[0] < pair[1])
    }

    /// How many rows there are, once they are sorted.
    pub(crate) fn count(&self) -> usize {
        self.rows.len()
    }

    /// What was sorted.
    pub(crate) fn list(&self) -> TermRows<'_> {
        TermRows { rows: &self.rows, frequencies: &self.frequencies, positions: &self.positions }
    }
}
