//! Answers: exact ones, good ones, and as many as there are.

use proptest::prelude::*;
use sutra_index::vectors::{Coder, Effort, Form, Level, Metric, Query};

use crate::common::*;

/// Segments with lists, of which the values are clustered, and a query beside one of the vectors.
pub(crate) fn listed(
    dimension: usize,
    metric: Metric,
    counts: &[usize],
) -> (Coder, sutra_index::vectors::Centroids, Vec<Segment>, Vec<f32>) {
    let mut chance = Chance::new(11);
    let coder = Coder::new(&space(dimension, metric));
    let total: usize = counts.iter().sum();
    let all = clustered(&mut chance, dimension, 40, total);
    let centroids = train(&coder, &all);
    let mut rest = &all[..];
    let mut segments = Vec::new();
    for count in counts {
        let (values, behind) = rest.split_at(count * dimension);
        segments.push(Segment::of(&coder, Some(&centroids), values.to_vec()));
        rest = behind;
    }
    (coder, centroids, segments, all)
}

pub(crate) fn query_near(chance: &mut Chance, all: &[f32], dimension: usize) -> Vec<f32> {
    let row = chance.below(all.len() / dimension);
    all[row * dimension..][..dimension].iter().map(|value| value + 0.3 * chance.normal()).collect()
}

#[test]
fn nearly_all_true_neighbours_are_found_with_their_exact_scores() {
    for (dimension, form) in [(24, Form::Codes), (256, Form::Signs)] {
        for metric in METRICS {
            let (coder, centroids, segments, all) = listed(dimension, metric, &[3000, 2600, 400]);
            assert_eq!(segments[0].section().form(), form);
            assert_eq!(segments[2].section().form(), Form::Rows);
            let bits = vec![Bits::default(); 3];
            let mut chance = Chance::new(5);
            let mut sum = 0;
            for _ in 0..20 {
                let vector = query_near(&mut chance, &all, dimension);
                let query = Query::new(&vector, 10);
                let truth = naive(&coder, &segments, &bits, &query);
                let found = search(&coder, &[&centroids], &segments, &bits, &query);
                assert_eq!(found.len(), 10);
                for hit in &found {
                    let row = hit.row as usize * dimension;
                    let other = &segments[hit.part].values[row..row + dimension];
                    let exact = sutra_index::vectors::score(coder.space(), &vector, other);
                    assert_eq!(exact.map(f32::to_bits), Ok(hit.score.to_bits()));
                }
                sum += recall(&found, &truth);
            }
            assert!(sum / 20 >= 93, "{metric:?} in {dimension}: {} of 100", sum / 20);
        }
    }
}

#[test]
fn exact_searches_of_lists_are_those_of_a_naive_scan() {
    for metric in METRICS {
        let (coder, centroids, segments, all) = listed(24, metric, &[2500, 300]);
        let bits = vec![Bits { dead: Some(bits((0..900).step_by(3))), filter: None }; 2];
        let vector = query_near(&mut Chance::new(3), &all, 24);
        let query = Query { effort: Effort::Exact, ..Query::new(&vector, 25) };
        let found = search(&coder, &[&centroids], &segments, &bits, &query);
        assert_eq!(found, naive(&coder, &segments, &bits, &query));
    }
}

#[test]
fn a_filter_never_costs_answers() {
    let (coder, centroids, segments, all) = listed(24, Metric::Cosine, &[6000, 5000]);
    let vector = query_near(&mut Chance::new(8), &all, 24);
    for step in [1, 2, 3, 40, 900] {
        let filter = Some(bits((1..6000).step_by(step)));
        let dead = Some(bits((0..6000).step_by(5)));
        let bits = vec![Bits { dead, filter }; 2];
        for limit in [1, 10, 3000] {
            for effort in [Effort::Probes(1), Effort::Balanced] {
                let query = Query { effort, ..Query::new(&vector, limit) };
                let truth = naive(&coder, &segments, &bits, &query);
                let found = search(&coder, &[&centroids], &segments, &bits, &query);
                assert_eq!(found.len(), truth.len(), "every {step}th row, {limit} wanted");
                assert!(found.iter().all(|hit| bits[hit.part].allows(hit.row)));
                if step >= 40 {
                    assert_eq!(found, truth, "few rows are scored exactly");
                }
            }
        }
    }
}

#[test]
fn min_score_cuts_the_answer_and_nothing_else() {
    let (coder, centroids, segments, all) = listed(24, Metric::Cosine, &[3000]);
    let bits = vec![Bits::default()];
    let vector = query_near(&mut Chance::new(2), &all, 24);
    let query = Query::new(&vector, 20);
    let all_of_them = search(&coder, &[&centroids], &segments, &bits, &query);
    let least = all_of_them[7].score;
    let query = Query { min_score: Some(least), ..query };
    let found = search(&coder, &[&centroids], &segments, &bits, &query);
    assert_eq!(found, all_of_them[..8]);
}

#[test]
fn many_queries_are_answered_as_each_alone() {
    let (coder, centroids, segments, all) = listed(24, Metric::Cosine, &[2500, 300, 200]);
    let mut chance = Chance::new(9);
    for step in [1, 2, 70] {
        let filter = (step > 1).then(|| bits((0..2500).step_by(step)));
        let bits = vec![Bits { dead: Some(bits((0..2500).step_by(7))), filter }; 3];
        let vectors: Vec<_> = (0..30).map(|_| query_near(&mut chance, &all, 24)).collect();
        let query = |(at, vector): (usize, &'_ Vec<f32>)| {
            let effort = [Effort::Fast, Effort::Exact, Effort::Thorough][at % 3];
            let min_score = (at % 4 == 0).then_some(0.3);
            (vector.clone(), [10, 0, 1, 5000][at % 4], effort, min_score)
        };
        let asked: Vec<_> = vectors.iter().enumerate().map(query).collect();
        let queries: Vec<Query<'_>> = (asked.iter())
            .map(|(vector, limit, effort, min_score)| {
                let (limit, effort, min_score) = (*limit, *effort, *min_score);
                Query { vector, limit, effort, min_score }
            })
            .collect();
        let (together, _) = search_batch(&coder, &[&centroids], &segments, &bits, &queries);
        let alone: Vec<_> = (queries.iter())
            .map(|query| search(&coder, &[&centroids], &segments, &bits, query))
            .collect();
        assert_eq!(together, alone, "every {step}th row");
    }
}

#[test]
fn a_batch_that_compares_everything_looks_each_vector_up_once() {
    let (coder, centroids, segments, all) = listed(24, Metric::Dot, &[2500, 300]);
    let vectors: Vec<_> = (0..9).map(|at| query_near(&mut Chance::new(at), &all, 24)).collect();
    let exactly = |vector| Query { effort: Effort::Exact, ..Query::new(vector, 3) };
    let queries: Vec<Query<'_>> = vectors.iter().map(|vector| exactly(vector)).collect();
    let bits = vec![Bits::default(); 2];
    let (answers, looked_up) = search_batch(&coder, &[&centroids], &segments, &bits, &queries);
    assert!(answers.iter().all(|hits| hits.len() == 3));
    let rows = rows_with_vectors(2500).len() + rows_with_vectors(300).len();
    assert_eq!(looked_up, rows);
}

#[test]
fn every_path_gives_the_same_answers() {
    for dimension in [24, 256] {
        for metric in METRICS {
            let (coder, centroids, segments, all) = listed(dimension, metric, &[2500, 2400]);
            let bits = vec![Bits::default(); 2];
            let vector = query_near(&mut Chance::new(4), &all, dimension);
            let query = Query::new(&vector, 30);
            let expected = search(&coder, &[&centroids], &segments, &bits, &query);
            for level in Level::available() {
                let coder = Coder::with_level(coder.space(), level);
                let centroids =
                    sutra_index::vectors::Centroids::open(&coder, &centroids.to_bytes())
                        .expect("good bytes");
                let again = Segment::of(&coder, Some(&centroids), segments[0].values.clone());
                assert_eq!(again.bytes, segments[0].bytes, "{}", level.name());
                let found = search(&coder, &[&centroids], &segments, &bits, &query);
                assert_eq!(found, expected, "{}", level.name());
            }
        }
    }
}

#[test]
fn sixteen_segments_find_what_one_finds() {
    let (coder, centroids, segments, all) = listed(24, Metric::Cosine, &[2048 + 300; 16]);
    let bits = vec![Bits::default(); 16];
    let mut sum = 0;
    let mut chance = Chance::new(6);
    for _ in 0..10 {
        let vector = query_near(&mut chance, &all, 24);
        let query = Query::new(&vector, 10);
        let found = search(&coder, &[&centroids], &segments, &bits, &query);
        sum += recall(&found, &naive(&coder, &segments, &bits, &query));
    }
    assert!(sum / 10 >= 93, "{} of 100", sum / 10);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn small_sets_are_searched_exactly(
        seed: u64,
        metric in any_metric(),
        dimension in 1_usize..40,
        counts in proptest::collection::vec(0_usize..120, 0..4),
        limit in 0_usize..40,
        coarse: bool,
        dead_step in 1_usize..9,
        filter_step in 0_usize..9,
    ) {
        let mut chance = Chance::new(seed);
        let coder = Coder::new(&space(dimension, metric));
        let mut segments = Vec::new();
        for count in counts {
            // Coarse values make ties, and vectors of length zero.
            let value = |chance: &mut Chance| {
                let value = chance.normal();
                if coarse { value.round() } else { value }
            };
            let values = (0..count * dimension).map(|_| value(&mut chance)).collect();
            segments.push(Segment::of(&coder, None, values));
        }
        let dead = Some(bits((0..200).step_by(dead_step)));
        let filter = (filter_step > 0).then(|| bits((0..90).step_by(filter_step)));
        let which = [Bits::default(), Bits { dead, filter }];
        let bits: Vec<Bits> = (0..segments.len()).map(|part| which[part % 2].clone()).collect();
        let vector: Vec<f32> =
            (0..dimension).map(|_| if coarse { 0.0 } else { chance.normal() }).collect();
        let query = Query { min_score: (seed % 3 == 0).then_some(-0.2), ..Query::new(&vector, limit) };
        let found = search(&coder, &[], &segments, &bits, &query);
        prop_assert_eq!(&found, &naive(&coder, &segments, &bits, &query));
        prop_assert_eq!(found, search_lazily(&coder, &[], &segments, &bits, &query).0);
    }

    #[test]
    fn scores_are_those_of_the_definition(
        seed: u64,
        metric in any_metric(),
        dimension in 1_usize..400,
    ) {
        let mut chance = Chance::new(seed);
        let mut vector = || (0..dimension).map(|_| chance.normal()).collect::<Vec<f32>>();
        let (a, b) = (vector(), vector());
        let exact = sutra_index::vectors::score(&space(dimension, metric), &a, &b);
        let (exact, defined) = (exact.expect("good vectors"), score_by_definition(metric, &a, &b));
        let scale = score_by_definition(Metric::Dot, &a, &a).max(1.0);
        prop_assert!((f64::from(exact) - defined).abs() <= 1e-5 * scale, "{exact} {defined}");
    }
}
