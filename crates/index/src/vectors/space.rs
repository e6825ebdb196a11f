//! [`Space`]: what a set of vectors is about, so that vectors of different kinds never meet.
//!
//! Invariants:
//! * Name and model have at most 255 bytes, and the dimension is from 1 to 65,536.
//! * Two sections belong together if and only if their spaces are equal, seed included: the seed
//!   fixes the rotation, and codes of different rotations cannot be compared.

pub use sutra_format::Metric;
use sutra_format::limits::{SPACE_NAME_BYTES_MAX, VECTOR_DIMENSION_MAX};

use super::error::VectorError;

/// The longest name of a space or of a model: its length is one byte.
pub const NAME_BYTES_MAX: usize = SPACE_NAME_BYTES_MAX;

/// A named set of vectors that may be compared with one another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Space {
    name: String,
    model: String,
    dimension: u32,
    metric: Metric,
    seed: u64,
}

impl Space {
    /// A space for vectors of `dimension` values made by `model`. The seed fixes the rotation of
    /// the codes: any number will do, and it is the same for the life of the space.
    ///
    /// # Errors
    /// [`VectorError::BadSpace`] where a name is too long or the dimension is out of range.
    pub fn new(
        name: &str,
        model: &str,
        dimension: u32,
        metric: Metric,
        seed: u64,
    ) -> Result<Self, VectorError> {
        if name.len() > NAME_BYTES_MAX || model.len() > NAME_BYTES_MAX {
            return Err(VectorError::BadSpace { reason: "a name has more than 255 bytes" });
        }
        if dimension == 0 || dimension as usize > VECTOR_DIMENSION_MAX {
            return Err(VectorError::BadSpace { reason: "the dimension is not in 1..=65536" });
        }
        Ok(Self { name: name.to_owned(), model: model.to_owned(), dimension, metric, seed })
    }

    /// What users call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What made the vectors.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Values of each vector.
    pub fn dimension(&self) -> u32 {
        self.dimension
    }

    /// How near two vectors are.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// What fixes the rotation.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Values of each code: the dimension, rounded up so that blocks are whole registers.
    pub(super) fn padded(&self) -> usize {
        let dimension = self.dimension as usize;
        let unit = if dimension < SIGNS_DIMENSION_MIN { 16 } else { 64 };
        dimension.next_multiple_of(unit)
    }

    /// Whether lists have one bit a value to look at first. Below 256 values the 8-bit codes are
    /// as fast to scan; above 4,096 the sums of bits would not fit their registers.
    pub(super) fn has_signs(&self) -> bool {
        (SIGNS_DIMENSION_MIN..=SIGNS_DIMENSION_MAX).contains(&self.padded())
    }

    /// Whether a code score needs a term of its own for each vector.
    pub(super) fn has_bias(&self) -> bool {
        self.metric == Metric::Euclidean
    }
}

const SIGNS_DIMENSION_MIN: usize = 256;
const SIGNS_DIMENSION_MAX: usize = 4096;
