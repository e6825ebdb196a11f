//! One path, the cheapest path, all paths.

use sutra_index::graph::{
    Direction, Edge, EdgeOf, GraphError, Kinds, Limit, Limits, Outcome, Path, Walk, cheapest_from,
    cheapest_path, cheapest_paths, shortest_path, simple_paths,
};

use crate::common::{DIRECTIONS, Listed, Random, Sample, sure};

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
    cost: impl Fn(&(u32, u32, u16, f32)) -> f64,
) -> Vec<(f64, Vec<(u32, u16)>)> {
    let mut cheapest = std::collections::BTreeMap::new();
    for step in steps {
        let least = cheapest.entry((step.0, step.1, step.2)).or_insert(f64::INFINITY);
        *least = cost(step).min(*least);
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

/// What an edge costs.
#[derive(Clone, Copy, Debug)]
enum Price {
    Step,
    /// Its weight; of weight four it is closed, of weight zero it makes circles without cost.
    Weight,
    /// By where it leads as well, so that back costs something else than there.
    Way,
}

impl Price {
    fn of(self, to: u32, weight: f32) -> f64 {
        match (self, weight) {
            (Self::Step, _) => 1.0,
            (_, 4.0) => f64::INFINITY,
            (Self::Weight, weight) => weight.into(),
            (Self::Way, weight) => f64::from(weight) + f64::from(to % 3),
        }
    }
}

#[test]
fn the_best_paths_are_the_first_of_all_that_trying_everything_finds() {
    for seed in 0..400 {
        let mut sample = Sample::random(seed);
        if seed % 2 == 1 {
            // Fewer vertices, and so more ways that cost the same.
            sample.vertices = sample.vertices.min(6);
            let vertices = sample.vertices;
            for row in &mut sample.rows {
                (row.0, row.1) = (row.0 % vertices, row.1 % vertices);
            }
        }
        sample.rows.truncate(16);
        // Edges in both directions that differ in nothing else would be told apart by it.
        sample.rows.retain(|row| row.0 <= row.1);
        if seed % 4 == 3 {
            // So that not all of them lead upwards.
            for row in &mut sample.rows {
                (row.0, row.1) = ((row.0 + 1) % sample.vertices, (row.1 + 1) % sample.vertices);
            }
        }
        let graph = sample.listed(seed);
        let to = u32::try_from(Random::new(seed).below(sample.vertices.into())).unwrap();
        let prices = [Price::Step, Price::Weight, Price::Way];
        for (direction, by) in DIRECTIONS.into_iter().flat_map(|d| prices.map(|by| (d, by))) {
            let price = |(_, to, _, weight): &(u32, u32, u16, f32)| by.of(*to, *weight);
            let all = all_by_cost(&sample.steps(direction, &ALL), 0, to, price);
            for count in [0, 1, 2, 3, 7, 1_000] {
                let walk = Walk::new(direction, &ALL);
                for max_cost in [f64::INFINITY, 3.0] {
                    let cost = |edge: &EdgeOf<Listed>| by.of(edge.neighbor, edge.weight);
                    let found = cheapest_paths(&graph, 0, to, count, max_cost, cost, &walk);
                    let found = found.unwrap();
                    let told: Vec<_> =
                        found.paths.into_iter().map(|(path, cost)| (cost, names(path))).collect();
                    let wanted = all.iter().filter(|(cost, _)| *cost <= max_cost).take(count);
                    let wanted: Vec<_> = wanted.cloned().collect();
                    assert_eq!(told, wanted, "seed {seed}, {direction:?}, {by:?}, {count}");
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
}

#[test]
fn best_paths_are_ways_and_no_circles_where_sums_are_rounded() {
    for seed in 0..2_000 {
        let mut sample = Sample::random(seed);
        sample.rows.truncate(18);
        let csr = sample.csr();
        let price = |weight: f32| [0.0, 1e-17, 0.1, 0.3, 0.7][weight as usize];
        for direction in DIRECTIONS {
            let walk = Walk::new(direction, &ALL);
            let cost = |edge: &Edge<u32, u32>| price(edge.weight);
            let to = sample.vertices - 1;
            let found = cheapest_paths(&csr, 0, to, 50, f64::INFINITY, cost, &walk).unwrap();
            let mut told: Vec<_> = Vec::new();
            for (path, sum) in &found.paths {
                check_steps(path, &sample, direction);
                assert_eq!((path.start, path.end()), (0, to));
                let mut met: Vec<u32> = path.vertices().collect();
                met.sort_unstable();
                assert!(met.is_sorted_by(|a, b| a < b), "seed {seed}: {met:?}");
                assert!((path.edges.iter().map(cost).sum::<f64>() - sum).abs() < 1e-9);
                let key = |edge: &Edge<u32, u32>| (edge.neighbor, edge.kind, edge.outgoing);
                told.push(path.edges.iter().map(key).collect::<Vec<_>>());
            }
            told.sort_unstable();
            assert!(told.is_sorted_by(|a, b| a < b), "seed {seed}: no path is told twice");
        }
    }
}

#[test]
fn all_searches_for_best_paths_share_the_limit_of_vertices() {
    let rungs: Vec<_> = (0..20).flat_map(|v| [(v, v + 1), (v, v + 2)]).collect();
    let csr = Sample::of(22, &rungs).csr();
    let run = |vertices| {
        let walk = Walk::new(Direction::Out, &ALL).with_limits(Limits { vertices, ..Limits::NONE });
        cheapest_paths(&csr, 0, 20, 40, f64::INFINITY, |_| 1.0, &walk).unwrap()
    };
    let best = run(usize::MAX);
    let mut least = 0;
    for vertices in 0..60 {
        let found = run(vertices);
        assert_eq!(found.paths, best.paths[..found.paths.len()], "{vertices} vertices");
        assert_eq!(found.outcome.is_complete(), found.paths.len() == 40, "{vertices} vertices");
        least += usize::from(!found.outcome.is_complete());
    }
    // The search back from the end remembers all that are not behind it, and so does another one.
    assert!((35..=44).contains(&least), "{least}");
}

#[test]
fn costs_that_are_none_are_refused_wherever_they_are_met() {
    // The search back from the end does not come to the second edge.
    let csr = Sample { vertices: 3, rows: vec![(0, 1, 1, 1.0), (0, 2, 1, 2.5)] }.csr();
    let walk = Walk::new(Direction::Out, &ALL);
    for bad in [-1.0, f64::NAN, f64::NEG_INFINITY] {
        for which in [1.0, 2.5] {
            let price = |edge: &Edge<u32, u32>| if edge.weight == which { bad } else { 1.0 };
            let error = cheapest_paths(&csr, 0, 1, 2, 9.0, price, &walk).unwrap_err();
            let GraphError::Cost { kind, weight, cost } = error else { panic!("{error}") };
            assert_eq!((kind.code(), weight, cost.to_bits()), (1, which, bad.to_bits()));
        }
    }
}

#[test]
fn searches_for_best_paths_keep_to_where_the_end_is() {
    // Five ways of four steps from 0 to 1, and two hubs that lead to a thousand vertices: one that
    // cannot get to the end, and one that is next to it and far from the start.
    let mut pairs = Vec::new();
    for first in [10, 20, 30, 40, 50] {
        pairs.extend([(0, first), (first, first + 1), (first + 1, first + 2), (first + 2, 1)]);
    }
    let (dead, far) = (60, 61);
    pairs.extend([(0, dead), (far, 1)]);
    pairs.extend([dead, far].into_iter().flat_map(|hub| (100..1_100).map(move |v| (hub, v))));
    let mut sample = Sample::of(1_100, &pairs);
    sample.rows.push((0, far, 0, 3.5));
    let walk = Walk::new(Direction::Out, &ALL).with_limits(Limits { edges: 200, ..Limits::NONE });
    let price = |edge: &Edge<u32, u32>| edge.weight.into();
    let found = cheapest_paths(&sample.csr(), 0, 1, 5, f64::INFINITY, price, &walk).unwrap();
    assert_eq!(found.outcome, Outcome::Complete);
    assert!(found.paths.len() == 5 && found.paths.iter().all(|(_, cost)| *cost == 4.0));
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
