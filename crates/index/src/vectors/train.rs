//! Training centroids: k-means on a sample, the same for the same vectors and seed.
//!
//! A vector goes to its nearest centroid by 8-bit codes, which every processor scores alike; a
//! centroid becomes the mean of its vectors, added up in their order. Under the cosine it is made
//! one long again (spherical k-means). A cell that nothing goes to takes a vector of the largest.

use sutra_format::hash::mix;

use super::centroids::{CELLS_MAX, Centroids};
use super::code::{CodeQueries, Coded, Coder};
use super::dispatch;
use super::error::VectorError;
use super::order::neighbours_together;
use super::packed::TOGETHER;
use super::rows::Vectors;
use super::space::Metric;

/// Below this many vectors, a segment has no lists: to score all of them exactly is as fast.
pub const LISTS_MIN: usize = 2048;

/// Vectors of the sample for each cell, on average.
const SAMPLE_PER_CELL: usize = 48;

const ROUNDS: usize = 8;

/// The first rounds look at a part of the sample, of so many vectors for each cell.
const ROUNDS_OF_A_PART: usize = 5;
const PART_PER_CELL: usize = 12;

/// How many cells suit so many vectors in the whole store: about three times the square root, and from
/// 280,000 on one for 167 vectors, since a cell with several clusters of the data costs searches more
/// than many cells do. Beyond a million they are fewer again: building takes as long as vectors times
/// cells.
pub fn cells_for(vectors: u64) -> u32 {
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let of_many = (vectors as f64).cbrt().powi(2) * 0.6;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let of_many = (of_many as u64).min(vectors / 167);
    let cells = vectors.saturating_mul(10).isqrt().max(of_many).next_multiple_of(16);
    u32::try_from(cells).unwrap_or(CELLS_MAX).clamp(16, CELLS_MAX)
}

impl Centroids {
    /// Trains centroids for a new epoch on a sample of the vectors of `rows`.
    ///
    /// # Errors
    /// [`VectorError::BadTraining`] without a vector or a cell, or with epoch 0;
    /// [`VectorError::MissingVector`] if a row has none; and what is wrong with a vector.
    pub fn train(
        coder: &Coder,
        epoch: u64,
        cells: u32,
        rows: &[u32],
        vectors: &impl Vectors,
    ) -> Result<Self, VectorError> {
        let refuse = |reason| Err(VectorError::BadTraining { reason });
        if epoch == 0 {
            return refuse("epochs begin with 1");
        }
        if rows.is_empty() || cells == 0 {
            return refuse("there are no vectors, or no cells");
        }
        let cells = (cells.min(CELLS_MAX) as usize).min(rows.len());
        let seed = mix(coder.space().seed() ^ mix(epoch));
        let sample = sample(rows, cells.saturating_mul(SAMPLE_PER_CELL), seed);
        let mut training = Training::new(coder, &sample, vectors)?;
        let padded = coder.padded();
        let mut turned = training.turned[..cells * padded].to_vec();
        for round in 0..ROUNDS {
            let centroids = Self::from_turned(coder, epoch, turned);
            // Centroids are far from where they end at first, and a part tells that as well.
            let part = if round < ROUNDS_OF_A_PART { cells * PART_PER_CELL } else { usize::MAX };
            training.assign(coder, &centroids, part);
            turned = training.means(coder, cells);
        }
        let ordered = neighbours_together(coder.level(), &turned, padded);
        Ok(Self::from_turned(coder, epoch, ordered))
    }
}

/// Up to `count` of the rows, chosen and shuffled by the seed.
fn sample(rows: &[u32], count: usize, seed: u64) -> Vec<u32> {
    let mut keyed: Vec<(u64, u32)> =
        rows.iter().map(|row| (mix(seed ^ mix(u64::from(*row) + 1)), *row)).collect();
    if count < keyed.len() {
        keyed.select_nth_unstable(count);
        keyed.truncate(count);
    }
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, row)| row).collect()
}

struct Training {
    padded: usize,
    turned: Vec<f32>,
    queries: Vec<CodeQueries<TOGETHER>>,
    cells: Vec<u32>,
}

impl Training {
    fn new(coder: &Coder, rows: &[u32], vectors: &impl Vectors) -> Result<Self, VectorError> {
        let padded = coder.padded();
        let mut turned = Vec::with_capacity(rows.len() * padded);
        let mut queries = Vec::with_capacity(rows.len().div_ceil(TOGETHER));
        let mut coded = Coded::default();
        for rows in rows.chunks(TOGETHER) {
            let mut together = CodeQueries::new(padded);
            for (place, row) in rows.iter().enumerate() {
                let vector =
                    vectors.vector(*row).ok_or(VectorError::MissingVector { row: *row })?;
                coder.code(Some(*row), vector, &mut coded)?;
                turned.extend_from_slice(&coded.turned);
                together.set(place, &coded.codes, coded.scale);
            }
            queries.push(together);
        }
        Ok(Self { padded, turned, queries, cells: Vec::new() })
    }

    /// Assigns the first `count` of the sample.
    fn assign(&mut self, coder: &Coder, centroids: &Centroids, count: usize) {
        self.cells.resize(count.min(self.turned.len() / self.padded), 0);
        for (cells, queries) in self.cells.chunks_mut(TOGETHER).zip(&self.queries) {
            let found = centroids.cells_of(coder.level(), queries);
            cells.copy_from_slice(&found[..cells.len()]);
        }
    }

    fn means(&self, coder: &Coder, cells: usize) -> Vec<f32> {
        let mut sums = vec![0.0; cells * self.padded];
        let mut counts = vec![0_u32; cells];
        for (cell, vector) in self.cells.iter().zip(self.turned.chunks_exact(self.padded)) {
            let cell = *cell as usize;
            counts[cell] += 1;
            for (sum, value) in sums[cell * self.padded..].iter_mut().zip(vector) {
                *sum += value;
            }
        }
        self.fill_empty(&mut sums, &mut counts);
        for (mean, count) in sums.chunks_exact_mut(self.padded).zip(&counts) {
            let factor = match coder.space().metric() {
                Metric::Cosine => {
                    let (square, _) = dispatch::dot_and_square(coder.level(), mean, mean);
                    if square > 0.0 { 1.0 / square.sqrt() } else { 0.0 }
                }
                #[expect(clippy::cast_precision_loss, reason = "a sample has few vectors")]
                Metric::Dot | Metric::Euclidean => 1.0 / (*count).max(1) as f32,
            };
            for value in mean {
                *value *= factor;
            }
        }
        sums
    }

    /// Gives each empty cell one vector of the cell that has most.
    fn fill_empty(&self, sums: &mut [f32], counts: &mut [u32]) {
        let mut taken = vec![0_usize; counts.len()];
        for empty in 0..counts.len() {
            if counts[empty] > 0 {
                continue;
            }
            let largest = (0..counts.len()).max_by_key(|cell| (counts[*cell], counts.len() - cell));
            let Some(largest) = largest.filter(|cell| counts[*cell] > 1) else { return };
            let mut members = (0..self.cells.len()).filter(|i| self.cells[*i] as usize == largest);
            let Some(member) = members.nth(taken[largest]) else { return };
            taken[largest] += 1;
            let vector = &self.turned[member * self.padded..][..self.padded];
            for (place, value) in vector.iter().enumerate() {
                sums[largest * self.padded + place] -= value;
                sums[empty * self.padded + place] = *value;
            }
            counts[largest] -= 1;
            counts[empty] = 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_rise_with_the_vectors_and_stay_in_range() {
        for (vectors, cells) in
            [(0, 16), (2_048, 144), (116_784, 1_088), (399_000, 2_400), (1_000_000, 6_000)]
        {
            assert_eq!(cells_for(vectors), cells, "{vectors}");
        }
        assert_eq!(cells_for(u64::MAX), CELLS_MAX);
        let counts: Vec<u32> = (0..63).map(|power| cells_for(1 << power)).collect();
        assert!(counts.is_sorted() && counts.iter().all(|cells| cells.is_multiple_of(16)));
    }
}
