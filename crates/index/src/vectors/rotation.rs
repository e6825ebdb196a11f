//! [`Rotation`]: turns vectors by a random rotation that knows nothing of the data, so that every
//! value carries about as much as any other and one scale a vector suits all of them.
//!
//! Three rounds of random signs and Hadamard transforms. A length that is no power of two is split
//! into blocks that are; the second round splits from the other end, so that blocks mix.
//!
//! Invariants:
//! * The same seed and dimension give the same bits on every processor and for ever.
//! * Lengths and inner products are kept, up to rounding.

use sutra_format::hash::mix;

use super::dispatch::{self, Level};
use super::space::Space;

const ROUNDS: usize = 3;

/// The rotation of one space.
#[derive(Clone, Debug)]
pub(super) struct Rotation {
    /// For each round and value: a sign, times the factor that keeps the length.
    factors: Vec<f32>,
    padded: usize,
}

impl Rotation {
    pub(super) fn new(space: &Space) -> Self {
        let padded = space.padded();
        let mut factors = Vec::with_capacity(ROUNDS * padded);
        for round in 0..ROUNDS {
            for block in blocks(padded, round) {
                #[expect(clippy::cast_precision_loss, reason = "a power of two up to 65,536")]
                let factor = 1.0 / (block as f32).sqrt();
                for _ in 0..block {
                    let word = mix(space.seed() ^ mix(factors.len() as u64 + 1));
                    factors.push(if word & 1 == 0 { factor } else { -factor });
                }
            }
        }
        Self { factors, padded }
    }

    /// Values of a turned vector.
    pub(super) fn padded(&self) -> usize {
        self.padded
    }

    /// Turns `vector`, times `factor`, into `turned`, which has [`Self::padded`] values.
    pub(super) fn apply(&self, level: Level, vector: &[f32], factor: f32, turned: &mut [f32]) {
        let (values, padding) = turned.split_at_mut(vector.len());
        for (value, from) in values.iter_mut().zip(vector) {
            *value = from * factor;
        }
        padding.fill(0.0);
        dispatch::rotate(level, &self.factors, turned);
    }
}

/// The rounds themselves, in place.
#[inline(always)]
pub(super) fn rotate(factors: &[f32], values: &mut [f32]) {
    for (round, factors) in factors.chunks_exact(values.len()).enumerate() {
        for (value, factor) in values.iter_mut().zip(factors) {
            *value *= factor;
        }
        let mut rest = &mut *values;
        for block in blocks(rest.len(), round) {
            let (values, behind) = rest.split_at_mut(block);
            hadamard(values);
            rest = behind;
        }
    }
}

/// Powers of two that add up to `length`: falling in the even rounds, rising in the odd one.
#[inline(always)]
fn blocks(length: usize, round: usize) -> impl Iterator<Item = usize> {
    let falling = round.is_multiple_of(2);
    (0..usize::BITS).filter_map(move |bit| {
        let bit = if falling { usize::BITS - 1 - bit } else { bit };
        Some(1 << bit).filter(|power| length & power != 0)
    })
}

/// The Hadamard transform without its factor; the length is a power of two and at least 16.
#[inline(always)]
fn hadamard(values: &mut [f32]) {
    let (chunks, _) = values.as_chunks_mut::<16>();
    for chunk in chunks {
        butterfly::<1>(chunk);
        butterfly::<2>(chunk);
        butterfly::<4>(chunk);
        butterfly::<8>(chunk);
    }
    let mut stride = 16;
    while stride < values.len() {
        for pair in values.chunks_exact_mut(2 * stride) {
            let (low, high) = pair.split_at_mut(stride);
            for (a, b) in low.iter_mut().zip(high) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        stride *= 2;
    }
}

/// One step within 16 values: each value and the one `STRIDE` further become sum and difference.
#[inline(always)]
fn butterfly<const STRIDE: usize>(values: &mut [f32; 16]) {
    let from = *values;
    for (place, value) in values.iter_mut().enumerate() {
        let other = from[place ^ STRIDE];
        *value = if place & STRIDE == 0 { from[place] + other } else { other - from[place] };
    }
}
