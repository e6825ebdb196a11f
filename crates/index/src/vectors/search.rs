//! Searching the sections of one space in several segments, under one threshold.
//!
//! A query is turned and coded once. The cells of each epoch are ranked once for all segments, and
//! the best of them are scanned in every segment. What comes through is scored exactly, with the
//! vectors as they are; so are all vectors of sections without lists.
//!
//! Invariants:
//! * Scores in answers are exact, and the same on every processor.
//! * Rows that may not be found are left out before anything is ranked: there are `limit` answers
//!   while there are so many rows that may be found, unless `min_score` asks for better ones.

use super::candidates::{Candidate, Candidates};
use super::centroids::{Centroids, check_space};
use super::code::{CodeQuery, Coded, Coder};
use super::dispatch;
use super::error::VectorError;
use super::exact::ExactQuery;
use super::layout::Form;
use super::plan::{Effort, Plan};
use super::rows::{Vectors, Visible};
use super::section::{Section, corrupt};
use super::signs::SignQuery;

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

/// One segment: its section, its vectors, and which of its rows may be found.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a, V> {
    /// The section.
    pub section: &'a Section<'a>,
    /// Where its vectors are.
    pub vectors: V,
    /// Which rows may be found.
    pub visible: Visible<'a>,
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

    /// The nearest in all parts, the best first; ties by part and row.
    ///
    /// # Errors
    /// If the query cannot be in the space, if a part is of another one, if its centroids are not
    /// at hand, or if it is damaged or has no vector for one of its rows.
    pub fn search<V: Vectors>(
        &self,
        parts: &[Part<'_, V>],
        query: &Query<'_>,
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
        let mut best = Candidates::new(limit);
        for (number, part) in (0..).zip(parts) {
            best.begin_part(number, part.visible, part.section.row_limit());
            if plan.filtered_exactly {
                score_filtered(part, &exact, &mut best)?;
            } else if query.effort == Effort::Exact || part.section.form() == Form::Rows {
                score_all(part, &exact, &mut best)?;
            }
        }
        if !plan.filtered_exactly && query.effort != Effort::Exact {
            self.search_lists(parts, query, plan, &exact, &mut best)?;
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
    ) -> Result<Vec<Vec<Hit>>, VectorError> {
        queries.iter().map(|query| self.search(parts, query)).collect()
    }

    /// Scans lists and adds what comes through, exactly scored, to the best.
    fn search_lists<'p, V: Vectors>(
        &self,
        parts: &[Part<'p, V>],
        query: &Query<'_>,
        plan: Plan,
        exact: &ExactQuery,
        best: &mut Candidates<'p>,
    ) -> Result<(), VectorError> {
        let mut scan = Scan::new(self.coder, exact, query.limit);
        for part in parts.iter().filter(|part| part.section.form() != Form::Rows) {
            let epoch = part.section.epoch();
            let centroids = self.epochs.iter().find(|centroids| centroids.epoch() == epoch);
            let centroids = centroids.ok_or(VectorError::MissingCentroids { epoch })?;
            if part.section.lists() != centroids.cells() {
                return Err(corrupt(40, "number of lists is not that of the epoch"));
            }
        }
        for centroids in self.epochs {
            scan.scan_epoch(parts, centroids, plan.probes(query.effort, centroids.cells()));
        }
        if scan.found.has_bad_row() {
            return Err(corrupt(0, "a row is beyond the end of the table"));
        }
        for candidate in scan.into_candidates(parts) {
            let Some(part) = parts.get(candidate.part as usize) else { continue };
            let row = candidate.row;
            let vector = part.vectors.vector(row).ok_or(VectorError::MissingVector { row })?;
            best.begin_part(candidate.part, part.visible, part.section.row_limit());
            best.offer_exact(row, exact.score(row, vector)?);
        }
        Ok(())
    }
}

fn score_all<V: Vectors>(
    part: &Part<'_, V>,
    exact: &ExactQuery,
    best: &mut Candidates<'_>,
) -> Result<(), VectorError> {
    for row in part.section.rows() {
        if row >= part.section.row_limit() {
            return Err(corrupt(0, "a row is beyond the end of the table"));
        }
        if part.visible.allows(row) {
            let vector = part.vectors.vector(row).ok_or(VectorError::MissingVector { row })?;
            best.offer_exact(row, exact.score(row, vector)?);
        }
    }
    Ok(())
}

/// Scores the few rows that a filter leaves. Those without a vector are left out.
fn score_filtered<V: Vectors>(
    part: &Part<'_, V>,
    exact: &ExactQuery,
    best: &mut Candidates<'_>,
) -> Result<(), VectorError> {
    let Some(rows) = part.visible.filtered_rows() else {
        return score_all(part, exact, best);
    };
    for row in rows.take_while(|row| *row < part.section.row_limit()) {
        if let Some(vector) = part.vectors.vector(row) {
            best.offer_exact(row, exact.score(row, vector)?);
        }
    }
    Ok(())
}

/// How many lists ahead of its scan a list is asked for.
const LISTS_AHEAD: usize = 4;

/// A scan of lists: the query in all its forms, and what it found.
struct Scan<'c, 'a> {
    coder: &'c Coder,
    limit: usize,
    turned: Vec<f32>,
    codes: CodeQuery,
    signs: Option<SignQuery>,
    found: Candidates<'a>,
}

impl<'c, 'a> Scan<'c, 'a> {
    fn new(coder: &'c Coder, exact: &ExactQuery, limit: usize) -> Self {
        let mut coded = Coded::default();
        coder.code_checked(exact.vector(), exact.length() * exact.length(), &mut coded);
        let mut codes = CodeQuery::default();
        codes.set(&coded.codes, coded.scale);
        let has_signs = coder.space().has_signs();
        let signs = has_signs.then(|| SignQuery::new(coder.level(), &coded.turned));
        let keep = if has_signs { Plan::kept_by_signs(limit) } else { Plan::kept_by_codes(limit) };
        let found = Candidates::new(keep);
        Self { coder, limit, turned: coded.turned, codes, signs, found }
    }

    /// Scans the best cells of an epoch, and further ones while there are too few answers.
    fn scan_epoch<V>(&mut self, parts: &[Part<'a, V>], centroids: &Centroids, probes: usize) {
        let of_epoch = |part: &&(u32, &Part<'a, V>)| {
            part.1.section.form() != Form::Rows && part.1.section.epoch() == centroids.epoch()
        };
        let parts: Vec<_> = (0..).zip(parts).collect();
        let parts: Vec<_> = parts.iter().filter(of_epoch).copied().collect();
        if parts.is_empty() {
            return;
        }
        let level = self.coder.level();
        self.scan_cells(&parts, centroids, &centroids.rank(level, &self.codes, probes), usize::MAX);
        if self.found.len() < self.limit && probes < centroids.cells() as usize {
            let cells = centroids.rank(level, &self.codes, centroids.cells() as usize);
            self.scan_cells(&parts, centroids, &cells[probes.min(cells.len())..], self.limit);
        }
    }

    /// Scans the lists of cells in every part, until there are `enough` answers. Lists are asked for
    /// ahead of their scan, since they lie far from one another.
    fn scan_cells<V>(
        &mut self,
        parts: &[(u32, &Part<'a, V>)],
        centroids: &Centroids,
        cells: &[Candidate],
        enough: usize,
    ) {
        for (place, cell) in cells.iter().enumerate() {
            if self.found.len() >= enough {
                return;
            }
            let base = self.base(centroids, cell.row);
            for (number, (part_number, part)) in parts.iter().enumerate() {
                let ahead = place * parts.len() + number + LISTS_AHEAD;
                if let Some(cell) = cells.get(ahead / parts.len()) {
                    parts[ahead % parts.len()].1.section.prefetch(cell.row);
                }
                self.found.begin_part(*part_number, part.visible, part.section.row_limit());
                self.scan_list(part.section, cell.row, base);
            }
        }
    }

    /// The score of a centroid, where scores of its vectors are added to it.
    fn base(&self, centroids: &Centroids, cell: u32) -> f32 {
        let turned = centroids.turned(cell);
        match self.signs {
            Some(_) => dispatch::dot_and_square(self.coder.level(), &self.turned, turned).0,
            None => 0.0,
        }
    }

    fn scan_list(&mut self, section: &Section<'_>, list: u32, base: f32) {
        let level = self.coder.level();
        match &self.signs {
            Some(signs) => {
                let list = section.sign_list(list, base);
                dispatch::scan_signs(level, list, signs, &mut self.found);
            }
            None => {
                let list = section.code_list(list);
                dispatch::scan_codes(level, list, &self.codes, &mut self.found);
            }
        }
    }

    /// What is worth an exact score.
    fn into_candidates<V>(self, parts: &[Part<'_, V>]) -> Vec<Candidate> {
        let mut candidates = self.found.into_best();
        if self.signs.is_none() {
            return candidates;
        }
        for candidate in &mut candidates {
            let Some(part) = parts.get(candidate.part as usize) else { continue };
            let (code, scale, bias) = part.section.code(candidate.slot);
            let product = dispatch::product(self.coder.level(), code, &self.codes);
            candidate.score = self.codes.score(product, scale) + bias;
        }
        candidates.sort_unstable_by(Candidate::order);
        candidates.truncate(Plan::kept_by_codes(self.limit));
        candidates
    }
}
