//! [`Section::check`]: whether everything in a section can be read, and agrees.
//!
//! A section is walked from front to back, once, and nothing is kept but the term before. That rows
//! have the terms which their lengths count is checked by a sum over all rows, each multiplied with
//! a number of its own: one that is missing in a list, or stands in a wrong one, changes it.
//!
//! What nothing else in the section tells is not checked: the letters of a term, how many rows are
//! taken back, at which positions a term stands. Checksums around the section do that.

use sutra_format::hash::mix;

use super::dictionary::{Entry, Place, Span};
use super::error::WordsError;
use super::pack::{BLOCK, Block};
use super::postings::{ListReader, PositionReader};
use super::score::Statistics;
use super::section::Section;

impl Section<'_> {
    /// Reads all of the section: every length, term, list and position.
    ///
    /// It takes time in proportion to the section, and hardly any memory.
    ///
    /// # Errors
    /// [`WordsError::Damaged`] at the first thing that cannot be read or contradicts another.
    pub fn check(&self) -> Result<(), WordsError> {
        Check { section: self, ends: [0; 2], lists: Sum::default() }.run()
    }
}

/// Terms of rows, in a form in which no row can stand for another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    terms: u64,
    told_apart: u64,
}

impl Sum {
    fn add(&mut self, row: u32, terms: u32) {
        let terms = u64::from(terms);
        self.terms = self.terms.wrapping_add(terms);
        let of_row = mix(u64::from(row) + 1).wrapping_mul(terms);
        self.told_apart = self.told_apart.wrapping_add(of_row);
    }
}

struct Check<'s, 'a> {
    section: &'s Section<'a>,
    /// Where the postings and the positions of the next term begin.
    ends: [u64; 2],
    /// What is in the lists so far.
    lists: Sum,
}

impl<'a> Check<'_, 'a> {
    fn run(mut self) -> Result<(), WordsError> {
        let section = self.section;
        let lengths = self.lengths()?;
        let dictionary = &section.dictionary;
        let mut terms = dictionary.all();
        let mut before = Vec::new();
        for number in 0..section.terms() {
            if !dictionary.agrees(number, &terms) {
                return Err(section.broken_dictionary());
            }
            terms.advance().map_err(|_| section.broken_dictionary())?;
            let rises = number == 0 || before.as_slice() < terms.term();
            let Some(entry) = terms.entry().filter(|_| rises) else {
                return Err(section.broken_dictionary());
            };
            self.entry(&entry)?;
            before.clear();
            before.extend_from_slice(terms.term());
        }
        let parts = [section.postings.len() as u64, section.positions.len() as u64];
        if !dictionary.ends_at(&terms) || self.ends != parts {
            return Err(section.broken_dictionary());
        }
        if self.lists != lengths {
            return Err(self.broken("lists do not have the terms that the lengths count"));
        }
        Ok(())
    }

    /// The lengths alone, and what the header says of them.
    fn lengths(&self) -> Result<Sum, WordsError> {
        let section = self.section;
        let mut sum = Sum::default();
        let mut rows = 0;
        for row in 0..section.rows() {
            let length = section.lengths.get(row);
            sum.add(row, length);
            rows += i64::from(length > 0);
        }
        let own = i64::try_from(sum.terms).map(|terms| Statistics { rows, terms });
        if section.lengths.agree() && own == Ok(section.own()) {
            return Ok(sum);
        }
        let at = size_of::<super::layout::Header>();
        Err(WordsError::damaged(at, "lengths are not those that the header counts"))
    }

    fn broken(&self, reason: &'static str) -> WordsError {
        WordsError::damaged(self.section.postings_at, reason)
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), WordsError> {
        let section = self.section;
        let says_something = entry.df > 0 || entry.retracted != 0;
        if !says_something || entry.df > section.rows() {
            return Err(section.broken_dictionary());
        }
        let Place::Stored { postings, positions } = entry.place else {
            if let Place::Here { row, frequency } = entry.place
                && entry.df > 0
            {
                self.row(row, frequency)?;
            }
            return Ok(());
        };
        if [postings.start, positions.start] != self.ends {
            return Err(section.broken_dictionary());
        }
        self.ends = [postings, positions].map(|span| span.start.saturating_add(span.bytes));
        let list = section.list(entry.df, &entry.place)?;
        let mut reader = self.positions(entry.df, positions)?;
        self.list(&list, reader.as_mut())
    }

    fn positions(&self, df: u32, span: Span) -> Result<Option<PositionReader<'a>>, WordsError> {
        if !self.section.has_positions() {
            return Ok(None);
        }
        let bytes = span.of(self.section.positions);
        let reader = bytes.and_then(|bytes| PositionReader::new(df, bytes));
        reader.map(Some).ok_or_else(|| self.broken("positions of a term are cut off"))
    }

    /// Every block of a list, with its positions.
    fn list(
        &mut self,
        list: &ListReader<'_>,
        mut positions: Option<&mut PositionReader<'_>>,
    ) -> Result<(), WordsError> {
        let section = self.section;
        let all = positions.as_ref().map_or(0, |reader| {
            reader.before(list.df() / BLOCK).saturating_add(list.frequencies_of_rest())
        });
        let (mut rows, mut frequencies): (Block, Block) = ([0; BLOCK], [0; BLOCK]);
        let mut first = 0_u64;
        for block in 0..list.blocks() {
            let count = list.rows(block, &mut rows).map_err(|_| section.broken_postings())?;
            list.frequencies(block, &mut frequencies).map_err(|_| section.broken_postings())?;
            if positions.as_ref().is_some_and(|reader| reader.before(block) != first) {
                return Err(self.broken("positions are not as many as the frequencies say"));
            }
            for (row, frequency) in rows[..count].iter().zip(&frequencies) {
                self.row(*row, *frequency)?;
                if !list.covers(block, *frequency, section.lengths.get(*row)) {
                    return Err(self.broken("a row exceeds the bound of its list"));
                }
                if let Some(reader) = &mut positions {
                    self.positions_of_row(reader, all, first, *frequency)?;
                }
                first += u64::from(*frequency);
            }
        }
        Ok(())
    }

    fn row(&mut self, row: u32, frequency: u32) -> Result<(), WordsError> {
        let fits = row < self.section.rows() && frequency <= self.section.lengths.get(row);
        if !fits || frequency == 0 {
            return Err(self.broken("a list has a row that the section does not have"));
        }
        self.lists.add(row, frequency);
        Ok(())
    }

    fn positions_of_row(
        &self,
        reader: &mut PositionReader<'_>,
        all: u64,
        first: u64,
        count: u32,
    ) -> Result<(), WordsError> {
        let (mut before, mut falls) = (0, false);
        let read = reader.each(all, first, count, |position| {
            falls |= position < before;
            before = position;
        });
        match read {
            Some(()) if !falls => Ok(()),
            _ => Err(self.broken("positions of a term make no sense")),
        }
    }
}
