//! Searching the words of a snapshot: all tables, one score.

use std::cell::RefCell;
use std::sync::Arc;

use sutra_format::ConceptId;
use sutra_fs::Dir;
use sutra_index::words::search::{Query, Source, search};
use sutra_index::words::{Analyser, MemoryView, Section};

use super::past::PastWords;
use super::{failure, usable};
use crate::error::{LsmError, Result};
use crate::memtable::{Found, Memtable};
use crate::snapshot::{Concept, Home, Snapshot};

/// A concept that was found by its words.
pub struct WordHit<'s, D: Dir> {
    /// BM25 over all texts that the snapshot sees, facts included.
    pub score: f32,
    /// The concept, or the one that carries the text of an association.
    pub concept: Concept<'s, D>,
}

/// Says whether an answer is wanted.
pub type Keep<'k, D> = &'k dyn Fn(&Concept<'_, D>) -> Result<bool>;

impl<D: Dir> Snapshot<D> {
    /// What makes the terms of texts: queries must be made of the same.
    pub fn analyser(&self) -> Analyser {
        self.version.spaces.analyser
    }

    /// The `limit` best concepts and facts for a query that `keep` lets through, by falling score;
    /// equal ones in the order of the tables. `keep` is asked only of what is good enough to be an
    /// answer.
    ///
    /// Scores are exact: to the last bit those of an index made afresh of what the snapshot sees. What
    /// was committed since the last search is indexed first; that costs about as much as its texts
    /// take to be read word by word. The first search of a snapshot of the past does so with all texts
    /// that were changed since.
    pub fn search_words(
        &self,
        query: &Query,
        limit: usize,
        keep: Option<Keep<'_, D>>,
    ) -> Result<Vec<WordHit<'_, D>>> {
        let (present, past) = (self.present(), self.past_words()?);
        let views = present.views()?;
        let tables = present.tables(&views, past.as_deref())?;
        let sources: Vec<Source<'_>> = tables.iter().map(Table::source).collect();
        // Rows are asked for in the midst of the search, which knows nothing of failures.
        let failed = RefCell::new(None);
        let or_fail = |result: Result<bool>| {
            result.unwrap_or_else(|error| {
                failed.borrow_mut().get_or_insert(error);
                false
            })
        };
        let place = |source: usize, row: u32| {
            present.id_of(&tables[source], row).map(|id| (self.version.hash(&id), id))
        };
        let key = |source: usize, row: u32| {
            place(source, row).unwrap_or_else(|error| {
                or_fail(Err(error));
                (u64::MAX, ConceptId::from_bytes([0xff; 16]))
            })
        };
        let allows = |source: usize, row: u32| {
            let table = &tables[source];
            let lives = present.lives(table, row, past.as_deref());
            let is_wanted = || match (table, keep) {
                (_, None) if !self.may_expire() => Ok(true),
                (Table::Segment(at, _), Some(keep)) if past.is_none() && !self.may_expire() => {
                    self.live_row(*at, row)?.map_or(Ok(false), |concept| keep(&concept))
                }
                _ => self.is_wanted(&present.id_of(table, row)?, keep),
            };
            or_fail(lives.and_then(|lives| Ok(lives && is_wanted()?))) && failed.borrow().is_none()
        };
        let hits = search(&sources, query, limit, key, allows);
        if let Some(error) = failed.take() {
            return Err(error);
        }
        let hits = hits.map_err(|error| failure(self.version.segments.iter(), error))?;
        let ids: Vec<ConceptId> = hits
            .iter()
            .map(|hit| present.id_of(&tables[hit.source], hit.row))
            .collect::<Result<_>>()?;
        let found = hits.iter().zip(self.concepts(&ids)?);
        let hit = |(score, concept)| WordHit { score, concept };
        Ok(found.filter_map(|(found, concept)| Some(hit((found.score, concept?)))).collect())
    }

    /// Of one of the past: what was otherwise.
    fn past_words(&self) -> Result<Option<Arc<PastWords>>> {
        let Some(past) = self.standing() else { return Ok(None) };
        let all = self.with_expired();
        let between = || PastWords::between(&all, &all.present(), &all.changed_until(past.now)?);
        past.words(between).map(Some)
    }

    /// Indexes what is in memory, as far as it can be seen. The number is that of the memtable.
    fn views(&self) -> Result<Vec<(usize, MemoryView)>> {
        let memtables = self.version.memtables.iter().enumerate().filter(|(_, m)| !m.is_empty());
        let view = |(at, memtable): (usize, &Arc<Memtable>)| {
            Ok((at, memtable.words.view(memtable, &self.version, self.seq())?))
        };
        memtables.map(view).collect()
    }

    fn tables<'s>(
        &'s self,
        views: &'s [(usize, MemoryView)],
        past: Option<&'s PastWords>,
    ) -> Result<Vec<Table<'s>>> {
        let mut tables: Vec<Table<'s>> = past.map(Table::Past).into_iter().collect();
        tables.extend(views.iter().map(|(at, view)| Table::Memory(*at, view)));
        for (at, file) in self.version.segments.iter().enumerate() {
            match usable(file, self.analyser())? {
                Some(section) => tables.push(Table::Segment(at, section)),
                None if file.concept_rows() == 0 => {}
                None => {
                    return Err(LsmError::NotIndexed { path: file.segment.path().to_path_buf() });
                }
            }
        }
        Ok(tables)
    }

    fn id_of(&self, table: &Table<'_>, row: u32) -> Result<ConceptId> {
        match table {
            Table::Past(past) => Ok(past.id_of(row)),
            Table::Segment(at, _) => Ok(self.version.segments[*at].segment.concept(row)?.id),
            Table::Memory(at, _) => {
                let found = self.version_of(*at, row);
                Ok(found.map_or(ConceptId::from_bytes([0xff; 16]), |found| found.record.id))
            }
        }
    }

    /// What an event of a memtable put; nothing if it only hid something.
    fn version_of(&self, at: usize, event: u32) -> Option<Found> {
        let memtable = &self.version.memtables[at];
        let number = memtable.words.version_of(event)?;
        memtable.logged(number, self.seq()).map(|logged| logged.found)
    }

    /// Whether a row is what the present sees, and what the past saw.
    fn lives(&self, table: &Table<'_>, row: u32, past: Option<&PastWords>) -> Result<bool> {
        let lives = match table {
            Table::Past(_) => return Ok(true),
            Table::Segment(at, _) => self.is_row_live(*at, row)?,
            Table::Memory(at, _) => match self.version_of(*at, row) {
                Some(found) => {
                    let home = Home::Memtable(&self.version.memtables[*at], found.payload);
                    self.memtables_leave(&found.record, *at)
                        && (!found.record.is_fact() || self.is_fact_held(&found.record, home)?)
                }
                None => false,
            },
        };
        match past.filter(|_| lives) {
            Some(past) => Ok(!past.differs(&self.id_of(table, row)?)),
            None => Ok(lives),
        }
    }

    /// Whether the caller wants a concept that is there, unless it is expired.
    pub(crate) fn is_wanted(&self, id: &ConceptId, keep: Option<Keep<'_, D>>) -> Result<bool> {
        if keep.is_none() && !self.may_expire() {
            return Ok(true);
        }
        let Some(concept) = self.concept(id)? else { return Ok(false) };
        let is_fact = self.may_expire() && concept.record().is_fact();
        if is_fact && self.association_of(&concept)?.is_none() {
            return Ok(false);
        }
        keep.map_or(Ok(true), |keep| keep(&concept))
    }
}

/// A table that has words.
enum Table<'s> {
    Past(&'s PastWords),
    Segment(usize, Section<'s>),
    Memory(usize, &'s MemoryView),
}

impl<'s> Table<'s> {
    fn source(&self) -> Source<'s> {
        match self {
            Self::Past(past) => Source::memory(&past.view),
            Self::Segment(_, section) => Source::section(*section),
            Self::Memory(_, view) => Source::memory(view),
        }
    }
}
