//! [`Plan`]: how many lists to scan, and when to score every row that may be found instead.

use super::ranking::Ranking;
use super::rows::RowSet;
use super::search::{Part, Query};
use super::train::LISTS_MIN;

/// How hard to look for the nearest vectors. What is said of true neighbours was measured on 399,000
/// word embeddings of 50 dimensions and 117,000 embeddings of sentences of 384, which do not cluster
/// well; most sets do better. A query that lies in a cluster of its own scans fewer lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effort {
    /// About 95 of 100 true neighbours are found.
    Fast,
    /// About 98 of 100.
    #[default]
    Balanced,
    /// About 99 of 100.
    Thorough,
    /// So many lists of each epoch are scanned.
    Probes(u32),
    /// Every vector is scored; the answer is exact.
    Exact,
}

/// What a query does, once it is known how many rows may be found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// So few rows may be found that all of them are scored.
    pub(super) filtered_exactly: bool,
    /// Vectors for each one that may be found.
    widening: f64,
    /// How many times as many cells as ten neighbours need.
    reach: f64,
}

impl Plan {
    pub(super) fn new<V>(parts: &[Part<'_, V>], query: &Query<'_>) -> Self {
        let (mut vectors, mut found, mut filtered) = (0, 0, false);
        for part in parts {
            let here = u64::from(part.section.len());
            let left = part.filter.map(RowSet::count);
            filtered |= left.is_some();
            vectors += here;
            found += left.unwrap_or(here).min(here);
        }
        let few = (LISTS_MIN as u64).max(query.limit as u64);
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let widening = vectors.max(1) as f64 / found.max(1) as f64;
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let reach = (query.limit as f64 / 10.0).powf(0.3).max(1.0);
        Self { filtered_exactly: filtered && found <= few, widening, reach }
    }

    /// How many cells to scan, for a query of this length.
    pub(super) fn probes(
        self,
        effort: Effort,
        width: Width,
        ranking: &Ranking<'_>,
        length: f32,
    ) -> usize {
        let cells = ranking.cells();
        let probes = match effort {
            Effort::Fast => 2.0 * self.usual_probes(ranking, length),
            Effort::Balanced => 4.0 * self.usual_probes(ranking, length),
            Effort::Thorough => 6.0 * self.usual_probes(ranking, length),
            Effort::Probes(probes) => f64::from(probes),
            Effort::Exact => f64::from(cells),
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
        let probes =
            (probes * self.widening * width.lists).ceil().clamp(1.0, f64::from(cells)) as usize;
        probes
    }

    /// The root of the number of cells where five times as many are near; fewer where fewer are, since
    /// the neighbours of such a query lie together, and at most twice as many. Of a fixed number of cells
    /// the easy queries would scan too many and the hard ones too few: so, one in six vectors less is
    /// scanned of 399,000 word embeddings for the same recall, and one in four of 117,000 of sentences.
    /// Who wants more than ten neighbours finds the others further away.
    fn usual_probes(self, ranking: &Ranking<'_>, length: f32) -> f64 {
        let root = f64::from(ranking.cells()).sqrt();
        #[expect(clippy::cast_precision_loss, reason = "there are at most 2^20 cells")]
        let near = ranking.near(length) as f64;
        root * (near / (5.0 * root)).sqrt().min(2.0) * self.reach
    }

    /// How many of the best by 8-bit codes are scored exactly.
    pub(super) fn scored(limit: usize) -> usize {
        limit.saturating_mul(2).max(limit.saturating_add(10))
    }

    /// How many of the best by 8-bit codes are kept: some of them may not be found.
    pub(super) fn kept_by_codes(limit: usize) -> usize {
        Self::scored(limit).saturating_mul(2)
    }

    /// How many of the best by signs are scored by their codes.
    pub(super) fn kept_by_signs(limit: usize) -> usize {
        limit.saturating_mul(10).max(limit.saturating_add(90))
    }
}

/// Of how many rows it was asked whether they may be found, and of how many they may.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Share {
    pub(super) asked: usize,
    pub(super) allowed: usize,
}

/// What a scan did not come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeftOut {
    Nothing,
    /// Worse rows of the lists that it scanned, and perhaps other lists.
    OfWhatWasScanned,
    OtherLists,
}

/// How much more is looked at than if every row might be found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Width {
    candidates: f64,
    lists: f64,
}

impl Default for Width {
    fn default() -> Self {
        Self { candidates: 1.0, lists: 1.0 }
    }
}

/// By how much a scan is widened, at least.
const WIDER: f64 = 4.0;

impl Width {
    /// How many answers a scan is to be good for, where `limit` are wanted.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    pub(super) fn candidates(self, limit: usize) -> usize {
        (limit as f64 * self.candidates).ceil() as usize
    }

    /// Whether a scan of this width is less work than asking for every row. The first one always is.
    pub(super) fn suits<V>(self, parts: &[Part<'_, V>], limit: usize) -> bool {
        let vectors = parts.iter().filter(|part| part.has_lists()).map(|part| part.section.len());
        let vectors: u64 = vectors.map(u64::from).sum();
        let kept = Plan::kept_by_codes(self.candidates(limit)) as u64;
        self.candidates <= 1.0 || kept <= vectors / 8
    }

    /// The width to try next, if what was found is too little.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub(super) fn wider(
        self,
        limit: usize,
        share: Share,
        left_out: LeftOut,
        found: usize,
    ) -> Option<Self> {
        // The exact scores are to choose among more than are wanted, but not at any price.
        let enough = usize::midpoint(limit, Plan::scored(limit));
        if share.allowed >= enough {
            return None;
        }
        let for_one = (share.asked as f64 + 1.0) / (share.allowed as f64 + 0.5);
        let lists = self.lists.max(for_one);
        match left_out {
            LeftOut::Nothing => None,
            LeftOut::OtherLists if found >= limit => None,
            LeftOut::OtherLists => Some(Self { lists: lists.max(WIDER * self.lists), ..self }),
            LeftOut::OfWhatWasScanned => {
                let candidates = (1.5 * for_one).max(WIDER * self.candidates);
                Some(Self { candidates, lists })
            }
        }
    }
}
