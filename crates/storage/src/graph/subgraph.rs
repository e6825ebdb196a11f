//! [`Cut`]: the nearest of some concepts, and what is between them.

use sutra_format::{AssociationRecord, ConceptId};
use sutra_index::graph::{Nearness, Outcome, Ppr, subgraph};
use sutra_lsm::Snapshot;

use super::words::{Along, which_associations, which_way};
use crate::error::Result;

/// Asks for a part of the graph; made by [`Snapshot::subgraph`](crate::Snapshot::subgraph).
#[derive(Clone)]
#[must_use = "it asks nothing until it is collected"]
pub struct Cut<'s> {
    snapshot: &'s Snapshot,
    seeds: Vec<ConceptId>,
    count: usize,
    nearness: Nearness,
    along: Along,
}

/// A part of the graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Subgraph {
    /// The nearest first.
    pub ids: Vec<ConceptId>,
    /// Every association between any two of them, once, by source, target and kind.
    pub associations: Vec<AssociationRecord>,
    /// Whether no limit was met. After a limit the concepts are near, not the nearest, or
    /// associations are missing.
    pub outcome: Outcome,
}

impl<'s> Cut<'s> {
    pub(super) fn new(snapshot: &'s Snapshot, seeds: &[ConceptId], count: usize) -> Self {
        let (seeds, along) = (seeds.to_vec(), Along::all());
        Self { snapshot, seeds, count, nearness: Nearness::Hops, along }
    }

    /// Takes what [`Rank`](super::Rank) puts first for near, and not what is the fewest associations
    /// away.
    pub fn by_rank(mut self) -> Self {
        self.nearness = Nearness::Rank(Ppr::default());
        self
    }

    which_way!();
    which_associations!();

    /// The answer. The direction says how concepts are found; the associations between them are told
    /// whichever way they point.
    ///
    /// Time: the search, and the outgoing associations of what it found. The limits hold for each of
    /// the two.
    pub fn collect(&self) -> Result<Subgraph> {
        let (graph, walk) = (self.snapshot.graph(), self.along.walk());
        let found = subgraph(&graph, &self.seeds, self.count, &self.nearness, &walk)?;
        let associations = found.links.into_iter().map(|link| link.reference).collect();
        Ok(Subgraph { ids: found.vertices, associations, outcome: found.outcome })
    }
}
