//! Expanding, and what limits do to it.

use sutra_index::graph::{
    Direction, Kinds, Limit, Limits, Nearness, Outcome, Ppr, Walk, expand, expand_traced, subgraph,
};

use crate::common::{DIRECTIONS, Sample, sure};

const ALL: Kinds = Kinds::All;

#[test]
fn expanding_finds_what_the_distances_say_in_order() {
    for seed in 0..300 {
        let sample = Sample::random(seed);
        let csr = sample.csr();
        for direction in DIRECTIONS {
            let least = sample.all_pairs(direction, &ALL, |_| 1.0);
            let seeds = [0, sample.vertices / 2, 0];
            for hops in 0..4 {
                let found = sure(expand(&csr, &seeds, hops, &Walk::new(direction, &ALL)));
                let told: Vec<_> = found.reached.iter().map(|at| (at.hops, at.vertex)).collect();
                let mut wanted = Vec::new();
                for vertex in 0..sample.vertices {
                    let near = seeds.iter().map(|seed| least[*seed as usize][vertex as usize]);
                    let near = near.fold(f64::INFINITY, f64::min);
                    wanted
                        .extend((0..=hops).filter(|h| f64::from(*h) == near).map(|h| (h, vertex)));
                }
                wanted.sort_unstable();
                assert_eq!(told, wanted, "seed {seed}, {direction:?}, {hops} hops");
                assert_eq!(found.outcome, Outcome::Complete);
            }
        }
    }
}

#[test]
fn the_edge_by_which_a_vertex_was_reached_is_the_lowest_in_whatever_order_they_come() {
    for seed in 0..300 {
        let sample = Sample::random(seed);
        for direction in DIRECTIONS {
            let steps = sample.steps(direction, &ALL);
            let walk = Walk::new(direction, &ALL);
            let listed = sample.listed(seed);
            let found = sure(expand_traced(&listed, &[0], 5, &walk)).reached;
            for reached in &found {
                let Some((from, edge)) = reached.by else {
                    assert_eq!((reached.vertex, reached.hops), (0, 0));
                    continue;
                };
                let before =
                    |v: u32| found.iter().any(|r| r.vertex == v && r.hops + 1 == reached.hops);
                let ways = steps.iter().filter(|step| step.1 == reached.vertex && before(step.0));
                let lowest = ways.map(|step| (step.0, step.2)).min().unwrap();
                assert_eq!((from, edge.kind.code()), lowest, "seed {seed}, {direction:?}");
                assert_eq!(edge.neighbor, reached.vertex);
            }
        }
    }
}

#[test]
fn only_the_kinds_that_are_meant_are_walked() {
    let sample = Sample { vertices: 3, rows: vec![(0, 1, 1, 1.0), (1, 2, 2, 1.0)] };
    let one = Kinds::Only(vec![sutra_format::AssociationKind::from_code(1)]);
    let found = sure(expand(&sample.csr(), &[0], 9, &Walk::new(Direction::Out, &one)));
    assert_eq!(found.reached.iter().map(|at| at.vertex).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn a_limit_on_vertices_or_edges_cuts_the_answer_short_and_says_so() {
    let star = Sample::of(100, &(1..100).map(|leaf| (0, leaf)).collect::<Vec<_>>()).csr();
    let run = |limits| {
        let walk = Walk::new(Direction::Both, &ALL).with_limits(limits);
        sure(expand(&star, &[0], 2, &walk))
    };
    let few = run(Limits { vertices: 10, ..Limits::NONE });
    assert_eq!(few.outcome, Outcome::LimitReached(Limit::Vertices));
    assert_eq!(few.reached.len(), 10);
    let few = run(Limits { edges: 10, ..Limits::NONE });
    assert_eq!(few.outcome, Outcome::LimitReached(Limit::Edges));
    assert_eq!(few.reached.len(), 11);
    // The hub once, and each leaf once on the way back.
    assert_eq!(run(Limits { vertices: 100, edges: 198 }).outcome, Outcome::Complete);
    assert_eq!(
        run(Limits { vertices: 100, edges: 197 }).outcome,
        Outcome::LimitReached(Limit::Edges)
    );
}

#[test]
fn a_seed_that_the_graph_does_not_know_is_alone() {
    let found = sure(expand(&Sample::of(0, &[]).csr(), &[7], 3, &Walk::new(Direction::Both, &ALL)));
    assert_eq!(found.reached.iter().map(|at| (at.vertex, at.hops)).collect::<Vec<_>>(), [(7, 0)]);
    let none = sure(expand(&Sample::of(0, &[]).csr(), &[], 3, &Walk::new(Direction::Both, &ALL)));
    assert!(none.reached.is_empty());
}

#[test]
fn a_subgraph_has_the_nearest_and_every_edge_between_them_once() {
    for seed in 0..200 {
        let sample = Sample::random(seed);
        let csr = sample.csr();
        let walk = Walk::new(Direction::Both, &ALL);
        for nearness in [Nearness::Hops, Nearness::Rank(Ppr::default())] {
            for count in [0, 1, 3, 50] {
                let cut = subgraph(&csr, &[0], count, &nearness, &walk).unwrap();
                let within = sure(expand(&csr, &[0], 99, &walk)).reached;
                assert_eq!(cut.vertices.len(), count.min(within.len()));
                if nearness == Nearness::Hops {
                    let nearest: Vec<_> = within.iter().map(|at| at.vertex).take(count).collect();
                    assert_eq!(cut.vertices, nearest);
                }
                let inside = |vertex: &u32| cut.vertices.contains(vertex);
                let mut wanted: Vec<_> =
                    sample.rows.iter().filter(|r| inside(&r.0) && inside(&r.1)).collect();
                wanted.sort_by(|a, b| {
                    (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)).then(a.3.total_cmp(&b.3))
                });
                let told: Vec<_> = cut
                    .links
                    .iter()
                    .map(|l| (l.source, l.target, l.kind.code(), l.weight))
                    .collect();
                assert_eq!(told, wanted.into_iter().copied().collect::<Vec<_>>(), "seed {seed}");
            }
        }
    }
}
