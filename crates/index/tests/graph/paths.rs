//! One path, the cheapest path, all paths.

use sutra_index::graph::{
    Direction, Edge, GraphError, Kinds, Limit, Limits, Outcome, Path, Walk, cheapest_from,
    cheapest_path, cheapest_paths, shortest_path, simple_paths,
};

use crate::common::{DIRECTIONS, Random, Sample, sure};

const ALL: Kinds = Kinds::All;

/// That each edge of a path is one of the graph, taken where the last one ended.
#[track_caller]
fn check_steps<R>(path: &Path<u32, R>, sample: &Sample, direction: Direction) {
    let steps = sample.steps(direction, &ALL);
    let mut at = path.start;
    for edge in &path.edges {
        let step = (at, edge.neighbor, edge.kind.code(), edge.weight);
        assert!(steps.contains(&step), "{step:?} is no step {direction:?}");
        let row = if edge.outgoing { step } else { (step.1, step.0, step.2, step.3) };
        assert!(sample.rows.contains(&row), "{row:?} is no edge");
        at = edge.neighbor;
    }
    assert_eq!(at, path.end());
}

#[test]
fn a_shortest_path_is_as_long_as_the_distance() {
    for seed in 0..300 {
        let sample = Sample::random(seed);
        let csr = sample.csr();
        for direction in DIRECTIONS {
            let least = sample.all_pairs(direction, &ALL, |_| 1.0);
            for to in 0..sample.vertices {
                let distance = least[0][to as usize];
                for max_hops in [0, 1, 2, 99] {
                    let found =
                        sure(shortest_path(&csr, 0, to, max_hops, &Walk::new(direction, &ALL)));
                    let Some(path) = found.path else {
                        assert!(distance > f64::from(max_hops), "seed {seed}, to {to}");
                        continue;
                    };
                    assert_eq!(path.hops() as f64, distance, "seed {seed}, to {to}");
                    assert_eq!((path.start, path.end()), (0, to));
                    check_steps(&path, &sample, direction);
                }
            }
        }
    }
}

#[test]
fn the_order_in_which_edges_are_told_changes_no_path() {
    for seed in 0..300 {
        let sample = Sample::random(seed);
        let walk = Walk::new(Direction::Both, &ALL);
        let to = sample.vertices - 1;
        let answers = |order| {
            let graph = sample.listed(order);
            let shortest = sure(shortest_path(&graph, 0, to, 99, &walk)).path.map(names);
            let cheapest = cheapest_path(&graph, 0, to, |edge| edge.weight.into(), &walk).unwrap();
            let all = sure(simple_paths(&graph, 0, Some(to), 0..=4, 30, &walk));
            let cheapest = cheapest.path.map(|(path, cost)| (names(path), cost));
            (shortest, cheapest, all.paths.into_iter().map(names).collect::<Vec<_>>(), all.outcome)
        };
        assert_eq!(answers(1), answers(2), "seed {seed}");
    }
}

/// What does not depend on how a graph calls its edges. Weights may differ between parallel edges of
/// one kind.
fn names<R>(path: Path<u32, R>) -> Vec<(u32, u16)> {
    path.edges.iter().map(|edge| (edge.neighbor, edge.kind.code())).collect()
}

#[test]
fn a_cheapest_path_costs_what_the_distances_say() {
    for seed in 0..300 {
        let sample = Sample::random(seed);
        let csr = sample.csr();
        for direction in DIRECTIONS {
            let walk = Walk::new(direction, &ALL);
            // Weights of zero are circles without cost.
            let least = sample.all_pairs(direction, &ALL, f64::from);
            for to in 0..sample.vertices {
                let found = cheapest_path(&csr, 0, to, |edge| edge.weight.into(), &walk).unwrap();
                let Some((path, cost)) = found.path else {
                    assert_eq!(least[0][to as usize], f64::INFINITY);
                    continue;
                };
                assert_eq!(cost, least[0][to as usize], "seed {seed}, to {to}");
                assert_eq!(path.edges.iter().map(|edge| f64::from(edge.weight)).sum::<f64>(), cost);
                assert_eq!((path.start, path.end()), (0, to));
                check_steps(&path, &sample, direction);
            }
            let reach = cheapest_from(&csr, &[0], 4.0, |edge| edge.weight.into(), &walk).unwrap();
            let mut wanted: Vec<_> =
                (0..sample.vertices).map(|v| (least[0][v as usize], v)).collect();
            wanted.retain(|(cost, _)| *cost <= 4.0);
            wanted.sort_by(|a, b| a.partial_cmp(b).unwrap());
            let told: Vec<_> = reach.reached.iter().map(|at| (at.cost, at.vertex)).collect();
            assert_eq!(told, wanted, "seed {seed}");
        }
    }
}

#[test]
fn costs_below_zero_and_costs_that_are_no_numbers_are_refused() {
    let csr = Sample { vertices: 2, rows: vec![(0, 1, 1, 2.5)] }.csr();
    let walk = Walk::new(Direction::Out, &ALL);
    for bad in [-1.0, f64::NAN, f64::NEG_INFINITY] {
        let error = cheapest_path(&csr, 0, 1, |_| bad, &walk).unwrap_err();
        let GraphError::Cost { kind, weight, cost } = error else { panic!("{error}") };
        assert_eq!((kind.code(), weight, cost.to_bits()), (1, 2.5, bad.to_bits()));
        assert!(cheapest_from(&csr, &[0], 9.0, |_| bad, &walk).is_err());
    }
    // An infinite cost closes an edge.
    assert_eq!(cheapest_path(&csr, 0, 1, |_| f64::INFINITY, &walk).unwrap().path, None);
}

#[test]
fn simple_paths_are_those_that_trying_everything_finds() {
    for seed in 0..200 {
        let mut sample = Sample::random(seed);
        sample.rows.truncate(14);
        let csr = sample.csr();
        for direction in DIRECTIONS {
            let to = u32::try_from(Random::new(seed).below(sample.vertices.into())).unwrap();
            for (least, most, end) in
                [(0, 3, None), (1, 4, Some(to)), (2, 2, Some(to)), (0, 0, None)]
            {
                let walk = Walk::new(direction, &ALL);
                let found = sure(simple_paths(&csr, 0, end, least..=most, usize::MAX, &walk));
                let mut told: Vec<_> = found.paths.iter().map(|path| names(path.clone())).collect();
                told.sort();
                let mut wanted = Vec::new();
                let steps = sample.steps(direction, &ALL);
                try_everything(&steps, &mut vec![(0, 0)], least, most, end, &mut wanted);
                wanted.sort();
                assert_eq!(told, wanted, "seed {seed}, {direction:?}, {least}..={most}, {end:?}");
                found.paths.iter().for_each(|path| check_steps(path, &sample, direction));
            }
        }
    }
}

fn try_everything(
    steps: &[(u32, u32, u16, f32)],
    path: &mut Vec<(u32, u16)>,
    least: u32,
    most: u32,
    end: Option<u32>,
    found: &mut Vec<Vec<(u32, u16)>>,
) {
    let at = path.last().unwrap().0;
    let hops = u32::try_from(path.len()).unwrap() - 1;
    if hops >= least && end.is_none_or(|end| end == at) {
        found.push(path[1..].to_vec());
    }
    if hops == most {
        return;
    }
    for (_, to, kind, _) in steps.iter().filter(|step| step.0 == at) {
        if path.iter().all(|(vertex, _)| vertex != to) {
            path.push((*to, *kind));
            try_everything(steps, path, least, most, end, found);
            path.pop();
        }
    }
}

/// All paths between two vertices with their costs, in the order in which the best are told.
fn all_by_cost(
    steps: &[(u32, u32, u16, f32)],
    from: u32,
    to: u32,
    cost: impl Fn(f32) -> f64,
) -> Vec<(f64, Vec<(u32, u16)>)> {
    let mut cheapest = std::collections::BTreeMap::new();
    for (a, b, kind, weight) in steps {
        let least = cheapest.entry((*a, *b, *kind)).or_insert(f64::INFINITY);
        *least = cost(*weight).min(*least);
    }
    let once: Vec<_> = cheapest.keys().map(|(a, b, kind)| (*a, *b, *kind, 0.0)).collect();
    let mut paths = Vec::new();
    try_everything(&once, &mut vec![(from, 0)], 0, 99, Some(to), &mut paths);
    let mut priced: Vec<_> = paths
        .into_iter()
        .map(|path| {
            let mut at = from;
            let mut sum = 0.0;
            for (vertex, kind) in &path {
                sum += cheapest[&(at, *vertex, *kind)];
                at = *vertex;
            }
            (sum, path)
        })
        .filter(|(sum, _)| *sum < f64::INFINITY)
        .collect();
    priced.sort_by(|a, b| {
        a.0.total_cmp(&b.0).then(a.1.len().cmp(&b.1.len())).then_with(|| a.1.cmp(&b.1))
    });
    priced
}

#[test]
fn the_best_paths_are_the_first_of_all_that_trying_everything_finds() {
    for seed in 0..400 {
        let mut sample = Sample::random(seed);
        sample.rows.truncate(16);
        // Edges in both directions that differ in nothing else would be told apart by it.
        sample.rows.retain(|row| row.0 <= row.1);
        let graph = sample.listed(seed);
        let to = u32::try_from(Random::new(seed).below(sample.vertices.into())).unwrap();
        for (direction, is_priced) in DIRECTIONS.into_iter().flat_map(|d| [(d, false), (d, true)]) {
            // An edge of weight four is closed; those of weight zero make circles without cost.
            let price = |weight: f32| match (is_priced, weight) {
                (false, _) => 1.0,
                (true, 4.0) => f64::INFINITY,
                (true, weight) => weight.into(),
            };
            let all = all_by_cost(&sample.steps(direction, &ALL), 0, to, price);
            for count in [0, 1, 2, 3, 7, 1_000] {
                let walk = Walk::new(direction, &ALL);
                for max_cost in [f64::INFINITY, 3.0] {
                    let found = cheapest_paths(
                        &graph,
                        0,
                        to,
                        count,
                        max_cost,
                        |edge| price(edge.weight),
                        &walk,
                    );
                    let found = found.unwrap();
                    let told: Vec<_> =
                        found.paths.into_iter().map(|(path, cost)| (cost, names(path))).collect();
                    let wanted = all.iter().filter(|(cost, _)| *cost <= max_cost).take(count);
                    let wanted: Vec<_> = wanted.cloned().collect();
                    assert_eq!(told, wanted, "seed {seed}, {direction:?}, {is_priced}, {count}");
                    assert_eq!(found.outcome, Outcome::Complete);
                }
            }
        }
    }
}

#[test]
fn best_paths_that_meet_a_limit_are_the_best_and_say_so() {
    // Every vertex of a level leads to every one of the next.
    let levels = |a: u32| (a / 3 + 1) * 3..(a / 3 + 2) * 3;
    let pairs: Vec<_> = (0..18).flat_map(|a| levels(a).map(move |b| (a, b))).collect();
    let sample = Sample::of(21, &pairs);
    let csr = sample.csr();
    let walk = Walk::new(Direction::Out, &ALL);
    let price = |edge: &Edge<u32, u32>| f64::from(1 + edge.neighbor % 3);
    let best = cheapest_paths(&csr, 0, 20, 40, f64::INFINITY, price, &walk).unwrap();
    assert_eq!((best.paths.len(), best.outcome), (40, Outcome::Complete));
    assert!(best.paths.is_sorted_by(|a, b| a.1 <= b.1));
    let mut seen = std::collections::BTreeSet::new();
    for edges in 0..3_000 {
        let limits = Limits { edges, ..Limits::NONE };
        let found =
            cheapest_paths(&csr, 0, 20, 40, f64::INFINITY, price, &walk.with_limits(limits));
        let found = found.unwrap();
        assert_eq!(found.paths, best.paths[..found.paths.len()]);
        let is_all = found.paths.len() == 40;
        assert_eq!(found.outcome.is_complete(), is_all, "{edges} edges");
        seen.insert(found.paths.len());
    }
    assert!(seen.contains(&0) && seen.contains(&40) && seen.len() > 10, "{seen:?}");
    let few = walk.with_limits(Limits { vertices: 10, ..Limits::NONE });
    let found = cheapest_paths(&csr, 0, 20, 40, f64::INFINITY, price, &few).unwrap();
    assert_eq!((found.paths, found.outcome), (vec![], Outcome::LimitReached(Limit::Vertices)));
    let bad = cheapest_paths(&csr, 0, 20, 2, f64::INFINITY, |_| f64::NAN, &walk).unwrap_err();
    assert!(matches!(bad, GraphError::Cost { .. }));
}

#[test]
fn no_more_paths_are_told_than_were_asked_for() {
    let parallel =
        Sample { vertices: 2, rows: (0..5).map(|kind| (0, 1, kind, 1.0)).collect() }.csr();
    let walk = Walk::new(Direction::Out, &ALL);
    let run = |count| sure(simple_paths(&parallel, 0, Some(1), 1..=1, count, &walk));
    assert_eq!(run(5).outcome, Outcome::Complete);
    assert_eq!(run(4).outcome, Outcome::LimitReached(Limit::Paths));
    let kinds: Vec<_> = run(4).paths.iter().map(|path| path.edges[0].kind.code()).collect();
    assert_eq!(kinds, [0, 1, 2, 3]);
}

#[test]
fn a_search_that_meets_a_limit_says_that_there_may_be_a_path() {
    let chain = Sample::of(50, &(1..50).map(|v| (v - 1, v)).collect::<Vec<_>>()).csr();
    for limits in [Limits { edges: 10, ..Limits::NONE }, Limits { vertices: 10, ..Limits::NONE }] {
        let walk = Walk::new(Direction::Out, &ALL).with_limits(limits);
        let shortest = sure(shortest_path(&chain, 0, 49, 99, &walk));
        assert!(shortest.path.is_none() && !shortest.outcome.is_complete());
        let cheapest = cheapest_path(&chain, 0, 49, |_| 1.0, &walk).unwrap();
        assert!(cheapest.path.is_none() && !cheapest.outcome.is_complete());
        let paths = sure(simple_paths(&chain, 0, Some(49), 1..=99, 9, &walk));
        assert!(paths.paths.is_empty() && !paths.outcome.is_complete());
    }
}

#[test]
fn a_path_names_its_vertices_and_its_edges() {
    let sample = Sample { vertices: 3, rows: vec![(0, 1, 2, 0.5), (2, 1, 3, 4.0)] };
    let path = sure(shortest_path(&sample.csr(), 0, 2, 9, &Walk::new(Direction::Both, &ALL)))
        .path
        .unwrap();
    assert_eq!(path.vertices().collect::<Vec<_>>(), [0, 1, 2]);
    let kind = sutra_format::AssociationKind::from_code;
    let first = Edge { neighbor: 1, kind: kind(2), weight: 0.5, outgoing: true, reference: 0 };
    let second = Edge { neighbor: 2, kind: kind(3), weight: 4.0, outgoing: false, reference: 1 };
    assert_eq!(path.edges, [first, second]);
}
