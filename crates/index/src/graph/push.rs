//! [`personalized_pagerank`]: what is near a set of seeds, counting all ways there.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use super::adjacency::Adjacency;
use super::error::GraphError;
use super::limits::{Limits, Meter, Outcome, Walk};
use super::masses::{Met, UNKNOWN, give};

/// How [`personalized_pagerank`] walks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ppr {
    /// How likely a walker goes back to a seed instead of on; above 0, at most 1.
    pub alpha: f64,
    /// What may wait at a vertex for each of its edges; above 0. Time rises as it falls.
    pub epsilon: f64,
    /// Whether edges are taken in proportion to their weights; equally otherwise.
    pub weighted: bool,
}

impl Default for Ppr {
    /// Returns with 0.15, waits up to 0.000 01 for each edge, and knows no weights.
    fn default() -> Self {
        Self { alpha: 0.15, epsilon: 1e-5, weighted: false }
    }
}

/// A vertex and its rank.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked<V> {
    /// The vertex.
    pub vertex: V,
    /// A lower bound of its rank; all ranks add up to 1.
    pub score: f64,
}

/// What [`personalized_pagerank`] found: by score, highest first, then by key.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking<V> {
    /// The highest.
    pub top: Vec<Ranked<V>>,
    /// What no vertex was given. No rank is higher than its score by more than this.
    pub residual: f64,
    /// Edges that were walked.
    pub edges: u64,
    /// Whether no vertex has more waiting than `epsilon` allows.
    pub outcome: Outcome,
}

/// The `count` vertices of the highest personalised PageRank: where a walker is found who starts at a
/// seed (in proportion to the numbers beside the seeds), goes along a random edge each time, and
/// returns with likelihood `alpha`. A walker without an edge to take returns as well.
///
/// Forward push (Andersen, Chung and Lang, 2006): what waits at a vertex is settled by the part
/// `alpha` and handed on by the rest, for as long as any has more than `epsilon` for each of its
/// edges. Scores are never too high, and where every edge can be walked both ways too low by at most
/// `epsilon` times the number of edges of the vertex. Time: at most `1 / (alpha * epsilon)` edges, and
/// one degree for each vertex that comes into question, whatever the size of the graph. Memory: the
/// vertices that were met. What waited longest is handed on first, so the answer depends on nothing
/// but the graph and the order in which it tells its edges.
pub fn personalized_pagerank<A: Adjacency>(
    graph: &A,
    seeds: &[(A::Vertex, f64)],
    count: usize,
    ppr: &Ppr,
    walk: &Walk<'_, A>,
) -> Result<Ranking<A::Vertex>, GraphError<A::Error>> {
    check(seeds, ppr)?;
    let mut push = Push::new(graph, seeds, ppr, walk);
    let mut flow = ControlFlow::Continue(());
    while flow.is_continue() && !push.queue.is_empty() {
        flow = push.settle()?;
    }
    let (edges, outcome) = (push.meter.edges(), push.meter.outcome());
    let residual = push.met.masses.iter().map(|mass| mass.waiting).sum();
    Ok(Ranking { top: top(&push.met, count), residual, edges, outcome })
}

/// The best `count`, best first.
fn top<V: Copy + Ord>(met: &Met<V>, count: usize) -> Vec<Ranked<V>> {
    let settled = met.keys.iter().zip(&met.masses).filter(|(_, mass)| mass.settled > 0.0);
    let mut ranked: Vec<_> =
        settled.map(|(vertex, mass)| Ranked { vertex: *vertex, score: mass.settled }).collect();
    let order = |a: &Ranked<V>, b: &Ranked<V>| {
        b.score.total_cmp(&a.score).then_with(|| a.vertex.cmp(&b.vertex))
    };
    if count < ranked.len() {
        ranked.select_nth_unstable_by(count, order);
        ranked.truncate(count);
    }
    ranked.sort_unstable_by(order);
    ranked
}

fn check<V, E>(seeds: &[(V, f64)], ppr: &Ppr) -> Result<(), GraphError<E>> {
    let wrong = |name, value, range| Err(GraphError::Setting { name, value, range });
    if !(ppr.alpha > 0.0 && ppr.alpha <= 1.0) {
        return wrong("alpha", ppr.alpha, "above 0 and up to 1");
    }
    if !(ppr.epsilon > 0.0 && ppr.epsilon.is_finite()) {
        return wrong("epsilon", ppr.epsilon, "above 0");
    }
    let sum: f64 = seeds.iter().map(|(_, share)| share).sum();
    for (_, share) in seeds {
        if !(*share > 0.0 && sum.is_finite()) {
            return wrong("the share of a seed", *share, "above 0, of which the sum is finite");
        }
    }
    Ok(())
}

struct Push<'g, A: Adjacency> {
    graph: &'g A,
    ppr: &'g Ppr,
    walk: &'g Walk<'g, A>,
    meter: Meter,
    met: Met<A::Vertex>,
    queue: VecDeque<u32>,
    /// Numbers of the seeds, and how likely a walker starts there.
    starts: Vec<(u32, f64)>,
    /// Whose turn it is, and what they are called.
    turns: Vec<Turn>,
    vertices: Vec<A::Vertex>,
    /// Edges and their weights, with the turn they belong to, if weights count.
    told: Vec<(usize, A::Vertex, f64)>,
}

impl<'g, A: Adjacency> Push<'g, A> {
    fn new(graph: &'g A, seeds: &[(A::Vertex, f64)], ppr: &'g Ppr, walk: &'g Walk<'g, A>) -> Self {
        let mut push = Self {
            graph,
            ppr,
            walk,
            meter: Meter::new(walk.limits),
            met: Met::new(),
            queue: VecDeque::new(),
            starts: Vec::new(),
            turns: Vec::new(),
            vertices: Vec::new(),
            told: Vec::new(),
        };
        let sum: f64 = seeds.iter().map(|(_, share)| share).sum();
        for (seed, share) in seeds {
            // Seeds are remembered whatever the limit is: the caller has as many already.
            let free = &mut Meter::new(Limits::NONE);
            let met = push.met.meet(*seed, free);
            if let ControlFlow::Continue(number) = met {
                push.starts.push((number, share / sum));
            }
        }
        push.restart(1.0);
        push
    }

    /// Hands `mass` to the seeds.
    fn restart(&mut self, mass: f64) {
        for (number, share) in &self.starts {
            give(&mut self.met.masses, &mut self.queue, *number, mass * share, self.ppr.epsilon);
        }
    }

    /// Settles what waits at the vertices that have waited longest, and hands on the rest.
    fn settle(&mut self) -> Result<ControlFlow<()>, GraphError<A::Error>> {
        self.turns.clear();
        self.vertices.clear();
        let (mut back, count) = (0.0, self.queue.len().min(TOGETHER));
        for number in self.queue.drain(..count) {
            let mass = &mut self.met.masses[number as usize];
            let vertex = self.met.keys[number as usize];
            mass.queued = false;
            if mass.degree == UNKNOWN {
                let degree = self.graph.degree(vertex, self.walk.direction, self.walk.filter)?;
                mass.degree = u32::try_from(degree).unwrap_or(UNKNOWN).min(UNKNOWN - 1);
            }
            if !mass.is_enough(self.ppr.epsilon) {
                continue;
            }
            let waiting = std::mem::take(&mut mass.waiting);
            mass.settled += self.ppr.alpha * waiting;
            let rest = waiting - self.ppr.alpha * waiting;
            if mass.degree == 0 {
                back += rest;
            } else {
                let share = rest / f64::from(mass.degree);
                self.turns.push(Turn { number, share, whole: rest, left: rest });
                self.vertices.push(vertex);
            }
        }
        if back > 0.0 {
            self.restart(back);
        }
        if self.ppr.weighted { self.hand_on_by_weight() } else { self.hand_on() }
    }

    /// Gives each neighbour the same. What a limit leaves over stays where it was.
    fn hand_on(&mut self) -> Result<ControlFlow<()>, GraphError<A::Error>> {
        let Self { graph, ppr, walk, meter, met, queue, turns, vertices, .. } = self;
        let flow = graph.edges_of_all(vertices, walk.direction, walk.filter, |at, edge| {
            meter.edge()?;
            let neighbor = met.meet(edge.neighbor, meter)?;
            let turn = &mut turns[at];
            give(&mut met.masses, queue, neighbor, turn.share, ppr.epsilon);
            turn.left -= turn.share;
            ControlFlow::Continue(())
        })?;
        if flow.is_break() {
            self.take_back();
        }
        Ok(flow)
    }

    /// Gives each neighbour its part by weight. What a limit leaves over stays where it was.
    fn hand_on_by_weight(&mut self) -> Result<ControlFlow<()>, GraphError<A::Error>> {
        let Self { graph, ppr, walk, meter, met, queue, turns, vertices, told, .. } = self;
        told.clear();
        let mut sums = [0.0; TOGETHER];
        let mut bad = None;
        let flow = graph.edges_of_all(vertices, walk.direction, walk.filter, |at, edge| {
            meter.edge()?;
            let weight = f64::from(edge.weight);
            if !(weight >= 0.0 && weight.is_finite()) {
                bad = Some(GraphError::Weight { kind: edge.kind, weight: edge.weight });
                return ControlFlow::Break(());
            }
            sums[at] += weight;
            told.push((at, edge.neighbor, weight));
            ControlFlow::Continue(())
        })?;
        if let Some(error) = bad {
            return Err(error);
        }
        if flow.is_break() {
            self.take_back();
            return Ok(flow);
        }
        for (at, neighbor, weight) in told.iter().filter(|(_, _, weight)| *weight > 0.0) {
            let ControlFlow::Continue(neighbor) = met.meet(*neighbor, meter) else {
                self.take_back();
                return Ok(ControlFlow::Break(()));
            };
            let share = turns[*at].whole * (weight / sums[*at]);
            give(&mut met.masses, queue, neighbor, share, ppr.epsilon);
            turns[*at].left -= share;
        }
        let idle = turns.iter().zip(sums).filter(|(_, sum)| *sum == 0.0);
        let back: f64 = idle.map(|(turn, _)| turn.left).sum();
        if back > 0.0 {
            self.restart(back);
        }
        Ok(flow)
    }

    /// Leaves with each vertex what it could not hand on.
    fn take_back(&mut self) {
        for turn in &self.turns {
            self.met.masses[turn.number as usize].waiting += turn.left.max(0.0);
        }
    }
}

/// How many vertices hand on together, so that their edges are read together.
const TOGETHER: usize = 32;

/// What a vertex hands on.
struct Turn {
    number: u32,
    /// To each neighbour, where all get the same.
    share: f64,
    /// To all of them.
    whole: f64,
    /// What was not handed on yet.
    left: f64,
}
