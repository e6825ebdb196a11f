//! Searching sections and memory together: bytes in, answers out.
//!
//! A search first adds up the statistics of all sources and finds every term in each of them, so
//! that weights are those of the live rows. Then it goes through the sources, the largest first,
//! with one threshold for all. Three ways lead to the hits: `any` (some of the terms; most rows are
//! left out by bounds), `all` (every term; lists are intersected), and `mixed` for everything else.
//!
//! Invariants:
//! * A row that may not be found never takes a place: as many hits as were asked for come back while
//!   there are so many.
//! * Whether a row may be found is asked only once its score is good enough to take a place.
//! * Hits come by falling score, and among equal scores by rising key.

mod all;
mod any;
mod cursor;
mod kept;
mod list;
mod mixed;
mod parse;
mod plan;
mod source;
mod top;

use super::analyser::{Analyser, Purpose, Scratch};
use super::error::WordsError;
#[cfg(test)]
pub(super) use plan::PREFIX_TERMS_MAX;
use plan::Plan;
use top::Top;

pub use source::Source;

/// A part of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clause {
    /// Rows that have this term.
    Term(String),
    /// Rows that have these terms at positions that differ as theirs do.
    Phrase(Vec<(String, u32)>),
    /// Rows that have a term which starts so.
    Prefix(String),
}

/// What is searched for. A row is a hit if it has all of `must`, none of `must_not`, and, where
/// there is no `must`, at least one of `should`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// What a hit has to have.
    pub must: Vec<Clause>,
    /// What adds to the score.
    pub should: Vec<Clause>,
    /// What a hit must not have.
    pub must_not: Vec<Clause>,
    /// Hits with a lower score are left out.
    pub min_score: Option<f32>,
}

/// A row that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// BM25 over all live rows.
    pub score: f32,
    /// Which of the sources has the row.
    pub source: usize,
    /// The row.
    pub row: u32,
}

impl Query {
    /// Any of the words of a text.
    pub fn any(analyser: &Analyser, text: &str) -> Self {
        Self { should: terms(analyser, text), ..Self::default() }
    }

    /// All of the words of a text.
    pub fn all(analyser: &Analyser, text: &str) -> Self {
        Self { must: terms(analyser, text), ..Self::default() }
    }

    /// The words of a text side by side.
    pub fn phrase(analyser: &Analyser, text: &str) -> Self {
        let mut terms = Vec::new();
        analyser.each(text, Purpose::Query, &mut Scratch::default(), |term, position| {
            terms.push((term.to_owned(), position));
        });
        Self { must: vec![Clause::Phrase(terms)], ..Self::default() }
    }

    /// Words that start so; of more than one word, the last one may go on.
    pub fn prefix(analyser: &Analyser, text: &str) -> Self {
        let mut must = terms(analyser, text);
        if let Some(Clause::Term(last)) = must.pop() {
            must.push(Clause::Prefix(last));
        }
        Self { must, ..Self::default() }
    }
}

fn terms(analyser: &Analyser, text: &str) -> Vec<Clause> {
    let mut terms = Vec::new();
    analyser.each(text, Purpose::Query, &mut Scratch::default(), |term, _| {
        terms.push(Clause::Term(term.to_owned()));
    });
    terms
}

/// The `limit` best hits among the rows that may be found.
///
/// `key` orders hits of equal score, and is asked where rows alone do not say. It is given the number of a
/// source and a row; among the rows of one section it has to rise with the row, and is asked for rows
/// without text as well.
///
/// `allows` says, for the same two, whether a row is live and wanted. It may cost a look-up: it is
/// asked only of rows that would take a place there and then, each at most once. Statistics do not
/// depend on it. Rows that a memory view hides itself are left out without being asked for.
///
/// # Errors
/// If sources are of different make, if one is damaged where it is read, or if a phrase is asked of
/// sources without positions.
pub fn search<K: Ord + Copy>(
    sources: &[Source<'_>],
    query: &Query,
    limit: usize,
    key: impl Fn(usize, u32) -> K,
    allows: impl Fn(usize, u32) -> bool,
) -> Result<Vec<Hit>, WordsError> {
    if sources.windows(2).any(|pair| pair[0].make() != pair[1].make()) {
        return Err(WordsError::Mixed { what: "analyser or positions" });
    }
    let plan = Plan::new(sources, query)?;
    let may_be_found = |source: usize, row| sources[source].is_live(row) && allows(source, row);
    let mut top = Top::new(limit, query.min_score, sources, key, may_be_found);
    if limit == 0 || plan.is_hopeless() {
        return Ok(Vec::new());
    }
    let mut order: Vec<usize> = (0..sources.len()).collect();
    order.sort_by_key(|source| std::cmp::Reverse(sources[*source].rows()));
    for source in order {
        top.enter(source, sources[source].rows(), sources[source].keys_rise());
        match plan.shape() {
            plan::Shape::Any => any::run(&plan, sources, source, &mut top)?,
            plan::Shape::All => all::run(&plan, sources, source, &mut top)?,
            plan::Shape::Mixed => mixed::run(&plan, sources, source, &mut top)?,
        }
    }
    Ok(top.hits())
}
