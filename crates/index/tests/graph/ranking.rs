//! Personalised PageRank by push, and PageRank by iteration, against dense matrices.

use std::convert::Infallible;

use sutra_index::graph::whole::{PageRank, pagerank};
use sutra_index::graph::{
    Direction, GraphError, Kinds, Limits, Outcome, Ppr, Walk, personalized_pagerank,
};

use crate::common::{DIRECTIONS, Sample};

const ALL: Kinds = Kinds::All;

/// The stationary distribution of the walk: `back` is how likely it starts anew, by `starts`.
fn dense(
    sample: &Sample,
    direction: Direction,
    weighted: bool,
    back: f64,
    starts: &[f64],
) -> Vec<f64> {
    let count = sample.vertices as usize;
    let mut likely = vec![vec![0.0; count]; count];
    for (from, to, _, weight) in sample.steps(direction, &ALL) {
        likely[from as usize][to as usize] += if weighted { f64::from(weight) } else { 1.0 };
    }
    for row in &mut likely {
        let sum: f64 = row.iter().sum();
        let even = |at: usize, entry: f64| if sum == 0.0 { starts[at] } else { entry / sum };
        *row = row.iter().enumerate().map(|(at, entry)| even(at, *entry)).collect();
    }
    let mut ranks = starts.to_vec();
    for _ in 0..400 {
        let pulled = |to: usize| (0..count).map(|from| ranks[from] * likely[from][to]).sum::<f64>();
        ranks = (0..count).map(|to| back * starts[to] + (1.0 - back) * pulled(to)).collect();
    }
    ranks
}

#[test]
fn push_stays_within_its_bound_of_the_dense_answer() {
    for seed in 0..300 {
        let sample = Sample::random(seed);
        let csr = sample.csr();
        let other = sample.vertices - 1;
        let mut starts = vec![0.0; sample.vertices as usize];
        starts[0] += 0.25;
        starts[other as usize] += 0.75;
        for direction in DIRECTIONS {
            for (weighted, epsilon) in [(false, 1e-2), (false, 1e-9), (true, 1e-2), (true, 1e-9)] {
                let ppr = Ppr { alpha: 0.2, epsilon, weighted };
                let walk = Walk::new(direction, &ALL);
                let seeds = [(0, 1.0), (other, 3.0)];
                let found = personalized_pagerank(&csr, &seeds, usize::MAX, &ppr, &walk).unwrap();
                let wanted = dense(&sample, direction, weighted, 0.2, &starts);
                let mut told = vec![0.0; wanted.len()];
                found.top.iter().for_each(|ranked| told[ranked.vertex as usize] = ranked.score);
                for (told, wanted) in told.iter().zip(&wanted) {
                    assert!(*told <= wanted + 1e-9, "seed {seed}: {told} is above {wanted}");
                    assert!(
                        *told >= wanted - found.residual - 1e-9,
                        "seed {seed}: {told}, {wanted}"
                    );
                }
                let degrees = sample.steps(direction, &ALL).len() + sample.vertices as usize;
                assert!(
                    found.residual <= epsilon * degrees as f64,
                    "seed {seed}: {}",
                    found.residual
                );
                let sum: f64 = told.iter().sum();
                assert!((sum + found.residual - 1.0).abs() < 1e-9, "seed {seed}: mass {sum}");
                assert!(found.edges as f64 <= 1.0 / (0.2 * epsilon) + 1.0);
                assert_eq!(found.outcome, Outcome::Complete);
            }
        }
    }
}

#[test]
fn where_edges_go_both_ways_no_score_is_too_low_by_more_than_its_edges_allow() {
    for seed in 0..300 {
        let sample = Sample::random(seed);
        let mut starts = vec![0.0; sample.vertices as usize];
        starts[0] = 1.0;
        let steps = sample.steps(Direction::Both, &ALL);
        // Without edges a walker starts anew, which is no edge that goes back.
        let isolated = steps.iter().all(|step| step.0 != 0);
        let ppr = Ppr { alpha: 0.15, epsilon: 0.01, weighted: false };
        let walk = Walk::new(Direction::Both, &ALL);
        let found = personalized_pagerank(&sample.csr(), &[(0, 1.0)], 99, &ppr, &walk).unwrap();
        let wanted = dense(&sample, Direction::Both, false, 0.15, &starts);
        for (vertex, wanted) in (0..).zip(&wanted) {
            let told =
                found.top.iter().find(|ranked| ranked.vertex == vertex).map_or(0.0, |r| r.score);
            let degree =
                steps.iter().filter(|step| step.0 == vertex).count().max(usize::from(isolated));
            assert!(wanted - told <= 0.01 * degree as f64 + 1e-9, "seed {seed}, vertex {vertex}");
        }
    }
}

#[test]
fn the_best_come_first_and_equals_by_key() {
    let sample = Sample::of(5, &[(0, 4), (0, 2), (0, 3), (0, 1)]);
    let walk = Walk::new(Direction::Out, &ALL);
    let found =
        personalized_pagerank(&sample.listed(3), &[(0, 1.0)], 4, &Ppr::default(), &walk).unwrap();
    assert_eq!(found.top.iter().map(|ranked| ranked.vertex).collect::<Vec<_>>(), [0, 1, 2, 3]);
}

#[test]
fn limits_leave_the_rest_of_the_mass_untold() {
    let star = Sample::of(100, &(1..100).map(|leaf| (0, leaf)).collect::<Vec<_>>()).csr();
    let limits = [Limits { edges: 30, ..Limits::NONE }, Limits { vertices: 30, ..Limits::NONE }];
    for limits in limits {
        for weighted in [false, true] {
            let walk = Walk::new(Direction::Both, &ALL).with_limits(limits);
            let ppr = Ppr { weighted, ..Ppr::default() };
            let found = personalized_pagerank(&star, &[(0, 1.0)], 99, &ppr, &walk).unwrap();
            assert!(!found.outcome.is_complete());
            let sum: f64 = found.top.iter().map(|ranked| ranked.score).sum();
            assert!((sum + found.residual - 1.0).abs() < 1e-12, "{sum} {}", found.residual);
        }
    }
}

#[test]
fn settings_and_weights_out_of_range_are_refused() {
    let csr = Sample { vertices: 2, rows: vec![(0, 1, 0, -1.0)] }.csr();
    let run = |seeds: &[(u32, f64)], ppr: Ppr| {
        personalized_pagerank(&csr, seeds, 9, &ppr, &Walk::new(Direction::Out, &ALL)).unwrap_err()
    };
    let usual = Ppr::default();
    let setting = |error| matches!(error, GraphError::<Infallible>::Setting { .. });
    for alpha in [0.0, -0.1, 1.1, f64::NAN] {
        assert!(setting(run(&[(0, 1.0)], Ppr { alpha, ..usual })), "alpha {alpha}");
    }
    for epsilon in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(setting(run(&[(0, 1.0)], Ppr { epsilon, ..usual })), "epsilon {epsilon}");
    }
    for share in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(setting(run(&[(0, 1.0), (1, share)], usual)), "share {share}");
    }
    let error = run(&[(0, 1.0)], Ppr { weighted: true, ..usual });
    assert!(matches!(error, GraphError::Weight { weight: -1.0, .. }), "{error}");
    let weighted = PageRank { weighted: true, ..PageRank::default() };
    assert!(matches!(pagerank(&csr, &weighted), Err(GraphError::Weight { .. })));
    for damping in [-0.1, 1.0, f64::NAN] {
        assert!(setting(pagerank(&csr, &PageRank { damping, ..PageRank::default() }).unwrap_err()));
    }
    let tolerance = -1.0;
    assert!(setting(pagerank(&csr, &PageRank { tolerance, ..PageRank::default() }).unwrap_err()));
}

#[test]
fn pagerank_is_the_dense_answer() {
    for seed in 0..300 {
        let sample = Sample::random(seed);
        let even = vec![1.0 / f64::from(sample.vertices); sample.vertices as usize];
        for weighted in [false, true] {
            let how =
                PageRank { weighted, tolerance: 1e-12, max_iterations: 300, ..PageRank::default() };
            let found = pagerank(&sample.csr(), &how).unwrap();
            let wanted = dense(&sample, Direction::Out, weighted, 0.15, &even);
            for (told, wanted) in found.scores.iter().zip(&wanted) {
                assert!((told - wanted).abs() < 1e-9, "seed {seed}: {told} {wanted}");
            }
            assert!(found.change <= 1e-12 && found.iterations < 300, "seed {seed}");
        }
    }
}

#[test]
fn pagerank_ends_after_the_iterations_that_were_asked_for() {
    let csr = Sample::of(3, &[(0, 1), (1, 2)]).csr();
    let how = PageRank { tolerance: 0.0, max_iterations: 7, ..PageRank::default() };
    assert_eq!(pagerank(&csr, &how).unwrap().iterations, 7);
    let empty = pagerank(&Sample::of(0, &[]).csr(), &how).unwrap();
    assert!(empty.scores.is_empty());
}
