//! [`Bounds`]: how far the end is at least.

use super::super::adjacency::{Adjacency, EdgeOf};
use super::super::cheapest::Search;
use super::super::error::GraphError;
use super::super::limits::{Meter, Walk};

/// What it costs to come to the end from a vertex, as a search back from the end found it.
pub(super) struct Bounds<A: Adjacency> {
    search: Search<A>,
    /// Whoever the search did not get to is at least as far away as this.
    farthest: f64,
}

impl<A: Adjacency> Bounds<A> {
    /// Searches back from `to` until it meets `from`. Nothing, if that cannot be for `max_cost`, or if
    /// a limit was met.
    pub(super) fn between(
        graph: &A,
        from: A::Vertex,
        to: A::Vertex,
        max_cost: f64,
        cost: &impl Fn(&EdgeOf<A>) -> f64,
        walk: &Walk<'_, A>,
    ) -> Result<(Option<Self>, Meter), GraphError<A::Error>> {
        let back = Walk { direction: walk.direction.reversed(), ..*walk };
        let mut search = Search::new(&[to], &back);
        while let Some((vertex, price)) = search.settle() {
            if price > max_cost {
                break;
            }
            if vertex == from {
                let meter = search.meter.clone();
                return Ok((Some(Self { search, farthest: price }), meter));
            }
            // Each edge is priced as it is walked towards the end.
            let cost = |edge: &EdgeOf<A>| cost(&edge.seen_from_there(vertex));
            if search.relax(graph, vertex, price, &cost, &back)?.is_break() {
                break;
            }
        }
        Ok((None, search.meter))
    }

    /// No way from `vertex` to the end costs less.
    pub(super) fn least(&self, vertex: &A::Vertex) -> f64 {
        self.search.settled_cost(vertex).unwrap_or(self.farthest)
    }

    /// Vertices that are remembered.
    pub(super) fn vertices(&self) -> usize {
        self.search.vertices()
    }
}
