//! [`Graph`]: concepts and associations that depend on a seed and on nothing else.
//!
//! Ids are random. Both degrees follow a power law: the neighbour at rank `r` of `n` is drawn with
//! a density that falls with the square root of `r`, in an order of ranks that is another one for
//! sources than for targets.

use sutra_format::{AssociationKind, AssociationRecord, ConceptId, ConceptRecord};
use sutra_testkit::SplitMix;
use zerocopy::little_endian::{U32, U64};

/// Bytes of the text of each concept.
pub const TEXT_BYTES: usize = 96;

/// How many kinds of associations there are.
const KINDS: u64 = 5;

/// One association, by the numbers of its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Where it starts.
    pub source: u32,
    /// Where it ends.
    pub target: u32,
    /// Its kind.
    pub kind: u16,
}

/// Which way associations are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From a source to targets.
    Out,
    /// From a target to sources.
    In,
}

/// Neighbours of each concept, one after the other.
struct Adjacency {
    starts: Vec<u32>,
    ends: Vec<u32>,
}

/// A graph, and what is right about it.
pub struct Graph {
    ids: Vec<ConceptId>,
    texts: String,
    edges: Vec<Edge>,
    out: Adjacency,
    into: Adjacency,
}

impl Graph {
    /// Draws a graph. No association comes twice; they are in no order.
    ///
    /// # Panics
    /// If there are no concepts, 2 to the power of 32 or more of anything, or so many associations
    /// that distinct ones are hard to find.
    pub fn new(concepts: usize, associations: usize, seed: u64) -> Self {
        assert!(concepts > 0 && associations / 4 <= concepts * concepts / 8, "too dense a graph");
        let mut rng = SplitMix::new(seed);
        let ids = (0..concepts).map(|_| random_id(&mut rng)).collect();
        let texts = (0..concepts * TEXT_BYTES).map(|_| letter(&mut rng)).collect();
        let edges = draw_edges(concepts, associations, &mut rng);
        let out = Adjacency::new(concepts, &edges, |edge| (edge.source, edge.target));
        let into = Adjacency::new(concepts, &edges, |edge| (edge.target, edge.source));
        Self { ids, texts, edges, out, into }
    }

    /// All ids, by number.
    pub fn ids(&self) -> &[ConceptId] {
        &self.ids
    }

    /// The text of a concept.
    pub fn text(&self, number: usize) -> &str {
        &self.texts[number * TEXT_BYTES..][..TEXT_BYTES]
    }

    /// All associations.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The record of an association.
    pub fn association(&self, edge: &Edge) -> AssociationRecord {
        let kind = AssociationKind::from_code(edge.kind);
        let (source, target) = (self.ids[edge.source as usize], self.ids[edge.target as usize]);
        AssociationRecord::new(source, target, kind, 1.0)
    }

    /// Numbers of the neighbours of a concept, one for each association.
    pub fn neighbours(&self, number: usize, direction: Direction) -> &[u32] {
        match direction {
            Direction::Out => self.out.of(number),
            Direction::In => self.into.of(number),
        }
    }

    /// Bytes of records and texts: what any engine has to keep once.
    pub fn logical_bytes(&self) -> u64 {
        let concepts = self.ids.len() * (ConceptRecord::BYTES + TEXT_BYTES);
        (concepts + self.edges.len() * AssociationRecord::BYTES) as u64
    }
}

impl Adjacency {
    fn new(concepts: usize, edges: &[Edge], ends_of: impl Fn(&Edge) -> (u32, u32)) -> Self {
        let mut starts = vec![0; concepts + 1];
        for edge in edges {
            starts[ends_of(edge).0 as usize + 1] += 1;
        }
        for number in 0..concepts {
            starts[number + 1] += starts[number];
        }
        let mut next = starts.clone();
        let mut ends = vec![0; edges.len()];
        for edge in edges {
            let (from, to) = ends_of(edge);
            ends[next[from as usize] as usize] = to;
            next[from as usize] += 1;
        }
        Self { starts, ends }
    }

    fn of(&self, number: usize) -> &[u32] {
        &self.ends[self.starts[number] as usize..self.starts[number + 1] as usize]
    }
}

/// A random id.
pub fn random_id(rng: &mut SplitMix) -> ConceptId {
    let mut bytes = [0; 16];
    rng.fill(&mut bytes);
    ConceptId::from_bytes(bytes)
}

/// What stands for an id in checksums.
pub fn id_value(id: &ConceptId) -> u64 {
    let (low, _) = id.as_bytes().split_at(8);
    low.try_into().map_or(0, |bytes: [u8; 8]| u64::from_le_bytes(bytes))
}

/// A field of the record that depends on the id, so that a wrong record shows.
pub fn source_hash(id: &ConceptId) -> u32 {
    let [a, b, c, d, ..] = *id.as_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// The record that an engine which stores plain bytes keeps of a concept.
pub fn record_of(id: ConceptId) -> ConceptRecord {
    let mut record = ConceptRecord::new(id, 0, TEXT_BYTES as u32, ConceptRecord::ABSENT);
    record.source_hash = U32::new(source_hash(&id));
    record.created_at = U64::new(1);
    record
}

/// What stands for a text in checksums: it reads both ends.
pub fn text_value(text: &str) -> u64 {
    let bytes = text.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(first), Some(last)) => {
            u64::from(*first) << 32 | u64::from(*last) << 16 | bytes.len() as u64
        }
        _ => 0,
    }
}

fn letter(rng: &mut SplitMix) -> char {
    char::from(b'a' + (rng.next_u64() >> 60) as u8)
}

fn draw_edges(concepts: usize, associations: usize, rng: &mut SplitMix) -> Vec<Edge> {
    let mut edges: Vec<Edge> = Vec::with_capacity(associations);
    while edges.len() < associations {
        while edges.len() < associations {
            let source = rank(concepts, rng);
            let target = scatter(rank(concepts, rng), concepts);
            let kind = rng.below(KINDS) as u16;
            edges.push(Edge { source: source as u32, target: target as u32, kind });
        }
        edges.sort_unstable();
        edges.dedup();
    }
    for at in (1..edges.len()).rev() {
        edges.swap(at, rng.below(at as u64 + 1) as usize);
    }
    edges
}

/// The square of a uniform number, scaled: few ranks are drawn often.
#[expect(clippy::cast_precision_loss, reason = "which rank exactly does not matter")]
fn rank(concepts: usize, rng: &mut SplitMix) -> usize {
    let uniform = (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    ((uniform * uniform * concepts as f64) as usize).min(concepts - 1)
}

/// Gives each rank another number.
fn scatter(rank: usize, concepts: usize) -> usize {
    concepts - 1 - rank
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_graph_is_the_same_each_time_and_has_what_was_asked_for() {
        let (graph, again) = (Graph::new(500, 2_000, 1), Graph::new(500, 2_000, 1));
        assert_eq!(graph.edges(), again.edges());
        assert_eq!((graph.ids().len(), graph.edges().len()), (500, 2_000));
        let mut distinct = graph.edges().to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 2_000);
        assert_ne!(graph.text(0), graph.text(1));
        assert_ne!(graph.edges(), Graph::new(500, 2_000, 2).edges());
    }

    #[test]
    fn both_directions_hold_every_association_and_a_few_hubs_hold_many() {
        let graph = Graph::new(1_000, 8_000, 1);
        for direction in [Direction::Out, Direction::In] {
            let degrees: Vec<_> =
                (0..1_000).map(|number| graph.neighbours(number, direction).len()).collect();
            assert_eq!(degrees.iter().sum::<usize>(), 8_000);
            assert!(degrees.iter().any(|&degree| degree > 80), "{direction:?}");
        }
        let edge = graph.edges()[0];
        assert!(graph.neighbours(edge.source as usize, Direction::Out).contains(&edge.target));
        assert!(graph.neighbours(edge.target as usize, Direction::In).contains(&edge.source));
    }
}
