//! [`Projection`]: the graph in memory, for what needs all of it.

use sutra_format::ConceptId;
use sutra_index::graph::Csr;
use sutra_index::graph::whole::{
    Components, Leiden, PageRank, Triangles, core_numbers, leiden, pagerank, strong_components,
    triangles, weak_components,
};
use sutra_lsm::Snapshot;

use super::rank::Ranked;
use super::unanswerable;
use super::words::{Along, which_associations};
use crate::error::Result;

/// Asks for a copy of the graph; made by [`Snapshot::projection`](crate::Snapshot::projection).
/// Without further words: all associations, and all concepts.
#[derive(Clone)]
#[must_use = "it asks nothing until it is collected"]
pub struct Project<'s> {
    snapshot: &'s Snapshot,
    alone: bool,
    along: Along,
}

/// A graph as it was when it was copied. Whatever the store does later, it stays the same.
///
/// Memory: for each association 14 bytes, and 4 more if any weight is not 1; for each concept 24.
#[derive(Clone, Debug)]
pub struct Projection(Csr<ConceptId>);

/// The concepts of a graph in groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    /// For each of [`Projection::ids`] the lowest id in its group.
    pub of: Vec<ConceptId>,
    /// How many groups there are.
    pub count: usize,
}

/// Groups of concepts that have more to do with each other than with the rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Communities {
    /// Who belongs together.
    pub groups: Groups,
    /// How much better than chance the associations fall within them: below 1.
    pub modularity: f64,
}

impl<'s> Project<'s> {
    pub(super) fn new(snapshot: &'s Snapshot) -> Self {
        Self { snapshot, alone: true, along: Along::all() }
    }

    /// Leaves out concepts of which there is no association that is meant.
    pub fn connected_only(mut self) -> Self {
        self.alone = false;
        self
    }

    which_associations!();

    /// The copy. Reads each association and each concept once.
    ///
    /// Memory while it works: 30 bytes more for each association, some 50 for each concept. More than
    /// four thousand million of either is an error of kind
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput).
    pub fn collect(&self) -> Result<Projection> {
        Ok(Projection(self.snapshot.graph().project(&self.along.filter, self.alone)?))
    }
}

impl Projection {
    /// How many concepts there are.
    pub fn concept_count(&self) -> usize {
        self.0.vertex_count()
    }

    /// How many associations there are.
    pub fn association_count(&self) -> usize {
        self.0.edge_count()
    }

    /// The ids of the concepts, rising.
    pub fn ids(&self) -> &[ConceptId] {
        self.0.keys()
    }

    /// Bytes of memory that it owns.
    pub fn memory_bytes(&self) -> usize {
        self.0.memory_bytes()
    }

    /// Where a random walker is found who goes along associations as they point: all concepts, the
    /// highest score first, then the lower id.
    ///
    /// Power iteration (Page, Brin, Motwani and Winograd, 1999). Time: associations times iterations.
    /// A setting that is out of its range, or where weights count one below zero, is an error of kind
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput).
    pub fn pagerank(&self, how: &PageRank) -> Result<Vec<Ranked>> {
        let ranks = pagerank(&self.0, how).map_err(|error| unanswerable(&error))?;
        let scores = self.ids().iter().zip(ranks.scores);
        let mut ranked: Vec<_> = scores.map(|(id, score)| Ranked { id: *id, score }).collect();
        ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        Ok(ranked)
    }

    /// What hangs together when directions do not count.
    ///
    /// Union-find (Tarjan and van Leeuwen, 1984). Time: nearly the number of associations.
    pub fn components(&self) -> Groups {
        self.groups_of(&weak_components(&self.0))
    }

    /// What can be reached from each other along associations as they point (Tarjan, 1972).
    pub fn strong_components(&self) -> Groups {
        self.groups_of(&strong_components(&self.0))
    }

    /// Communities of the graph taken as undirected (Traag, Waltman and van Eck, 2019: Leiden).
    ///
    /// Time: a few passes over the associations for each of few rounds. Memory: some 40 bytes for each
    /// association and 80 for each concept. Errors as [`pagerank`](Self::pagerank).
    pub fn communities(&self, how: &Leiden) -> Result<Communities> {
        let found = leiden(&self.0, how).map_err(|error| unanswerable(&error))?;
        let groups = self.groups(&found.labels, found.count);
        Ok(Communities { groups, modularity: found.modularity })
    }

    /// For each of [`ids`](Self::ids) the greatest `k` for which it is in the `k`-core: the largest
    /// part of the graph, taken as undirected and simple, where each has at least `k` neighbours
    /// (Batagelj and Zaversnik, 2003). Time: the number of associations.
    pub fn core_numbers(&self) -> Vec<u32> {
        core_numbers(&self.0)
    }

    /// The triangles of the graph taken as undirected and simple, each list in the order of
    /// [`ids`](Self::ids) (Latapy, 2008). Time: at most the associations times the square root of
    /// their number.
    pub fn triangles(&self) -> Triangles {
        triangles(&self.0)
    }

    fn groups_of(&self, components: &Components) -> Groups {
        self.groups(&components.labels, components.count)
    }

    fn groups(&self, labels: &[u32], count: usize) -> Groups {
        Groups { of: labels.iter().map(|label| self.0.key(*label)).collect(), count }
    }
}
