//! Components, cores, triangles, distances and labels, against plain models and known graphs.

use std::collections::BTreeSet;

use sutra_index::graph::whole::{
    UNREACHED, core_numbers, costs_from, hops_from, propagate_labels, strong_components, triangles,
    weak_components,
};
use sutra_index::graph::{Direction, Kinds};

use crate::common::{DIRECTIONS, Sample};

const ALL: Kinds = Kinds::All;

/// Labels by mutual reach.
fn parts(reach: impl Fn(usize, usize) -> bool, vertices: u32) -> Vec<u32> {
    let lowest = |vertex: u32| (0..=vertex).find(|other| reach(vertex as usize, *other as usize));
    (0..vertices).map(|vertex| lowest(vertex).unwrap()).collect()
}

#[test]
fn components_are_what_reach_says() {
    for seed in 0..400 {
        let sample = Sample::random(seed);
        let csr = sample.csr();
        let either = sample.all_pairs(Direction::Both, &ALL, |_| 1.0);
        let weak = weak_components(&csr);
        assert_eq!(
            weak.labels,
            parts(|a, b| either[a][b].is_finite(), sample.vertices),
            "seed {seed}"
        );
        let ahead = sample.all_pairs(Direction::Out, &ALL, |_| 1.0);
        let mutual = |a: usize, b: usize| ahead[a][b].is_finite() && ahead[b][a].is_finite();
        let strong = strong_components(&csr);
        assert_eq!(strong.labels, parts(mutual, sample.vertices), "seed {seed}");
        for found in [weak, strong] {
            assert_eq!(found.count, found.labels.iter().collect::<BTreeSet<_>>().len());
        }
    }
}

/// Pairs of different neighbours, both ways.
fn pairs(sample: &Sample) -> BTreeSet<(u32, u32)> {
    let steps = sample.steps(Direction::Both, &ALL);
    steps.iter().map(|step| (step.0, step.1)).filter(|(a, b)| a != b).collect()
}

#[test]
fn triangles_are_those_that_trying_every_three_finds() {
    for seed in 0..400 {
        let sample = Sample::random(seed);
        let found = triangles(&sample.csr());
        let pairs = pairs(&sample);
        let mut total = 0;
        for a in 0..sample.vertices {
            let around: Vec<u32> =
                (0..sample.vertices).filter(|b| pairs.contains(&(a, *b))).collect();
            let ordered = around.iter().flat_map(|b| around.iter().map(|c| (*b, *c)));
            let closed = ordered.filter(|pair| pairs.contains(pair)).count() as u64;
            assert_eq!(found.corners[a as usize], closed / 2, "seed {seed}, vertex {a}");
            let possible = around.len() * around.len().saturating_sub(1);
            let wanted = if possible == 0 { 0.0 } else { closed as f64 / possible as f64 };
            assert_eq!(found.clustering[a as usize], wanted, "seed {seed}, vertex {a}");
            total += closed / 2;
        }
        assert_eq!(found.total * 3, total);
    }
}

#[test]
fn core_numbers_are_those_that_peeling_finds() {
    for seed in 0..400 {
        let sample = Sample::random(seed);
        let pairs = pairs(&sample);
        let mut wanted = vec![0; sample.vertices as usize];
        for k in 1..sample.vertices {
            let mut left: BTreeSet<u32> = (0..sample.vertices).collect();
            loop {
                let inside = |a: u32| left.iter().filter(|b| pairs.contains(&(a, **b))).count();
                let keep: BTreeSet<u32> =
                    left.iter().copied().filter(|a| inside(*a) >= k as usize).collect();
                if keep == left {
                    break;
                }
                left = keep;
            }
            left.iter().for_each(|vertex| wanted[*vertex as usize] = k);
        }
        assert_eq!(core_numbers(&sample.csr()), wanted, "seed {seed}");
    }
}

#[test]
fn distances_are_those_of_floyd_and_warshall() {
    for seed in 0..300 {
        let sample = Sample::random(seed);
        let csr = sample.csr();
        for direction in DIRECTIONS {
            let least = sample.all_pairs(direction, &ALL, |_| 1.0);
            let hops = hops_from(&csr, &[0, 999], direction, &ALL);
            let wanted =
                least[0].iter().map(|far| if far.is_finite() { *far as u32 } else { UNREACHED });
            assert_eq!(hops, wanted.collect::<Vec<_>>(), "seed {seed}");
            let costs =
                costs_from(&csr, &[0, 999], direction, &ALL, |edge| edge.weight.into()).unwrap();
            assert_eq!(costs, sample.all_pairs(direction, &ALL, f64::from)[0], "seed {seed}");
        }
    }
}

#[test]
fn costs_that_no_path_can_be_made_of_are_refused() {
    let csr = Sample::of(2, &[(0, 1)]).csr();
    for bad in [-1.0, f64::NAN] {
        assert!(costs_from(&csr, &[0], Direction::Out, &ALL, |_| bad).is_err());
    }
    let minus = costs_from(&csr, &[0], Direction::Out, &ALL, |_| -0.0).unwrap();
    assert_eq!(minus, [0.0, 0.0]);
}

#[test]
fn labels_spread_as_the_definition_says() {
    for seed in 0..300 {
        let sample = Sample::random(seed);
        let mut labels: Vec<u32> = (0..sample.vertices).collect();
        for rounds in 1..5 {
            let take = |vertex: u32| {
                let mut votes = vec![0; sample.vertices as usize];
                for (source, target, _, _) in &sample.rows {
                    if *source == vertex {
                        votes[labels[*target as usize] as usize] += 1;
                    }
                    if *target == vertex {
                        votes[labels[*source as usize] as usize] += 1;
                    }
                }
                let most = *votes.iter().max().unwrap();
                let first = votes.iter().position(|count| *count == most && most > 0);
                first.map_or(labels[vertex as usize], |label| u32::try_from(label).unwrap())
            };
            let next: Vec<u32> = (0..sample.vertices).map(take).collect();
            let found = propagate_labels(&sample.csr(), rounds);
            assert_eq!(found.labels, next, "seed {seed}, {rounds} rounds");
            if next == labels {
                assert!(found.settled && found.rounds <= rounds);
                break;
            }
            assert!(!found.settled && found.rounds == rounds);
            labels = next;
        }
    }
}

#[test]
fn nothing_comes_of_nothing() {
    let csr = Sample::of(0, &[]).csr();
    assert_eq!(weak_components(&csr).count, 0);
    assert_eq!(strong_components(&csr).count, 0);
    assert!(core_numbers(&csr).is_empty());
    assert_eq!(triangles(&csr).total, 0);
    assert!(propagate_labels(&csr, 9).settled);
    assert!(hops_from(&csr, &[0], Direction::Both, &ALL).is_empty());
}
