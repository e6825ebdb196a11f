//! [`RowSet`]: rows as bits, as filters and dead rows are given; and where vectors come from.

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

    fn word(self, place: usize) -> u64 {
        self.0.get(place).copied().unwrap_or(0)
    }
}

/// Which rows of a segment may be found.
#[derive(Clone, Copy, Debug, Default)]
pub struct Visible<'a> {
    /// Rows that a newer segment hides, or that are deleted.
    pub dead: Option<RowSet<'a>>,
    /// If given, only these rows may be found.
    pub filter: Option<RowSet<'a>>,
}

impl Visible<'_> {
    /// Whether `row` may be found.
    #[inline]
    pub fn allows(self, row: u32) -> bool {
        !self.dead.is_some_and(|dead| dead.contains(row))
            && self.filter.is_none_or(|filter| filter.contains(row))
    }

    /// The filter's rows that are not dead, in words of 64; none without a filter.
    pub(super) fn filtered_words(self) -> Option<impl Iterator<Item = u64>> {
        let filter = self.filter?;
        let dead = move |place| self.dead.map_or(0, |dead| dead.word(place));
        Some((0..filter.0.len()).map(move |place| filter.word(place) & !dead(place)))
    }

    /// How many rows the filter leaves; none without a filter.
    pub(super) fn filtered_count(self) -> Option<u64> {
        Some(self.filtered_words()?.map(|word| u64::from(word.count_ones())).sum())
    }

    /// The rows that the filter leaves; none without a filter.
    pub(super) fn filtered_rows(self) -> Option<impl Iterator<Item = u32>> {
        let words = (0_u32..).step_by(64).zip(self.filtered_words()?);
        Some(words.flat_map(|(first, word)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| first + bit)
        }))
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
