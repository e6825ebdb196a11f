//! [`Graph`]: an undirected graph with weights, whose vertices can be whole parts of another.

use super::refining::Parts;
use crate::graph::csr::Csr;

/// Neighbours of each vertex, without the vertex itself; equal ones are added up.
pub(super) struct Graph {
    starts: Vec<usize>,
    ends: Vec<(u32, f64)>,
    /// The weight of all edges at each vertex; of one with itself, twice.
    strengths: Vec<f64>,
    /// All strengths.
    pub(super) total: f64,
}

impl Graph {
    pub(super) fn of(csr: &Csr<impl Copy + Ord>, weighted: bool) -> Self {
        let weight = |edge| if weighted { f64::from(csr.weight(edge)) } else { 1.0 };
        let mut rows = Rows::new(csr.vertex_count());
        for vertex in csr.vertices() {
            let out = csr.targets(vertex).iter().zip(csr.edges_from(vertex));
            for (target, edge) in out {
                rows.add(vertex, *target, weight(edge));
            }
            for (source, edge) in csr.sources(vertex).iter().zip(csr.edges_to(vertex)) {
                rows.add(vertex, *source, weight(*edge));
            }
            rows.close();
        }
        rows.finish()
    }

    /// The graph of the parts. Weights within a part count in its strength alone.
    pub(super) fn aggregated(&self, parts: &Parts) -> Self {
        let mut rows = Rows::new(parts.count as usize);
        for (part, members) in (0..).zip(parts.members()) {
            for member in members {
                let mut left = self.strength(member);
                for (neighbor, weight) in self.of_vertex(member) {
                    rows.add(part, parts.of[*neighbor as usize], *weight);
                    left -= weight;
                }
                // What the member had with itself.
                rows.add(part, part, left);
            }
            rows.close();
        }
        rows.finish()
    }

    pub(super) fn len(&self) -> usize {
        self.strengths.len()
    }

    pub(super) fn of_vertex(&self, vertex: u32) -> &[(u32, f64)] {
        &self.ends[self.starts[vertex as usize]..self.starts[vertex as usize + 1]]
    }

    pub(super) fn strength(&self, vertex: u32) -> f64 {
        self.strengths[vertex as usize]
    }
}

/// A graph in the making, row by row.
struct Rows {
    graph: Graph,
    /// The weight of each neighbour in the row at hand, and which there are.
    weights: Vec<f64>,
    met: Vec<u32>,
    strength: f64,
}

impl Rows {
    fn new(vertices: usize) -> Self {
        let (starts, ends) = (vec![0], Vec::new());
        let graph = Graph { starts, ends, strengths: Vec::with_capacity(vertices), total: 0.0 };
        Self { graph, weights: vec![0.0; vertices], met: Vec::new(), strength: 0.0 }
    }

    fn add(&mut self, vertex: u32, neighbor: u32, weight: f64) {
        self.strength += weight;
        if neighbor == vertex || weight <= 0.0 {
            return;
        }
        let sum = &mut self.weights[neighbor as usize];
        if *sum == 0.0 {
            self.met.push(neighbor);
        }
        *sum += weight;
    }

    fn close(&mut self) {
        self.met.sort_unstable();
        for neighbor in self.met.drain(..) {
            let weight = std::mem::take(&mut self.weights[neighbor as usize]);
            self.graph.ends.push((neighbor, weight));
        }
        self.graph.starts.push(self.graph.ends.len());
        self.graph.total += self.strength;
        self.graph.strengths.push(std::mem::take(&mut self.strength));
    }

    fn finish(self) -> Graph {
        self.graph
    }
}
