//! Maximal marginal relevance (Carbonell, Goldstein 1998): one after the other, what fits best and is
//! least like what was chosen before.

use super::Retrieved;
use crate::error::Result;

/// Chooses `limit` of the answers, which come by falling score. Time: `limit` times their number
/// times the dimension.
pub(super) fn choose(
    answers: Vec<Retrieved<'_>>,
    share: f32,
    limit: usize,
) -> Result<Vec<Retrieved<'_>>> {
    let best = answers.first().map_or(1.0, |answer| answer.hit.score).max(f32::MIN_POSITIVE);
    let mut left = Vec::with_capacity(answers.len());
    for answer in answers {
        let concept = answer.hit.found.concept();
        let vector = concept.vector()?.map(|values| (concept.record().vector_space.get(), values));
        left.push(Open { fit: answer.hit.score / best, likeness: 0.0, vector, answer });
    }
    let mut chosen = Vec::with_capacity(limit.min(left.len()));
    while chosen.len() < limit {
        let worth = |open: &Open<'_>| (1.0 - share) * open.fit - share * open.likeness;
        let mut next: Option<usize> = None;
        for (at, open) in left.iter().enumerate() {
            if next.is_none_or(|best| worth(open) > worth(&left[best])) {
                next = Some(at); // Of equals the first: the better one.
            }
        }
        let Some(next) = next else { break };
        let taken = left.remove(next);
        for open in &mut left {
            open.likeness = open.likeness.max(cosine(open.vector, taken.vector));
        }
        chosen.push(taken.answer);
    }
    Ok(chosen)
}

/// An answer that is not chosen yet.
struct Open<'s> {
    /// Its score, as a part of the best.
    fit: f32,
    /// How like the most like one it is that was chosen.
    likeness: f32,
    /// With the code of its space.
    vector: Option<(u16, &'s [f32])>,
    answer: Retrieved<'s>,
}

/// The cosine of two vectors; 0 if they cannot be compared.
fn cosine(a: Option<(u16, &[f32])>, b: Option<(u16, &[f32])>) -> f32 {
    let (Some((a_space, a)), Some((b_space, b))) = (a, b) else { return 0.0 };
    if a_space != b_space || a.len() != b.len() {
        return 0.0;
    }
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths > 0.0 { dot(a, b) / lengths } else { 0.0 }
}
