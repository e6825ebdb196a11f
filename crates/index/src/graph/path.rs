//! [`Path`]: a way through a graph.

use super::adjacency::{Adjacency, Edge};

/// A vertex, and the edges that are taken from there one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Path<V, R> {
    /// Where it starts.
    pub start: V,
    /// Each edge as seen from the vertex where it is taken.
    pub edges: Vec<Edge<V, R>>,
}

/// A path through this graph.
pub type PathOf<A> = Path<<A as Adjacency>::Vertex, <A as Adjacency>::Reference>;

impl<V: Copy, R> Path<V, R> {
    /// How many edges it takes.
    pub fn hops(&self) -> usize {
        self.edges.len()
    }

    /// Where it ends.
    pub fn end(&self) -> V {
        self.edges.last().map_or(self.start, |edge| edge.neighbor)
    }

    /// All its vertices, from start to end.
    pub fn vertices(&self) -> impl Iterator<Item = V> {
        std::iter::once(self.start).chain(self.edges.iter().map(|edge| edge.neighbor))
    }
}
