//! A naive graph: every edge in one table, every question answered by looking at all of them.

use std::collections::{BTreeMap, BTreeSet};

use sutra_format::{AssociationKind, AssociationRecord, ConceptId};
use sutra_index::graph::Direction;

/// Vertices and kinds that a history is about.
pub(crate) const VERTICES: u8 = 12;
pub(crate) const KINDS: u16 = 4;

pub(crate) fn id(number: u8) -> ConceptId {
    ConceptId::from_key(&number.to_string())
}

pub(crate) fn ids() -> impl Iterator<Item = ConceptId> {
    // One more than any history names.
    (0..=VERTICES).map(id)
}

pub(crate) fn kind(code: u16) -> AssociationKind {
    AssociationKind::from_code(code)
}

/// What a search asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) kinds: Vec<u16>,
    pub(crate) valid_at: Option<i64>,
    pub(crate) min_weight: Option<f32>,
    pub(crate) min_confidence: Option<f32>,
}

impl Wanted {
    fn is_met_by(&self, record: &AssociationRecord) -> bool {
        let holds = |at| record.valid_from() <= at && at < record.valid_to();
        (self.kinds.is_empty() || self.kinds.contains(&record.kind_code.get()))
            && self.valid_at.is_none_or(holds)
            && self.min_weight.is_none_or(|least| record.weight.get() >= least)
            && self.min_confidence.is_none_or(|least| record.confidence.get() >= least)
    }
}

/// An edge seen from an end: kind, neighbour, whether it starts here.
pub(crate) type Seen = (u16, ConceptId, bool);

/// The edges that there are, by source, kind and target.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) concepts: BTreeSet<ConceptId>,
    pub(crate) edges: BTreeMap<(ConceptId, u16, ConceptId), AssociationRecord>,
}

impl Model {
    pub(crate) fn associate(&mut self, record: AssociationRecord) {
        self.edges.insert((record.source, record.kind_code.get(), record.target), record);
    }

    pub(crate) fn delete_concept(&mut self, id: ConceptId) {
        self.concepts.remove(&id);
        self.edges.retain(|(source, _, target), _| *source != id && *target != id);
    }

    /// The edges of a vertex with their records, in no particular order.
    pub(crate) fn seen(
        &self,
        from: ConceptId,
        direction: Direction,
        wanted: &Wanted,
    ) -> BTreeMap<Seen, AssociationRecord> {
        let mut seen = BTreeMap::new();
        for ((source, kind, target), record) in &self.edges {
            if !wanted.is_met_by(record) {
                continue;
            }
            if *source == from && direction != Direction::In {
                seen.insert((*kind, *target, true), *record);
            }
            let again = direction == Direction::Both && source == target;
            if *target == from && direction != Direction::Out && !again {
                seen.insert((*kind, *source, false), *record);
            }
        }
        seen
    }

    /// How far each vertex is that is at most so far.
    pub(crate) fn within(
        &self,
        seeds: &[ConceptId],
        hops: u32,
        direction: Direction,
        wanted: &Wanted,
    ) -> BTreeMap<ConceptId, u32> {
        let mut far: BTreeMap<_, _> = seeds.iter().map(|seed| (*seed, 0)).collect();
        for hop in 1..=hops {
            let known: Vec<_> = far.keys().copied().collect();
            for from in known {
                for (_, to, _) in self.seen(from, direction, wanted).into_keys() {
                    far.entry(to).or_insert(hop);
                }
            }
        }
        far
    }

    /// Every way from one vertex to another that meets none twice, as the edges taken.
    pub(crate) fn ways(
        &self,
        from: ConceptId,
        to: ConceptId,
        hops: u32,
        direction: Direction,
        wanted: &Wanted,
    ) -> BTreeSet<Vec<Seen>> {
        let mut complete = BTreeSet::new();
        let mut open = vec![(from, Vec::new())];
        while let Some((at, way)) = open.pop() {
            if at == to {
                complete.insert(way);
                continue;
            }
            for edge in self.seen(at, direction, wanted).into_keys() {
                let is_new = edge.1 != from && way.iter().all(|met: &Seen| met.1 != edge.1);
                if is_new && (way.len() as u32) < hops {
                    open.push((edge.1, [&way[..], &[edge]].concat()));
                }
            }
        }
        complete
    }
}
