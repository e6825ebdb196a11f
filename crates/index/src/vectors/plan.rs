//! [`Plan`]: how many lists to scan, and when to score every row that may be found instead.

use super::rows::Vectors;
use super::search::{Part, Query};
use super::train::LISTS_MIN;

/// How hard to look for the nearest vectors. What is said of true neighbours was measured on 399,000
/// word embeddings of 50 dimensions, which do not cluster well; most sets do better.
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
}

impl Plan {
    pub(super) fn new<V: Vectors>(parts: &[Part<'_, V>], query: &Query<'_>) -> Self {
        let (mut vectors, mut found, mut filtered) = (0, 0, false);
        for part in parts {
            let here = u64::from(part.section.len());
            let left = part.visible.filtered_count();
            filtered |= left.is_some();
            vectors += here;
            found += left.unwrap_or(here).min(here);
        }
        let few = (LISTS_MIN as u64).max(query.limit as u64);
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let widening = vectors.max(1) as f64 / found.max(1) as f64;
        Self { filtered_exactly: filtered && found <= few, widening }
    }

    /// How many cells to scan.
    pub(super) fn probes(self, effort: Effort, cells: u32) -> usize {
        let root = f64::from(cells).sqrt();
        let probes = match effort {
            Effort::Fast => 2.0 * root,
            Effort::Balanced => 4.0 * root,
            Effort::Thorough => 6.0 * root,
            Effort::Probes(probes) => f64::from(probes),
            Effort::Exact => f64::from(cells),
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
        let probes = (probes * self.widening).ceil().clamp(1.0, f64::from(cells)) as usize;
        probes
    }

    /// How many of the best by 8-bit codes are scored exactly.
    pub(super) fn kept_by_codes(limit: usize) -> usize {
        limit.saturating_mul(2).max(limit.saturating_add(10))
    }

    /// How many of the best by signs are scored by their codes.
    pub(super) fn kept_by_signs(limit: usize) -> usize {
        limit.saturating_mul(10).max(limit.saturating_add(90))
    }
}
