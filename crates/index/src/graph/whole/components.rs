//! [`weak_components`]: what hangs together when directions do not count.

use crate::graph::csr::Csr;

/// A partition of the vertices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Components {
    /// For each vertex the lowest number in its component.
    pub labels: Vec<u32>,
    /// How many components there are.
    pub count: usize,
}

impl Components {
    /// From any labels: whoever has the same is in one component.
    pub(super) fn from_parts(parts: &[u32]) -> Self {
        let mut lowest = vec![u32::MAX; parts.len()];
        let (mut labels, mut count) = (Vec::with_capacity(parts.len()), 0);
        for (part, vertex) in parts.iter().zip(0..) {
            let label = &mut lowest[*part as usize];
            if *label == u32::MAX {
                *label = vertex;
                count += 1;
            }
            labels.push(*label);
        }
        Self { labels, count }
    }
}

/// The weakly connected components. A vertex without edges is one by itself.
///
/// Union-find with path halving, the lower root wins (Tarjan and van Leeuwen, 1984). Time: nearly the
/// number of edges. Memory: 12 bytes a vertex.
pub fn weak_components(csr: &Csr<impl Copy + Ord>) -> Components {
    let mut parents: Vec<u32> = csr.vertices().collect();
    for vertex in csr.vertices() {
        for target in csr.targets(vertex) {
            let (a, b) = (root(&mut parents, vertex), root(&mut parents, *target));
            parents[a.max(b) as usize] = a.min(b);
        }
    }
    let roots: Vec<u32> = csr.vertices().map(|vertex| root(&mut parents, vertex)).collect();
    Components::from_parts(&roots)
}

fn root(parents: &mut [u32], mut vertex: u32) -> u32 {
    while parents[vertex as usize] != vertex {
        let above = parents[parents[vertex as usize] as usize];
        parents[vertex as usize] = above;
        vertex = above;
    }
    vertex
}
