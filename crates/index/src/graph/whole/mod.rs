//! What is computed over a whole graph, as a [`Csr`](super::Csr).
//!
//! Answers are lists with one entry for each vertex, by number. Sets of vertices are told by labels:
//! the lowest number in the set, so equal graphs get equal labels. Where a graph is taken as
//! undirected, every edge is walked both ways; where it is taken as simple as well, parallel edges
//! are one, and edges of a vertex with itself none.

mod components;
mod cores;
mod distances;
mod labels;
mod leiden;
mod pagerank;
mod simple;
mod strong;
mod triangles;

pub use components::{Components, weak_components};
pub use cores::core_numbers;
pub use distances::{UNREACHED, costs_from, hops_from};
pub use labels::{LabelPropagation, propagate_labels};
pub use leiden::{Communities, Leiden, leiden, modularity};
pub use pagerank::{PageRank, Ranks, pagerank};
pub use strong::strong_components;
pub use triangles::{Triangles, triangles};
