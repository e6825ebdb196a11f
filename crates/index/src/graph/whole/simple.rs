//! [`Simple`]: a graph without directions, parallel edges and edges of a vertex with itself.

use crate::graph::csr::Csr;

/// The neighbours of each vertex: rising, each once, the vertex itself never.
pub(super) struct Simple {
    starts: Vec<usize>,
    neighbors: Vec<u32>,
}

impl Simple {
    /// Time: the number of edges. Memory: up to 8 bytes an edge.
    pub(super) fn new(csr: &Csr<impl Copy + Ord>) -> Self {
        let mut starts = Vec::with_capacity(csr.vertex_count() + 1);
        starts.push(0);
        let mut neighbors = Vec::new();
        for vertex in csr.vertices() {
            merge(csr.targets(vertex), csr.sources(vertex), vertex, &mut neighbors);
            starts.push(neighbors.len());
        }
        Self { starts, neighbors }
    }

    pub(super) fn of(&self, vertex: u32) -> &[u32] {
        &self.neighbors[self.starts[vertex as usize]..self.starts[vertex as usize + 1]]
    }

    pub(super) fn degree(&self, vertex: u32) -> u32 {
        u32::try_from(self.of(vertex).len()).expect("neighbours are vertices, each once")
    }
}

/// The union of two rising lists, without `vertex`.
fn merge(mut a: &[u32], mut b: &[u32], vertex: u32, into: &mut Vec<u32>) {
    let start = into.len();
    loop {
        let next = match (a.split_first(), b.split_first()) {
            (Some((first, rest)), Some((second, _))) if first <= second => {
                a = rest;
                *first
            }
            (_, Some((second, rest))) => {
                b = rest;
                *second
            }
            (Some((first, rest)), None) => {
                a = rest;
                *first
            }
            (None, None) => return,
        };
        if next != vertex && into[start..].last() != Some(&next) {
            into.push(next);
        }
    }
}
