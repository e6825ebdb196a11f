//! Searching the sections of one space in several segments, under one threshold.
//!
//! A query is turned and coded once. The cells of each epoch are ranked once for all segments, and
//! the best of them are scanned in every segment. What comes through is scored exactly, with the
//! vectors as they are; so are all vectors of sections without lists.
//!
//! Invariants:
//! * Scores in answers are exact, and the same on every processor.
//! * A row that may not be found takes no place: there are `limit` answers while there are so many
//!   rows that may be found, unless `min_score` asks for better ones.
//! * Whether a row may be found is asked only once its score, or an estimate of it, is good enough.

use std::collections::VecDeque;

use zerocopy::IntoBytes;

use super::candidates::{Candidate, Candidates};
use super::centroids::{Centroids, check_space};
use super::code::Coder;
use super::dispatch::prefetch;
use super::error::VectorError;
use super::exact::ExactQuery;
use super::layout::Form;
use super::plan::{Effort, Plan, Share, Width};
use super::rows::{RowSet, Vectors};
use super::scan::Scan;
use super::section::{Section, corrupt};

/// How many vectors are asked for ahead of their scoring: they lie far from one another.
const VECTORS_AHEAD: usize = 4;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Query<'q> {
    /// The vector to be near to.
    pub vector: &'q [f32],
    /// How many answers, at most.
    pub limit: usize,
    /// How hard to look.
    pub effort: Effort,
    /// If given, answers score at least this much.
    pub min_score: Option<f32>,
}

impl<'q> Query<'q> {
    /// The `limit` nearest, with an effort that suits most.
    pub fn new(vector: &'q [f32], limit: usize) -> Self {
        Self { vector, limit, effort: Effort::default(), min_score: None }
    }
}

/// One segment: its section, its vectors, and what is known beforehand of its rows.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a, V> {
    /// The section.
    pub section: &'a Section<'a>,
    /// Where its vectors are.
    pub vectors: V,
    /// If given, only these rows may be found. Knowing them beforehand makes a search for few rows
    /// cheaper than asking for each.
    pub filter: Option<RowSet<'a>>,
}

impl<V> Part<'_, V> {
    pub(super) fn has_lists(&self) -> bool {
        self.section.form() != Form::Rows
    }

    /// The rows that have a vector and pass the filter.
    fn rows(&self) -> impl Iterator<Item = Result<u32, VectorError>> + '_ {
        let limit = self.section.row_limit();
        let passes = move |row: &u32| {
            *row >= limit || self.filter.is_none_or(|filter| filter.contains(*row))
        };
        let in_range = move |row: u32| {
            if row < limit {
                Ok(row)
            } else {
                Err(corrupt(0, "a row is beyond the end of the table"))
            }
        };
        self.section.rows().filter(passes).map(in_range)
    }
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Which of the parts.
    pub part: usize,
    /// The row in its segment.
    pub row: u32,
    /// The exact score; higher is nearer.
    pub score: f32,
}

/// Searches sections of one space.
#[derive(Clone, Copy, Debug)]
pub struct Searcher<'a> {
    coder: &'a Coder,
    epochs: &'a [&'a Centroids],
}

impl<'a> Searcher<'a> {
    /// A searcher with the centroids of every epoch that sections name.
    ///
    /// # Errors
    /// [`VectorError::OtherSpace`] if centroids are of another space.
    pub fn new(coder: &'a Coder, epochs: &'a [&'a Centroids]) -> Result<Self, VectorError> {
        for centroids in epochs {
            check_space("the centroids", coder.space(), centroids.space())?;
        }
        Ok(Self { coder, epochs })
    }

    /// The nearest in all parts that may be found, the best first; ties by part and row.
    ///
    /// `allows` is given the number of a part and a row, and says whether the row is live and wanted.
    /// It may cost a look-up: it is asked of rows that are worth an exact score or would take a
    /// place, perhaps more than once of one. Where few rows are allowed, all of them are asked for.
    ///
    /// # Errors
    /// If the query cannot be in the space, if a part is of another one, if its centroids are not
    /// at hand, or if it is damaged or has no vector for one of its rows.
    pub fn search<V: Vectors>(
        &self,
        parts: &[Part<'_, V>],
        query: &Query<'_>,
        allows: impl Fn(usize, u32) -> bool,
    ) -> Result<Vec<Hit>, VectorError> {
        let exact = ExactQuery::new(self.coder.space(), query.vector, self.coder.level())?;
        for part in parts {
            check_space("a section", self.coder.space(), part.section.space())?;
        }
        let limit = query.limit;
        if limit == 0 {
            return Ok(Vec::new());
        }
        let plan = Plan::new(parts, query);
        let asked = Asked { query: &exact, allows: &allows };
        let by_lists = !plan.filtered_exactly && query.effort != Effort::Exact;
        let mut best = Candidates::new(limit);
        for (number, part) in (0..).zip(parts) {
            best.begin_part(number, part.filter, part.section.row_limit());
            if plan.filtered_exactly {
                asked.score_filtered(number, part, &mut best)?;
            } else if !(by_lists && part.has_lists()) {
                asked.score_all(number, part, Order::ScoreFirst, &mut best)?;
            }
        }
        if by_lists {
            best = self.search_lists(parts, query, plan, &asked, best)?;
        }
        let min_score = query.min_score.unwrap_or(f32::NEG_INFINITY);
        let hits = best.into_best().into_iter().map(|candidate| Hit {
            part: candidate.part as usize,
            row: candidate.row,
            score: candidate.score,
        });
        Ok(hits.take_while(|hit| hit.score >= min_score).collect())
    }

    /// Answers many queries.
    ///
    /// # Errors
    /// As [`Searcher::search`]; the first error ends it.
    pub fn search_batch<V: Vectors>(
        &self,
        parts: &[Part<'_, V>],
        queries: &[Query<'_>],
        allows: impl Fn(usize, u32) -> bool,
    ) -> Result<Vec<Vec<Hit>>, VectorError> {
        queries.iter().map(|query| self.search(parts, query, &allows)).collect()
    }

    /// Scans lists and adds what comes through, exactly scored, to the best of all other rows. Looks
    /// further while too much of it may not be found; in the end, at every row.
    fn search_lists<'p, V: Vectors>(
        &self,
        parts: &[Part<'p, V>],
        query: &Query<'_>,
        plan: Plan,
        asked: &Asked<'_>,
        others: Candidates<'p>,
    ) -> Result<Candidates<'p>, VectorError> {
        self.check_lists(parts)?;
        let mut width = Width::default();
        while width.suits(parts, query.limit) {
            let mut scan = Scan::new(self.coder, asked.query, width.candidates(query.limit));
            for centroids in self.epochs {
                let probes = plan.probes(query.effort, width, centroids.cells());
                scan.scan_epoch(parts, centroids, probes);
            }
            let mut found = others.clone();
            let left_out = scan.left_some_out();
            let share = asked.score_best(parts, scan, query.limit, &mut found)?;
            match width.wider(query.limit, share, left_out, found.len()) {
                None => return Ok(found),
                Some(wider) => width = wider,
            }
        }
        let mut best = others;
        for (number, part) in (0..).zip(parts).filter(|(_, part)| part.has_lists()) {
            best.begin_part(number, part.filter, part.section.row_limit());
            asked.score_all(number, part, Order::AskFirst, &mut best)?;
        }
        Ok(best)
    }

    /// The centroids of every part with lists have to be at hand.
    fn check_lists<V>(&self, parts: &[Part<'_, V>]) -> Result<(), VectorError> {
        for part in parts.iter().filter(|part| part.has_lists()) {
            let epoch = part.section.epoch();
            let centroids = self.epochs.iter().find(|centroids| centroids.epoch() == epoch);
            let centroids = centroids.ok_or(VectorError::MissingCentroids { epoch })?;
            if part.section.lists() != centroids.cells() {
                return Err(corrupt(40, "number of lists is not that of the epoch"));
            }
        }
        Ok(())
    }
}

/// Whether a row is scored before it is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// Only those that would take a place are asked for.
    ScoreFirst,
    /// Only those that may be found are scored: for when these are few.
    AskFirst,
}

/// A query, and who knows which rows may be found.
struct Asked<'q> {
    query: &'q ExactQuery,
    allows: &'q dyn Fn(usize, u32) -> bool,
}

impl Asked<'_> {
    fn allows(&self, part: u32, row: u32) -> bool {
        (self.allows)(part as usize, row)
    }

    fn score<V: Vectors>(&self, part: &Part<'_, V>, row: u32) -> Result<f32, VectorError> {
        let vector = part.vectors.vector(row).ok_or(VectorError::MissingVector { row })?;
        self.query.score(row, vector)
    }

    /// Scores every row of a part, and asks which may be found, in this order.
    fn score_all<V: Vectors>(
        &self,
        number: u32,
        part: &Part<'_, V>,
        order: Order,
        best: &mut Candidates<'_>,
    ) -> Result<(), VectorError> {
        for row in part.rows() {
            let row = row?;
            let may_be_found = || self.allows(number, row);
            match order {
                Order::ScoreFirst => best.offer_exact(row, self.score(part, row)?, may_be_found),
                Order::AskFirst if may_be_found() => {
                    best.offer_exact(row, self.score(part, row)?, || true);
                }
                Order::AskFirst => {}
            }
        }
        Ok(())
    }

    /// Scores the few rows that a filter leaves. Those without a vector are left out.
    fn score_filtered<V: Vectors>(
        &self,
        number: u32,
        part: &Part<'_, V>,
        best: &mut Candidates<'_>,
    ) -> Result<(), VectorError> {
        let Some(filter) = part.filter else {
            return self.score_all(number, part, Order::ScoreFirst, best);
        };
        for row in filter.rows().take_while(|row| *row < part.section.row_limit()) {
            if let Some(vector) = part.vectors.vector(row) {
                let score = self.query.score(row, vector)?;
                best.offer_exact(row, score, || self.allows(number, row));
            }
        }
        Ok(())
    }

    /// Scores the best of a scan that may be found, as many as are worth it. The share that may be.
    fn score_best<V: Vectors>(
        &self,
        parts: &[Part<'_, V>],
        scan: Scan<'_, '_>,
        limit: usize,
        best: &mut Candidates<'_>,
    ) -> Result<Share, VectorError> {
        let mut share = Share::default();
        let mut waiting = VecDeque::with_capacity(VECTORS_AHEAD + 1);
        for candidate in scan.into_candidates(parts)? {
            if share.allowed >= Plan::scored(limit) {
                break;
            }
            let Some(part) = parts.get(candidate.part as usize) else { continue };
            share.asked += 1;
            if self.allows(candidate.part, candidate.row) {
                share.allowed += 1;
                let row = candidate.row;
                let vector = part.vectors.vector(row).ok_or(VectorError::MissingVector { row })?;
                prefetch(vector.as_bytes());
                waiting.push_back((candidate, vector));
                if waiting.len() > VECTORS_AHEAD {
                    self.score_first(parts, &mut waiting, best)?;
                }
            }
        }
        while !waiting.is_empty() {
            self.score_first(parts, &mut waiting, best)?;
        }
        Ok(share)
    }

    /// Scores the candidate that has waited longest for its vector.
    fn score_first<V: Vectors>(
        &self,
        parts: &[Part<'_, V>],
        waiting: &mut VecDeque<(Candidate, &[f32])>,
        best: &mut Candidates<'_>,
    ) -> Result<(), VectorError> {
        let Some((candidate, vector)) = waiting.pop_front() else { return Ok(()) };
        let part = &parts[candidate.part as usize];
        best.begin_part(candidate.part, None, part.section.row_limit());
        let score = self.query.score(candidate.row, vector)?;
        best.offer_exact(candidate.row, score, || true);
        Ok(())
    }
}
