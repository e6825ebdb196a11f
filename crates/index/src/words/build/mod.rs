//! From texts to a section: rows in, bytes out.
//!
//! Every text is taken apart once. What it gives is written one after the other as pairs of term and
//! frequency, and sorted by term in one pass at the end, when it is known how many each term has.

mod sorted;
mod terms;

use sorted::{Sorted, Unpacked};
use terms::Terms;

use super::analyser::{Analyser, Purpose, Scratch};
use super::error::WordsError;
use super::score::Statistics;
use super::writer::{Make, SectionWriter};

/// Builds a section from texts, in the order of their rows.
#[derive(Debug)]
pub struct SectionBuilder {
    analyser: Analyser,
    with_positions: bool,
    terms: Terms,
    scratch: Scratch,
    /// The terms of the text at hand: number of the term, frequency.
    text: Vec<(u32, u32)>,
    /// The positions of the text at hand, as (index in `text`, position).
    text_positions: Vec<(u32, u32)>,
    log: Log,
    rows: Vec<Row>,
    retracted: Statistics,
    retractions: Vec<(u32, i64)>,
}

/// The highest row: one bit is needed beside it.
const ROW_MAX: u32 = u32::MAX >> 1;

/// The terms of all rows, one row after the other.
#[derive(Debug, Default)]
struct Log {
    /// The number of a term, twice, plus one if the frequency follows; else it is 1.
    words: Vec<u32>,
    /// In the same order, for each term of a row its positions.
    positions: Vec<u32>,
}

/// A row that has terms.
#[derive(Clone, Copy, Debug)]
struct Row {
    row: u32,
    length: u32,
    /// Where its part of the log ends.
    end: usize,
}

impl SectionBuilder {
    /// A builder without rows. Positions are needed for phrases, and take about as much room again.
    pub fn new(analyser: Analyser, with_positions: bool) -> Self {
        Self {
            analyser,
            with_positions,
            terms: Terms::default(),
            scratch: Scratch::default(),
            text: Vec::new(),
            text_positions: Vec::new(),
            log: Log::default(),
            rows: Vec::new(),
            retracted: Statistics::default(),
            retractions: Vec::new(),
        }
    }

    /// Adds the text of a row. Rows must rise.
    pub fn put(&mut self, row: u32, text: &str) -> Result<(), WordsError> {
        if let Some(previous) = self.rows.last().map(|last| last.row).filter(|last| *last >= row) {
            return Err(WordsError::RowsOutOfOrder { row, previous });
        }
        if row > ROW_MAX {
            return Err(WordsError::TooLarge { what: "rows" });
        }
        let length = self.take_apart(text)?;
        if length == 0 {
            return Ok(());
        }
        for (term, frequency) in &self.text {
            if *frequency == 1 {
                self.log.words.push(term << 1);
            } else {
                self.log.words.extend([term << 1 | 1, *frequency]);
            }
        }
        if self.with_positions {
            // Stable, so the positions of a term still rise.
            self.text_positions.sort_by_key(|(term, _)| *term);
            self.log.positions.extend(self.text_positions.iter().map(|(_, position)| position));
        }
        self.rows.push(Row { row, length, end: self.log.words.len() });
        Ok(())
    }

    /// Takes back the text of a row in another section that this one hides.
    pub fn retract(&mut self, text: &str) -> Result<(), WordsError> {
        let length = self.take_apart(text)?;
        let rows = i64::from(length > 0);
        self.retracted = self.retracted.plus(Statistics { rows, terms: i64::from(length) });
        self.retractions.extend(self.text.iter().map(|(term, _)| (*term, 1)));
        Ok(())
    }

    /// The section, for a table of `rows` rows.
    pub fn finish(mut self, rows: u32) -> Result<Vec<u8>, WordsError> {
        if let Some(last) = self.rows.last().filter(|last| last.row >= rows) {
            return Err(WordsError::RowOutOfRange { row: last.row, rows });
        }
        let mut lengths = vec![0; rows as usize];
        for row in &self.rows {
            lengths[row.row as usize] = row.length;
        }
        let make = Make::new(self.analyser.name(), self.analyser.version(), self.with_positions);
        let mut writer = SectionWriter::new(make, lengths);
        let log = std::mem::take(&mut self.log);
        let sorted = Sorted::new(log, &self.rows, self.terms.len(), self.with_positions);
        let mut retracted = vec![0; self.terms.len()];
        for (term, count) in &self.retractions {
            retracted[*term as usize] += count;
        }
        let mut list = Unpacked::default();
        for term in self.terms.in_order() {
            let rows = sorted.unpack(term, &mut list);
            writer.term(self.terms.term(term), retracted[term as usize], rows)?;
        }
        Ok(writer.finish(self.retracted))
    }

    /// Fills `text` and `text_positions`, and returns the number of terms with repeats.
    fn take_apart(&mut self, text: &str) -> Result<u32, WordsError> {
        self.text.clear();
        self.text_positions.clear();
        self.terms.next_text();
        let (terms, list, positions) = (&mut self.terms, &mut self.text, &mut self.text_positions);
        let with_positions = self.with_positions;
        let mut length = 0;
        self.analyser.each(text, Purpose::Index, &mut self.scratch, |term, position| {
            length += 1;
            let at = terms.count(term.as_bytes(), list);
            if with_positions {
                positions.push((at, position));
            }
        });
        if self.terms.len() > (u32::MAX / 2) as usize {
            return Err(WordsError::TooLarge { what: "terms" });
        }
        Ok(length)
    }
}
