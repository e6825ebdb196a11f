//! [`core_numbers`]: how deep in the dense part of the graph each vertex lies.

use super::simple::Simple;
use crate::graph::csr::Csr;

/// For each vertex the greatest `k` for which it is in the `k`-core: the largest part of the graph,
/// taken as undirected and simple, where each has at least `k` neighbours in the part. A vertex
/// without neighbours has 0.
///
/// Batagelj and Zaversnik (2003): vertices in buckets by degree, the lowest taken away first. Time:
/// the number of edges. Memory: up to 8 bytes an edge, and 20 a vertex.
pub fn core_numbers(csr: &Csr<impl Copy + Ord>) -> Vec<u32> {
    let simple = Simple::new(csr);
    let mut degrees: Vec<u32> = csr.vertices().map(|vertex| simple.degree(vertex)).collect();
    let mut buckets = Buckets::new(&degrees);
    for at in 0..degrees.len() {
        let vertex = buckets.order[at];
        let degree = degrees[vertex as usize];
        for neighbor in simple.of(vertex) {
            let other = &mut degrees[*neighbor as usize];
            if *other > degree {
                buckets.lower(*neighbor, *other);
                *other -= 1;
            }
        }
    }
    degrees
}

/// Vertices in the order of their degrees, which can fall by one at a time.
struct Buckets {
    order: Vec<u32>,
    /// Where in the order each vertex is.
    places: Vec<u32>,
    /// Where in the order the vertices of each degree begin.
    starts: Vec<u32>,
}

impl Buckets {
    fn new(degrees: &[u32]) -> Self {
        let most = degrees.iter().max().copied().unwrap_or(0) as usize;
        let mut starts = vec![0; most + 2];
        for degree in degrees {
            starts[*degree as usize + 1] += 1;
        }
        for at in 0..=most {
            starts[at + 1] += starts[at];
        }
        let mut next = starts.clone();
        let (mut order, mut places) = (vec![0; degrees.len()], vec![0; degrees.len()]);
        for (degree, vertex) in degrees.iter().zip(0..) {
            let place = &mut next[*degree as usize];
            order[*place as usize] = vertex;
            places[vertex as usize] = *place;
            *place += 1;
        }
        Self { order, places, starts }
    }

    /// Moves a vertex of this degree to the end of the bucket below.
    fn lower(&mut self, vertex: u32, degree: u32) {
        let place = self.places[vertex as usize];
        let first = self.starts[degree as usize];
        let other = self.order[first as usize];
        self.order.swap(first as usize, place as usize);
        self.places[other as usize] = place;
        self.places[vertex as usize] = first;
        self.starts[degree as usize] += 1;
    }
}
