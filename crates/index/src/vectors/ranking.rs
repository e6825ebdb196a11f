//! [`Ranking`]: which cells of an epoch a query should look into, and how many stand out.

use super::candidates::{Candidate, Candidates};
use super::centroids::Centroids;
use super::code::CodeQuery;
use super::dispatch::{self, Level};

/// The cells of an epoch by what they promise to one query.
pub(super) struct Ranking<'c> {
    centroids: &'c Centroids,
    level: Level,
    /// One for each cell, filled up to whole blocks with what is never the best.
    scores: Vec<f32>,
}

impl<'c> Ranking<'c> {
    pub(super) fn new(centroids: &'c Centroids, level: Level, query: &CodeQuery) -> Self {
        let mut scores = Vec::new();
        dispatch::scores(level, centroids.ranked(), query, &mut scores);
        scores[centroids.cells() as usize..].fill(f32::NEG_INFINITY);
        Self { centroids, level, scores }
    }

    /// How many cells there are.
    pub(super) fn cells(&self) -> u32 {
        self.centroids.cells()
    }

    /// How many cells promise about as much as the best one, to a query of this length: one if the
    /// query lies within a cluster of its own, most of them if it lies between all.
    pub(super) fn near(&self, length: f32) -> usize {
        let best = self.scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let least = best - self.centroids.nearness(length);
        self.scores.iter().filter(|score| **score >= least).count()
    }

    /// The `count` most promising cells, the best first.
    pub(super) fn best(&self, count: usize) -> Vec<Candidate> {
        let mut found = Candidates::new(count);
        found.begin_part(0, None, self.cells());
        dispatch::select(self.level, &self.scores, &mut found);
        found.into_best()
    }
}

#[cfg(test)]
mod tests {
    use super::super::code::{Coded, Coder};
    use super::super::rows::Matrix;
    use super::super::space::{Metric, Space};
    use super::*;

    const DIMENSION: usize = 16;

    /// One vector on each axis, `size` long, moved by `shift`; each is a cell of its own.
    fn axes(metric: Metric, size: f32, shift: f32) -> (Coder, Centroids) {
        let space = Space::new("texts", "axes", 16, metric, 7).expect("a good space");
        let coder = Coder::new(&space);
        let value = |at: usize| if at.is_multiple_of(DIMENSION + 1) { size + shift } else { shift };
        let values: Vec<f32> = (0..DIMENSION * DIMENSION).map(value).collect();
        let matrix = Matrix { values: &values, dimension: DIMENSION, stride: DIMENSION };
        let rows: Vec<u32> = (0..16).collect();
        let centroids = Centroids::train(&coder, 1, 16, &rows, &matrix).expect("trains");
        (coder, centroids)
    }

    fn near(coder: &Coder, centroids: &Centroids, vector: &[f32; DIMENSION]) -> usize {
        let squared: f32 = vector.iter().map(|value| value * value).sum();
        let mut coded = Coded::default();
        coder.code_checked(vector, squared, &mut coded);
        let mut query = CodeQuery::new(coder.padded());
        query.set(0, &coded.codes, coded.scale);
        Ranking::new(centroids, coder.level(), &query).near(squared.sqrt())
    }

    #[test]
    fn one_cell_is_near_to_what_lies_in_it_and_all_are_to_what_lies_between() {
        for metric in [Metric::Cosine, Metric::Dot, Metric::Euclidean] {
            for (size, shift) in [(1.0, 0.0), (1e-4, 0.0), (1e4, 0.0), (1.0, 1.0)] {
                if shift != 0.0 && metric != Metric::Euclidean {
                    continue;
                }
                let (coder, centroids) = axes(metric, size, shift);
                let mut vector = [shift; DIMENSION];
                vector[5] += size;
                assert_eq!(near(&coder, &centroids, &vector), 1, "{metric:?} {size} {shift}");
                let between = [shift + size / 4.0; DIMENSION];
                assert_eq!(near(&coder, &centroids, &between), 16, "{metric:?} {size} {shift}");
            }
        }
    }

    #[test]
    fn the_best_cells_are_those_with_the_highest_scores() {
        let (coder, centroids) = axes(Metric::Dot, 1.0, 0.0);
        let vector: [f32; DIMENSION] = std::array::from_fn(|at| at as f32);
        let mut coded = Coded::default();
        coder.code_checked(&vector, 1240.0, &mut coded);
        let mut query = CodeQuery::new(coder.padded());
        query.set(0, &coded.codes, coded.scale);
        for level in Level::available() {
            let ranking = Ranking::new(&centroids, level, &query);
            let all: Vec<f32> = ranking.best(16).iter().map(|cell| cell.score).collect();
            assert!(all.len() == 16 && all.is_sorted_by(|a, b| a >= b), "{}", level.name());
            for count in [1, 5, 16] {
                assert_eq!(ranking.best(count), ranking.best(16)[..count], "{}", level.name());
            }
        }
    }
}
