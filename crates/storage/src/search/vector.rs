//! [`VectorSearch`]: by nearness.

use sutra_lsm::{Concept, Keep, Snapshot, VectorHit, VectorQuery};

use super::{Filter, Found, Hit};
use crate::error::{Error, Result};

/// How hard a search for vectors looks, once there are thousands of them. Up to some thousands, and
/// with [`Effort::Exact`], all are compared. The scores of an answer are exact in any case.
pub use sutra_index::vectors::Effort;

/// Asks for what is near to a vector; made by
/// [`Snapshot::search_vector`](crate::Snapshot::search_vector).
///
/// Vectors with another number of values are not compared. The score is the cosine of the angle, from
/// -1 to 1. What was committed is found at once.
#[derive(Clone)]
#[must_use = "it asks nothing until it is collected"]
pub struct VectorSearch<'s> {
    snapshot: &'s Snapshot,
    vector: Vec<f32>,
    filter: Filter,
    limit: usize,
    effort: Effort,
    min_score: Option<f32>,
}

impl<'s> VectorSearch<'s> {
    pub(crate) fn new(snapshot: &'s Snapshot, vector: &[f32]) -> Self {
        Self {
            snapshot,
            vector: vector.to_vec(),
            filter: Filter::new(),
            limit: 10,
            effort: Effort::default(),
            min_score: None,
        }
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

    /// How hard to look.
    pub fn effort(mut self, effort: Effort) -> Self {
        self.effort = effort;
        self
    }

    /// Only what scores at least so much.
    pub fn min_score(mut self, score: f32) -> Self {
        self.min_score = Some(score);
        self
    }

    /// The answer, the nearest first.
    pub fn collect(&self) -> Result<Vec<Hit<'s>>> {
        if self.min_score.is_some_and(f32::is_nan) {
            return Err(Error::invalid("the least score must be a number"));
        }
        let keep = |concept: &Concept<'_>| self.filter.allows(self.snapshot, concept);
        let keep: Option<Keep<'_, _>> = if self.filter.is_empty() { None } else { Some(&keep) };
        let query = VectorQuery {
            vector: &self.vector,
            space: 0,
            limit: self.limit,
            effort: self.effort,
            min_score: self.min_score,
        };
        let hits = self.snapshot.search_vectors(&query, keep)?;
        let hit = |hit: VectorHit<'s, _>| {
            Ok(Hit { score: hit.score, found: Found::of(self.snapshot, hit.concept)? })
        };
        hits.into_iter().map(hit).collect()
    }
}
