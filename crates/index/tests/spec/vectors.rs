//! Sections of vectors and centroids, read by the reader of the document, and every code in them
//! computed again.

use sutra_index::vectors::{
    Centroids, Coder, GONE, Matrix, MergeInput, Metric, Section, Space, build, merge,
};

use crate::vectors_reader::{Vectors, cell, entry, read, read_centroids, signs};
use crate::words::Chance;

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::Euclidean];

pub(crate) fn coder(dimension: usize, metric: Metric) -> Coder {
    let dimension = u32::try_from(dimension).unwrap();
    Coder::new(&Space::new("texts", "model-1", dimension, metric, 7).unwrap())
}

/// Vectors of whole numbers around a few centres; one of them is zero.
pub(crate) fn values(dimension: usize, count: usize) -> Vec<f32> {
    let mut chance = Chance(dimension as u64);
    let mut number = |most: usize| chance.below(2 * most + 1) as f32 - most as f32;
    let centres: Vec<f32> = (0..4 * dimension).map(|_| number(9)).collect();
    let value = |at: usize| match at / dimension {
        5 => 0.0,
        row => centres[row % 4 * dimension + at % dimension] + number(3) / 4.0,
    };
    (0..count * dimension).map(value).collect()
}

pub(crate) fn matrix(values: &[f32], dimension: usize) -> Matrix<'_> {
    Matrix { values, dimension, stride: dimension }
}

pub(crate) fn train(coder: &Coder, values: &[f32], cells: u32) -> Centroids {
    let dimension = coder.space().dimension() as usize;
    let rows: Vec<u32> = (0..(values.len() / dimension) as u32).collect();
    Centroids::train(coder, 3, cells, &rows, &matrix(values, dimension)).unwrap()
}

/// Holds a section that was read against the vectors that went in, row by row.
fn check(read: &Vectors, blob: &[u8], rows: &[u32], values: &[f32]) {
    let (space, epoch, centroids) = read_centroids(blob);
    assert_eq!((&read.space, read.epoch), (&space, epoch));
    assert_eq!(read.lists.len(), centroids.len());
    let mut found: Vec<u32> = Vec::new();
    for (number, list) in read.lists.iter().enumerate() {
        for has in list {
            let vector = &values[has.row as usize * space.dimension..][..space.dimension];
            let (mut expected, turned) = entry(&space, has.row, vector);
            assert_eq!(cell(space.metric, &centroids, &expected), number, "row {}", has.row);
            if read.form == 2 {
                expected.signs = Some(signs(&turned, &centroids[number], expected.bias));
            }
            assert_eq!(*has, expected, "row {}", has.row);
            found.push(has.row);
        }
    }
    found.sort_unstable();
    assert_eq!(found, rows);
}

#[test]
fn a_section_of_rows_is_read_by_the_text_alone() {
    let coder = coder(3, Metric::Euclidean);
    let values = values(3, 50);
    let rows: Vec<u32> = (0..50).filter(|row| row % 3 != 0).collect();
    let read = read(&build(&coder, None, 50, &rows, &matrix(&values, 3)).unwrap());
    assert_eq!((read.form, read.epoch, read.row_limit), (0, 0, 50));
    assert_eq!(read.rows, rows);
    let space = (read.space.name.as_str(), read.space.model.as_str(), read.space.seed);
    assert_eq!(space, ("texts", "model-1", 7));
}

#[test]
fn lists_of_every_form_are_read_by_the_text_alone() {
    for (dimension, form) in [(3, 1), (50, 1), (255, 2), (300, 2)] {
        for metric in METRICS {
            let coder = coder(dimension, metric);
            let values = values(dimension, 2100);
            let rows: Vec<u32> = (0..2100).filter(|row| row % 50 != 7).collect();
            let centroids = train(&coder, &values, 5);
            let vectors = matrix(&values, dimension);
            let bytes = build(&coder, Some(&centroids), 2200, &rows, &vectors).unwrap();
            let read = read(&bytes);
            assert_eq!((read.form, read.row_limit, read.epoch), (form, 2200, 3));
            check(&read, &centroids.to_bytes(), &rows, &values);
        }
    }
}

#[test]
fn a_merged_section_is_read_by_the_text_alone() {
    let coder = coder(20, Metric::Euclidean);
    let all = values(20, 4200);
    let centroids = train(&coder, &all, 6);
    let rows: Vec<u32> = (0..2100).collect();
    let parts = [&all[..2100 * 20], &all[2100 * 20..]];
    let bytes =
        parts.map(|part| build(&coder, Some(&centroids), 2100, &rows, &matrix(part, 20)).unwrap());
    let sections = bytes.each_ref().map(|bytes| Section::open(bytes).unwrap());
    // Rows take turns, every third of the second part is gone.
    let maps: [Vec<u32>; 2] = [
        (0..2100).map(|row| 2 * row).collect(),
        (0..2100).map(|row| if row % 3 == 0 { GONE } else { 2 * row + 1 }).collect(),
    ];
    let mut values = vec![0.0; 4200 * 20];
    let mut kept = Vec::new();
    for (part, map) in parts.into_iter().zip(&maps) {
        for (vector, new) in part.chunks(20).zip(map).filter(|(_, new)| **new != GONE) {
            values[*new as usize * 20..][..20].copy_from_slice(vector);
            kept.push(*new);
        }
    }
    kept.sort_unstable();
    let inputs = [0, 1].map(|part| MergeInput { section: &sections[part], new_rows: &maps[part] });
    let merged = merge(&coder, Some(&centroids), 4200, &inputs, &matrix(&[], 20)).unwrap();
    check(&read(&merged), &centroids.to_bytes(), &kept, &values);
}
