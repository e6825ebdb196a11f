//! [`Expand`]: everything within some associations.

use sutra_format::ConceptId;
use sutra_index::graph::{Outcome, expand};
use sutra_lsm::Snapshot;

use super::words::{Along, which_associations, which_way};
use crate::error::Result;

/// Asks for what is near; made by [`Snapshot::expand`](crate::Snapshot::expand). Without further
/// words: the neighbours of the seeds.
#[derive(Clone)]
#[must_use = "it asks nothing until it is collected"]
pub struct Expand<'s> {
    snapshot: &'s Snapshot,
    seeds: Vec<ConceptId>,
    hops: u32,
    along: Along,
}

/// A concept and how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The concept.
    pub id: ConceptId,
    /// Associations between it and the nearest seed; zero for a seed.
    pub hops: u32,
}

/// What is near: by hops, then by id. The seeds come first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expansion {
    /// Each concept once.
    pub reached: Vec<Reached>,
    /// Whether these are all. If not, the distances are right, and nothing nearer is missing than
    /// the last one.
    pub outcome: Outcome,
}

impl<'s> Expand<'s> {
    pub(super) fn new(snapshot: &'s Snapshot, seeds: &[ConceptId]) -> Self {
        Self { snapshot, seeds: seeds.to_vec(), hops: 1, along: Along::all() }
    }

    /// At most so many associations away; 1 by default.
    pub fn hops(mut self, hops: u32) -> Self {
        self.hops = hops;
        self
    }

    /// At most so many concepts, the seeds among them; a million by default.
    pub fn limit(mut self, concepts: usize) -> Self {
        self.along.limits.vertices = concepts;
        self
    }

    which_way!();
    which_associations!();

    /// The answer, by breadth-first search.
    ///
    /// Time: the associations of all concepts nearer than `hops`, once each, and sorting each level.
    /// Memory: some 40 bytes for each concept found.
    pub fn collect(&self) -> Result<Expansion> {
        let found = expand(&self.snapshot.graph(), &self.seeds, self.hops, &self.along.walk())?;
        let reached = found.reached.into_iter();
        let reached = reached.map(|at| Reached { id: at.vertex, hops: at.hops }).collect();
        Ok(Expansion { reached, outcome: found.outcome })
    }
}
