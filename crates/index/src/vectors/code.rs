//! 8-bit codes: a turned vector as whole numbers from -127 to 127 and one scale.
//!
//! Stored codes are biased by 128, so that they are unsigned: processors multiply unsigned bytes
//! with signed ones, which are those of the query. The product of the bias is the same for all
//! vectors and is taken off again.
//!
//! Invariant: a code depends on its vector and the space alone, so a merge copies it.

use super::dispatch::{self, Level};
use super::error::VectorError;
use super::exact::check_vector;
use super::rotation::Rotation;
use super::space::{Metric, Space};

/// What zero is stored as.
pub(super) const BIAS: u8 = 128;

const CODE_MAX: f32 = 127.0;

/// Adding it rounds a small number to a whole one, halves to even, and leaves it in the low bits.
const ROUNDER: f32 = 12_582_912.0;

/// The codes of `values`, for which `codes` has as many places; gives the scale.
#[inline(always)]
pub(super) fn quantise(values: &[f32], limit: f32, codes: &mut [i8]) -> f32 {
    let higher = |a: f32, b: f32| if a > b { a } else { b };
    let mut highest = [0.0_f32; 16]; // Lanes do not wait for each other.
    for values in values.as_chunks::<16>().0 {
        for (highest, value) in highest.iter_mut().zip(values) {
            *highest = higher(value.abs(), *highest);
        }
    }
    let highest = highest.into_iter().fold(0.0, higher);
    let factor = limit / highest;
    if !factor.is_finite() {
        codes.fill(0);
        return 0.0;
    }
    for (code, value) in codes.iter_mut().zip(values) {
        #[expect(clippy::cast_possible_truncation, reason = "the low byte is the whole number")]
        {
            *code = (value * factor + ROUNDER).to_bits() as i8;
        }
    }
    highest / limit
}

/// A vector as the index sees it: turned, and coded.
#[derive(Debug, Default)]
pub(super) struct Coded {
    /// The turned vector; of length one, or zero, under the cosine.
    pub(super) turned: Vec<f32>,
    pub(super) codes: Vec<i8>,
    pub(super) scale: f32,
    /// Half the squared length, negated, where distances are compared; else zero.
    pub(super) bias: f32,
}

/// Codes vectors of one space.
#[derive(Clone, Debug)]
pub struct Coder {
    space: Space,
    rotation: Rotation,
    level: Level,
}

impl Coder {
    /// A coder for `space`, on the fastest path that this processor has.
    pub fn new(space: &Space) -> Self {
        Self::with_level(space, Level::best())
    }

    /// A coder on a chosen path. All paths give the same bytes.
    pub fn with_level(space: &Space, level: Level) -> Self {
        Self { space: space.clone(), rotation: Rotation::new(space), level }
    }

    /// The space.
    pub fn space(&self) -> &Space {
        &self.space
    }

    pub(super) fn level(&self) -> Level {
        self.level
    }

    pub(super) fn padded(&self) -> usize {
        self.rotation.padded()
    }

    /// Checks, turns and codes the vector of a row.
    pub(super) fn code(
        &self,
        row: Option<u32>,
        vector: &[f32],
        coded: &mut Coded,
    ) -> Result<(), VectorError> {
        let squared = check_vector(&self.space, row, vector, self.level)?;
        self.code_checked(vector, squared, coded);
        Ok(())
    }

    /// The same, for a vector that was checked and whose squared length is known.
    pub(super) fn code_checked(&self, vector: &[f32], squared: f32, coded: &mut Coded) {
        let length = squared.sqrt();
        let factor = match self.space.metric() {
            Metric::Cosine if length > 0.0 => 1.0 / length,
            Metric::Cosine => 0.0,
            Metric::Dot | Metric::Euclidean => 1.0,
        };
        coded.turned.resize(self.padded(), 0.0);
        self.rotation.apply(self.level, vector, factor, &mut coded.turned);
        self.quantise_turned(coded);
        coded.bias = if self.space.has_bias() { -0.5 * squared } else { 0.0 };
    }

    /// Codes what is in `coded.turned`.
    pub(super) fn quantise_turned(&self, coded: &mut Coded) {
        coded.codes.resize(coded.turned.len(), 0);
        coded.scale = dispatch::quantise(self.level, &coded.turned, CODE_MAX, &mut coded.codes);
    }
}

/// Coded queries (or any coded vectors in their place), as the scans want them: a block that is read
/// once is multiplied with all `N` of them.
#[derive(Clone, Debug)]
pub(super) struct CodeQueries<const N: usize> {
    /// Four codes of each query, the first in the lowest byte; then the next four.
    pub(super) quads: Vec<[i32; N]>,
    pub(super) scales: [f32; N],
    /// What the bias of the stored codes adds to a product.
    pub(super) corrections: [i32; N],
}

/// One of them.
pub(super) type CodeQuery = CodeQueries<1>;

impl<const N: usize> CodeQueries<N> {
    /// All of them zero.
    pub(super) fn new(padded: usize) -> Self {
        Self { quads: vec![[0; N]; padded / 4], scales: [0.0; N], corrections: [0; N] }
    }

    /// Puts one of them into its place.
    pub(super) fn set(&mut self, place: usize, codes: &[i8], scale: f32) {
        for (quads, codes) in self.quads.iter_mut().zip(codes.as_chunks::<4>().0) {
            quads[place] = i32::from_le_bytes(codes.map(i8::cast_unsigned));
        }
        let sum: i32 = codes.iter().map(|code| i32::from(*code)).sum();
        (self.corrections[place], self.scales[place]) = (i32::from(BIAS) * sum, scale);
    }

    /// The one step from whole numbers to a score, for every path.
    #[inline(always)]
    pub(super) fn score(&self, place: usize, product: i32, scale: f32) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "the score is an estimate")]
        let product = product as f32;
        product * (scale * self.scales[place])
    }
}
