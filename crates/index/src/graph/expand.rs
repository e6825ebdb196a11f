//! [`expand`]: everything within some hops.

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
    let mut levels = Levels::new(graph, seeds, *walk);
    let (starts, outcome) = run(&mut levels, hops, walk)?;
    let reached = with_hops(&levels, &starts).map(|(vertex, hops)| Reached { vertex, hops });
    Ok(Expansion { reached: reached.collect(), outcome })
}

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
