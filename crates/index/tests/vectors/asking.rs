//! Searches that ask which rows may be found: few questions, no lost answers.

use sutra_index::vectors::{Effort, Metric, Query};

use crate::answers::{listed, query_near};
use crate::common::*;

/// Of each of two segments the rows that are a multiple of `step`, or none.
fn every(step: usize) -> Vec<Bits> {
    let filter = (step > 0).then(|| bits((0..6000).step_by(step)));
    vec![Bits { dead: None, filter: Some(filter.unwrap_or_default()) }; 2]
}

#[test]
fn only_what_is_worth_an_exact_score_is_asked_for() {
    for dimension in [24, 256] {
        let (coder, centroids, segments, all) = listed(dimension, Metric::Cosine, &[3000, 2600]);
        let vector = query_near(&mut Chance::new(9), &all, dimension);
        let query = Query::new(&vector, 10);
        let (found, asked) = search_lazily(&coder, &[&centroids], &segments, &every(1), &query);
        assert_eq!((found.len(), asked), (10, 20));
    }
}

#[test]
fn rows_of_exact_searches_are_asked_for_if_they_would_take_a_place() {
    let (coder, centroids, segments, all) = listed(24, Metric::Cosine, &[3000, 2600]);
    let vector = query_near(&mut Chance::new(9), &all, 24);
    let query = Query { effort: Effort::Exact, ..Query::new(&vector, 10) };
    let (found, asked) = search_lazily(&coder, &[&centroids], &segments, &every(1), &query);
    assert_eq!(found.len(), 10);
    assert!(asked < 300, "{asked} rows were asked for");
}

#[test]
fn asking_never_costs_answers() {
    let (coder, centroids, segments, all) = listed(24, Metric::Cosine, &[6000, 5000]);
    let vector = query_near(&mut Chance::new(8), &all, 24);
    for step in [0, 1, 2, 3, 40, 900] {
        for limit in [1, 10, 3000, 20_000] {
            for effort in [Effort::Probes(1), Effort::Balanced, Effort::Exact] {
                let query = Query { effort, ..Query::new(&vector, limit) };
                let bits = every(step);
                let truth = naive(&coder, &segments, &bits, &query);
                let (found, _) = search_lazily(&coder, &[&centroids], &segments, &bits, &query);
                assert_eq!(found.len(), truth.len(), "every {step}th row, {limit} wanted");
                assert!(found.iter().all(|hit| bits[hit.part].allows(hit.row)));
                if step == 900 && limit >= 10 {
                    assert_eq!(found, truth, "few rows are scored exactly");
                }
            }
        }
    }
}

#[test]
fn nearly_all_true_neighbours_are_found_among_few_allowed_rows() {
    for dimension in [24, 256] {
        let (coder, centroids, segments, all) = listed(dimension, Metric::Cosine, &[4000, 4000]);
        for step in [2, 5, 25] {
            let (mut sum, mut chance) = (0, Chance::new(12));
            for _ in 0..10 {
                let vector = query_near(&mut chance, &all, dimension);
                let query = Query::new(&vector, 10);
                let truth = naive(&coder, &segments, &every(step), &query);
                let (found, _) =
                    search_lazily(&coder, &[&centroids], &segments, &every(step), &query);
                sum += recall(&found, &truth);
            }
            assert!(sum / 10 >= 93, "every {step}th in {dimension}: {} of 100", sum / 10);
        }
    }
}
