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

    /// The vector of a row that has one.
    fn vector(&self, row: u32) -> Result<&[f32], VectorError>
    where
        V: Vectors,
    {
        self.vectors.vector(row).ok_or(VectorError::MissingVector { row })
    }

    /// The rows that have a vector and pass the filter, rising: most vectors lie in that order, and
    /// memory is read several times as fast in order as by chance.
    fn rows(&self) -> Result<Vec<u32>, VectorError> {
        let limit = self.section.row_limit();
        let passes = |row: &u32| self.filter.is_none_or(|filter| filter.contains(*row));
        let mut rows = Vec::with_capacity(self.section.len() as usize);
        for row in self.section.rows() {
            if row >= limit {
                return Err(corrupt(0, "a row is beyond the end of the table"));
            }
            rows.extend(Some(row).filter(passes));
        }
        rows.sort_unstable();
        Ok(rows)
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
        let answers = self.search_batch(parts, std::slice::from_ref(query), allows)?;
        Ok(answers.into_iter().next().unwrap_or_default())
    }

    /// Answers many queries, each as [`Searcher::search`] does. Vectors that have to be scored one by
    /// one are looked up once for all of them; lists are scanned for each.
    ///
    /// # Errors
    /// As [`Searcher::search`]; the first error ends it.
    pub fn search_batch<V: Vectors>(
        &self,
        parts: &[Part<'_, V>],
        queries: &[Query<'_>],
        allows: impl Fn(usize, u32) -> bool,
    ) -> Result<Vec<Vec<Hit>>, VectorError> {
        for part in parts {
            check_space("a section", self.coder.space(), part.section.space())?;
        }
        let run = |query| Run::new(self.coder, parts, query, &allows);
        let mut runs = queries.iter().map(run).collect::<Result<Vec<_>, _>>()?;
        for (number, part) in (0..).zip(parts) {
            let mut each: Vec<&mut Run<'_, '_>> = Vec::with_capacity(runs.len());
            for run in runs.iter_mut().filter(|run| run.query.limit > 0) {
                if run.plan.filtered_exactly {
                    run.score_filtered(number, part)?;
                } else if !(run.by_lists && part.has_lists()) {
                    each.push(run);
                }
            }
            score_all(number, part, &mut each)?;
        }
        let answer = |run: Run<'_, '_>| self.search_lists(parts, run).map(Run::hits);
        runs.into_iter().map(answer).collect()
    }

    /// Scans lists and adds what comes through, exactly scored, to the best of all other rows. Looks
    /// further while too much of it may not be found; in the end, at every row.
    fn search_lists<'q, 'p, V: Vectors>(
        &self,
        parts: &[Part<'p, V>],
        mut run: Run<'q, 'p>,
    ) -> Result<Run<'q, 'p>, VectorError> {
        let Query { limit, effort, .. } = *run.query;
        if !run.by_lists || limit == 0 {
            return Ok(run);
        }
        self.check_lists(parts)?;
        let others = run.best.clone();
        let mut width = Width::default();
        while width.suits(parts, limit) {
            let mut scan = Scan::new(self.coder, &run.exact, width.candidates(limit));
            for centroids in self.epochs {
                scan.scan_epoch(parts, centroids, |ranking, length| {
                    run.plan.probes(effort, width, ranking, length)
                });
            }
            run.best = others.clone();
            let left_out = scan.left_some_out();
            let share = run.score_best(parts, scan)?;
            match width.wider(limit, share, left_out, run.best.len()) {
                None => return Ok(run),
                Some(wider) => width = wider,
            }
        }
        run.best = others;
        for (number, part) in (0..).zip(parts).filter(|(_, part)| part.has_lists()) {
            run.score_allowed(number, part)?;
        }
        Ok(run)
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

/// A query on its way: what it is, who knows which rows may be found, and what was found.
struct Run<'q, 'p> {
    query: &'q Query<'q>,
    exact: ExactQuery,
    plan: Plan,
    /// Lists are scanned where there are some.
    by_lists: bool,
    allows: &'q dyn Fn(usize, u32) -> bool,
    best: Candidates<'p>,
}

/// Scores every row of a part for each of these. Only of what would take a place it is asked whether it
/// may be found, and once for all of them.
fn score_all<'p, V: Vectors>(
    number: u32,
    part: &Part<'p, V>,
    runs: &mut [&mut Run<'_, 'p>],
) -> Result<(), VectorError> {
    let Some(allows) = runs.first().map(|run| run.allows) else { return Ok(()) };
    for run in &mut *runs {
        run.best.begin_part(number, part.filter, part.section.row_limit());
    }
    for row in part.rows()? {
        let vector = part.vector(row)?;
        let mut known = None;
        for run in &mut *runs {
            let score = run.exact.score(row, vector)?;
            let may_be_found = || *known.get_or_insert_with(|| allows(number as usize, row));
            run.best.offer_exact(row, score, may_be_found);
        }
    }
    Ok(())
}

impl<'q, 'p> Run<'q, 'p> {
    fn new<V>(
        coder: &Coder,
        parts: &[Part<'p, V>],
        query: &'q Query<'q>,
        allows: &'q dyn Fn(usize, u32) -> bool,
    ) -> Result<Self, VectorError> {
        let exact = ExactQuery::new(coder.space(), query.vector, coder.level())?;
        let plan = Plan::new(parts, query);
        let by_lists = !plan.filtered_exactly && query.effort != Effort::Exact;
        Ok(Self { query, exact, plan, by_lists, allows, best: Candidates::new(query.limit) })
    }

    /// The answer.
    fn hits(self) -> Vec<Hit> {
        let min_score = self.query.min_score.unwrap_or(f32::NEG_INFINITY);
        let hits = self.best.into_best().into_iter().map(|candidate| Hit {
            part: candidate.part as usize,
            row: candidate.row,
            score: candidate.score,
        });
        hits.take_while(|hit| hit.score >= min_score).collect()
    }

    fn allows(&self, part: u32, row: u32) -> bool {
        (self.allows)(part as usize, row)
    }

    /// Scores those rows of a part that may be found, which are few.
    fn score_allowed<V: Vectors>(
        &mut self,
        number: u32,
        part: &Part<'p, V>,
    ) -> Result<(), VectorError> {
        self.best.begin_part(number, part.filter, part.section.row_limit());
        for row in part.rows()? {
            if self.allows(number, row) {
                let score = self.exact.score(row, part.vector(row)?)?;
                self.best.offer_exact(row, score, || true);
            }
        }
        Ok(())
    }

    /// Scores the few rows that a filter leaves. Those without a vector are left out.
    fn score_filtered<V: Vectors>(
        &mut self,
        number: u32,
        part: &Part<'p, V>,
    ) -> Result<(), VectorError> {
        let Some(filter) = part.filter else { return score_all(number, part, &mut [self]) };
        self.best.begin_part(number, part.filter, part.section.row_limit());
        for row in filter.rows().take_while(|row| *row < part.section.row_limit()) {
            if let Some(vector) = part.vectors.vector(row) {
                let score = self.exact.score(row, vector)?;
                let allows = self.allows;
                self.best.offer_exact(row, score, || allows(number as usize, row));
            }
        }
        Ok(())
    }

    /// Scores the best of a scan that may be found, as many as are worth it. The share that may be.
    fn score_best<V: Vectors>(
        &mut self,
        parts: &[Part<'_, V>],
        scan: Scan<'_, '_>,
    ) -> Result<Share, VectorError> {
        let mut share = Share::default();
        let mut waiting = VecDeque::with_capacity(VECTORS_AHEAD + 1);
        for candidate in scan.into_candidates(parts)? {
            if share.allowed >= Plan::scored(self.query.limit) {
                break;
            }
            let Some(part) = parts.get(candidate.part as usize) else { continue };
            share.asked += 1;
            if self.allows(candidate.part, candidate.row) {
                share.allowed += 1;
                let vector = part.vector(candidate.row)?;
                prefetch(vector.as_bytes());
                waiting.push_back((candidate, vector));
                if waiting.len() > VECTORS_AHEAD {
                    self.score_first(parts, &mut waiting)?;
                }
            }
        }
        while !waiting.is_empty() {
            self.score_first(parts, &mut waiting)?;
        }
        Ok(share)
    }

    /// Scores the candidate that has waited longest for its vector.
    fn score_first<V: Vectors>(
        &mut self,
        parts: &[Part<'_, V>],
        waiting: &mut VecDeque<(Candidate, &[f32])>,
    ) -> Result<(), VectorError> {
        let Some((candidate, vector)) = waiting.pop_front() else { return Ok(()) };
        let part = &parts[candidate.part as usize];
        self.best.begin_part(candidate.part, None, part.section.row_limit());
        let score = self.exact.score(candidate.row, vector)?;
        self.best.offer_exact(candidate.row, score, || true);
        Ok(())
    }
}
