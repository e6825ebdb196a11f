//! [`PastVectors`]: what the vectors of a moment of the past are otherwise than those of the present.

use std::collections::{HashMap, HashSet};

use sutra_format::ConceptId;
use sutra_fs::Dir;

use super::space::SpaceKey;
use crate::error::Result;
use crate::snapshot::{Concept, Snapshot};

/// The vectors that changed since.
#[derive(Default)]
pub(crate) struct PastVectors {
    /// Who had another one then, by the space of that one. They are compared one by one.
    had: HashMap<SpaceKey, Vec<ConceptId>>,
    /// Whose vectors are no longer, or not yet, what they were.
    differing: HashSet<ConceptId>,
}

impl PastVectors {
    /// What `past` says otherwise than `present`, among the concepts that changed.
    pub(super) fn between<D: Dir>(
        past: &Snapshot<D>,
        present: &Snapshot<D>,
        changed: &[ConceptId],
    ) -> Result<Self> {
        let mut vectors = Self::default();
        for id in changed {
            let (then, now) = (past.searchable(id)?, present.searchable(id)?);
            let then = then.as_ref().map(keyed).transpose()?.flatten();
            let now = now.as_ref().map(keyed).transpose()?.flatten();
            if then == now {
                continue;
            }
            vectors.differing.insert(*id);
            if let Some((key, _)) = then {
                vectors.had.entry(key).or_default().push(*id);
            }
        }
        Ok(vectors)
    }

    /// Who had a vector of this space, and has it no longer.
    pub(super) fn had(&self, key: SpaceKey) -> &[ConceptId] {
        self.had.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Whether the vector of the present was another one.
    pub(super) fn differs(&self, id: &ConceptId) -> bool {
        self.differing.contains(id)
    }
}

fn keyed<'s, D: Dir>(concept: &Concept<'s, D>) -> Result<Option<(SpaceKey, &'s [f32])>> {
    Ok(SpaceKey::of(concept.record()).zip(concept.vector()?))
}
