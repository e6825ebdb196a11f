//! [`personalized_pagerank`]: what is near a set of seeds, counting all ways there.

use std::ops::ControlFlow;

use super::adjacency::{Adjacency, DegreeBounds};
use super::error::GraphError;
use super::limits::{Limits, Meter, Outcome, Walk};
use super::masses::{Enough, Met};
use super::numbers::Hashed;

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
    /// Returns with 0.15, waits up to 0.000 05 for each edge, and knows no weights.
    fn default() -> Self {
        Self { alpha: 0.15, epsilon: 5e-5, weighted: false }
    }
}

/// A vertex and its rank.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked<V> {
    /// The vertex.
    pub vertex: V,
    /// A lower bound of its rank: what was settled, and the part `alpha` of what waits there. All
    /// ranks add up to 1.
    pub score: f64,
}

/// What [`personalized_pagerank`] found: by score, highest first, then by key.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking<V> {
    /// The highest.
    pub top: Vec<Ranked<V>>,
    /// What no score has of the 1 that all ranks add up to. No rank is higher than its score by more.
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
    while flow.is_continue() && !push.met.queue.is_empty() {
        flow = push.settle()?;
    }
    let (edges, outcome) = (push.walked, push.meter.outcome());
    let waiting: f64 = push.met.masses.iter().map(|mass| mass.waiting).sum();
    let residual = (1.0 - ppr.alpha) * waiting;
    Ok(Ranking { top: top(&push.met, count, ppr.alpha), residual, edges, outcome })
}

/// The best `count`, best first. Of what waits at a vertex, the part `alpha` is its own already.
fn top<V: Copy + Ord>(met: &Met<V>, count: usize, alpha: f64) -> Vec<Ranked<V>> {
    let ranked =
        met.masses.iter().map(|mass| (mass.key, alpha.mul_add(mass.waiting, mass.settled)));
    let ranked = ranked.filter(|(_, score)| *score > 0.0);
    let mut ranked: Vec<_> = ranked.map(|(vertex, score)| Ranked { vertex, score }).collect();
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
    /// Edges along which anything was handed on.
    walked: u64,
    met: Met<A::Vertex>,
    /// Numbers of the seeds, and how likely a walker starts there.
    starts: Vec<(u32, f64)>,
    /// Whose turn it is, and what they are called.
    turns: Vec<Turn>,
    vertices: Vec<A::Vertex>,
    bounds: Vec<DegreeBounds>,
    /// Ends and weights of edges, with the turn they belong to.
    told: Vec<(usize, A::Vertex, f64)>,
    hashes: Vec<Hashed>,
}

impl<'g, A: Adjacency> Push<'g, A> {
    fn new(graph: &'g A, seeds: &[(A::Vertex, f64)], ppr: &'g Ppr, walk: &'g Walk<'g, A>) -> Self {
        let mut push = Self {
            graph,
            ppr,
            walk,
            meter: Meter::new(walk.limits),
            walked: 0,
            met: Met::new(ppr.epsilon),
            starts: Vec::new(),
            turns: Vec::new(),
            vertices: Vec::new(),
            bounds: Vec::new(),
            told: Vec::new(),
            hashes: Vec::new(),
        };
        let sum: f64 = seeds.iter().map(|(_, share)| share).sum();
        for (seed, share) in seeds {
            // Seeds are remembered whatever the limit is: the caller has as many already.
            let free = &mut Meter::new(Limits::NONE);
            let hashed = push.met.numbers.hash(seed);
            let met = push.met.meet(*seed, hashed, free);
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
            self.met.give(*number, mass * share);
        }
    }

    /// Settles what waits at the vertices that have waited longest, and hands on the rest.
    fn settle(&mut self) -> Result<ControlFlow<()>, GraphError<A::Error>> {
        self.learn_degrees()?;
        self.take_turns();
        if self.tell()?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        Ok(self.hand_on())
    }

    /// Asks what is not known of the degrees of those that have waited longest.
    fn learn_degrees(&mut self) -> Result<(), A::Error> {
        let Self { graph, walk, met, vertices, bounds, .. } = self;
        vertices.clear();
        bounds.clear();
        let first = || met.queue.iter().take(TOGETHER).map(|number| *number as usize);
        let unasked = first().map(|number| &met.masses[number]).filter(|mass| mass.is_unasked());
        vertices.extend(unasked.map(|mass| mass.key));
        if vertices.is_empty() {
            return Ok(());
        }
        graph.degrees_of_all(vertices, walk.direction, walk.filter, bounds)?;
        let mut bounds = bounds.iter();
        for number in met.queue.iter().take(TOGETHER) {
            let mass = &mut met.masses[*number as usize];
            if mass.is_unasked()
                && let Some(bounds) = bounds.next()
            {
                mass.learn(*bounds);
            }
        }
        Ok(())
    }

    /// Chooses those who hand on, as far as is known without their edges.
    fn take_turns(&mut self) {
        self.turns.clear();
        self.vertices.clear();
        let mut edges = 0;
        for _ in 0..TOGETHER {
            let Some((number, mass)) = self.met.next() else { break };
            if mass.is_enough(self.ppr.epsilon) != Enough::No {
                edges += mass.most();
                self.turns.push(Turn { number, count: 0, sum: 0.0, whole: 0.0, left: 0.0 });
                self.vertices.push(mass.key);
            }
            if edges > MANY {
                break;
            }
        }
    }

    /// Reads the edges of those whose turn it is. Nothing is handed on if a limit is met.
    fn tell(&mut self) -> Result<ControlFlow<()>, GraphError<A::Error>> {
        let Self { graph, walk, meter, turns, vertices, told, .. } = self;
        told.clear();
        let (direction, filter) = (walk.direction, walk.filter);
        if !self.ppr.weighted {
            let flow = graph.neighbors_of_all(vertices, direction, filter, |at, neighbor| {
                meter.edge()?;
                turns[at].count += 1;
                told.push((at, neighbor, 1.0));
                ControlFlow::Continue(())
            })?;
            turns.iter_mut().for_each(|turn| turn.sum = f64::from(turn.count));
            return Ok(flow);
        }
        let mut bad = None;
        let flow = graph.edges_of_all(vertices, direction, filter, |at, edge| {
            meter.edge()?;
            let weight = f64::from(edge.weight);
            if !(weight >= 0.0 && weight.is_finite()) {
                bad = Some(GraphError::Weight { kind: edge.kind, weight: edge.weight });
                return ControlFlow::Break(());
            }
            turns[at].count += 1;
            turns[at].sum += weight;
            told.push((at, edge.neighbor, weight));
            ControlFlow::Continue(())
        })?;
        bad.map_or(Ok(flow), Err)
    }

    /// Gives each neighbour its part. What a limit leaves over stays where it was.
    fn hand_on(&mut self) -> ControlFlow<()> {
        let Self { ppr, meter, walked, met, turns, told, hashes, .. } = self;
        let mut back = 0.0;
        for turn in &mut *turns {
            let mass = &mut met.masses[turn.number as usize];
            mass.learn(DegreeBounds::exactly(turn.count.into()));
            if mass.is_enough(ppr.epsilon) == Enough::No {
                continue; // Its edges were read only to be counted.
            }
            let waiting = std::mem::take(&mut mass.waiting);
            let settled = ppr.alpha * waiting;
            mass.settled += settled;
            if turn.sum == 0.0 {
                back += waiting - settled;
            } else {
                (turn.whole, turn.left) = (waiting - settled, waiting - settled);
            }
            *walked += u64::from(turn.count);
        }
        for some in told.chunks(AHEAD) {
            hashes.clear();
            hashes.extend(some.iter().map(|(_, neighbor, _)| met.numbers.hash(neighbor)));
            hashes.iter().for_each(|hashed| met.numbers.warm(*hashed));
            for ((at, neighbor, weight), hashed) in some.iter().zip(&*hashes) {
                let turn = &mut turns[*at];
                if turn.whole == 0.0 || *weight == 0.0 {
                    continue;
                }
                let ControlFlow::Continue(neighbor) = met.meet(*neighbor, *hashed, meter) else {
                    self.take_back();
                    self.restart(back);
                    return ControlFlow::Break(());
                };
                let share = turn.whole * (weight / turn.sum);
                met.give(neighbor, share);
                turn.left -= share;
            }
        }
        if back > 0.0 {
            self.restart(back);
        }
        ControlFlow::Continue(())
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

/// How many neighbours are looked up together.
const AHEAD: usize = 32;

/// No other turn is begun with so many edges, since all that are told are held in memory.
const MANY: usize = 100_000;

/// What a vertex hands on.
struct Turn {
    number: u32,
    /// Its edges, and their weights together.
    count: u32,
    sum: f64,
    /// What all of them get.
    whole: f64,
    /// What was not handed on yet.
    left: f64,
}
