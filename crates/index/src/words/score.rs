//! BM25: the score of a row, from exact integers alone.
//!
//! `ln(1 + (N - df + 0.5) / (df + 0.5)) * (k1 + 1) * tf / (tf + k1 * (1 - b + b * length / mean))`,
//! as Lucene and tantivy have it.
//!
//! Invariants:
//! * A contribution rises with the frequency of the term and falls with the length of the row, in
//!   floating point too, so the bound of a block is never below what is in it.
//! * The sum of a row is taken in one order: terms by falling weight, then as they were asked for.
//!   Both follow from the query and from statistics of the live rows, so how rows are spread over
//!   sections shows in no bit of a score.

/// How soon further occurrences of a term stop counting.
pub const K1: f64 = 1.2;

/// How much the length of a row counts.
pub const B: f64 = 0.75;

/// What is known of all live rows together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Rows that have at least one term. Below zero only in what a part takes back from others.
    pub rows: i64,
    /// Terms of all those rows.
    pub terms: i64,
}

impl Statistics {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            rows: self.rows.saturating_add(other.rows),
            terms: self.terms.saturating_add(other.terms),
        }
    }

    /// This one without the other.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self {
            rows: self.rows.saturating_sub(other.rows),
            terms: self.terms.saturating_sub(other.terms),
        }
    }

    /// The weight of a term that `df` rows have and that is asked for `repeats` times.
    #[expect(clippy::cast_possible_truncation, reason = "scores are f32")]
    pub fn weight(self, df: i64, repeats: u32) -> f32 {
        let rows = self.rows.max(1) as f64;
        let df = (df.max(0) as f64).min(rows);
        let idf = (1.0 + (rows - df + 0.5) / (df + 0.5)).ln();
        (idf * (K1 + 1.0) * f64::from(repeats)) as f32
    }
}

/// Lengths up to here are looked up; longer ones are computed each time.
const TABLE: usize = 256;

/// The part of the formula that the length of a row decides.
#[derive(Clone, Debug)]
pub struct Norms {
    mean: f64,
    table: [f32; TABLE],
}

impl Norms {
    /// The norms under these statistics.
    pub fn new(statistics: Statistics) -> Self {
        let mean = statistics.terms.max(1) as f64 / statistics.rows.max(1) as f64;
        let mut norms = Self { mean, table: [0.0; TABLE] };
        let computed = std::array::from_fn(|length| norms.compute(length as u32));
        norms.table = computed;
        norms
    }

    #[expect(clippy::cast_possible_truncation, reason = "scores are f32")]
    fn compute(&self, length: u32) -> f32 {
        (1.0 / (K1 * (1.0 - B + B * f64::from(length) / self.mean))) as f32
    }

    /// What a frequency is multiplied with, in a row of this length.
    #[inline]
    pub fn inverse(&self, length: u32) -> f32 {
        match self.table.get(length as usize) {
            Some(inverse) => *inverse,
            None => self.compute(length),
        }
    }

    /// The norms of the lengths that fit in a byte.
    pub(crate) fn table(&self) -> &[f32; TABLE] {
        &self.table
    }
}

/// What a term gives a row. Written so that each step of rounding keeps the order of its inputs.
#[inline]
pub fn contribution(weight: f32, frequency: u32, inverse_norm: f32) -> f32 {
    weight - weight / (1.0 + frequency as f32 * inverse_norm)
}
