//! [`Scan`]: going through the lists of the best cells, and keeping what scores best by its code.

use super::candidates::{Candidate, Candidates};
use super::centroids::Centroids;
use super::code::{CodeQuery, Coded, Coder};
use super::dispatch::{self, prefetch};
use super::error::VectorError;
use super::exact::ExactQuery;
use super::layout::Form;
use super::plan::{LeftOut, Plan};
use super::ranking::Ranking;
use super::search::Part;
use super::section::{Section, corrupt};
use super::signs::SignQuery;

/// How many lists ahead of its scan a list is asked for.
const LISTS_AHEAD: usize = 4;

/// So many cells are scanned in every segment before the others are in any.
const FIRST_CELLS: usize = 8;

/// How many codes ahead of its use a code is asked for.
const CODES_AHEAD: usize = 4;

/// A scan of lists: the query in all its forms, and what it found.
pub(super) struct Scan<'c, 'a> {
    coder: &'c Coder,
    limit: usize,
    /// The length of the query.
    length: f32,
    turned: Vec<f32>,
    codes: CodeQuery,
    signs: Option<SignQuery>,
    found: Candidates<'a>,
    /// Whether every list of each epoch so far was scanned.
    complete: bool,
}

impl<'c, 'a> Scan<'c, 'a> {
    pub(super) fn new(coder: &'c Coder, exact: &ExactQuery, limit: usize) -> Self {
        let mut coded = Coded::default();
        coder.code_checked(exact.vector(), exact.length() * exact.length(), &mut coded);
        let mut codes = CodeQuery::new(coder.padded());
        codes.set(0, &coded.codes, coded.scale);
        let has_signs = coder.space().has_signs();
        let signs = has_signs.then(|| SignQuery::new(coder.level(), &coded.turned));
        let keep = if has_signs { Plan::kept_by_signs(limit) } else { Plan::kept_by_codes(limit) };
        let found = Candidates::new(keep);
        let (length, turned) = (exact.length(), coded.turned);
        Self { coder, limit, length, turned, codes, signs, found, complete: true }
    }

    /// Scans the best cells of an epoch, and further ones while there are too few answers.
    pub(super) fn scan_epoch<V>(
        &mut self,
        parts: &[Part<'a, V>],
        centroids: &Centroids,
        probes: impl FnOnce(&Ranking<'_>, f32) -> usize,
    ) {
        let of_epoch = |part: &&(u32, &Part<'a, V>)| {
            part.1.section.form() != Form::Rows && part.1.section.epoch() == centroids.epoch()
        };
        let parts: Vec<_> = (0..).zip(parts).collect();
        let parts: Vec<_> = parts.iter().filter(of_epoch).copied().collect();
        if parts.is_empty() {
            return;
        }
        let ranking = Ranking::new(centroids, self.coder.level(), &self.codes);
        let probes = probes(&ranking, self.length);
        self.scan_best(&parts, centroids, &ranking.best(probes));
        if probes >= centroids.cells() as usize {
            return;
        }
        if self.found.len() >= self.limit {
            self.complete = false;
            return;
        }
        let cells = ranking.best(centroids.cells() as usize);
        let further = &cells[probes.min(cells.len())..];
        self.complete &= self.scan_further(&parts, centroids, further);
    }

    /// Scans the lists of the best cells in every part. The very best come first: they have most of what
    /// will stay, and little gets past that afterwards. The other lists are gone through as they lie.
    fn scan_best<V>(
        &mut self,
        parts: &[(u32, &Part<'a, V>)],
        centroids: &Centroids,
        cells: &[Candidate],
    ) {
        let (first, others) = cells.split_at(cells.len().min(FIRST_CELLS));
        let mut others = others.to_vec();
        others.sort_unstable_by_key(|cell| cell.row);
        for cells in [first, &others] {
            let base = |cell: &Candidate| (cell.row, self.base(centroids, cell));
            let based: Vec<(u32, f32)> = cells.iter().map(base).collect();
            let lists = parts.iter().flat_map(|part| based.iter().map(move |list| (*part, *list)));
            // Lists are asked for ahead of their scan, and before that what says where they are.
            let mut starts_ahead = lists.clone().skip(2 * LISTS_AHEAD);
            let mut ahead = lists.clone().skip(LISTS_AHEAD);
            for ((number, part), (list, base)) in lists {
                if let Some(((_, part), (list, _))) = starts_ahead.next() {
                    part.section.prefetch_start(list);
                }
                if let Some(((_, part), (list, _))) = ahead.next() {
                    part.section.prefetch(list);
                }
                self.found.begin_part(number, part.filter, part.section.row_limit());
                self.scan_list(part.section, list, base);
            }
        }
    }

    /// Scans the lists of further cells, the best first, until there are enough answers. Whether all
    /// were scanned.
    fn scan_further<V>(
        &mut self,
        parts: &[(u32, &Part<'a, V>)],
        centroids: &Centroids,
        cells: &[Candidate],
    ) -> bool {
        for cell in cells {
            if self.found.len() >= self.limit {
                return false;
            }
            let base = self.base(centroids, cell);
            for (number, part) in parts {
                self.found.begin_part(*number, part.filter, part.section.row_limit());
                self.scan_list(part.section, cell.row, base);
            }
        }
        true
    }

    /// The product with a centroid, where scores of its vectors are added to it: to their estimates
    /// that of its code is as good as its own.
    fn base(&self, centroids: &Centroids, cell: &Candidate) -> f32 {
        if self.signs.is_some() && self.coder.space().has_bias() {
            let turned = centroids.turned(cell.row);
            return dispatch::dot_and_square(self.coder.level(), &self.turned, turned).0;
        }
        cell.score
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

    /// Whether there may be rows in the lists that are not among what was found.
    pub(super) fn left_some_out(&self) -> LeftOut {
        if self.found.is_full() {
            LeftOut::OfWhatWasScanned
        } else if self.complete {
            LeftOut::Nothing
        } else {
            LeftOut::OtherLists
        }
    }

    /// What is worth an exact score, the best by its code first.
    pub(super) fn into_candidates<V>(
        self,
        parts: &[Part<'_, V>],
    ) -> Result<Vec<Candidate>, VectorError> {
        if self.found.has_bad_row() {
            return Err(corrupt(0, "a row is beyond the end of the table"));
        }
        let mut candidates = self.found.into_best();
        if self.signs.is_none() {
            return Ok(candidates);
        }
        for at in 0..candidates.len() {
            if let Some(ahead) = candidates.get(at + CODES_AHEAD)
                && let Some(part) = parts.get(ahead.part as usize)
            {
                prefetch(part.section.code(ahead.slot).0);
            }
            let candidate = &mut candidates[at];
            let Some(part) = parts.get(candidate.part as usize) else { continue };
            let (code, scale, bias) = part.section.code(candidate.slot);
            let product = dispatch::product(self.coder.level(), code, &self.codes);
            candidate.score = self.codes.score(0, product, scale) + bias;
        }
        candidates.sort_unstable_by(Candidate::order);
        Ok(candidates)
    }
}
