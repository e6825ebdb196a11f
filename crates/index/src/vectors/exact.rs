//! Exact scores: f32 arithmetic in one fixed order, so that every processor gives the same bits.
//!
//! A sum runs in 32 lanes that are folded in halves at the end. Multiplications and additions are
//! never fused. Compilers may put lanes into registers of any width; the order of the additions,
//! and so the result, stays.

use super::dispatch::{self, Level};
use super::error::VectorError;
use super::space::{Metric, Space};

const LANES: usize = 32;

/// The longest squared length of a vector. It leaves room for the squared distance of two.
const SQUARED_LENGTH_MAX: f32 = 1e37;

/// Whether a vector may be in `space`; gives its squared length.
pub(super) fn check_vector(
    space: &Space,
    row: Option<u32>,
    vector: &[f32],
    level: Level,
) -> Result<f32, VectorError> {
    let expected = space.dimension();
    if vector.len() != expected as usize {
        return Err(VectorError::Dimension { row, expected, found: vector.len() });
    }
    let (squared, _) = dispatch::dot_and_square(level, vector, vector);
    if squared <= SQUARED_LENGTH_MAX {
        return Ok(squared);
    }
    match vector.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(VectorError::NotFinite { row, index }),
        None => Err(VectorError::TooLong { row }),
    }
}

/// The exact score of two vectors of a space, the same that searches give.
///
/// # Errors
/// If one of them cannot be in the space.
pub fn score(space: &Space, query: &[f32], vector: &[f32]) -> Result<f32, VectorError> {
    let level = Level::best();
    check_vector(space, None, vector, level)?;
    Ok(ExactQuery::new(space, query, level)?.score_same_length(vector))
}

/// A query, to be scored with vectors as they are.
#[derive(Clone, Debug)]
pub(super) struct ExactQuery {
    vector: Vec<f32>,
    length: f32,
    metric: Metric,
    level: Level,
}

impl ExactQuery {
    pub(super) fn new(space: &Space, vector: &[f32], level: Level) -> Result<Self, VectorError> {
        let squared = check_vector(space, None, vector, level)?;
        let (vector, metric) = (vector.to_vec(), space.metric());
        Ok(Self { vector, length: squared.sqrt(), metric, level })
    }

    /// The score of the vector of a row; higher is nearer.
    pub(super) fn score(&self, row: u32, other: &[f32]) -> Result<f32, VectorError> {
        let (expected, found) = (self.vector.len(), other.len());
        if found == expected {
            return Ok(self.score_same_length(other));
        }
        let expected = u32::try_from(expected).unwrap_or(u32::MAX);
        Err(VectorError::Dimension { row: Some(row), expected, found })
    }

    fn score_same_length(&self, other: &[f32]) -> f32 {
        match self.metric {
            Metric::Cosine => {
                let (dot, square) = dispatch::dot_and_square(self.level, &self.vector, other);
                let lengths = self.length * square.sqrt();
                if lengths > 0.0 { dot / lengths } else { 0.0 }
            }
            Metric::Dot => dispatch::dot_and_square(self.level, &self.vector, other).0,
            Metric::Euclidean => -dispatch::squared_distance(self.level, &self.vector, other),
        }
    }

    pub(super) fn vector(&self) -> &[f32] {
        &self.vector
    }

    pub(super) fn length(&self) -> f32 {
        self.length
    }
}

/// The inner product of two vectors, and that of the second with itself.
#[inline(always)]
pub(super) fn dot_and_square(a: &[f32], b: &[f32]) -> (f32, f32) {
    let (mut dots, mut squares) = ([0.0; LANES], [0.0; LANES]);
    for_each_chunk(a, b, |a, b| {
        for lane in 0..LANES {
            dots[lane] += a[lane] * b[lane];
            squares[lane] += b[lane] * b[lane];
        }
    });
    (fold(dots), fold(squares))
}

/// The squared Euclidean distance.
#[inline(always)]
pub(super) fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    for_each_chunk(a, b, |a, b| {
        for lane in 0..LANES {
            let difference = a[lane] - b[lane];
            sums[lane] += difference * difference;
        }
    });
    fold(sums)
}

/// Gives both vectors in pieces of one length, the last ones filled up with zeros.
#[inline(always)]
fn for_each_chunk(a: &[f32], b: &[f32], mut f: impl FnMut(&[f32; LANES], &[f32; LANES])) {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        f(a, b);
    }
    if !a_rest.is_empty() {
        let (mut a, mut b) = ([0.0; LANES], [0.0; LANES]);
        for ((a, b), (from_a, from_b)) in a.iter_mut().zip(&mut b).zip(a_rest.iter().zip(b_rest)) {
            (*a, *b) = (*from_a, *from_b);
        }
        f(&a, &b);
    }
}

#[inline(always)]
fn fold(mut lanes: [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0]
}
