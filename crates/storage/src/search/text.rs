//! [`TextSearch`]: by words.

use sutra_index::words::search::Query;
use sutra_lsm::{Concept, Keep, Snapshot, WordHit};

use super::{Filter, Found, Hit};
use crate::error::{Error, Result};

/// How the words of a query are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Matching {
    /// Any of the words; the more of them and the rarer, the better.
    #[default]
    Any,
    /// All of the words.
    All,
    /// The words one after the other.
    Phrase,
    /// All of the words, the last of which may go on. Where words are compared by their stems, the stem
    /// of the last one may go on: `merging` stands for whatever starts with `merg`, `mergi` for nothing.
    Prefix,
    /// As it is written: `word`, `+must`, `-must_not`, `"a phrase"`, `start*`.
    Syntax,
}

/// Asks for what says certain words; made by [`Snapshot::search_text`](crate::Snapshot::search_text).
///
/// Contents of concepts and of associations are searched, attributes and keys are not. Words are
/// compared without case and diacritics, and by their stems if the store was
/// [made so](crate::StoreOptions::analyser()). The score is BM25 over all texts that the snapshot sees:
/// exact, and to the last bit that of an index made afresh. What was committed is found at once.
#[derive(Clone)]
#[must_use = "it asks nothing until it is collected"]
pub struct TextSearch<'s> {
    snapshot: &'s Snapshot,
    text: String,
    matching: Matching,
    filter: Filter,
    limit: usize,
    min_score: Option<f32>,
}

impl<'s> TextSearch<'s> {
    pub(crate) fn new(snapshot: &'s Snapshot, text: &str) -> Self {
        Self {
            snapshot,
            text: text.to_owned(),
            matching: Matching::default(),
            filter: Filter::new(),
            limit: 10,
            min_score: None,
        }
    }

    /// How the words are meant; any of them by default.
    pub fn matching(mut self, matching: Matching) -> Self {
        self.matching = matching;
        self
    }

    /// What may be found; everything by default.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// At most so many; 10 by default.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Only what scores at least so much.
    pub fn min_score(mut self, score: f32) -> Self {
        self.min_score = Some(score);
        self
    }

    /// The answer, the best first; what scores alike in the order in which the store keeps it.
    pub fn collect(&self) -> Result<Vec<Hit<'s>>> {
        if self.min_score.is_some_and(f32::is_nan) {
            return Err(Error::invalid("the least score must be a number"));
        }
        let query = Query { min_score: self.min_score, ..self.query() };
        let keep = |concept: &Concept<'_>| self.filter.allows(self.snapshot, concept);
        let keep: Option<Keep<'_, _>> = if self.filter.is_empty() { None } else { Some(&keep) };
        let hits = self.snapshot.search_words(&query, self.limit, keep)?;
        let hit = |hit: WordHit<'s, _>| {
            Ok(Hit { score: hit.score, found: Found::of(self.snapshot, hit.concept)? })
        };
        hits.into_iter().map(hit).collect()
    }

    fn query(&self) -> Query {
        let analyser = self.snapshot.analyser();
        match self.matching {
            Matching::Any => Query::any(&analyser, &self.text),
            Matching::All => Query::all(&analyser, &self.text),
            Matching::Phrase => Query::phrase(&analyser, &self.text),
            Matching::Prefix => Query::prefix(&analyser, &self.text),
            Matching::Syntax => Query::parse(&analyser, &self.text),
        }
    }
}
