//! [`Fusion`]: how scores that cannot be compared become one.

use super::Hit;

/// How lists become one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fusion {
    /// By places: each list adds `weight / (k + rank)`. Scores do not matter, so lists of any kind go
    /// together (Cormack, Clarke, Buettcher 2009, who use a `k` of 60).
    ReciprocalRank {
        /// How little the first places differ from later ones.
        k: f32,
    },
    /// By scores: each list adds `weight` for its best and nothing for its worst, and in between as
    /// the score lies between theirs.
    Scores,
}

impl Default for Fusion {
    fn default() -> Self {
        Self::ReciprocalRank { k: 60.0 }
    }
}

impl Fusion {
    /// What a place of a list adds, for a weight of 1.
    pub(super) fn share(self, ranks: &Ranks, place: usize) -> f32 {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "ranks are small")]
            Self::ReciprocalRank { k } => 1.0 / (k.max(0.0) + ranks.rank(place) as f32),
            Self::Scores => {
                let (best, worst) = (ranks.score(0), ranks.score(ranks.scores.len() - 1));
                let range = best - worst;
                if range > 0.0 { (ranks.score(place) - worst) / range } else { 1.0 }
            }
        }
    }
}

/// Scores of a list, the best first.
#[derive(Debug)]
pub(super) struct Ranks {
    scores: Vec<f32>,
    ranks: Vec<usize>,
}

impl Ranks {
    pub(super) fn of(hits: &[Hit<'_>]) -> Self {
        let scores: Vec<f32> = hits.iter().map(|hit| hit.score).collect();
        let mut ranks = Vec::with_capacity(scores.len());
        for (place, score) in scores.iter().enumerate() {
            let tied = place.checked_sub(1).filter(|before| scores[*before] <= *score);
            ranks.push(tied.map_or(place + 1, |before| ranks[before]));
        }
        Self { scores, ranks }
    }

    /// One more than how many are better.
    pub(super) fn rank(&self, place: usize) -> usize {
        self.ranks[place]
    }

    fn score(&self, place: usize) -> f32 {
        self.scores[place]
    }
}
