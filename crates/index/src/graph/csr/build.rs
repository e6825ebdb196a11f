//! [`CsrBuilder`]: edges in any order, a [`Csr`] at the end.

use std::hash::Hash;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use sutra_format::{AssociationKind, ConceptId};

use super::{Csr, Rows};
use crate::graph::error::TooLarge;

/// Collects the vertices and edges of a projection.
///
/// Memory while it collects: 16 bytes for each edge, some 50 for each vertex with a key of 16.
#[derive(Clone, Debug)]
pub struct CsrBuilder<K = ConceptId> {
    numbers: HashMap<K, u32, RandomState>,
    keys: Vec<K>,
    edges: Vec<Arrow>,
}

#[derive(Clone, Copy, Debug)]
struct Arrow {
    source: u32,
    target: u32,
    weight: f32,
    kind: AssociationKind,
}

impl<K: Copy + Ord + Hash> Default for CsrBuilder<K> {
    fn default() -> Self {
        Self { numbers: HashMap::default(), keys: Vec::new(), edges: Vec::new() }
    }
}

impl<K: Copy + Ord + Hash> CsrBuilder<K> {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a vertex, which need not have edges. Taking it again changes nothing.
    pub fn vertex(&mut self, key: K) -> Result<(), TooLarge> {
        self.number(key).map(|_| ())
    }

    /// Takes an edge and both its ends. Parallel edges and edges of a vertex with itself are kept.
    pub fn edge(
        &mut self,
        source: K,
        target: K,
        kind: AssociationKind,
        weight: f32,
    ) -> Result<(), TooLarge> {
        // One number is left over, so that counts fit as well.
        if self.edges.len() >= u32::MAX as usize {
            return Err(TooLarge);
        }
        let (source, target) = (self.number(source)?, self.number(target)?);
        self.edges.push(Arrow { source, target, weight, kind });
        Ok(())
    }

    fn number(&mut self, key: K) -> Result<u32, TooLarge> {
        match self.numbers.entry(key) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(vacant) => {
                let number = u32::try_from(self.keys.len()).map_err(|_| TooLarge)?;
                if number == u32::MAX {
                    return Err(TooLarge);
                }
                self.keys.push(key);
                Ok(*vacant.insert(number))
            }
        }
    }

    /// The projection. Time: sorting the keys and the edges of each vertex.
    pub fn finish(self) -> Csr<K> {
        let Self { numbers, keys, mut edges } = self;
        drop(numbers);
        let keys = renumber(keys, &mut edges);
        let mut edges = scattered(keys.len(), edges);
        let out = starts(keys.len(), edges.iter().map(|edge| edge.source));
        for vertex in 0..keys.len() {
            let row = out[vertex] as usize..out[vertex + 1] as usize;
            edges[row].sort_unstable_by(|a, b| {
                (a.target, a.kind).cmp(&(b.target, b.kind)).then(a.weight.total_cmp(&b.weight))
            });
        }
        let (incoming, incoming_edges) = incoming(keys.len(), &edges);
        let weighted = edges.iter().any(|edge| edge.weight != 1.0);
        Csr {
            keys,
            out: Rows { starts: out, ends: edges.iter().map(|edge| edge.target).collect() },
            incoming,
            incoming_edges,
            kinds: edges.iter().map(|edge| edge.kind).collect(),
            weights: weighted.then(|| edges.iter().map(|edge| edge.weight).collect()),
        }
    }
}

impl<K: Copy + Ord + Hash> Csr<K> {
    /// The projection of edges given as source, target, kind and weight.
    pub fn from_edges(
        edges: impl IntoIterator<Item = (K, K, AssociationKind, f32)>,
    ) -> Result<Self, TooLarge> {
        let mut builder = CsrBuilder::new();
        for (source, target, kind, weight) in edges {
            builder.edge(source, target, kind, weight)?;
        }
        Ok(builder.finish())
    }
}

/// Numbers the vertices by key instead of by arrival. Returns the keys in order.
fn renumber<K: Copy + Ord>(keys: Vec<K>, edges: &mut [Arrow]) -> Vec<K> {
    let mut arrivals: Vec<(K, u32)> = keys.into_iter().zip(0..).collect();
    arrivals.sort_unstable();
    let mut numbers = vec![0; arrivals.len()];
    for ((_, arrival), number) in arrivals.iter().zip(0..) {
        numbers[*arrival as usize] = number;
    }
    for edge in edges {
        edge.source = numbers[edge.source as usize];
        edge.target = numbers[edge.target as usize];
    }
    arrivals.into_iter().map(|(key, _)| key).collect()
}

/// Where the rows begin, given the row of each entry.
fn starts(vertices: usize, rows: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut starts = vec![0; vertices + 1];
    for row in rows {
        starts[row as usize + 1] += 1;
    }
    for at in 0..vertices {
        starts[at + 1] += starts[at];
    }
    starts
}

/// The edges by source, by counting.
fn scattered(vertices: usize, edges: Vec<Arrow>) -> Vec<Arrow> {
    let mut next = starts(vertices, edges.iter().map(|edge| edge.source));
    let blank = Arrow { source: 0, target: 0, weight: 1.0, kind: AssociationKind::SEMANTIC };
    let mut sorted = vec![blank; edges.len()];
    for edge in edges {
        let at = &mut next[edge.source as usize];
        sorted[*at as usize] = edge;
        *at += 1;
    }
    sorted
}

/// The edges by target: rows of sources that rise, and the number of each edge.
fn incoming(vertices: usize, edges: &[Arrow]) -> (Rows, Vec<u32>) {
    let starts = starts(vertices, edges.iter().map(|edge| edge.target));
    let mut next = starts.clone();
    let (mut ends, mut numbers) = (vec![0; edges.len()], vec![0; edges.len()]);
    for (edge, number) in edges.iter().zip(0..) {
        let at = &mut next[edge.target as usize];
        ends[*at as usize] = edge.source;
        numbers[*at as usize] = number;
        *at += 1;
    }
    (Rows { starts, ends }, numbers)
}
