//! [`simple_paths`]: ways between vertices, within bounds.

use std::cmp::Reverse;
use std::ops::{ControlFlow, RangeInclusive};

use foldhash::fast::RandomState;
use hashbrown::HashSet;

use super::adjacency::{Adjacency, EdgeOf};
use super::levels::Levels;
use super::limits::{Limit, Meter, Outcome, Walk};
use super::path::{Path, PathOf};

/// What [`simple_paths`] found, by their edges from the start: the lower vertex first, then the lower
/// kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Paths<V, R> {
    /// Each path once. A path comes before those that go on from its end.
    pub paths: Vec<Path<V, R>>,
    /// Whether these are all.
    pub outcome: Outcome,
}

/// The paths that start at `from`, take as many edges as `hops` allows and meet no vertex twice; only
/// those that end at `to`, if it is given; at most `count` of them.
///
/// Search in depth with a stack of its own, and if there is an end, after a search in breadth from
/// there, so that no step leads where the end is out of reach (as in Rizzi and others, 2014). Their
/// number can rise with the power of the hops: `count` and the limits of the walk are there for that.
/// Memory: the edges of the vertices on the way, and those within reach of the end. A path of no
/// edges counts if `hops` allows none. Parallel edges are different paths; a vertex has no way to
/// itself but the one of no edges.
pub fn simple_paths<A: Adjacency>(
    graph: &A,
    from: A::Vertex,
    to: Option<A::Vertex>,
    hops: RangeInclusive<u32>,
    count: usize,
    walk: &Walk<'_, A>,
) -> Result<Paths<A::Vertex, A::Reference>, A::Error> {
    let mut meter = Meter::new(walk.limits);
    let reach = match to {
        Some(to) => Some(reach(graph, to, *hops.end(), walk, &mut meter)?),
        None => None,
    };
    let mut search = Search {
        to,
        reach,
        hops,
        count,
        meter,
        path: Path { start: from, edges: Vec::new() },
        visited: HashSet::from_iter([from]),
        stack: Vec::new(),
        found: Vec::new(),
    };
    if search.meter.outcome().is_complete() {
        search.run(graph, walk)?;
    }
    Ok(Paths { paths: search.found, outcome: search.meter.outcome() })
}

/// How far the end is, for all that are near enough.
fn reach<'g, A: Adjacency>(
    graph: &'g A,
    to: A::Vertex,
    hops: u32,
    walk: &Walk<'g, A>,
    meter: &mut Meter,
) -> Result<Levels<'g, A>, A::Error> {
    let back = Walk { direction: walk.direction.reversed(), ..*walk };
    let mut levels = Levels::new(graph, &[to], back);
    // What is `hops` away can only be the start, and is found by its own first edge.
    while levels.depth() + 1 < hops && !levels.frontier().is_empty() {
        if levels.step(meter)?.is_break() {
            break;
        }
    }
    Ok(levels)
}

struct Search<'g, A: Adjacency> {
    to: Option<A::Vertex>,
    reach: Option<Levels<'g, A>>,
    hops: RangeInclusive<u32>,
    count: usize,
    meter: Meter,
    path: PathOf<A>,
    visited: HashSet<A::Vertex, RandomState>,
    /// For each vertex on the path the edges still to be tried, the next one last.
    stack: Vec<Vec<EdgeOf<A>>>,
    found: Vec<PathOf<A>>,
}

impl<A: Adjacency> Search<'_, A> {
    fn run(&mut self, graph: &A, walk: &Walk<'_, A>) -> Result<(), A::Error> {
        if self.arrive(graph, walk)?.is_break() {
            return Ok(());
        }
        while let Some(edges) = self.stack.last_mut() {
            if let Some(edge) = edges.pop() {
                self.visited.insert(edge.neighbor);
                self.path.edges.push(edge);
                if self.arrive(graph, walk)?.is_break() {
                    return Ok(());
                }
            } else {
                self.stack.pop();
                if let Some(edge) = self.path.edges.pop() {
                    self.visited.remove(&edge.neighbor);
                }
            }
        }
        Ok(())
    }

    /// Tells the path if it is wanted, and finds how it can go on.
    fn arrive(&mut self, graph: &A, walk: &Walk<'_, A>) -> Result<ControlFlow<()>, A::Error> {
        let (at, length) = (self.path.end(), self.path.hops() as u64);
        let is_end = self.to == Some(at);
        if u64::from(*self.hops.start()) <= length
            && length <= u64::from(*self.hops.end())
            && (is_end || self.to.is_none())
        {
            if self.found.len() == self.count {
                return Ok(self.meter.stop(Limit::Paths));
            }
            self.found.push(self.path.clone());
        }
        let mut edges = Vec::new();
        let mut flow = ControlFlow::Continue(());
        if !is_end && length < u64::from(*self.hops.end()) {
            let Self { visited, reach, hops, meter, .. } = self;
            let room = u64::from(*hops.end()) - length - 1;
            flow = graph.edges(at, walk.direction, walk.filter, |edge| {
                meter.edge()?;
                let near = reach.as_ref().is_none_or(|reach| {
                    reach.hops_to(&edge.neighbor).is_some_and(|hops| u64::from(hops) <= room)
                });
                if near && !visited.contains(&edge.neighbor) {
                    edges.push(edge);
                }
                ControlFlow::Continue(())
            })?;
        }
        // Stable, so that edges without precedence stay as they were told; the next one last.
        edges.reverse();
        edges.sort_by_key(|edge| Reverse((edge.neighbor, edge.precedence())));
        self.stack.push(edges);
        Ok(flow)
    }
}
