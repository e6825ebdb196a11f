//! [`Levels`]: a search in breadth, one level at a time. What the searches by hops are built on.

use std::ops::ControlFlow;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::adjacency::{Adjacency, EdgeOf};
use super::limits::{Meter, Walk};

/// How a vertex was first reached: from where, and by which edge as seen from there.
pub(super) struct Origin<A: Adjacency> {
    pub(super) from: A::Vertex,
    pub(super) edge: EdgeOf<A>,
}

/// Vertices by distance from a set of seeds. Levels are sorted by key, so the first to reach a
/// vertex is the lowest of those that could.
pub(super) struct Levels<'g, A: Adjacency> {
    graph: &'g A,
    walk: Walk<'g, A>,
    hops_to: HashMap<A::Vertex, u32, RandomState>,
    origins: Option<HashMap<A::Vertex, Origin<A>, RandomState>>,
    order: Vec<A::Vertex>,
    level_start: usize,
    depth: u32,
}

impl<'g, A: Adjacency> Levels<'g, A> {
    /// Level zero: the seeds, each once.
    pub(super) fn new(graph: &'g A, seeds: &[A::Vertex], walk: Walk<'g, A>) -> Self {
        let mut order = seeds.to_vec();
        order.sort_unstable();
        order.dedup();
        let hops_to = order.iter().map(|seed| (*seed, 0)).collect();
        Self { graph, walk, hops_to, origins: None, order, level_start: 0, depth: 0 }
    }

    /// Remembers for each vertex how it was reached.
    pub(super) fn traced(mut self) -> Self {
        self.origins = Some(HashMap::default());
        self
    }

    /// The vertices of the last level, sorted.
    pub(super) fn frontier(&self) -> &[A::Vertex] {
        &self.order[self.level_start..]
    }

    /// The distance of the last level.
    pub(super) fn depth(&self) -> u32 {
        self.depth
    }

    pub(super) fn hops_to(&self, vertex: &A::Vertex) -> Option<u32> {
        self.hops_to.get(vertex).copied()
    }

    pub(super) fn origin(&self, vertex: &A::Vertex) -> Option<&Origin<A>> {
        self.origins.as_ref().and_then(|origins| origins.get(vertex))
    }

    /// All vertices so far, by distance and then by key.
    pub(super) fn order(&self) -> &[A::Vertex] {
        &self.order
    }

    /// Finds the next level. A break means that a limit was met; what was found until then is a
    /// part of the level, and sorted as well.
    pub(super) fn step(&mut self, meter: &mut Meter) -> Result<ControlFlow<()>, A::Error> {
        let Self { graph, walk, hops_to, origins, order, level_start, depth } = self;
        let next_start = order.len();
        let frontier = order.split_off(*level_start);
        let mut found = Vec::new();
        let held = next_start;
        *depth += 1;
        let next = *depth;
        let visit = |at: usize, edge: EdgeOf<A>| -> ControlFlow<()> {
            meter.edge()?;
            let known = hops_to.entry(edge.neighbor);
            let hashbrown::hash_map::Entry::Vacant(vacant) = known else {
                if let Some(origins) = origins {
                    prefer(origins, frontier[at], edge);
                }
                return ControlFlow::Continue(());
            };
            meter.vertex(held + found.len())?;
            vacant.insert(next);
            found.push(edge.neighbor);
            if let Some(origins) = origins {
                origins.insert(edge.neighbor, Origin { from: frontier[at], edge });
            }
            ControlFlow::Continue(())
        };
        let flow = graph.edges_of_all(&frontier, walk.direction, walk.filter, visit)?;
        found.sort_unstable();
        order.extend(frontier);
        *level_start = next_start;
        order.extend(found);
        Ok(flow)
    }
}

/// Of parallel edges from the vertex that came first, keeps the one with precedence.
fn prefer<A: Adjacency>(
    origins: &mut HashMap<A::Vertex, Origin<A>, RandomState>,
    from: A::Vertex,
    edge: EdgeOf<A>,
) {
    if let Some(origin) = origins.get_mut(&edge.neighbor)
        && origin.from == from
        && edge.precedence() < origin.edge.precedence()
    {
        origin.edge = edge;
    }
}
