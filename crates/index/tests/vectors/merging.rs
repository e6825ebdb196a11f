//! Merging: whatever is merged in which order, the bytes are those of one build.

use proptest::prelude::*;
use sutra_index::vectors::{
    Centroids, Coder, Form, GONE, MergeInput, Metric, Section, VectorError, build, merge,
};

use crate::common::*;

fn merged(
    coder: &Coder,
    centroids: Option<&Centroids>,
    segments: &[Segment],
    maps: &[Vec<u32>],
    rows: u32,
) -> Result<Segment, VectorError> {
    let (values, _) = merged_values(segments, maps, rows);
    let sections: Vec<Section<'_>> = segments.iter().map(Segment::section).collect();
    let inputs: Vec<MergeInput<'_>> = sections
        .iter()
        .zip(maps)
        .map(|(section, new_rows)| MergeInput { section, new_rows })
        .collect();
    let dimension = segments[0].dimension;
    let bytes = merge(coder, centroids, rows, &inputs, &matrix(&values, dimension))?;
    Ok(Segment { values, dimension, bytes })
}

#[track_caller]
fn check_merge(metric: Metric, dimension: usize, counts: &[usize], gone: usize, seed: u64) {
    let mut chance = Chance::new(seed);
    let coder = Coder::new(&space(dimension, metric));
    let total = counts.iter().sum();
    let all = clustered(&mut chance, dimension, 20, total);
    let centroids = train(&coder, &all);
    let mut rest = &all[..];
    let mut segments = Vec::new();
    for count in counts {
        let (values, behind) = rest.split_at(count * dimension);
        segments.push(Segment::of(&coder, Some(&centroids), values.to_vec()));
        rest = behind;
    }
    let (maps, rows) = maps(&mut chance, counts, gone);
    let (values, with_vectors) = merged_values(&segments, &maps, rows);
    let vectors = matrix(&values, dimension);
    let built = build(&coder, Some(&centroids), rows, &with_vectors, &vectors);
    let once = merged(&coder, Some(&centroids), &segments, &maps, rows).expect("merges");
    assert!(built == Ok(once.bytes.clone()), "{metric:?} {dimension} {counts:?}");
    assert_eq!(once.section().verify(), Ok(()));
}

#[test]
fn a_merge_gives_the_bytes_of_one_build() {
    for metric in METRICS {
        for dimension in [5, 24, 256] {
            // With lists and without, and too few for lists on one side or the other.
            check_merge(metric, dimension, &[2600, 100, 2500], 1, 1);
            check_merge(metric, dimension, &[1500, 1400], 0, 2);
            check_merge(metric, dimension, &[2600], 4, 3);
            check_merge(metric, dimension, &[700, 300], 3, 4);
        }
    }
}

#[test]
fn merging_in_steps_gives_the_bytes_of_one_merge() {
    let coder = Coder::new(&space(24, Metric::Cosine));
    let mut chance = Chance::new(9);
    let all = clustered(&mut chance, 24, 20, 9000);
    let centroids = train(&coder, &all);
    let segments: Vec<Segment> = all
        .chunks(3000 * 24)
        .map(|values| Segment::of(&coder, Some(&centroids), values.to_vec()))
        .collect();
    let (maps, rows) = maps(&mut chance, &[3000; 3], 1);
    let once = merged(&coder, Some(&centroids), &segments, &maps, rows).expect("merges");
    for first in [[0, 1], [1, 2], [0, 2]] {
        // Two of them, numbered by the order they have in the end; then the third.
        let mut order: Vec<u32> =
            first.iter().flat_map(|i| maps[*i].clone()).filter(|row| *row != GONE).collect();
        order.sort_unstable();
        let place = |row: &u32| match order.binary_search(row) {
            Ok(place) => u32::try_from(place).expect("small"),
            Err(_) => GONE,
        };
        let inner: Vec<Vec<u32>> =
            first.iter().map(|i| maps[*i].iter().map(place).collect()).collect();
        let pair: Vec<Segment> = first.iter().map(|i| segments[*i].clone()).collect();
        let count = u32::try_from(order.len()).expect("small");
        let two = merged(&coder, Some(&centroids), &pair, &inner, count).expect("merges");
        let third = 3 - first[0] - first[1];
        // The vectors of `two` are by its own rows: `merged_values` must not leave any out.
        let sections = [two.section(), segments[third].section()];
        let inputs = [
            MergeInput { section: &sections[0], new_rows: &order },
            MergeInput { section: &sections[1], new_rows: &maps[third] },
        ];
        let vectors = matrix(&once.values, 24);
        let steps = merge(&coder, Some(&centroids), rows, &inputs, &vectors);
        assert!(steps == Ok(once.bytes.clone()), "{first:?} first");
    }
}

#[test]
fn lists_of_an_older_epoch_are_made_anew() {
    for dimension in [24, 256] {
        let coder = Coder::new(&space(dimension, Metric::Euclidean));
        let all = clustered(&mut Chance::new(4), dimension, 20, 5000);
        let old = train(&coder, &all);
        let rows: Vec<u32> = (0..5000).collect();
        let new = Centroids::train(&coder, 2, 48, &rows, &matrix(&all, dimension));
        let new = new.expect("good vectors");
        let halves = all.split_at(2500 * dimension);
        let segments = [
            Segment::of(&coder, Some(&old), halves.0.to_vec()),
            Segment::of(&coder, Some(&new), halves.1.to_vec()),
        ];
        let (maps, rows) = maps(&mut Chance::new(5), &[2500, 2500], 2);
        let both = merged(&coder, Some(&new), &segments, &maps, rows).expect("merges");
        let (values, with_vectors) = merged_values(&segments, &maps, rows);
        let vectors = matrix(&values, dimension);
        let built = build(&coder, Some(&new), rows, &with_vectors, &vectors);
        assert!(built == Ok(both.bytes.clone()), "{dimension}");
        assert_eq!(both.section().epoch(), 2);
    }
}

#[test]
fn a_merge_without_centroids_keeps_rows_alone() {
    let coder = Coder::new(&space(24, Metric::Dot));
    let all = clustered(&mut Chance::new(4), 24, 20, 5000);
    let segment = Segment::of(&coder, Some(&train(&coder, &all)), all);
    let identity: Vec<u32> = (0..5000).collect();
    let plain =
        merged(&coder, None, std::slice::from_ref(&segment), &[identity], 5000).expect("merges");
    assert_eq!(plain.section().form(), Form::Rows);
    assert_eq!(plain.section().rows().collect::<Vec<u32>>(), rows_with_vectors(5000));
}

#[test]
fn maps_that_do_not_rise_or_meet_are_refused() {
    let coder = Coder::new(&space(24, Metric::Dot));
    let all = clustered(&mut Chance::new(4), 24, 20, 300);
    let segment = Segment::of(&coder, None, all);
    let identity: Vec<u32> = (0..300).collect();
    let reversed: Vec<u32> = identity.iter().rev().copied().collect();
    let two = [segment.clone(), segment.clone()];
    let refused = |segments: &[Segment], maps: &[Vec<u32>], rows| {
        let sections: Vec<Section<'_>> = segments.iter().map(Segment::section).collect();
        let inputs: Vec<MergeInput<'_>> = sections
            .iter()
            .zip(maps)
            .map(|(section, new_rows)| MergeInput { section, new_rows })
            .collect();
        let result = merge(&coder, None, rows, &inputs, &segment.vectors());
        assert!(matches!(result, Err(VectorError::BadRow { .. })), "{result:?}");
    };
    refused(&two[..1], &[reversed], 300);
    refused(&two[..1], std::slice::from_ref(&identity), 299);
    refused(&two, &[identity.clone(), identity], 300);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_merge_gives_the_bytes_of_one_build(
        seed: u64,
        metric in any_metric(),
        dimension in 1_usize..30,
        counts in proptest::collection::vec(1_usize..3500, 1..4),
        gone in 0_usize..7,
    ) {
        check_merge(metric, dimension, &counts, gone, seed);
    }
}
