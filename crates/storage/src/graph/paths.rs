//! [`Paths`]: the ways between two concepts.

use sutra_format::{AssociationRecord, ConceptId};
use sutra_index::graph::{self, Edge, Outcome, cheapest_path, shortest_path, simple_paths};
use sutra_lsm::Snapshot;

use super::words::{Along, which_associations, which_way};
use crate::error::Result;
use crate::neighbors::{Direction, Neighbor};

/// Asks for ways from one concept to another; made by
/// [`Snapshot::paths`](crate::Snapshot::paths).
#[derive(Clone)]
#[must_use = "it asks nothing until a path is asked for"]
pub struct Paths<'s> {
    snapshot: &'s Snapshot,
    from: ConceptId,
    to: ConceptId,
    hops: Option<u32>,
    along: Along,
}

/// A way from one concept to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Where it starts.
    pub start: ConceptId,
    /// Each step as seen from the concept where it is taken.
    pub steps: Vec<Neighbor>,
    /// What its steps cost together: 1 each, unless they were priced otherwise.
    pub cost: f64,
}

impl Path {
    /// Where it ends.
    pub fn end(&self) -> ConceptId {
        self.steps.last().map_or(self.start, |step| step.id)
    }

    /// All its concepts, from start to end.
    pub fn ids(&self) -> impl Iterator<Item = ConceptId> {
        std::iter::once(self.start).chain(self.steps.iter().map(|step| step.id))
    }
}

/// The one path that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundPath {
    /// None if there is none, or if a limit was met before it was found.
    pub path: Option<Path>,
    /// Whether the search could look everywhere. A path that was found is a best one in any case.
    pub outcome: Outcome,
}

/// All paths that were asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundPaths {
    /// By their steps from the start: the lower id first, then the lower kind.
    pub paths: Vec<Path>,
    /// Whether these are all.
    pub outcome: Outcome,
}

impl<'s> Paths<'s> {
    /// How many steps [`all`](Self::all) takes at most, unless [`hops`](Self::hops) says otherwise.
    pub const ALL_HOPS: u32 = 4;

    pub(super) fn new(snapshot: &'s Snapshot, from: ConceptId, to: ConceptId) -> Self {
        Self { snapshot, from, to, hops: None, along: Along::all() }
    }

    /// At most so many steps. The cheapest path is not bounded by it.
    pub fn hops(mut self, hops: u32) -> Self {
        self.hops = Some(hops);
        self
    }

    which_way!();
    which_associations!();

    /// A path of the fewest steps. A concept is connected with itself by none.
    ///
    /// Breadth-first search from both ends, always from the one whose last level is smaller (Pohl,
    /// 1971). Time and memory: the associations of what lies in those levels.
    pub fn shortest(&self) -> Result<FoundPath> {
        let hops = self.hops.unwrap_or(u32::MAX);
        let graph = self.snapshot.graph();
        let found = shortest_path(&graph, self.from, self.to, hops, &self.along.walk())?;
        Ok(FoundPath { path: found.path.map(|path| told(path, None)), outcome: found.outcome })
    }

    /// At most `count` paths that meet no concept twice, of at most [`ALL_HOPS`](Self::ALL_HOPS)
    /// steps unless [`hops`](Self::hops) was said. Parallel associations make different paths.
    ///
    /// Search in depth, after one in breadth from the end, so that no step leads where the end is out
    /// of reach (as in Rizzi and others, 2014). Their number can rise with the power of the steps.
    pub fn all(&self, count: usize) -> Result<FoundPaths> {
        let hops = 0..=self.hops.unwrap_or(Self::ALL_HOPS);
        let (graph, walk) = (self.snapshot.graph(), self.along.walk());
        let found = simple_paths(&graph, self.from, Some(self.to), hops, count, &walk)?;
        let paths = found.paths.into_iter().map(|path| told(path, None)).collect();
        Ok(FoundPaths { paths, outcome: found.outcome })
    }

    /// The cheapest path, where a step costs 1 divided by the weight of its association: twice the
    /// weight is half as far (as in Newman, 2001). An association of weight zero or less is not taken.
    ///
    /// Dijkstra (1959). Time: the associations of all concepts that are nearer than the end, and a
    /// logarithm for each improvement. Memory: some 150 bytes for each concept met.
    pub fn cheapest(&self) -> Result<FoundPath> {
        self.cheapest_by(|step| {
            let weight = f64::from(step.association.weight.get());
            if weight > 0.0 { weight.recip() } else { f64::INFINITY }
        })
    }

    /// The cheapest path, where `cost` prices each step: zero or more, or infinity for one that is not
    /// to be taken. Anything else is an error of kind
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput). For the likeliest path, where confidences are
    /// independent, give the negative logarithm of the confidence.
    pub fn cheapest_by(&self, cost: impl Fn(&Neighbor) -> f64) -> Result<FoundPath> {
        let (graph, walk) = (self.snapshot.graph(), self.along.walk());
        let price = |edge: &Edge<ConceptId, AssociationRecord>| cost(&step(edge));
        let found = cheapest_path(&graph, self.from, self.to, price, &walk)?;
        let path = found.path.map(|(path, cost)| told(path, Some(cost)));
        Ok(FoundPath { path, outcome: found.outcome })
    }
}

fn step(edge: &Edge<ConceptId, AssociationRecord>) -> Neighbor {
    let direction = if edge.outgoing { Direction::Outgoing } else { Direction::Incoming };
    Neighbor { id: edge.neighbor, direction, association: edge.reference }
}

#[expect(clippy::cast_precision_loss, reason = "no path has 2^52 steps")]
fn told(path: graph::Path<ConceptId, AssociationRecord>, cost: Option<f64>) -> Path {
    let cost = cost.unwrap_or(path.edges.len() as f64);
    Path { start: path.start, steps: path.edges.iter().map(step).collect(), cost }
}
