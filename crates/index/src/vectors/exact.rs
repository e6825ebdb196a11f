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
    Scorer::new(space, query)?.score(vector)
}

/// Gives the exact scores of one query with any number of vectors.
#[derive(Clone, Debug)]
pub struct Scorer<'a> {
    space: &'a Space,
    query: ExactQuery,
}

impl<'a> Scorer<'a> {
    /// A scorer for a query of `space`.
    ///
    /// # Errors
    /// If the query cannot be in the space.
    pub fn new(space: &'a Space, query: &[f32]) -> Result<Self, VectorError> {
        Ok(Self { space, query: ExactQuery::new(space, query, Level::best())? })
    }

    /// What [`score`] gives for the query and this vector.
    ///
    /// # Errors
    /// If the vector cannot be in the space.
    pub fn score(&self, vector: &[f32]) -> Result<f32, VectorError> {
        check_vector(self.space, None, vector, self.query.level)?;
        Ok(self.query.score_same_length(vector))
    }
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
    let dots = lanes(a, b, |a, b| a * b);
    let squares = lanes(b, b, |a, b| a * b);
    (fold_all(dots), fold_all(squares))
}

/// The squared Euclidean distance.
#[inline(always)]
pub(super) fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    fold_all(lanes(a, b, |a, b| (a - b) * (a - b)))
}

/// Sums of what `f` gives: value `i` goes to lane `i % 32`. What is left of the last 32 values goes
/// by 16 to the lanes from 0 on, by 8 to those from 16 on, by 4 to those from 24 on, and one by one
/// to those from 28 on.
#[inline(always)]
fn lanes(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> [f32; LANES] {
    let mut sums = [0.0; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += f(a[lane], b[lane]);
        }
    }
    let (a, b) = add_chunk::<16>(&mut sums, 0, a_rest, b_rest, &f);
    let (a, b) = add_chunk::<8>(&mut sums, 16, a, b, &f);
    let (a, b) = add_chunk::<4>(&mut sums, 24, a, b, &f);
    for place in 0..3 {
        if let (Some(a), Some(b)) = (a.get(place), b.get(place)) {
            sums[28 + place] += f(*a, *b);
        }
    }
    sums
}

/// Adds the first `N` values to lanes, if there are so many, and gives the others.
#[inline(always)]
fn add_chunk<'v, const N: usize>(
    sums: &mut [f32; LANES],
    first: usize,
    a: &'v [f32],
    b: &'v [f32],
    f: &impl Fn(f32, f32) -> f32,
) -> (&'v [f32], &'v [f32]) {
    let (Some((a, a_rest)), Some((b, b_rest))) =
        (a.split_first_chunk::<N>(), b.split_first_chunk::<N>())
    else {
        return (a, b);
    };
    for lane in 0..N {
        sums[first + lane] += f(a[lane], b[lane]);
    }
    (a_rest, b_rest)
}

#[inline(always)]
fn fold_all(lanes: [f32; LANES]) -> f32 {
    fold(&halve::<8>(&halve::<16>(&lanes)))
}

/// Adds up eight lanes, in halves.
#[inline(always)]
pub(super) fn fold(lanes: &[f32; 8]) -> f32 {
    let [a, b] = halve::<2>(&halve::<4>(lanes));
    a + b
}

/// Adds the second half of the lanes to the first one.
#[inline(always)]
fn halve<const HALF: usize>(lanes: &[f32]) -> [f32; HALF] {
    let mut sums = [0.0; HALF];
    for lane in 0..HALF {
        sums[lane] = lanes[lane] + lanes[lane + HALF];
    }
    sums
}
