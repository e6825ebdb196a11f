//! Graphs: algorithms over whatever can list the neighbours of a vertex.
//!
//! Two halves. The first works on any [`Adjacency`], so on a store as it lies, and reads no more of
//! it than the answer needs: [`expand`], [`shortest_path`], [`cheapest_path`], [`cheapest_paths`],
//! [`simple_paths`], [`personalized_pagerank`], [`subgraph`]. The second needs the whole graph: [`Csr`] is a copy of it
//! in memory with dense numbers, and [`whole`] has what is computed over that. A [`Csr`] is an
//! [`Adjacency`] as well.
//!
//! Invariants:
//! * Nothing is recursive: the depth of a graph costs memory of the heap, never of the stack.
//! * What a search may read and remember is bounded by [`Limits`], and an answer that a limit cut
//!   short says so in its [`Outcome`].
//! * The same graph gives the same answer: ties go to the lower key, and hash tables are asked but
//!   never listed.
//!
//! Reading order: [`Adjacency`], [`Limits`], the searches, [`Csr`], [`whole`].

mod adjacency;
mod cheapest;
mod cost;
mod csr;
mod error;
mod expand;
mod levels;
mod limits;
mod masses;
mod numbers;
mod path;
mod paths;
mod push;
mod several;
mod shortest;
mod subgraph;
pub mod whole;

pub use adjacency::{Adjacency, DegreeBounds, Direction, Edge, EdgeOf, Kinds};
pub use cheapest::{Cheapest, CheapestOf, Reach, Reachable, cheapest_from, cheapest_path};
pub use csr::{Csr, CsrBuilder};
pub use error::{GraphError, TooLarge};
pub use expand::{Expansion, Reached, Traced, TracedExpansion, expand, expand_traced};
pub use limits::{Limit, Limits, Outcome, Walk};
pub use path::{Path, PathOf};
pub use paths::{Paths, simple_paths};
pub use push::{Ppr, Ranked, Ranking, personalized_pagerank};
pub use several::{CheapestPaths, CheapestPathsOf, cheapest_paths};
pub use shortest::{Shortest, shortest_path};
pub use subgraph::{Link, Nearness, Subgraph, SubgraphOf, subgraph};
