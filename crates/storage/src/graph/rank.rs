//! [`Rank`]: what matters from where some concepts stand.

use sutra_format::ConceptId;
use sutra_index::graph::{Outcome, Ppr, personalized_pagerank};
use sutra_lsm::Snapshot;

use super::words::{Along, which_associations, which_way};
use crate::error::Result;

/// Asks what matters most near some concepts, counting all ways there; made by
/// [`Snapshot::rank`](crate::Snapshot::rank).
#[derive(Clone)]
#[must_use = "it asks nothing until it is collected"]
pub struct Rank<'s> {
    snapshot: &'s Snapshot,
    seeds: Vec<(ConceptId, f64)>,
    count: usize,
    how: Ppr,
    along: Along,
}

/// A concept and its rank.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked {
    /// The concept.
    pub id: ConceptId,
    /// How likely a random walker is found there. All of a graph add up to 1.
    pub score: f64,
}

/// What matters: by score, highest first, then by id.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// The highest. Scores are lower bounds.
    pub top: Vec<Ranked>,
    /// What no concept was given. No rank is higher than its score by more than this.
    pub residual: f64,
    /// Whether no limit was met.
    pub outcome: Outcome,
}

impl<'s> Rank<'s> {
    pub(super) fn new(snapshot: &'s Snapshot, seeds: &[ConceptId]) -> Self {
        let seeds = seeds.iter().map(|seed| (*seed, 1.0)).collect();
        Self { snapshot, seeds, count: 50, how: Ppr::default(), along: Along::all() }
    }

    /// The highest so many; 50 by default.
    pub fn limit(mut self, count: usize) -> Self {
        self.count = count;
        self
    }

    /// How much each seed counts, above 0, in the order of the seeds; the same by default. Seeds
    /// beyond the end of the list keep what they have.
    pub fn shares(mut self, shares: &[f64]) -> Self {
        for ((_, share), given) in self.seeds.iter_mut().zip(shares) {
            *share = *given;
        }
        self
    }

    /// How likely the walker goes back to a seed instead of on; above 0, at most 1, and 0.15 by
    /// default. What is far from the seeds counts less as it rises.
    pub fn returns(mut self, likelihood: f64) -> Self {
        self.how.alpha = likelihood;
        self
    }

    /// How much of the walker may stay unsettled at a concept for each of its associations; above 0,
    /// and 0.000 05 by default. Time rises as it falls.
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.how.epsilon = tolerance;
        self
    }

    /// Takes associations in proportion to their weights; equally otherwise.
    pub fn weighted(mut self) -> Self {
        self.how.weighted = true;
        self
    }

    which_way!();
    which_associations!();

    /// The answer: personalised PageRank by forward push (Andersen, Chung and Lang, 2006).
    ///
    /// Time: at most 1 divided by `returns` and by `tolerance` associations, whatever the size of the
    /// store. Memory: some 60 bytes for each concept met. A setting that is out of its range, and
    /// with `weighted` a weight below zero, is an error of kind
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput).
    pub fn collect(&self) -> Result<Ranking> {
        let (graph, walk) = (self.snapshot.graph(), self.along.walk());
        let found = personalized_pagerank(&graph, &self.seeds, self.count, &self.how, &walk)?;
        let top = found.top.into_iter();
        let top = top.map(|ranked| Ranked { id: ranked.vertex, score: ranked.score }).collect();
        Ok(Ranking { top, residual: found.residual, outcome: found.outcome })
    }
}
