//! [`expand`]: everything within some hops.

use std::hash::Hash;
use std::ops::ControlFlow;

use foldhash::fast::RandomState;
use hashbrown::HashSet;

use super::adjacency::{Adjacency, Edge};
use super::levels::Levels;
use super::limits::{Meter, Outcome, Walk};

/// A vertex and how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached<V> {
    /// The vertex.
    pub vertex: V,
    /// Edges between it and the nearest seed.
    pub hops: u32,
}

/// What [`expand`] found: by hops, then by key; the seeds themselves come first, with zero hops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expansion<V> {
    /// Each vertex once.
    pub reached: Vec<Reached<V>>,
    /// Whether these are all.
    pub outcome: Outcome,
}

/// A vertex, and the edge by which a search first came there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Traced<V, R> {
    /// The vertex.
    pub vertex: V,
    /// Edges between it and the nearest seed.
    pub hops: u32,
    /// The vertex before it and the edge as seen from there; none for a seed. Of several, the
    /// lowest vertex, then the lowest kind.
    pub by: Option<(V, Edge<V, R>)>,
}

/// What [`expand_traced`] found, in the order of [`Expansion`].
#[derive(Clone, Debug, PartialEq)]
pub struct TracedExpansion<V, R> {
    /// Each vertex once.
    pub reached: Vec<Traced<V, R>>,
    /// Whether these are all.
    pub outcome: Outcome,
}

/// The vertices at most `hops` edges from the nearest of `seeds`, by breadth-first search.
///
/// Time: the edges of all vertices nearer than `hops`, once each, and sorting each level. Memory:
/// the vertices found. A seed is found even if the graph does not know it. When a limit is met, what
/// was found before it is told, with true distances.
pub fn expand<A: Adjacency>(
    graph: &A,
    seeds: &[A::Vertex],
    hops: u32,
    walk: &Walk<'_, A>,
) -> Result<Expansion<A::Vertex>, A::Error> {
    // Order and repetitions cannot be seen in a complete answer, and most are.
    let found = levels(graph, seeds, hops, walk, false)?;
    if found.outcome.is_complete() {
        return Ok(found);
    }
    levels(graph, seeds, hops, walk, true)
}

/// The answer; `in_order` if edges are to be told once and in their order, on which depends what a
/// limit leaves of it.
fn levels<A: Adjacency>(
    graph: &A,
    seeds: &[A::Vertex],
    hops: u32,
    walk: &Walk<'_, A>,
    in_order: bool,
) -> Result<Expansion<A::Vertex>, A::Error> {
    let mut near = Near::new(seeds);
    let mut meter = Meter::new(walk.limits);
    let mut flow = ControlFlow::Continue(());
    while near.hops < hops && near.start < near.reached.len() && flow.is_continue() {
        flow = near.step(graph, in_order, walk, &mut meter)?;
    }
    Ok(Expansion { reached: near.reached, outcome: meter.outcome() })
}

/// What [`expand`] knows. A level is gathered, sorted, and only then held against what was reached
/// before: the last level, which is by far the largest, is never put into a table.
struct Near<V> {
    reached: Vec<Reached<V>>,
    /// Where the last level starts.
    start: usize,
    hops: u32,
    seen: Seen<V>,
    gathered: Vec<V>,
}

/// How many told neighbours are gathered at least before equal ones are dropped.
const GATHERED: usize = 4096;

/// How many told neighbours there is room for at first.
const FIRST: usize = 256;

impl<V: Copy + Ord + Hash> Near<V> {
    fn new(seeds: &[V]) -> Self {
        let mut seeds = seeds.to_vec();
        seeds.sort_unstable();
        seeds.dedup();
        let reached = seeds.iter().map(|vertex| Reached { vertex: *vertex, hops: 0 }).collect();
        let gathered = Vec::with_capacity(FIRST);
        Self { reached, start: 0, hops: 0, seen: Seen::default(), gathered }
    }

    /// Finds the next level.
    fn step<A: Adjacency<Vertex = V>>(
        &mut self,
        graph: &A,
        in_order: bool,
        walk: &Walk<'_, A>,
        meter: &mut Meter,
    ) -> Result<ControlFlow<()>, A::Error> {
        let Self { reached, start, hops, seen, gathered } = self;
        let frontier: Vec<V> = reached[*start..].iter().map(|at| at.vertex).collect();
        gathered.clear();
        let mut room = GATHERED;
        let mut take = |neighbor| {
            meter.edge()?;
            gathered.push(neighbor);
            if gathered.len() >= room {
                seen.keep_new(gathered, reached);
                // A break leaves more than there is room for, and what follows keeps the lowest.
                meter.vertices(reached.len() + gathered.len())?;
                room = gathered.len() * 2 + GATHERED;
            }
            ControlFlow::Continue(())
        };
        let Walk { direction, filter, .. } = *walk;
        let mut flow = if in_order {
            graph.neighbors_of_all(&frontier, direction, filter, |_, neighbor| take(neighbor))?
        } else {
            graph.reach_of_all(&frontier, direction, filter, take)?
        };
        seen.keep_new(gathered, reached);
        if meter.vertices(reached.len() + gathered.len()).is_break() {
            gathered.truncate(walk.limits.vertices.saturating_sub(reached.len()));
            flow = ControlFlow::Break(());
        }
        *start = reached.len();
        *hops += 1;
        reached.extend(gathered.iter().map(|vertex| Reached { vertex: *vertex, hops: *hops }));
        Ok(flow)
    }
}

/// What was reached before: a table of it is made only once it is so much that seeking each in what
/// was gathered costs more.
struct Seen<V> {
    table: HashSet<V, RandomState>,
    /// How many of those that were reached are in the table.
    count: usize,
    found: Vec<usize>,
}

impl<V> Default for Seen<V> {
    fn default() -> Self {
        Self { table: HashSet::default(), count: 0, found: Vec::new() }
    }
}

impl<V: Copy + Ord + Hash> Seen<V> {
    /// Sorts, and keeps each that was not reached once.
    fn keep_new(&mut self, gathered: &mut Vec<V>, reached: &[Reached<V>]) {
        gathered.sort_unstable();
        gathered.dedup();
        if reached.len() * FEWER < gathered.len() {
            self.found.clear();
            let places = reached.iter().map(|at| gathered.binary_search(&at.vertex));
            self.found.extend(places.filter_map(Result::ok));
            if self.found.is_empty() {
                return;
            }
            self.found.sort_unstable();
            let (mut found, mut place) = (self.found.iter().copied().peekable(), 0);
            gathered.retain(|_| {
                let is_known = found.next_if_eq(&place).is_some();
                place += 1;
                !is_known
            });
        } else {
            self.table.extend(reached[self.count..].iter().map(|at| at.vertex));
            self.count = reached.len();
            gathered.retain(|vertex| !self.table.contains(vertex));
        }
    }
}

/// Each is sought if there are so many times fewer of them. A search is some ten comparisons.
const FEWER: usize = 4;

/// [`expand`], with the edge by which each vertex was first reached.
pub fn expand_traced<A: Adjacency>(
    graph: &A,
    seeds: &[A::Vertex],
    hops: u32,
    walk: &Walk<'_, A>,
) -> Result<TracedExpansion<A::Vertex, A::Reference>, A::Error> {
    let mut levels = Levels::new(graph, seeds, *walk).traced();
    let (starts, outcome) = run(&mut levels, hops, walk)?;
    let reached = with_hops(&levels, &starts).map(|(vertex, hops)| {
        let by = levels.origin(&vertex).map(|origin| (origin.from, origin.edge));
        Traced { vertex, hops, by }
    });
    Ok(TracedExpansion { reached: reached.collect(), outcome })
}

/// Walks to the end. Returns where in the order each level starts, and the outcome.
fn run<A: Adjacency>(
    levels: &mut Levels<'_, A>,
    hops: u32,
    walk: &Walk<'_, A>,
) -> Result<(Vec<usize>, Outcome), A::Error> {
    let mut meter = Meter::new(walk.limits);
    let mut starts = vec![0];
    while levels.depth() < hops && !levels.frontier().is_empty() {
        starts.push(levels.order().len());
        if levels.step(&mut meter)?.is_break() {
            break;
        }
    }
    Ok((starts, meter.outcome()))
}

fn with_hops<A: Adjacency>(
    levels: &Levels<'_, A>,
    starts: &[usize],
) -> impl Iterator<Item = (A::Vertex, u32)> {
    let order = levels.order();
    let ends = starts[1..].iter().copied().chain([order.len()]);
    let ranges = starts.iter().zip(ends).zip(0..);
    ranges.flat_map(move |((start, end), hops)| {
        order[*start..end].iter().map(move |vertex| (*vertex, hops))
    })
}
