//! [`RowSet`]: rows as bits, as filters are given; and where vectors come from.

/// A set of rows: bit `row % 64` of word `row / 64`. Rows beyond the last word are not in it.
#[derive(Clone, Copy, Debug)]
pub struct RowSet<'a>(&'a [u64]);

impl<'a> RowSet<'a> {
    /// The rows whose bits are set.
    pub fn new(words: &'a [u64]) -> Self {
        Self(words)
    }

    /// Whether `row` is in the set.
    #[inline]
    pub fn contains(self, row: u32) -> bool {
        self.0.get(row as usize / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// How many rows there are.
    pub(super) fn count(self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// The rows, rising.
    pub(super) fn rows(self) -> impl Iterator<Item = u32> + use<'a> {
        (0_u32..).step_by(64).zip(self.0).flat_map(|(first, word)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| first + bit)
        })
    }
}

/// Where the vectors of a segment come from.
pub trait Vectors {
    /// The vector of a row, if it has one in this space.
    fn vector(&self, row: u32) -> Option<&[f32]>;
}

impl<V: Vectors + ?Sized> Vectors for &V {
    fn vector(&self, row: u32) -> Option<&[f32]> {
        (**self).vector(row)
    }
}

/// Vectors that lie one after the other, row by row, each with `stride` values.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// The values.
    pub values: &'a [f32],
    /// Values of each vector.
    pub dimension: usize,
    /// Values from the start of one to that of the next.
    pub stride: usize,
}

impl Vectors for Matrix<'_> {
    fn vector(&self, row: u32) -> Option<&[f32]> {
        let start = (row as usize).checked_mul(self.stride)?;
        self.values.get(start..start.checked_add(self.dimension)?)
    }
}
