//! [`hops_from`] and [`costs_from`]: how far every vertex is.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::convert::Infallible;
use std::ops::ControlFlow;

use crate::graph::adjacency::{Adjacency, Direction, EdgeOf, Kinds};
use crate::graph::csr::Csr;
use crate::graph::error::GraphError;

/// The number of hops to a vertex that cannot be reached.
pub const UNREACHED: u32 = u32::MAX;

/// For each vertex the fewest edges from any of `seeds`, or [`UNREACHED`].
///
/// Breadth-first search. Time: the number of edges. Memory: 8 bytes a vertex. Numbers that are not in
/// the graph are passed over.
pub fn hops_from<K: Copy + Ord>(
    csr: &Csr<K>,
    seeds: &[u32],
    direction: Direction,
    kinds: &Kinds,
) -> Vec<u32> {
    let mut hops = vec![UNREACHED; csr.vertex_count()];
    let mut order: Vec<u32> = Vec::new();
    for seed in seeds {
        if let Some(first) = hops.get_mut(*seed as usize)
            && *first == UNREACHED
        {
            *first = 0;
            order.push(*seed);
        }
    }
    let mut at = 0;
    while let Some(vertex) = order.get(at).copied() {
        at += 1;
        let next = hops[vertex as usize] + 1;
        let Ok(_) = csr.edges(vertex, direction, kinds, |edge| {
            let neighbor = &mut hops[edge.neighbor as usize];
            if *neighbor == UNREACHED {
                *neighbor = next;
                order.push(edge.neighbor);
            }
            ControlFlow::Continue(())
        });
    }
    hops
}

/// For each vertex the least cost from any of `seeds`, infinite if it cannot be reached. `cost` prices
/// an edge: zero or more, or infinity for one that is not to be taken; anything else is an error.
///
/// Dijkstra (1959) with a binary heap. Time: edges times the logarithm of their number at worst.
/// Memory: 8 bytes a vertex, and 16 for each improvement that waits.
pub fn costs_from<K: Copy + Ord>(
    csr: &Csr<K>,
    seeds: &[u32],
    direction: Direction,
    kinds: &Kinds,
    cost: impl Fn(&EdgeOf<Csr<K>>) -> f64,
) -> Result<Vec<f64>, GraphError<Infallible>> {
    let mut costs = vec![f64::INFINITY; csr.vertex_count()];
    let mut waiting = BinaryHeap::new();
    for seed in seeds.iter().filter(|seed| (**seed as usize) < csr.vertex_count()) {
        costs[*seed as usize] = 0.0;
        waiting.push(Reverse((0, *seed)));
    }
    let mut bad = None;
    while let Some(Reverse((price, vertex))) = waiting.pop() {
        let price = f64::from_bits(price);
        if price > costs[vertex as usize] {
            continue;
        }
        let Ok(_) = csr.edges(vertex, direction, kinds, |edge| {
            let step = cost(&edge);
            if step.is_nan() || step < 0.0 {
                bad = Some(GraphError::Cost { kind: edge.kind, weight: edge.weight, cost: step });
                return ControlFlow::Break(());
            }
            // Adding zero turns a negative zero into the other one.
            let total = price + step + 0.0;
            if total < costs[edge.neighbor as usize] {
                costs[edge.neighbor as usize] = total;
                // The bits of numbers from zero up rise as the numbers do.
                waiting.push(Reverse((total.to_bits(), edge.neighbor)));
            }
            ControlFlow::Continue(())
        });
        if let Some(error) = bad {
            return Err(error);
        }
    }
    Ok(costs)
}
