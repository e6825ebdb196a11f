//! [`Candidates`]: the best by estimate, gathered with one rising threshold over all segments.
//!
//! Whatever beats the threshold is put into a buffer. When it is full, the better half stays and
//! the worst of it becomes the threshold. Ties go to the lower part and slot.

use std::cmp::Ordering;

use zerocopy::little_endian::U32;

use super::layout::{LANES, NO_ROW};
use super::rows::RowSet;

/// A vector that may be among the answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    pub(super) score: f32,
    /// Which of the segments.
    pub(super) part: u32,
    /// Its place in the lists of the segment.
    pub(super) slot: u32,
    pub(super) row: u32,
}

impl Candidate {
    /// The best first.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let key = |candidate: &Self| (candidate.part, candidate.row, candidate.slot);
        other.score.total_cmp(&self.score).then_with(|| key(self).cmp(&key(other)))
    }
}

/// The best so far, and what a scan needs to know to add to them.
#[derive(Clone, Debug)]
pub(super) struct Candidates<'a> {
    found: Vec<Candidate>,
    keep: usize,
    threshold: f32,
    part: u32,
    filter: Option<RowSet<'a>>,
    row_limit: u32,
    bad_row: bool,
}

impl<'a> Candidates<'a> {
    /// None yet; the best `keep` will stay.
    pub(super) fn new(keep: usize) -> Self {
        Self {
            found: Vec::new(),
            keep,
            threshold: f32::NEG_INFINITY,
            part: 0,
            filter: None,
            row_limit: 0,
            bad_row: false,
        }
    }

    /// From here on, what is offered is of this part.
    pub(super) fn begin_part(&mut self, part: u32, filter: Option<RowSet<'a>>, row_limit: u32) {
        (self.part, self.filter, self.row_limit) = (part, filter, row_limit);
    }

    /// What a score must be above.
    #[inline(always)]
    pub(super) fn threshold(&self) -> f32 {
        self.threshold
    }

    /// Offers a block whose first lane has this slot; `better` has the lanes whose scores are above
    /// the threshold.
    #[inline(always)]
    pub(super) fn offer(
        &mut self,
        first_slot: u32,
        scores: &[f32; LANES],
        rows: &[U32; LANES],
        better: u32,
    ) {
        if better != 0 {
            self.take(first_slot, scores, rows, better);
        }
    }

    fn take(
        &mut self,
        first_slot: u32,
        scores: &[f32; LANES],
        rows: &[U32; LANES],
        mut better: u32,
    ) {
        while better != 0 {
            let lane = better.trailing_zeros();
            better &= better - 1;
            let (score, row) = (scores[lane as usize], rows[lane as usize].get());
            if row == NO_ROW {
                continue;
            }
            if row >= self.row_limit {
                self.bad_row = true;
                continue;
            }
            let passes = self.filter.is_none_or(|filter| filter.contains(row));
            if passes && score > self.threshold {
                let slot = first_slot + lane;
                self.found.push(Candidate { score, part: self.part, slot, row });
                self.shrink_when_full();
            }
        }
    }

    /// Offers one vector whose score is exact, and asks only then whether it may be found. Ties are
    /// kept until the lower row wins.
    pub(super) fn offer_exact(
        &mut self,
        row: u32,
        score: f32,
        may_be_found: impl FnOnce() -> bool,
    ) {
        if score >= self.threshold && may_be_found() {
            self.found.push(Candidate { score, part: self.part, slot: 0, row });
            self.shrink_when_full();
        }
    }

    fn shrink_when_full(&mut self) {
        if self.found.len() >= self.keep.max(LANES).saturating_mul(2) {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        let Some(last) = self.keep.checked_sub(1) else { return self.found.clear() };
        if self.found.len() > self.keep {
            let (_, worst, _) = self.found.select_nth_unstable_by(last, Candidate::order);
            self.threshold = worst.score;
            self.found.truncate(self.keep);
        }
    }

    /// Whether as many were found as are kept: there may be others.
    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= self.keep
    }

    /// How many there are, at least; no more than are kept.
    pub(super) fn len(&self) -> usize {
        self.found.len().min(self.keep)
    }

    /// Whether a block had a row that its segment does not have.
    pub(super) fn has_bad_row(&self) -> bool {
        self.bad_row
    }

    /// The best, in order.
    pub(super) fn into_best(mut self) -> Vec<Candidate> {
        self.shrink();
        self.found.sort_unstable_by(Candidate::order);
        self.found
    }
}
