//! [`pagerank`]: where a random walker is found in the long run.

use crate::graph::csr::Csr;
use crate::graph::error::GraphError;
use std::convert::Infallible;

/// How [`pagerank`] iterates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PageRank {
    /// How likely a walker goes on along an edge; from 0, below 1.
    pub damping: f64,
    /// It ends when all ranks together change by less in an iteration. Zero for a fixed number.
    pub tolerance: f64,
    /// It ends after so many in any case.
    pub max_iterations: u32,
    /// Whether edges are taken in proportion to their weights; equally otherwise.
    pub weighted: bool,
}

impl Default for PageRank {
    /// Damping 0.85, tolerance 1e-9, at most 100 iterations, no weights.
    fn default() -> Self {
        Self { damping: 0.85, tolerance: 1e-9, max_iterations: 100, weighted: false }
    }
}

/// What [`pagerank`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranks {
    /// Of each vertex; they add up to 1.
    pub scores: Vec<f64>,
    /// Iterations that were made.
    pub iterations: u32,
    /// By how much all ranks together changed in the last one.
    pub change: f64,
}

/// The PageRank of each vertex: a walker goes on along a random outgoing edge, or starts anew at any
/// vertex. From a vertex without outgoing edges (or with weights of zero only) it starts anew.
///
/// Power iteration (Page, Brin, Motwani and Winograd, 1999): each vertex pulls from the sources of its
/// edges, so every sum has a fixed order. Time: edges times iterations. Memory: 16 bytes a vertex, and
/// 8 more with weights. Parallel edges count each.
pub fn pagerank(
    csr: &Csr<impl Copy + Ord>,
    how: &PageRank,
) -> Result<Ranks, GraphError<Infallible>> {
    check(csr, how)?;
    let vertices = csr.vertex_count();
    if vertices == 0 {
        return Ok(Ranks { scores: Vec::new(), iterations: 0, change: 0.0 });
    }
    #[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^32 vertices")]
    let even = 1.0 / vertices as f64;
    let weighted = how.weighted && csr.is_weighted();
    let totals = weighted.then(|| totals(csr));
    let total = |vertex: u32| match &totals {
        Some(totals) => totals[vertex as usize],
        None => f64::from(csr.edges_from(vertex).end - csr.edges_from(vertex).start),
    };
    let mut scores = vec![even; vertices];
    let mut shares = vec![0.0; vertices];
    let (mut iterations, mut change) = (0, f64::INFINITY);
    while iterations < how.max_iterations && change > how.tolerance {
        let mut dangling = 0.0;
        for (vertex, (score, share)) in csr.vertices().zip(scores.iter().zip(&mut shares)) {
            let total = total(vertex);
            if total > 0.0 {
                *share = score / total;
            } else {
                *share = 0.0;
                dangling += score;
            }
        }
        let base = even * (1.0 - how.damping) + even * how.damping * dangling;
        change = 0.0;
        for (vertex, score) in csr.vertices().zip(&mut scores) {
            let sum = if weighted {
                pull_weighted(csr, vertex, &shares)
            } else {
                pull(csr, vertex, &shares)
            };
            let next = base + how.damping * sum;
            change += (next - *score).abs();
            *score = next;
        }
        iterations += 1;
    }
    Ok(Ranks { scores, iterations, change: if iterations == 0 { 0.0 } else { change } })
}

#[inline]
fn pull(csr: &Csr<impl Copy + Ord>, vertex: u32, shares: &[f64]) -> f64 {
    csr.sources(vertex).iter().map(|source| shares[*source as usize]).sum()
}

#[inline]
fn pull_weighted(csr: &Csr<impl Copy + Ord>, vertex: u32, shares: &[f64]) -> f64 {
    let edges = csr.sources(vertex).iter().zip(csr.edges_to(vertex));
    edges.map(|(source, edge)| shares[*source as usize] * f64::from(csr.weight(*edge))).sum()
}

/// The sums of the weights of outgoing edges.
fn totals(csr: &Csr<impl Copy + Ord>) -> Vec<f64> {
    let sum = |vertex| csr.edges_from(vertex).map(|edge| f64::from(csr.weight(edge))).sum();
    csr.vertices().map(sum).collect()
}

fn check(csr: &Csr<impl Copy + Ord>, how: &PageRank) -> Result<(), GraphError<Infallible>> {
    if !(0.0..1.0).contains(&how.damping) {
        let (name, range) = ("damping", "from 0 up to but not 1");
        return Err(GraphError::Setting { name, value: how.damping, range });
    }
    if how.tolerance.is_nan() || how.tolerance < 0.0 {
        let (name, range) = ("tolerance", "of zero or more");
        return Err(GraphError::Setting { name, value: how.tolerance, range });
    }
    if how.weighted { csr.check_weights() } else { Ok(()) }
}
