//! [`cheapest_paths`]: the cheapest ways between two vertices, one after the other.
//!
//! Yen's algorithm (1971) as Lawler put it (1972): whatever other way there is leaves one that was told
//! at some edge, and goes on from there over vertices that it has not met. So the ways that are left
//! are parted by where they leave; of each part the cheapest is kept, and the cheapest of those is told
//! next. One search back from the end says how far it is at least (`bounds`), and the searches that
//! leave a way go straight for the end by it (`spur`).
//!
//! Invariants:
//! * Paths are told by cost, then by the number of edges, then by their edges from the start: the lower
//!   vertex first, then the lower kind. No two are the same.
//! * Where a limit is met, what was told until then are the cheapest there are.

mod bounds;
mod spur;

use std::cmp::Ordering;

use super::adjacency::{Adjacency, EdgeOf};
use super::error::GraphError;
use super::limits::{Meter, Outcome, Walk};
use super::path::{Path, PathOf};

use bounds::Bounds;
use spur::Spur;

/// What [`cheapest_paths`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct CheapestPaths<V, R> {
    /// Each path once, with what it costs, the cheapest first.
    pub paths: Vec<(Path<V, R>, f64)>,
    /// Whether no other path costs less than these, and there are none if fewer than asked for were
    /// found.
    pub outcome: Outcome,
}

/// What [`cheapest_paths`] finds in this graph.
pub type CheapestPathsOf<A> = CheapestPaths<<A as Adjacency>::Vertex, <A as Adjacency>::Reference>;

/// The `count` cheapest paths from `from` to `to` that meet no vertex twice and cost at most
/// `max_cost`. `cost` prices an edge as it is walked: zero or more, or infinity for one that is not to
/// be taken; anything else is an error.
///
/// Parallel edges make different paths; of those that have one kind and one direction the cheapest
/// counts. Costs that differ by rounding alone may stand in either order.
///
/// Time: one search back from `to` until it meets `from`, then for each edge of each path told, one
/// that looks at what is no farther from the end than it must be. Where there are fewer paths than
/// asked for, each of these looks at all that can be reached, or until a limit of the walk, which is
/// for all of them together. Memory: the vertices seen, and `count` paths.
pub fn cheapest_paths<A: Adjacency>(
    graph: &A,
    from: A::Vertex,
    to: A::Vertex,
    count: usize,
    max_cost: f64,
    cost: impl Fn(&EdgeOf<A>) -> f64,
    walk: &Walk<'_, A>,
) -> Result<CheapestPathsOf<A>, GraphError<A::Error>> {
    let (bounds, mut meter) = Bounds::between(graph, from, to, max_cost, &cost, walk)?;
    let Some(bounds) = bounds.filter(|_| count > 0) else {
        return Ok(CheapestPaths { paths: Vec::new(), outcome: meter.outcome() });
    };
    let mut yen =
        Yen { graph, to, max_cost, cost, walk, bounds, found: Vec::new(), left: Vec::new() };
    yen.add(&Path { start: from, edges: Vec::new() }, 0, count, &mut meter)?;
    while meter.outcome().is_complete() && yen.found.len() < count {
        let Some(next) = yen.left.pop() else { break };
        yen.found.push(next);
        if yen.found.len() < count {
            yen.leave(count, &mut meter)?;
        }
    }
    let paths = yen.found.into_iter().map(|way| (way.path, way.cost)).collect();
    Ok(CheapestPaths { paths, outcome: meter.outcome() })
}

/// A way, and after how many edges it left the one that it was found by.
struct Way<A: Adjacency> {
    path: PathOf<A>,
    cost: f64,
    left_at: usize,
}

impl<A: Adjacency> Way<A> {
    /// Which of two is told first.
    fn order(&self, other: &Self) -> Ordering {
        let key = |way: &Self| -> Vec<_> {
            way.path.edges.iter().map(|edge| (edge.neighbor, edge.precedence())).collect()
        };
        let hops = |way: &Self| way.path.hops();
        let cost = self.cost.total_cmp(&other.cost);
        cost.then(hops(self).cmp(&hops(other))).then_with(|| key(self).cmp(&key(other)))
    }
}

struct Yen<'g, 'w, A: Adjacency, C> {
    graph: &'g A,
    to: A::Vertex,
    max_cost: f64,
    cost: C,
    walk: &'w Walk<'w, A>,
    bounds: Bounds<A>,
    /// Told, in their order.
    found: Vec<Way<A>>,
    /// The best of each part, the last one first.
    left: Vec<Way<A>>,
}

impl<A: Adjacency, C: Fn(&EdgeOf<A>) -> f64> Yen<'_, '_, A, C> {
    /// Finds the best ways that leave the one told last, from where it left another one on.
    fn leave(&mut self, count: usize, meter: &mut Meter) -> Result<(), GraphError<A::Error>> {
        let Some(last) = self.found.last() else { return Ok(()) };
        let (path, from) = (last.path.clone(), last.left_at);
        for at in from..path.hops() {
            self.add(&path, at, count, meter)?;
            if !meter.outcome().is_complete() {
                break;
            }
        }
        Ok(())
    }

    /// Finds the best way that goes along `path` for `at` edges, and then along none that was told.
    fn add(
        &mut self,
        path: &PathOf<A>,
        at: usize,
        count: usize,
        meter: &mut Meter,
    ) -> Result<(), GraphError<A::Error>> {
        let root = &path.edges[..at];
        let is_root = |way: &&Way<A>| {
            let same = |(a, b): (&EdgeOf<A>, &EdgeOf<A>)| {
                (a.neighbor, a.precedence()) == (b.neighbor, b.precedence())
            };
            way.path.edges.len() > at && root.iter().zip(&way.path.edges).all(same)
        };
        let told = self.found.iter().filter(is_root).map(|way| &way.path.edges[at]);
        let told = told.map(|edge| (edge.neighbor, edge.precedence())).collect();
        let wanted = count - self.found.len();
        // What costs more than as many others as are still wanted is never told.
        let worst = self.left.len().checked_sub(wanted).map(|at| self.left[at].cost);
        let spur = Spur {
            bounds: &self.bounds,
            to: self.to,
            met: path.vertices().take(at + 1).collect(),
            told,
            max_cost: worst.map_or(self.max_cost, |worst| worst.min(self.max_cost)),
        };
        let spent = root.iter().map(&self.cost).fold(0.0, |spent, step| spent + step);
        let start = root.last().map_or(path.start, |edge| edge.neighbor);
        let Some((edges, cost)) =
            spur.run(self.graph, start, spent, &self.cost, self.walk, meter)?
        else {
            return Ok(());
        };
        let path = Path { start: path.start, edges: [root, &edges].concat() };
        let way = Way { path, cost, left_at: at };
        let place = self.left.partition_point(|other| other.order(&way) == Ordering::Greater);
        self.left.insert(place, way);
        let more = self.left.len().saturating_sub(wanted);
        self.left.drain(..more);
        Ok(())
    }
}
