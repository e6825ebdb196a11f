//! [`Csr`]: a graph in memory as compressed sparse rows, with dense numbers in both directions.

mod adjacency;
mod build;

use std::convert::Infallible;
use std::mem::size_of;

use sutra_format::{AssociationKind, ConceptId};

use super::error::GraphError;

pub use build::CsrBuilder;

/// A graph as it was when it was projected. Vertices are numbered from zero in the order of their
/// keys, so a lower number is a lower key; edges are numbered by source, then by target, kind and
/// weight. The same edges in any order give the same projection.
///
/// Memory: for each edge 14 bytes (4 each way for the ends, 2 for the kind, 4 for its number), and 4
/// more if any weight is not 1; for each vertex 8 bytes and its key.
#[derive(Clone, Debug, PartialEq)]
pub struct Csr<K = ConceptId> {
    keys: Vec<K>,
    out: Rows,
    incoming: Rows,
    /// For each incoming edge its number.
    incoming_edges: Vec<u32>,
    kinds: Vec<AssociationKind>,
    /// Of each edge, unless all are 1.
    weights: Option<Vec<f32>>,
}

/// The ends of the edges of each vertex.
#[derive(Clone, Debug, PartialEq)]
struct Rows {
    /// Where the ends of a vertex begin; one more than there are vertices.
    starts: Vec<u32>,
    ends: Vec<u32>,
}

impl Rows {
    #[inline]
    fn range(&self, vertex: u32) -> std::ops::Range<usize> {
        let at = vertex as usize;
        self.starts[at] as usize..self.starts[at + 1] as usize
    }

    #[inline]
    fn of(&self, vertex: u32) -> &[u32] {
        &self.ends[self.range(vertex)]
    }

    fn bytes(&self) -> usize {
        (self.starts.capacity() + self.ends.capacity()) * size_of::<u32>()
    }
}

impl<K: Copy + Ord> Csr<K> {
    /// How many vertices there are.
    pub fn vertex_count(&self) -> usize {
        self.keys.len()
    }

    /// How many edges there are.
    pub fn edge_count(&self) -> usize {
        self.kinds.len()
    }

    /// All numbers of vertices.
    pub fn vertices(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.keys.len()).expect("the builder counted them")
    }

    /// The keys by number: rising.
    pub fn keys(&self) -> &[K] {
        &self.keys
    }

    /// The key of a vertex. Panics if there is no such number.
    pub fn key(&self, vertex: u32) -> K {
        self.keys[vertex as usize]
    }

    /// The number of a key, unless it is not here.
    pub fn number(&self, key: &K) -> Option<u32> {
        let at = self.keys.binary_search(key).ok()?;
        Some(u32::try_from(at).expect("the builder counted them"))
    }

    /// Where the edges of a vertex end: rising, once for each edge. Panics if there is no such number.
    #[inline]
    pub fn targets(&self, vertex: u32) -> &[u32] {
        self.out.of(vertex)
    }

    /// Where the edges to a vertex start: rising, once for each edge. Panics if there is no such
    /// number.
    #[inline]
    pub fn sources(&self, vertex: u32) -> &[u32] {
        self.incoming.of(vertex)
    }

    /// The numbers of the edges that start at a vertex, beside [`targets`](Self::targets).
    pub fn edges_from(&self, vertex: u32) -> std::ops::Range<u32> {
        self.out.starts[vertex as usize]..self.out.starts[vertex as usize + 1]
    }

    /// The numbers of the edges that end at a vertex, beside [`sources`](Self::sources).
    pub fn edges_to(&self, vertex: u32) -> &[u32] {
        &self.incoming_edges[self.incoming.range(vertex)]
    }

    /// What an edge says. Panics if there is no such number.
    pub fn kind(&self, edge: u32) -> AssociationKind {
        self.kinds[edge as usize]
    }

    /// How much an edge counts. Panics if weights are kept and there is no such number.
    #[inline]
    pub fn weight(&self, edge: u32) -> f32 {
        self.weights.as_ref().map_or(1.0, |weights| weights[edge as usize])
    }

    /// Whether any weight is not 1.
    pub fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    /// Refuses weights that no share can be made of.
    pub(in crate::graph) fn check_weights(&self) -> Result<(), GraphError<Infallible>> {
        let weights = self.weights.iter().flatten().zip(&self.kinds);
        for (weight, kind) in weights {
            if !(weight.is_finite() && *weight >= 0.0) {
                return Err(GraphError::Weight { kind: *kind, weight: *weight });
            }
        }
        Ok(())
    }

    /// Bytes of memory that it owns.
    pub fn memory_bytes(&self) -> usize {
        let weights = self.weights.as_ref().map_or(0, Vec::capacity);
        self.keys.capacity() * size_of::<K>()
            + self.out.bytes()
            + self.incoming.bytes()
            + self.incoming_edges.capacity() * size_of::<u32>()
            + self.kinds.capacity() * size_of::<AssociationKind>()
            + weights * size_of::<f32>()
    }
}
