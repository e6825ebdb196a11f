//! [`shortest_path`]: the fewest edges between two vertices.

use std::ops::ControlFlow;

use super::adjacency::Adjacency;
use super::levels::Levels;
use super::limits::{Meter, Outcome, Walk};
use super::path::{Path, PathOf};

/// What a search for one path found.
#[derive(Clone, Debug, PartialEq)]
pub struct Shortest<V, R> {
    /// The path, if there is one.
    pub path: Option<Path<V, R>>,
    /// Whether the search could look everywhere. A path that was found is a shortest one in any case.
    pub outcome: Outcome,
}

/// A path of the fewest edges from `from` to `to`, if one has at most `max_hops`.
///
/// Breadth-first search from both ends, always from the one whose last level is smaller (Pohl, 1971).
/// Time and memory: the levels that were walked, which on graphs with hubs is far less than a search
/// from one end. Of several shortest paths, one of those through the lowest vertex of the level where
/// the searches met, and from there to either end always the lowest vertex; of parallel edges the
/// lowest kind. A vertex is connected with itself by no edge.
pub fn shortest_path<A: Adjacency>(
    graph: &A,
    from: A::Vertex,
    to: A::Vertex,
    max_hops: u32,
    walk: &Walk<'_, A>,
) -> Result<Shortest<A::Vertex, A::Reference>, A::Error> {
    if from == to {
        let path = Some(Path { start: from, edges: Vec::new() });
        return Ok(Shortest { path, outcome: Outcome::Complete });
    }
    let back = Walk { direction: walk.direction.reversed(), ..*walk };
    let mut meter = Meter::new(walk.limits);
    let mut there = Levels::new(graph, &[from], *walk).traced();
    let mut back = Levels::new(graph, &[to], back).traced();
    while there.depth() + back.depth() < max_hops {
        if there.frontier().is_empty() || back.frontier().is_empty() {
            break;
        }
        let near = there.frontier().len() <= back.frontier().len();
        let (stepping, other) = if near { (&mut there, &back) } else { (&mut back, &there) };
        let flow = stepping.step(&mut meter)?;
        // No vertex was known to both before, so whichever is now lies in the middle of a shortest
        // path, even when the level is not complete.
        let met = stepping.frontier().iter().find(|vertex| other.hops_to(vertex).is_some());
        if let Some(middle) = met.copied() {
            let path = Some(join(&there, middle, &back));
            return Ok(Shortest { path, outcome: Outcome::Complete });
        }
        if flow == ControlFlow::Break(()) {
            break;
        }
    }
    Ok(Shortest { path: None, outcome: meter.outcome() })
}

/// The path that the two searches found in halves.
fn join<A: Adjacency>(there: &Levels<'_, A>, middle: A::Vertex, back: &Levels<'_, A>) -> PathOf<A> {
    let mut edges = Vec::new();
    let mut at = middle;
    while let Some(origin) = there.origin(&at) {
        edges.push(origin.edge);
        at = origin.from;
    }
    edges.reverse();
    let start = at;
    at = middle;
    while let Some(origin) = back.origin(&at) {
        edges.push(origin.edge.seen_from_there(origin.from));
        at = origin.from;
    }
    Path { start, edges }
}
