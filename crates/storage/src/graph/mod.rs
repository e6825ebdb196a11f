//! Searches along associations: what is near, what lies between, what matters.
//!
//! Two halves. The first reads no more of a store than the answer needs, and is asked of a
//! [`Snapshot`](crate::Snapshot): [`expand`](crate::Snapshot::expand),
//! [`paths`](crate::Snapshot::paths), [`rank`](crate::Snapshot::rank),
//! [`subgraph`](crate::Snapshot::subgraph). The second needs the whole graph: a [`Projection`] is a
//! copy of it in memory.
//!
//! * Without further words a search takes every association, in either direction. `valid_at` is about
//!   when an association holds; how long a concept is valid does not count.
//! * An id that associations name counts as a concept, whether one was put under it or not. An id that
//!   nothing names has no neighbours; that is no error.
//! * Each search is bounded by [`Limits`], and its [`Outcome`] says whether one was met.
//! * The same snapshot gives the same answer: ties go to the lower id.

mod expand;
mod paths;
mod projection;
mod rank;
mod subgraph;
mod words;

use std::fmt::Display;

use sutra_format::ConceptId;
use sutra_index::graph::GraphError;
use sutra_lsm::LsmError;

use crate::error::Error;

pub use expand::{Expand, Expansion, Reached};
pub use paths::{FoundPath, FoundPaths, Path, Paths, Several};
pub use projection::{Communities, Groups, Project, Projection};
pub use rank::{Rank, Ranked, Ranking};
pub use subgraph::{Cut, Subgraph};
pub use sutra_index::graph::whole::{Leiden, PageRank, Triangles};
pub use sutra_index::graph::{Limit, Limits, Outcome};

impl crate::Snapshot {
    /// Everything within some associations of `seeds`:
    ///
    /// ```
    /// # use sutra_storage::{ConceptId, Error, Snapshot};
    /// # fn near(snapshot: &Snapshot, id: ConceptId) -> Result<(), Error> {
    /// let near = snapshot.expand(&[id]).outgoing().hops(2).limit(100).collect()?;
    /// for found in near.reached {
    ///     println!("{} is {} away", found.id, found.hops);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn expand(&self, seeds: &[ConceptId]) -> Expand<'_> {
        Expand::new(self.engine(), seeds)
    }

    /// The ways from one concept to another:
    ///
    /// ```
    /// # use sutra_storage::{ConceptId, Error, Snapshot};
    /// # fn way(snapshot: &Snapshot, a: ConceptId, b: ConceptId) -> Result<(), Error> {
    /// if let Some(path) = snapshot.paths(&a, &b).hops(6).shortest()?.path {
    ///     println!("{} steps", path.steps.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn paths(&self, from: &ConceptId, to: &ConceptId) -> Paths<'_> {
        Paths::new(self.engine(), *from, *to)
    }

    /// What matters most from where `seeds` stand.
    pub fn rank(&self, seeds: &[ConceptId]) -> Rank<'_> {
        Rank::new(self.engine(), seeds)
    }

    /// The `count` concepts nearest to `seeds`, the seeds among them, and all associations between
    /// those.
    pub fn subgraph(&self, seeds: &[ConceptId], count: usize) -> Cut<'_> {
        Cut::new(self.engine(), seeds, count)
    }

    /// A copy of the graph in memory, for what needs all of it:
    ///
    /// ```
    /// # use sutra_storage::{Error, Snapshot, graph::PageRank};
    /// # fn first(snapshot: &Snapshot) -> Result<(), Error> {
    /// let graph = snapshot.projection().collect()?;
    /// let ranks = graph.pagerank(&PageRank::default())?;
    /// println!("{:?} comes first of {}", ranks.first(), graph.concept_count());
    /// # Ok(())
    /// # }
    /// ```
    pub fn projection(&self) -> Project<'_> {
        Project::new(self.engine())
    }
}

impl From<GraphError<LsmError>> for Error {
    fn from(error: GraphError<LsmError>) -> Self {
        match error {
            GraphError::Read(error) => error.into(),
            other => unanswerable(&other),
        }
    }
}

/// A question that has no answer, whatever is stored.
fn unanswerable(error: &impl Display) -> Error {
    Error::invalid(error.to_string())
}
