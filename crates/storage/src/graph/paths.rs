//! [`Paths`]: the ways between two concepts.

use sutra_format::{AssociationRecord, ConceptId};
use sutra_index::graph::{
    self, Edge, Outcome, cheapest_path, cheapest_paths, shortest_path, simple_paths,
};
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

/// Asks for several ways, the best first; made by [`Paths::count`].
///
/// Yen's algorithm (1971), with Lawler's parting of what is left and the distances from the end as a
/// guide. No path meets a concept twice; parallel associations make different paths. Of paths that cost
/// the same, the one of fewer steps comes first, then the one that goes to the lower id, then by the
/// lower kind.
///
/// Time: one search back from the end until it meets the start, then for each step of each path one
/// that looks at what is no farther from the end than it must be. If there are fewer paths than asked
/// for, each of those looks at all that can be reached, so say how many steps at most, or give
/// [`limits`](Paths::limits), which are for all of it together. Memory: some 150 bytes for each concept
/// met, and the paths.
#[derive(Clone)]
#[must_use = "it asks nothing until paths are asked for"]
pub struct Several<'s> {
    paths: Paths<'s>,
    count: usize,
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
    /// All paths by their steps from the start: the lower id first, then the lower kind. Several of them
    /// the best first.
    pub paths: Vec<Path>,
    /// Whether these are all; of several, whether these are the best.
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

    /// At most so many paths, the best first, instead of one:
    ///
    /// ```
    /// # use sutra_storage::{ConceptId, Error, Snapshot};
    /// # fn ways(snapshot: &Snapshot, a: ConceptId, b: ConceptId) -> Result<(), Error> {
    /// for path in snapshot.paths(&a, &b).hops(6).count(3).shortest()?.paths {
    ///     println!("{} steps", path.steps.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn count(self, count: usize) -> Several<'s> {
        Several { paths: self, count }
    }

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
        self.cheapest_by(by_weight)
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

impl Several<'_> {
    /// The paths of the fewest steps.
    pub fn shortest(&self) -> Result<FoundPaths> {
        let hops = self.paths.hops.map_or(f64::INFINITY, f64::from);
        self.find(hops, |_| 1.0)
    }

    /// The cheapest paths, priced as [`Paths::cheapest`] does. The number of steps is not bounded.
    pub fn cheapest(&self) -> Result<FoundPaths> {
        self.cheapest_by(by_weight)
    }

    /// The cheapest paths, priced as [`Paths::cheapest_by`] says.
    pub fn cheapest_by(&self, cost: impl Fn(&Neighbor) -> f64) -> Result<FoundPaths> {
        self.find(f64::INFINITY, cost)
    }

    fn find(&self, max_cost: f64, cost: impl Fn(&Neighbor) -> f64) -> Result<FoundPaths> {
        let Paths { snapshot, from, to, along, .. } = &self.paths;
        let price = |edge: &Edge<ConceptId, AssociationRecord>| cost(&step(edge));
        let (graph, walk) = (snapshot.graph(), along.walk());
        let found = cheapest_paths(&graph, *from, *to, self.count, max_cost, price, &walk)?;
        let paths = found.paths.into_iter().map(|(path, cost)| told(path, Some(cost))).collect();
        Ok(FoundPaths { paths, outcome: found.outcome })
    }
}

/// Twice the weight is half as far.
fn by_weight(step: &Neighbor) -> f64 {
    let weight = f64::from(step.association.weight.get());
    if weight > 0.0 { weight.recip() } else { f64::INFINITY }
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
