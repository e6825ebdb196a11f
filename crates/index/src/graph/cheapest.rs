//! [`cheapest_path`]: the least cost between two vertices; [`cheapest_from`]: to all.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::ops::ControlFlow;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::adjacency::{Adjacency, EdgeOf};
use super::cost::Cost;
use super::error::GraphError;
use super::limits::{Meter, Outcome, Walk};
use super::path::{Path, PathOf};

/// What [`cheapest_path`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct Cheapest<V, R> {
    /// The path and what it costs, if there is one.
    pub path: Option<(Path<V, R>, f64)>,
    /// Whether the search could look everywhere. A path that was found is a cheapest one in any case.
    pub outcome: Outcome,
}

/// What [`cheapest_path`] finds in this graph.
pub type CheapestOf<A> = Cheapest<<A as Adjacency>::Vertex, <A as Adjacency>::Reference>;

/// A vertex and what it costs to come there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reach<V> {
    /// The vertex.
    pub vertex: V,
    /// The least cost from any seed.
    pub cost: f64,
}

/// What [`cheapest_from`] found: by cost, then by key.
#[derive(Clone, Debug, PartialEq)]
pub struct Reachable<V> {
    /// Each vertex once; the seeds come first, at no cost.
    pub reached: Vec<Reach<V>>,
    /// Whether these are all that cost no more than asked.
    pub outcome: Outcome,
}

/// A path of the least cost from `from` to `to`. `cost` prices an edge as it is walked: zero or more,
/// or infinity for one that is not to be taken; anything else is an error.
///
/// Dijkstra (1959) with a binary heap. Time: the edges of the vertices nearer than `to`, and a
/// logarithm for each improvement. Memory: the vertices seen. Of paths that cost the same, each vertex
/// is reached from the lowest of those that come before it; of parallel edges the lowest kind.
pub fn cheapest_path<A: Adjacency>(
    graph: &A,
    from: A::Vertex,
    to: A::Vertex,
    cost: impl Fn(&EdgeOf<A>) -> f64,
    walk: &Walk<'_, A>,
) -> Result<CheapestOf<A>, GraphError<A::Error>> {
    let mut search = Search::new(&[from], walk);
    while let Some((vertex, price)) = search.settle() {
        if vertex == to {
            let path = search.path_to(to);
            return Ok(Cheapest { path: Some((path, price)), outcome: Outcome::Complete });
        }
        if search.relax(graph, vertex, price, &cost, walk)?.is_break() {
            break;
        }
    }
    Ok(Cheapest { path: None, outcome: search.meter.outcome() })
}

/// Every vertex that the cheapest path from any of `seeds` reaches for at most `max_cost`.
///
/// The search of [`cheapest_path`] without an end. When a limit is met, what is told is still right:
/// costs are told in rising order, and the search stops at the first that it cannot be sure of.
pub fn cheapest_from<A: Adjacency>(
    graph: &A,
    seeds: &[A::Vertex],
    max_cost: f64,
    cost: impl Fn(&EdgeOf<A>) -> f64,
    walk: &Walk<'_, A>,
) -> Result<Reachable<A::Vertex>, GraphError<A::Error>> {
    let mut search = Search::new(seeds, walk);
    let mut reached = Vec::new();
    while let Some((vertex, price)) = search.settle() {
        if price > max_cost {
            break;
        }
        reached.push(Reach { vertex, cost: price });
        if search.relax(graph, vertex, price, &cost, walk)?.is_break() {
            break;
        }
    }
    // A vertex of zero-cost edges may be found after a higher one of the same cost.
    reached.sort_by(|a, b| a.cost.total_cmp(&b.cost).then(a.vertex.cmp(&b.vertex)));
    Ok(Reachable { reached, outcome: search.meter.outcome() })
}

/// The search behind all paths that are priced.
pub(super) struct Search<A: Adjacency> {
    known: HashMap<A::Vertex, Known<A>, RandomState>,
    waiting: BinaryHeap<Reverse<Waiting<A::Vertex>>>,
    pub(super) meter: Meter,
}

/// The best way to a vertex so far.
struct Known<A: Adjacency> {
    cost: f64,
    settled: bool,
    by: Option<(A::Vertex, EdgeOf<A>)>,
}

impl<A: Adjacency> Search<A> {
    pub(super) fn new(seeds: &[A::Vertex], walk: &Walk<'_, A>) -> Self {
        let start = || Known { cost: 0.0, settled: false, by: None };
        let known = seeds.iter().map(|seed| (*seed, start())).collect();
        let waiting = seeds.iter().map(|seed| Reverse(Waiting { cost: Cost(0.0), vertex: *seed }));
        Self { known, waiting: waiting.collect(), meter: Meter::new(walk.limits) }
    }

    /// The next vertex whose cost is final.
    pub(super) fn settle(&mut self) -> Option<(A::Vertex, f64)> {
        while let Some(Reverse(Waiting { vertex, .. })) = self.waiting.pop() {
            let known = self.known.get_mut(&vertex).expect("what waits is known");
            if !known.settled {
                known.settled = true;
                return Some((vertex, known.cost));
            }
        }
        None
    }

    /// Tries the edges of a settled vertex.
    pub(super) fn relax(
        &mut self,
        graph: &A,
        from: A::Vertex,
        price: f64,
        cost: &impl Fn(&EdgeOf<A>) -> f64,
        walk: &Walk<'_, A>,
    ) -> Result<ControlFlow<()>, GraphError<A::Error>> {
        let Self { known, waiting, meter } = self;
        let mut bad = None;
        let flow = graph.edges(from, walk.direction, walk.filter, |edge| {
            meter.edge()?;
            let step = cost(&edge);
            if step.is_nan() || step < 0.0 {
                bad = Some(GraphError::Cost { kind: edge.kind, weight: edge.weight, cost: step });
                return ControlFlow::Break(());
            }
            let total = price + step;
            if total == f64::INFINITY {
                return ControlFlow::Continue(());
            }
            let held = known.len();
            let way = Known { cost: total, settled: false, by: Some((from, edge)) };
            match known.entry(edge.neighbor) {
                Entry::Vacant(vacant) => {
                    meter.vertex(held)?;
                    vacant.insert(way);
                    waiting.push(Reverse(Waiting { cost: Cost(total), vertex: edge.neighbor }));
                }
                Entry::Occupied(mut best) if way.is_better_than(best.get()) => {
                    if total < best.get().cost {
                        waiting.push(Reverse(Waiting { cost: Cost(total), vertex: edge.neighbor }));
                    }
                    best.insert(way);
                }
                Entry::Occupied(_) => {}
            }
            ControlFlow::Continue(())
        })?;
        bad.map_or(Ok(flow), Err)
    }

    /// What it costs to come to a vertex, once that is final.
    pub(super) fn settled_cost(&self, vertex: &A::Vertex) -> Option<f64> {
        self.known.get(vertex).filter(|known| known.settled).map(|known| known.cost)
    }

    /// Vertices that are remembered.
    pub(super) fn vertices(&self) -> usize {
        self.known.len()
    }

    fn path_to(&self, end: A::Vertex) -> PathOf<A> {
        let (mut at, mut edges) = (end, Vec::new());
        while let Some((from, edge)) = self.known.get(&at).and_then(|known| known.by) {
            edges.push(edge);
            at = from;
        }
        edges.reverse();
        Path { start: at, edges }
    }
}

impl<A: Adjacency> Known<A> {
    /// A settled vertex keeps its way: a change could close a circle of edges without cost.
    fn is_better_than(&self, best: &Self) -> bool {
        let rank = |way: &Self| way.by.map(|(from, edge)| (from, edge.precedence()));
        let order = self.cost.total_cmp(&best.cost).then_with(|| rank(self).cmp(&rank(best)));
        !best.settled && order == Ordering::Less
    }
}

/// A vertex in the queue, ordered by cost and then by key.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Waiting<V> {
    cost: Cost,
    vertex: V,
}
