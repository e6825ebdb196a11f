//! [`triangles`]: how many each vertex is a corner of, and how clustered that makes it.

use super::simple::Simple;
use crate::graph::csr::Csr;

/// What [`triangles`] counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Triangles {
    /// Triangles that each vertex is a corner of.
    pub corners: Vec<u64>,
    /// For each vertex: how many of the pairs of its neighbours are neighbours themselves, from 0 to
    /// 1; 0 if it has fewer than two neighbours.
    pub clustering: Vec<f64>,
    /// All triangles, each once.
    pub total: u64,
}

/// Counts the triangles of the graph taken as undirected and simple.
///
/// Every edge is pointed at the end of higher degree, and the triangle found from its lowest corner
/// (Latapy, 2008: compact forward). Time: the number of edges times at most its square root. Memory:
/// up to 12 bytes an edge, and 20 a vertex.
pub fn triangles(csr: &Csr<impl Copy + Ord>) -> Triangles {
    let simple = Simple::new(csr);
    let rank = |vertex: u32| (simple.degree(vertex), vertex);
    let mut starts = vec![0];
    let mut higher: Vec<u32> = Vec::new();
    for vertex in csr.vertices() {
        higher.extend(simple.of(vertex).iter().filter(|other| rank(**other) > rank(vertex)));
        starts.push(higher.len());
    }
    let above = |vertex: u32| &higher[starts[vertex as usize]..starts[vertex as usize + 1]];
    let mut corners = vec![0_u64; csr.vertex_count()];
    // The number of the vertex whose neighbours are marked, plus one.
    let mut marks = vec![0_u32; csr.vertex_count()];
    for vertex in csr.vertices() {
        for second in above(vertex) {
            marks[*second as usize] = vertex + 1;
        }
        for second in above(vertex) {
            for third in above(*second).iter().filter(|third| marks[**third as usize] == vertex + 1)
            {
                for corner in [vertex, *second, *third] {
                    corners[corner as usize] += 1;
                }
            }
        }
    }
    let clustering = csr.vertices().zip(&corners);
    let clustering = clustering.map(|(vertex, count)| clustering_of(simple.degree(vertex), *count));
    Triangles { clustering: clustering.collect(), total: corners.iter().sum::<u64>() / 3, corners }
}

#[expect(clippy::cast_precision_loss, reason = "a quotient of counts")]
fn clustering_of(degree: u32, triangles: u64) -> f64 {
    if degree < 2 {
        return 0.0;
    }
    let degree = f64::from(degree);
    2.0 * triangles as f64 / (degree * (degree - 1.0))
}
