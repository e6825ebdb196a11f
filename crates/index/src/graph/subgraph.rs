//! [`subgraph`]: the nearest of some seeds, and what is between them.

use std::ops::ControlFlow;

use foldhash::fast::RandomState;
use hashbrown::HashSet;
use sutra_format::AssociationKind;

use super::adjacency::{Adjacency, Direction};
use super::error::GraphError;
use super::levels::Levels;
use super::limits::{Meter, Outcome, Walk};
use super::push::{Ppr, personalized_pagerank};

/// What makes a vertex near.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Nearness {
    /// Few edges to the nearest seed; of equally many the lower key.
    Hops,
    /// A high personalised PageRank from the seeds, each of the same share.
    Rank(Ppr),
}

/// An edge between two vertices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link<V, R> {
    /// Where it starts.
    pub source: V,
    /// Where it ends.
    pub target: V,
    /// What it says.
    pub kind: AssociationKind,
    /// How much it counts.
    pub weight: f32,
    /// Where it is found again.
    pub reference: R,
}

/// What [`subgraph`] cut out.
#[derive(Clone, Debug, PartialEq)]
pub struct Subgraph<V, R> {
    /// The nearest first.
    pub vertices: Vec<V>,
    /// Every edge between any two of them, once, by source, target and kind.
    pub links: Vec<Link<V, R>>,
    /// Whether no limit was met. After a limit the vertices are near, not the nearest, or links are
    /// missing.
    pub outcome: Outcome,
}

/// What [`subgraph`] cuts out of this graph.
pub type SubgraphOf<A> = Subgraph<<A as Adjacency>::Vertex, <A as Adjacency>::Reference>;

/// The `count` vertices nearest to `seeds`, the seeds among them, and all edges between those.
///
/// The walk says how vertices are found; the edges between them are told whatever its direction, under
/// its filter. Time: the search, and the outgoing edges of what it found. Its limits hold for the
/// search and for the edges between each by itself.
pub fn subgraph<A: Adjacency>(
    graph: &A,
    seeds: &[A::Vertex],
    count: usize,
    nearness: &Nearness,
    walk: &Walk<'_, A>,
) -> Result<SubgraphOf<A>, GraphError<A::Error>> {
    let (vertices, found) = match nearness {
        Nearness::Hops => by_hops(graph, seeds, count, walk)?,
        Nearness::Rank(ppr) => {
            let seeds: Vec<_> = seeds.iter().map(|seed| (*seed, 1.0)).collect();
            let ranking = personalized_pagerank(graph, &seeds, count, ppr, walk)?;
            (ranking.top.iter().map(|ranked| ranked.vertex).collect(), ranking.outcome)
        }
    };
    let (links, linked) = links(graph, &vertices, walk)?;
    let outcome = if found.is_complete() { linked } else { found };
    Ok(Subgraph { vertices, links, outcome })
}

fn by_hops<A: Adjacency>(
    graph: &A,
    seeds: &[A::Vertex],
    count: usize,
    walk: &Walk<'_, A>,
) -> Result<(Vec<A::Vertex>, Outcome), A::Error> {
    let mut meter = Meter::new(walk.limits);
    let mut levels = Levels::new(graph, seeds, *walk);
    while levels.order().len() < count && !levels.frontier().is_empty() {
        if levels.step(&mut meter)?.is_break() {
            break;
        }
    }
    let order = levels.order();
    Ok((order[..count.min(order.len())].to_vec(), meter.outcome()))
}

type Links<A> = Vec<Link<<A as Adjacency>::Vertex, <A as Adjacency>::Reference>>;

fn links<A: Adjacency>(
    graph: &A,
    vertices: &[A::Vertex],
    walk: &Walk<'_, A>,
) -> Result<(Links<A>, Outcome), A::Error> {
    let members: HashSet<A::Vertex, RandomState> = vertices.iter().copied().collect();
    let mut sources = vertices.to_vec();
    sources.sort_unstable();
    let mut meter = Meter::new(walk.limits);
    let mut links = Vec::new();
    let _ = graph.edges_of_all(&sources, Direction::Out, walk.filter, |at, edge| {
        meter.edge()?;
        if members.contains(&edge.neighbor) {
            links.push(Link {
                source: sources[at],
                target: edge.neighbor,
                kind: edge.kind,
                weight: edge.weight,
                reference: edge.reference,
            });
        }
        ControlFlow::Continue(())
    })?;
    links.sort_by_key(|link| (link.source, link.target, link.kind));
    Ok((links, meter.outcome()))
}
