//! Small random graphs, and a listing that tells its edges in whatever order it was given.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::ControlFlow;

use sutra_format::AssociationKind;
use sutra_index::graph::{Adjacency, Csr, CsrBuilder, Direction, Edge, EdgeOf, Kinds};
use sutra_testkit::SplitMix;

/// Chance from a seed.
pub(crate) struct Random(SplitMix);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SplitMix::new(seed))
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, usize::try_from(self.below(at as u64 + 1)).unwrap());
        }
    }
}

/// Source, target, code of the kind, weight.
pub(crate) type Row = (u32, u32, u16, f32);

/// A graph of vertices from zero.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) vertices: u32,
    pub(crate) rows: Vec<Row>,
}

pub(crate) const DIRECTIONS: [Direction; 3] = [Direction::Out, Direction::In, Direction::Both];

impl Sample {
    /// Loops, parallel edges and isolated vertices come about by chance.
    pub(crate) fn random(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let vertices = u32::try_from(1 + random.below(12)).unwrap();
        let edges = random.below(u64::from(vertices) * 3);
        let vertex = |random: &mut Random| u32::try_from(random.below(vertices.into())).unwrap();
        let rows = (0..edges).map(|_| {
            let kind = u16::try_from(random.below(3)).unwrap();
            let weight = f32::from(u16::try_from(random.below(5)).unwrap());
            (vertex(&mut random), vertex(&mut random), kind, weight)
        });
        Self { vertices, rows: rows.collect() }
    }

    pub(crate) fn of(vertices: u32, pairs: &[(u32, u32)]) -> Self {
        let rows = pairs.iter().map(|(source, target)| (*source, *target, 0, 1.0));
        Self { vertices, rows: rows.collect() }
    }

    /// Vertices keep their numbers.
    pub(crate) fn csr(&self) -> Csr<u32> {
        let mut builder = CsrBuilder::new();
        for vertex in 0..self.vertices {
            builder.vertex(vertex).unwrap();
        }
        for (source, target, kind, weight) in &self.rows {
            let kind = AssociationKind::from_code(*kind);
            builder.edge(*source, *target, kind, *weight).unwrap();
        }
        builder.finish()
    }

    /// The same edges, told in another order.
    pub(crate) fn listed(&self, seed: u64) -> Listed {
        let mut rows = self.rows.clone();
        Random::new(seed).shuffle(&mut rows);
        let (mut out, mut incoming) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
        for row in rows {
            out.entry(row.0).or_default().push(row);
            incoming.entry(row.1).or_default().push(row);
        }
        Listed { out, incoming }
    }

    /// Pairs that one step leads along.
    pub(crate) fn steps(&self, direction: Direction, kinds: &Kinds) -> Vec<Row> {
        let mut steps = Vec::new();
        for row in &self.rows {
            let (source, target, kind, weight) = *row;
            if !kinds.contains(AssociationKind::from_code(kind)) {
                continue;
            }
            if direction != Direction::In {
                steps.push(*row);
            }
            if direction == Direction::In || direction == Direction::Both && source != target {
                steps.push((target, source, kind, weight));
            }
        }
        steps
    }

    /// Floyd and Warshall: the least sum of `cost` between all pairs, or infinity.
    pub(crate) fn all_pairs(
        &self,
        direction: Direction,
        kinds: &Kinds,
        cost: impl Fn(f32) -> f64,
    ) -> Vec<Vec<f64>> {
        let count = self.vertices as usize;
        let mut least = vec![vec![f64::INFINITY; count]; count];
        for (at, row) in least.iter_mut().enumerate() {
            row[at] = 0.0;
        }
        for (from, to, _, weight) in self.steps(direction, kinds) {
            let entry = &mut least[from as usize][to as usize];
            *entry = entry.min(cost(weight));
        }
        for middle in 0..count {
            for from in 0..count {
                for to in 0..count {
                    let through = least[from][middle] + least[middle][to];
                    least[from][to] = least[from][to].min(through);
                }
            }
        }
        least
    }
}

/// A graph that tells its edges in the order of its lists.
pub(crate) struct Listed {
    out: BTreeMap<u32, Vec<Row>>,
    incoming: BTreeMap<u32, Vec<Row>>,
}

impl Adjacency for Listed {
    type Vertex = u32;
    type Reference = ();
    type Filter = Kinds;
    type Error = Infallible;

    fn edges(
        &self,
        vertex: u32,
        direction: Direction,
        filter: &Kinds,
        mut visit: impl FnMut(EdgeOf<Self>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Infallible> {
        let mut told = Vec::new();
        let both = direction == Direction::Both;
        if direction != Direction::Out {
            let rows = self.incoming.get(&vertex).into_iter().flatten();
            told.extend(
                rows.filter(|row| !(both && row.0 == vertex)).map(|row| (row.0, row, false)),
            );
        }
        if direction != Direction::In {
            let rows = self.out.get(&vertex).into_iter().flatten();
            told.extend(rows.map(|row| (row.1, row, true)));
        }
        for (neighbor, row, outgoing) in told {
            let kind = AssociationKind::from_code(row.2);
            if filter.contains(kind) {
                let edge = Edge { neighbor, kind, weight: row.3, outgoing, reference: () };
                if visit(edge).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// What `Infallible` searches give.
pub(crate) fn sure<T>(result: Result<T, Infallible>) -> T {
    let Ok(value) = result;
    value
}
