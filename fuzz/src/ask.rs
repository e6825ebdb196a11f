//! Searches a store that may be damaged, by the words and the vectors of what it says is in it.

use sutra_format::ConceptId;
use sutra_index::vectors::Effort;
use sutra_index::words::Query;
use sutra_lsm::{Concept, LsmError, Result, Snapshot, VectorHit, VectorQuery};
use sutra_testkit::SimDir;

/// So many texts are searched for, and so many vectors.
const ASKED: usize = 3;

/// So many answers are wanted.
const LIMIT: usize = 5;

/// Asks for what is like some of these. Errors are what damage gives.
///
/// Panics unless answers are in order, and are there when they are looked up.
pub(super) fn search(snapshot: &Snapshot<SimDir>, ids: &[ConceptId]) -> Result<()> {
    let (mut texts, mut vectors) = (0, 0);
    for id in ids {
        let Some(concept) = snapshot.concept(id)? else { continue };
        if let Some(text) = concept.text()?.content.filter(|_| texts < ASKED) {
            texts += 1;
            by_words(snapshot, text)?;
        }
        if let Some(vector) = concept.vector()?.filter(|_| vectors < ASKED) {
            vectors += 1;
            by_vector(snapshot, concept.record().vector_space.get(), vector)?;
        }
    }
    Ok(())
}

fn by_words(snapshot: &Snapshot<SimDir>, text: &str) -> Result<()> {
    let query = Query::any(&snapshot.analyser(), text);
    let hits = snapshot.search_words(&query, LIMIT, None)?;
    check(snapshot, hits.iter().map(|hit| (hit.score, &hit.concept)))
}

fn by_vector(snapshot: &Snapshot<SimDir>, space: u16, vector: &[f32]) -> Result<()> {
    for effort in [Effort::Balanced, Effort::Exact] {
        let query = VectorQuery { vector, space, limit: LIMIT, effort, min_score: None };
        let hits = match snapshot.search_vectors(&query, None) {
            // Damage took the name of the space, or a vector was none that could be searched for.
            Err(
                LsmError::UnknownSpace { .. }
                | LsmError::OtherDimension { .. }
                | LsmError::Invalid { .. },
            ) => continue,
            hits => hits?,
        };
        check(snapshot, hits.iter().map(|VectorHit { score, concept }| (*score, concept)))?;
    }
    Ok(())
}

fn check<'h>(
    snapshot: &Snapshot<SimDir>,
    hits: impl Iterator<Item = (f32, &'h Concept<'h, SimDir>)>,
) -> Result<()> {
    let mut least = f32::INFINITY;
    for (place, (score, concept)) in hits.enumerate() {
        assert!(place < LIMIT && score <= least, "answer {place} scores {score} after {least}");
        least = score;
        assert!(snapshot.concept(&concept.id())?.is_some(), "{} is not there", concept.id());
    }
    Ok(())
}
