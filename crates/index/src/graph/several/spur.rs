//! [`Spur`]: the best way on from where one leaves what was told.
//!
//! A* (Hart, Nilsson and Raphael, 1968) by the bounds, which hold in the whole graph and so in any part
//! of it. A vertex is settled only after all that could come before it on a way of its cost, so ties go
//! by the number of edges, and then by the edges from the start.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::ops::ControlFlow;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use sutra_format::AssociationKind;

use super::super::adjacency::{Adjacency, EdgeOf};
use super::super::cost::Cost;
use super::super::error::GraphError;
use super::super::limits::{Meter, Walk};
use super::bounds::Bounds;

/// A search for one way.
pub(super) struct Spur<'b, A: Adjacency> {
    pub(super) bounds: &'b Bounds<A>,
    pub(super) to: A::Vertex,
    /// Vertices that the way has met already, its start among them.
    pub(super) met: HashSet<A::Vertex, RandomState>,
    /// Edges of the start that were taken before.
    pub(super) told: Vec<(A::Vertex, (AssociationKind, bool))>,
    pub(super) max_cost: f64,
}

/// The edges of a way, and what the whole costs.
type Onward<A> = Option<(Vec<EdgeOf<A>>, f64)>;

/// The best way to a vertex so far.
struct Known<A: Adjacency> {
    cost: f64,
    hops: u32,
    settled: bool,
    by: Option<(A::Vertex, EdgeOf<A>)>,
}

struct Search<A: Adjacency> {
    known: HashMap<A::Vertex, Known<A>, RandomState>,
    waiting: BinaryHeap<Reverse<Waiting<A::Vertex>>>,
}

impl<A: Adjacency> Spur<'_, A> {
    /// The edges of the best way from `start`, where `spent` was spent already, and what the whole
    /// costs. Nothing if there is none, or if a limit was met.
    pub(super) fn run(
        &self,
        graph: &A,
        start: A::Vertex,
        spent: f64,
        cost: &impl Fn(&EdgeOf<A>) -> f64,
        walk: &Walk<'_, A>,
        meter: &mut Meter,
    ) -> Result<Onward<A>, GraphError<A::Error>> {
        let mut search = Search::<A> { known: HashMap::default(), waiting: BinaryHeap::new() };
        search.known.insert(start, Known { cost: spent, hops: 0, settled: false, by: None });
        search.waiting.push(Reverse(Waiting {
            least: Cost(spent),
            cost: Cost(spent),
            hops: 0,
            vertex: start,
        }));
        while let Some(Reverse(next)) = search.waiting.pop() {
            if next.least.0 > self.max_cost {
                break;
            }
            let known = search.known.get_mut(&next.vertex).expect("what waits is known");
            if std::mem::replace(&mut known.settled, true) {
                continue;
            }
            let (price, hops) = (known.cost, known.hops);
            if next.vertex == self.to {
                return Ok(Some((search.edges_to(self.to), price)));
            }
            let mut bad = None;
            let flow = graph.edges(next.vertex, walk.direction, walk.filter, |edge| {
                meter.edge()?;
                if self.is_barred(next.vertex == start, &edge) {
                    return ControlFlow::Continue(());
                }
                let step = cost(&edge);
                if step.is_nan() || step < 0.0 {
                    let (kind, weight) = (edge.kind, edge.weight);
                    bad = Some(GraphError::Cost { kind, weight, cost: step });
                    return ControlFlow::Break(());
                }
                let way = Known {
                    cost: price + step,
                    hops: hops + 1,
                    settled: false,
                    by: Some((next.vertex, edge)),
                };
                let least = way.cost + self.bounds.least(&edge.neighbor);
                if least == f64::INFINITY || least > self.max_cost {
                    return ControlFlow::Continue(());
                }
                if !search.known.contains_key(&edge.neighbor) {
                    meter.vertex(self.bounds.vertices() + search.known.len())?;
                }
                search.offer(edge.neighbor, way, least);
                ControlFlow::Continue(())
            })?;
            if let Some(error) = bad {
                return Err(error);
            }
            if flow.is_break() {
                break;
            }
        }
        Ok(None)
    }

    fn is_barred(&self, is_first: bool, edge: &EdgeOf<A>) -> bool {
        self.met.contains(&edge.neighbor)
            || is_first && self.told.contains(&(edge.neighbor, edge.precedence()))
    }
}

impl<A: Adjacency> Search<A> {
    /// Takes a way to a vertex if it is better than the one that is known.
    fn offer(&mut self, vertex: A::Vertex, way: Known<A>, least: f64) {
        let (least, cost, hops) = (Cost(least), Cost(way.cost), way.hops);
        let order = match self.known.get(&vertex) {
            None => Ordering::Less,
            // A settled vertex keeps its way, so that no way closes a circle.
            Some(best) if best.settled => return,
            Some(best) => self.order(&way, best),
        };
        if order == Ordering::Less {
            self.known.insert(vertex, way);
            self.waiting.push(Reverse(Waiting { least, cost, hops, vertex }));
        }
    }

    fn order(&self, way: &Known<A>, best: &Known<A>) -> Ordering {
        let cost = way.cost.total_cmp(&best.cost).then(way.hops.cmp(&best.hops));
        cost.then_with(|| match (&way.by, &best.by) {
            (Some((a, one)), Some((b, other))) => {
                self.order_of(*a, *b).then(one.precedence().cmp(&other.precedence()))
            }
            _ => Ordering::Equal,
        })
    }

    /// Which of two settled vertices, as many edges away, has the way that comes first. Where the ways
    /// part is what counts.
    fn order_of(&self, mut a: A::Vertex, mut b: A::Vertex) -> Ordering {
        let mut order = Ordering::Equal;
        while a != b {
            order = a.cmp(&b);
            match (self.before(&a), self.before(&b)) {
                (Some(one), Some(other)) => (a, b) = (one, other),
                _ => break,
            }
        }
        order
    }

    fn before(&self, vertex: &A::Vertex) -> Option<A::Vertex> {
        Some(self.known.get(vertex)?.by.as_ref()?.0)
    }

    fn edges_to(&self, end: A::Vertex) -> Vec<EdgeOf<A>> {
        let (mut at, mut edges) = (end, Vec::new());
        while let Some((from, edge)) = self.known.get(&at).and_then(|known| known.by) {
            edges.push(edge);
            at = from;
        }
        edges.reverse();
        edges
    }
}

/// A vertex in the queue: by what a way over it costs at least, then by what comes first on it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Waiting<V> {
    least: Cost,
    cost: Cost,
    hops: u32,
    vertex: V,
}
