//! What is searched: a section, or a memory index as one reader sees it.

use super::super::dictionary::Place;
use super::super::error::WordsError;
use super::super::lengths::Lengths;
use super::super::memory::MemoryView;
use super::super::postings::PositionReader;
use super::super::score::{Norms, Statistics};
use super::super::section::Section;
use super::super::writer::Make;
use super::list::{List, Positions};

/// One place to search.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    home: Home<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Home<'a> {
    Section(Section<'a>),
    Memory(&'a MemoryView),
}

/// A term in one source.
#[derive(Clone, Debug)]
pub(crate) struct Found<'a> {
    pub(crate) list: List<'a>,
    pub(crate) df: u32,
    /// Where a section has its positions.
    place: Option<Place>,
}

impl<'a> Source<'a> {
    /// A section.
    pub fn section(section: Section<'a>) -> Self {
        Self { home: Home::Section(section) }
    }

    /// A memory index; rows that it hides itself are left out.
    pub fn memory(view: &'a MemoryView) -> Self {
        Self { home: Home::Memory(view) }
    }

    /// Whether equal scores keep the order of rows: those of memory come as they were written.
    pub(crate) fn keys_rise(&self) -> bool {
        matches!(self.home, Home::Section(_))
    }

    pub(crate) fn rows(&self) -> u32 {
        match self.home {
            Home::Section(section) => section.rows(),
            Home::Memory(view) => view.events(),
        }
    }

    pub(crate) fn statistics(&self) -> Statistics {
        match self.home {
            Home::Section(section) => section.statistics(),
            Home::Memory(view) => view.statistics(),
        }
    }

    pub(crate) fn make(&self) -> Make {
        match self.home {
            Home::Section(section) => section.make(),
            Home::Memory(view) => view.make(),
        }
    }

    /// Whether the source does not hide a row itself.
    #[inline]
    pub(crate) fn is_live(&self, row: u32) -> bool {
        match self.home {
            Home::Section(_) => true,
            Home::Memory(view) => view.is_live(row),
        }
    }

    /// The term here, and by how much it changes the number of live rows that have it.
    pub(crate) fn find(&self, term: &[u8]) -> Result<(Option<Found<'a>>, i64), WordsError> {
        let section = match &self.home {
            Home::Section(section) => section,
            Home::Memory(view) => return Ok(find_in_memory(view, term)),
        };
        let entry = section.dictionary.get(term).map_err(|_| section.broken_dictionary())?;
        let Some(entry) = entry else { return Ok((None, 0)) };
        let change = i64::from(entry.df).saturating_sub(entry.retracted);
        if entry.df == 0 {
            return Ok((None, change));
        }
        let list = List::Stored(section.list(entry.df, &entry.place)?);
        Ok((Some(Found { list, df: entry.df, place: Some(entry.place) }), change))
    }

    /// Gives each term that starts so, and by how much it changes the number of live rows.
    pub(crate) fn each_with_prefix(
        &self,
        prefix: &[u8],
        mut give: impl FnMut(&[u8], i64),
    ) -> Result<(), WordsError> {
        let section = match &self.home {
            Home::Section(section) => section,
            Home::Memory(view) => {
                view.each_term(|text, term| {
                    if text.starts_with(prefix) {
                        give(text, i64::from(term.list().df()) - term.lost());
                    }
                });
                return Ok(());
            }
        };
        let broken = |_| section.broken_dictionary();
        let mut terms = section.dictionary.from(prefix).map_err(broken)?;
        loop {
            terms.advance().map_err(broken)?;
            let Some(entry) = terms.entry().filter(|_| terms.term().starts_with(prefix)) else {
                return Ok(());
            };
            give(terms.term(), i64::from(entry.df).saturating_sub(entry.retracted));
        }
    }

    /// The positions of a term.
    pub(crate) fn positions(&self, found: &Found<'a>) -> Result<Positions<'a>, WordsError> {
        if !self.make().with_positions {
            return Err(WordsError::NoPositions);
        }
        let (Home::Section(section), Some(Place::Stored { positions, .. })) =
            (&self.home, found.place)
        else {
            return Ok(Positions::InMemory);
        };
        let bytes = positions.of(section.positions);
        let reader = bytes.and_then(|bytes| PositionReader::new(found.df, bytes));
        reader.map(Positions::Stored).ok_or_else(|| self.broken())
    }

    pub(crate) fn lengths(&self) -> Lengths<'a> {
        match self.home {
            Home::Section(section) => section.lengths,
            Home::Memory(view) => Lengths::Memory(view),
        }
    }

    /// The norms of rows, into `out`.
    #[inline]
    pub(crate) fn inverse_norms(&self, rows: &[u32], norms: &Norms, out: &mut [f32]) {
        self.lengths().inverse_norms(rows, norms, out);
    }

    pub(crate) fn broken(&self) -> WordsError {
        match self.home {
            Home::Section(section) => section.broken_postings(),
            Home::Memory(_) => WordsError::damaged(0, "a list in memory makes no sense"),
        }
    }
}

fn find_in_memory<'a>(view: &'a MemoryView, term: &[u8]) -> (Option<Found<'a>>, i64) {
    let Some(term) = view.find(term) else { return (None, 0) };
    let list = term.list();
    let df = list.df();
    let change = i64::from(df) - term.lost();
    let found = (df > 0).then_some(Found { list: List::Memory(list), df, place: None });
    (found, change)
}
