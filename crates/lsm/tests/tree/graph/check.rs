//! Every question that the graph of a snapshot answers, held against the model.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use sutra_format::{AssociationRecord, ConceptId};
use sutra_index::graph::{
    Adjacency, Csr, Direction, EdgeOf, Walk, expand, shortest_path, simple_paths,
};
use sutra_lsm::{EdgeFilter, GraphView, Snapshot};
use sutra_testkit::SimDir;

use crate::graph::model::{Model, Seen, Wanted, id, ids, kind};

pub(crate) const DIRECTIONS: [Direction; 3] = [Direction::Out, Direction::In, Direction::Both];

type View<'s> = GraphView<'s, SimDir>;

fn wanteds() -> Vec<Wanted> {
    let all = Wanted::default;
    vec![
        all(),
        Wanted { kinds: vec![2], ..all() },
        Wanted { kinds: vec![0, 3], ..all() },
        Wanted { kinds: vec![9], ..all() },
        Wanted { valid_at: Some(150), ..all() },
        Wanted { kinds: vec![1, 2], valid_at: Some(-20), ..all() },
        Wanted { min_weight: Some(1.0), ..all() },
        Wanted { min_confidence: Some(0.5), kinds: vec![1], ..all() },
        Wanted { min_confidence: Some(1.0), ..all() },
    ]
}

fn filter(wanted: &Wanted) -> EdgeFilter {
    // From the last kind to the first: in which order they are named does not matter.
    let kinds = wanted.kinds.iter().rev().map(|code| kind(*code));
    let mut filter = kinds.fold(EdgeFilter::all(), EdgeFilter::kind);
    if let Some(ms) = wanted.valid_at {
        filter = filter.valid_at(ms);
    }
    if let Some(weight) = wanted.min_weight {
        filter = filter.min_weight(weight);
    }
    if let Some(confidence) = wanted.min_confidence {
        filter = filter.min_confidence(confidence);
    }
    filter
}

fn seen(edge: &EdgeOf<View<'_>>) -> Seen {
    (edge.kind.code(), edge.neighbor, edge.outgoing)
}

fn told(
    view: &View<'_>,
    from: ConceptId,
    direction: Direction,
    filter: &EdgeFilter,
) -> Vec<(Seen, AssociationRecord)> {
    let mut told = Vec::new();
    let flow = view.edges(from, direction, filter, |edge| {
        assert_eq!(edge.weight.to_bits(), edge.reference.weight.get().to_bits());
        told.push((seen(&edge), edge.reference));
        ControlFlow::Continue(())
    });
    assert_eq!(flow.expect("readable"), ControlFlow::Continue(()));
    told
}

/// Sequence numbers are the store's own, and the model has none.
fn unnumbered(mut record: AssociationRecord) -> AssociationRecord {
    record.seq = 0.into();
    record
}

/// Compares all that a snapshot says with the model.
#[track_caller]
pub(crate) fn check(snapshot: &Snapshot<SimDir>, model: &Model) {
    let view = snapshot.graph();
    orders(snapshot, &view);
    for wanted in wanteds() {
        let filter = filter(&wanted);
        for direction in DIRECTIONS {
            let mut whole = Vec::new();
            for (at, from) in ids().enumerate() {
                let told = told(&view, from, direction, &filter);
                let plain = told.iter().map(|(seen, record)| (*seen, unnumbered(*record)));
                let right = model.seen(from, direction, &wanted);
                assert_eq!(plain.clone().collect::<BTreeMap<_, _>>(), right, "{wanted:?}");
                assert_eq!(told.len(), right.len(), "none is told twice");
                let degree = view.degree(from, direction, &filter).expect("readable");
                assert_eq!(degree, told.len() as u64, "{direction:?} {wanted:?}");
                stops(&view, from, direction, &filter, &told);
                whole.extend(told.into_iter().map(|(seen, _)| (at, seen)));
            }
            together(&view, direction, &filter, &whole);
            // Searches ask much of the model.
            if wanted.kinds.len() + usize::from(wanted.valid_at.is_some()) == 1 {
                searches(&view, direction, &filter, model, &wanted);
            }
        }
        let alone = view.project(&filter, false).expect("readable");
        let edges = model.seen_by_sources(&wanted);
        assert_eq!(alone, Csr::from_edges(edges).expect("small"), "{wanted:?}");
    }
    let whole = view.project(&EdgeFilter::all(), true).expect("readable");
    let keys = whole.keys();
    assert!(model.concepts.iter().all(|id| keys.binary_search(id).is_ok()));
    assert_eq!(whole.edge_count(), model.edges.len());
}

impl Model {
    fn seen_by_sources(
        &self,
        wanted: &Wanted,
    ) -> Vec<(ConceptId, ConceptId, sutra_format::AssociationKind, f32)> {
        let edges = ids().flat_map(|from| {
            let seen = self.seen(from, Direction::Out, wanted).into_values();
            seen.map(|record| (record.source, record.target, record.kind(), record.weight.get()))
        });
        edges.collect()
    }
}

/// The order is that of the lists of the snapshot, and a filter only leaves out.
fn orders(snapshot: &Snapshot<SimDir>, view: &View<'_>) {
    for from in ids() {
        let out = snapshot.outgoing(&from).expect("readable");
        let into = snapshot.incoming(&from).expect("readable");
        let records = |direction, filter: &EdgeFilter| -> Vec<AssociationRecord> {
            told(view, from, direction, filter).into_iter().map(|(_, record)| record).collect()
        };
        let all = EdgeFilter::all();
        assert_eq!(records(Direction::Out, &all), *out);
        assert_eq!(records(Direction::In, &all), *into);
        let both = out.iter().chain(into.iter().filter(|record| record.source != from));
        assert_eq!(records(Direction::Both, &all), both.copied().collect::<Vec<_>>());
        let two = all.kind(kind(3)).kind(kind(0));
        let left = |records: &[AssociationRecord]| -> Vec<_> {
            records.iter().filter(|r| two.admits(r)).copied().collect()
        };
        assert_eq!(records(Direction::Out, &two), left(&out));
        assert_eq!(records(Direction::In, &two), left(&into));
    }
}

/// A visitor that has enough is told no more.
fn stops(
    view: &View<'_>,
    from: ConceptId,
    direction: Direction,
    filter: &EdgeFilter,
    told: &[(Seen, AssociationRecord)],
) {
    for enough in [1, told.len()] {
        let mut met = Vec::new();
        let flow = view.edges(from, direction, filter, |edge| {
            met.push((seen(&edge), edge.reference));
            if met.len() >= enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(flow.expect("readable").is_break(), !told.is_empty());
        assert_eq!(met, told[..enough.min(told.len())]);
    }
}

/// Many vertices at once give what one by one gives.
fn together(view: &View<'_>, direction: Direction, filter: &EdgeFilter, right: &[(usize, Seen)]) {
    // Several times, so that more are asked for than are looked up together.
    let all: Vec<_> = ids().chain(ids()).chain(ids()).collect();
    let mut told = Vec::new();
    let flow = view.edges_of_all(&all, direction, filter, |at, edge| {
        told.push((at, seen(&edge)));
        ControlFlow::Continue(())
    });
    assert_eq!(flow.expect("readable"), ControlFlow::Continue(()));
    let again = |times: usize| right.iter().map(move |(at, s)| (at + times * ids().count(), *s));
    assert_eq!(told, (0..3).flat_map(again).collect::<Vec<_>>());
    ends_alone(view, direction, filter, &all);
}

/// Neighbours without their edges are those of the edges, in their order, and no more than bounds say.
fn ends_alone(view: &View<'_>, direction: Direction, filter: &EdgeFilter, all: &[ConceptId]) {
    let (mut right, mut told) = (Vec::new(), Vec::new());
    let go = ControlFlow::<()>::Continue(());
    let tell = |at, edge: EdgeOf<View<'_>>| {
        right.push((at, edge.neighbor));
        go
    };
    assert_eq!(view.edges_of_all(all, direction, filter, tell).expect("readable"), go);
    let tell = |at, neighbor| {
        told.push((at, neighbor));
        go
    };
    assert_eq!(view.neighbors_of_all(all, direction, filter, tell).expect("readable"), go);
    assert_eq!(told, right);
    let mut reached = BTreeSet::new();
    let reach = |neighbor| {
        reached.insert(neighbor);
        go
    };
    assert_eq!(view.reach_of_all(all, direction, filter, reach).expect("readable"), go);
    assert_eq!(reached, right.iter().map(|(_, neighbor)| *neighbor).collect());
    let mut bounds = Vec::new();
    view.degrees_of_all(all, direction, filter, &mut bounds).expect("readable");
    assert_eq!(bounds.len(), all.len());
    for (at, bounds) in bounds.iter().enumerate() {
        let degree = right.iter().filter(|(of, _)| *of == at).count() as u64;
        assert!(bounds.least <= degree && degree <= bounds.most, "{degree} is not in {bounds:?}");
    }
}

fn searches(
    view: &View<'_>,
    direction: Direction,
    filter: &EdgeFilter,
    model: &Model,
    wanted: &Wanted,
) {
    let walk = Walk::new(direction, filter);
    let seeds = [id(3), id(0)];
    for hops in [1, 2, 9] {
        let found = expand(view, &seeds, hops, &walk).expect("readable");
        let right = model.within(&seeds, hops, direction, wanted);
        let found: BTreeMap<_, _> = found.reached.iter().map(|at| (at.vertex, at.hops)).collect();
        assert_eq!(found, right, "{hops} hops {direction:?}");
    }
    for to in [id(1), id(7)] {
        let far = model.within(&[id(0)], 9, direction, wanted).get(&to).copied();
        let path = shortest_path(view, id(0), to, 9, &walk).expect("readable").path;
        assert_eq!(path.map(|path| path.hops() as u32), far);
        let found = simple_paths(view, id(0), Some(to), 0..=2, usize::MAX, &walk);
        let found = found.expect("readable").paths.into_iter();
        let found: Vec<Vec<Seen>> =
            found.map(|path| path.edges.iter().map(seen).collect()).collect();
        let right = model.ways(id(0), to, 2, direction, wanted);
        assert_eq!(found.len(), right.len());
        assert!(found.iter().all(|way| right.contains(way)), "{found:?} {right:?}");
    }
}
