//! [`VectorSearch`]: by nearness.

use sutra_lsm::{Concept, Keep, Snapshot, VectorHit, VectorQuery};

use super::{Filter, Found, Hit};
use crate::error::{Error, Result};

/// How hard a search for vectors looks, once there are thousands of them. Up to some thousands, and
/// with [`Effort::Exact`], all are compared. The scores of an answer are exact in any case.
pub use sutra_index::vectors::Effort;

/// Asks for what is near to a vector, or to each of many; made by
/// [`Snapshot::search_vector`](crate::Snapshot::search_vector) and
/// [`Snapshot::search_vectors`](crate::Snapshot::search_vectors).
///
/// Only vectors of one space are compared. In the default one, those with another number of values
/// are left out, and the score is the cosine of the angle, from -1 to 1. In a space with a name the
/// metric decides: [`Metric`](crate::Metric) says what scores are; higher is always nearer. What was
/// committed is found at once.
#[derive(Clone)]
#[must_use = "it asks nothing until it is collected"]
pub struct VectorSearch<'s, Q = Vec<f32>> {
    snapshot: &'s Snapshot,
    asked: Q,
    space: Option<String>,
    filter: Filter,
    limit: usize,
    effort: Effort,
    min_score: Option<f32>,
}

impl<'s, Q> VectorSearch<'s, Q> {
    pub(crate) fn new(snapshot: &'s Snapshot, asked: Q) -> Self {
        Self {
            snapshot,
            asked,
            space: None,
            filter: Filter::new(),
            limit: 10,
            effort: Effort::default(),
            min_score: None,
        }
    }

    /// Among the vectors of this space; the default one unless said otherwise.
    ///
    /// Collecting fails with [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the snapshot
    /// knows no space of this name, or if a vector is not of its dimension.
    pub fn space(mut self, name: &str) -> Self {
        self.space = Some(name.to_owned());
        self
    }

    /// What may be found; everything by default.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// At most so many for a vector; 10 by default.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// How hard to look.
    pub fn effort(mut self, effort: Effort) -> Self {
        self.effort = effort;
        self
    }

    /// Only what scores at least so much, by the metric of the space: a squared distance of at most 2 is
    /// a score of at least -2.
    pub fn min_score(mut self, score: f32) -> Self {
        self.min_score = Some(score);
        self
    }

    fn answers<'v>(&self, vectors: &[&'v [f32]]) -> Result<Vec<Vec<Hit<'s>>>> {
        if self.min_score.is_some_and(f32::is_nan) {
            return Err(Error::invalid("the least score must be a number"));
        }
        let keep = |concept: &Concept<'_>| self.filter.allows(self.snapshot, concept);
        let keep: Option<Keep<'_, _>> = if self.filter.is_empty() { None } else { Some(&keep) };
        let code =
            |name: &String| self.snapshot.space_named(name).ok_or_else(|| Error::no_space(name));
        let space = self.space.as_ref().map_or(Ok(0), code)?;
        let (limit, effort, min_score) = (self.limit, self.effort, self.min_score);
        let query = |vector: &&'v [f32]| VectorQuery { vector, space, limit, effort, min_score };
        let queries: Vec<VectorQuery<'_>> = vectors.iter().map(query).collect();
        let hit = |hit: VectorHit<'s, _>| {
            Ok(Hit { score: hit.score, found: Found::of(self.snapshot, hit.concept)? })
        };
        let answers = self.snapshot.search_vectors_batch(&queries, keep)?;
        answers.into_iter().map(|hits| hits.into_iter().map(hit).collect()).collect()
    }
}

impl<'s> VectorSearch<'s> {
    /// The answer, the nearest first.
    pub fn collect(&self) -> Result<Vec<Hit<'s>>> {
        Ok(self.answers(&[&self.asked])?.pop().unwrap_or_default())
    }
}

impl<'s> VectorSearch<'s, Vec<Vec<f32>>> {
    /// An answer for each vector, in the order of the vectors: what [`VectorSearch::collect`] would give
    /// for it alone. If one of them cannot be compared, it is an error for all.
    pub fn collect(&self) -> Result<Vec<Vec<Hit<'s>>>> {
        let vectors: Vec<&[f32]> = self.asked.iter().map(Vec::as_slice).collect();
        self.answers(&vectors)
    }
}
