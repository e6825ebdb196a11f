//! Searches along associations, through the facade.

use sutra_storage::graph::{FoundPaths, Leiden, Limit, Limits, Outcome, PageRank, Paths, Reached};
use sutra_storage::{
    AssociationKind, Batch, ConceptId, Direction, ErrorKind, NewAssociation, NewConcept, Snapshot,
    Store,
};

const NEXT: AssociationKind = AssociationKind::TEMPORAL;
const PART: AssociationKind = AssociationKind::COMPOSITIONAL;

fn id(name: &str) -> ConceptId {
    ConceptId::from_key(name)
}

/// Two triangles, a-b-c and x-y-z, with c -> x between them, and a concept alone.
fn triangles() -> (tempfile::TempDir, Store) {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(place.path()).unwrap();
    let mut batch = Batch::new();
    for key in ["a", "b", "c", "x", "y", "z", "alone"] {
        batch.put(NewConcept::with_key(key)).unwrap();
    }
    let edges = [("a", "b"), ("b", "c"), ("c", "a"), ("x", "y"), ("y", "z"), ("z", "x")];
    for (source, target) in edges {
        batch.associate(NewAssociation::new(id(source), NEXT, id(target)).weight(2.0)).unwrap();
    }
    let bridge = NewAssociation::new(id("c"), PART, id("x")).weight(0.5).valid(Some(100), None);
    batch.associate(bridge.content("Between them.")).unwrap();
    store.commit(&batch).unwrap();
    (place, store)
}

/// The store and what it is after it was flushed and opened again.
#[track_caller]
fn check(look: impl Fn(&Snapshot)) {
    let (place, store) = triangles();
    look(&store.snapshot());
    store.flush().unwrap();
    look(&store.snapshot());
    store.close().unwrap();
    look(&Store::open_read_only(place.path()).unwrap().snapshot());
}

#[test]
fn neighbors_are_counted_and_narrowed_down_by_kinds_and_time() {
    check(|snapshot| {
        let of = |name| snapshot.neighbors(&id(name));
        assert_eq!(of("c").count().unwrap(), 3);
        assert_eq!(of("c").outgoing().limit(1).count().unwrap(), 2);
        assert_eq!(of("c").incoming().count().unwrap(), 1);
        assert_eq!(of("c").of_kind(PART).count().unwrap(), 1);
        assert_eq!(of("c").of_kind(PART).of_kind(NEXT).collect().unwrap().len(), 3);
        assert_eq!(of("c").of_kinds(&[]).collect().unwrap().len(), 3);
        assert_eq!(of("c").valid_at(99).collect().unwrap().len(), 2);
        assert_eq!(of("c").valid_at(100).collect().unwrap().len(), 3);
        assert_eq!(of("c").valid_at(99).count().unwrap(), 2);
        assert_eq!(of("c").limit(0).collect().unwrap(), []);
        assert_eq!(of("nobody").count().unwrap(), 0);
    });
}

#[test]
fn expand_tells_distances_from_the_nearest_seed() {
    check(|snapshot| {
        let near = snapshot.expand(&[id("a")]).outgoing().hops(3).collect().unwrap();
        let mut right = vec![("a", 0), ("b", 1), ("c", 2), ("x", 3)];
        let told = |(name, hops)| Reached { id: id(name), hops };
        assert_eq!(near.reached, right.drain(..).map(told).collect::<Vec<_>>());
        assert_eq!(near.outcome, Outcome::Complete);
        let near = snapshot.expand(&[id("a"), id("z")]).incoming().collect().unwrap();
        assert_eq!(near.reached.iter().filter(|found| found.hops == 1).count(), 2);
        let all = snapshot.expand(&[id("b")]).hops(9);
        assert_eq!(all.clone().collect().unwrap().reached.len(), 6);
        assert_eq!(all.clone().valid_at(0).collect().unwrap().reached.len(), 3);
        assert_eq!(all.clone().min_weight(1.0).collect().unwrap().reached.len(), 3);
        let cut = all.limit(4).collect().unwrap();
        assert_eq!(cut.reached.len(), 4);
        assert_eq!(cut.outcome, Outcome::LimitReached(Limit::Vertices));
    });
}

#[test]
fn paths_take_what_is_weighty_and_sure_enough_and_cost_by_weight() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(place.path()).unwrap();
    let mut batch = Batch::new();
    // From "a" to "z" over one concept each, with the weight and the confidence of both steps.
    let ways =
        [("b", 4.0, 0.25), ("c", 2.0, 0.5), ("d", 1.0, 1.0), ("e", 0.0, 1.0), ("f", -8.0, 0.75)];
    for (middle, weight, confidence) in ways {
        for (from, to) in [("a", middle), (middle, "z")] {
            let step = NewAssociation::new(id(from), NEXT, id(to));
            batch.associate(step.weight(weight).confidence(confidence)).unwrap();
        }
    }
    store.commit(&batch).unwrap();
    for _ in 0..2 {
        let snapshot = store.snapshot();
        let paths = || snapshot.paths(&id("a"), &id("z"));
        let over = |found: FoundPaths| -> Vec<(ConceptId, f64)> {
            assert_eq!(found.outcome, Outcome::Complete);
            found.paths.iter().map(|path| (path.steps[0].id, path.cost)).collect()
        };
        let right = |ways: &[(&str, f64)]| -> Vec<(ConceptId, f64)> {
            ways.iter().map(|(name, cost)| (id(name), *cost)).collect()
        };
        let priced = [("b", 0.5), ("c", 1.0), ("d", 2.0)];
        let best = |paths: Paths<'_>| over(paths.outgoing().count(9).cheapest().unwrap());
        assert_eq!(best(paths()), right(&priced), "no weight of zero or less is taken");
        assert_eq!(paths().outgoing().cheapest().unwrap().path.unwrap().cost, 0.5);
        assert_eq!(best(paths().min_weight(2.0)), right(&priced[..2]));
        assert_eq!(best(paths().min_weight(2.5)), right(&priced[..1]));
        assert_eq!(best(paths().min_confidence(0.5)), right(&priced[1..]));
        assert_eq!(best(paths().min_confidence(0.75)), right(&priced[2..]));
        assert_eq!(best(paths().min_confidence(0.5).min_weight(2.0)), right(&priced[1..2]));
        assert_eq!(best(paths().hops(1)), right(&priced), "steps do not bound what is priced");
        let shortest = |paths: Paths<'_>| over(paths.outgoing().count(9).shortest().unwrap()).len();
        assert_eq!((shortest(paths()), shortest(paths().hops(1))), (5, 0));
        assert_eq!(shortest(paths().min_weight(0.0)), 4);
        assert_eq!(shortest(paths().min_confidence(0.75)), 3);
        assert_eq!(shortest(paths().min_confidence(1.0)), 2);
        store.flush().unwrap();
    }
}

#[test]
fn paths_are_the_shortest_the_cheapest_or_all() {
    check(|snapshot| {
        let paths = |from, to| snapshot.paths(&id(from), &id(to));
        let path = paths("a", "x").shortest().unwrap().path.unwrap();
        assert_eq!(path.ids().collect::<Vec<_>>(), [id("a"), id("c"), id("x")]);
        assert_eq!((path.cost, path.end()), (2.0, id("x")));
        assert_eq!(path.steps[0].direction, Direction::Incoming);
        let fact = snapshot.fact(&path.steps[1].association).unwrap().unwrap();
        assert_eq!(fact.content().unwrap(), Some("Between them."));
        let path = paths("a", "x").outgoing().shortest().unwrap().path.unwrap();
        assert_eq!(path.steps.len(), 3);
        assert_eq!(paths("a", "x").outgoing().hops(2).shortest().unwrap().path, None);
        assert_eq!(paths("x", "a").outgoing().shortest().unwrap().path, None);
        assert_eq!(paths("a", "x").valid_at(99).shortest().unwrap().path, None);

        let ways = |found: FoundPaths| -> Vec<(usize, f64)> {
            assert_eq!(found.outcome, Outcome::Complete);
            found.paths.iter().map(|path| (path.steps.len(), path.cost)).collect()
        };
        let three = paths("a", "y").count(3).shortest().unwrap();
        assert_eq!(three.paths[0].ids().last(), Some(id("y")));
        assert_eq!(ways(three), [(3, 3.0), (4, 4.0), (4, 4.0)]);
        assert_eq!(ways(paths("a", "y").count(9).shortest().unwrap()).len(), 4);
        assert_eq!(ways(paths("a", "y").hops(3).count(9).shortest().unwrap()), [(3, 3.0)]);
        let priced = paths("a", "y").outgoing().count(9).cheapest().unwrap();
        assert_eq!(ways(priced), [(4, 0.5 + 0.5 + 2.0 + 0.5)]);
        let priced = paths("a", "x")
            .count(2)
            .cheapest_by(|step| if step.association.kind() == PART { 0.0 } else { 3.0 });
        assert_eq!(ways(priced.unwrap()), [(2, 3.0), (3, 6.0)]);
        let none = Limits { edges: 0, ..Limits::default() };
        let cut = paths("a", "x").limits(none).count(2).shortest().unwrap();
        assert_eq!((cut.paths.len(), cut.outcome), (0, Outcome::LimitReached(Limit::Edges)));

        let path = paths("a", "y").outgoing().cheapest().unwrap().path.unwrap();
        assert_eq!(path.cost, 0.5 + 0.5 + 2.0 + 0.5);
        let dear = |step: &sutra_storage::Neighbor| if step.id == id("b") { 9.0 } else { 1.0 };
        let path = paths("a", "c").cheapest_by(dear).unwrap().path.unwrap();
        assert_eq!((path.steps.len(), path.cost), (1, 1.0));
        let error = paths("a", "c").cheapest_by(|_| -1.0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);

        let all = paths("a", "x").all(100).unwrap();
        assert_eq!((all.paths.len(), all.outcome), (2, Outcome::Complete));
        let long = u32::try_from(all.paths[0].steps.len()).unwrap();
        assert!(long <= Paths::ALL_HOPS);
        let one = paths("a", "x").all(1).unwrap();
        assert_eq!(
            (&one.paths[..], one.outcome),
            (&all.paths[..1], Outcome::LimitReached(Limit::Paths))
        );
        let limits = Limits { vertices: 100, edges: 1 };
        let cut = paths("a", "z").limits(limits).shortest().unwrap();
        assert_eq!((cut.path, cut.outcome), (None, Outcome::LimitReached(Limit::Edges)));
    });
}

#[test]
fn rank_and_subgraph_stay_near_their_seeds() {
    check(|snapshot| {
        let ranking = snapshot.rank(&[id("a")]).collect().unwrap();
        assert_eq!((ranking.top.len(), ranking.top[0].id), (6, id("a")));
        let told: f64 = ranking.top.iter().map(|ranked| ranked.score).sum();
        assert!((told + ranking.residual - 1.0).abs() < 1e-9);
        let two =
            snapshot.rank(&[id("a"), id("y")]).shares(&[1.0, 3.0]).limit(2).collect().unwrap();
        assert_eq!((two.top.len(), two.top[0].id), (2, id("y")));
        let weighted = snapshot.rank(&[id("c")]).weighted().collect().unwrap();
        let plain = snapshot.rank(&[id("c")]).collect().unwrap();
        let score = |of: &sutra_storage::graph::Ranking| {
            of.top.iter().find(|ranked| ranked.id == id("x")).unwrap().score
        };
        assert!(score(&weighted) < score(&plain), "the bridge weighs little");
        let error = snapshot.rank(&[id("a")]).returns(0.0).collect().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(snapshot.rank(&[]).collect().unwrap().top, []);

        for cut in [snapshot.subgraph(&[id("a")], 3), snapshot.subgraph(&[id("b")], 3).by_rank()] {
            let part = cut.collect().unwrap();
            let mut ids = part.ids.clone();
            ids.sort_unstable();
            let mut right = ["a", "b", "c"].map(id);
            right.sort_unstable();
            assert_eq!(ids, right);
            assert_eq!((part.associations.len(), part.outcome), (3, Outcome::Complete));
        }
    });
}

#[test]
fn a_projection_has_the_whole_graph() {
    check(|snapshot| {
        let graph = snapshot.projection().collect().unwrap();
        // The concept that carries the text of the bridge is not one of the graph.
        assert_eq!((graph.concept_count(), graph.association_count()), (7, 7));
        let connected = snapshot.projection().connected_only().of_kind(PART).collect().unwrap();
        assert_eq!((connected.concept_count(), connected.association_count()), (2, 1));
        let ranks = graph.pagerank(&PageRank::default()).unwrap();
        assert_eq!((ranks.len(), ranks[6].id), (7, id("alone")));
        assert!((ranks.iter().map(|ranked| ranked.score).sum::<f64>() - 1.0).abs() < 1e-9);
        assert_eq!(graph.components().count, 2);
        assert_eq!(graph.strong_components().count, 3);
        let found = graph.communities(&Leiden::default()).unwrap();
        assert_eq!(found.groups.count, 3);
        let group = |name| found.groups.of[graph.ids().binary_search(&id(name)).unwrap()];
        assert_eq!(group("a"), group("c"));
        assert_ne!(group("c"), group("x"));
        assert_eq!(graph.triangles().total, 2);
        assert_eq!(graph.core_numbers().iter().filter(|core| **core == 2).count(), 6);
        let wrong = PageRank { damping: 1.0, ..PageRank::default() };
        assert_eq!(graph.pagerank(&wrong).unwrap_err().kind(), ErrorKind::InvalidInput);
    });
}
