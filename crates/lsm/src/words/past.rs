//! [`PastWords`]: what the words of a moment of the past are otherwise than those of the present.
//!
//! It is one table more, above all others: it hides the texts that came since and puts those that were
//! there. Sums over all tables are then those of the texts that were visible, and scores are exact.

use std::collections::HashSet;

use sutra_format::ConceptId;
use sutra_fs::Dir;
use sutra_index::words::{Hidden, MemoryView, MemoryWords};

use super::recent::full;
use crate::error::Result;
use crate::snapshot::Snapshot;

/// The words of what changed since.
pub(crate) struct PastWords {
    pub(crate) view: MemoryView,
    /// For each event that put a text: whose it was. Others have an id that nobody has.
    ids: Vec<ConceptId>,
    /// Whose texts are no longer, or not yet, what they were.
    differing: HashSet<ConceptId>,
}

impl PastWords {
    /// What `past` says otherwise than `present`, among the concepts that changed.
    pub(super) fn between<D: Dir>(
        past: &Snapshot<D>,
        present: &Snapshot<D>,
        changed: &[ConceptId],
    ) -> Result<Self> {
        let mut words = MemoryWords::new(past.analyser(), true);
        let (mut ids, mut differing) = (Vec::new(), HashSet::new());
        for id in changed {
            let (then, now) = (past.searchable_text(id)?, present.searchable_text(id)?);
            if then == now {
                continue;
            }
            differing.insert(*id);
            if let Some(now) = now {
                words.hide(Hidden::Elsewhere, now).map_err(full)?;
            }
            if let Some(then) = then {
                let event = words.put(then).map_err(full)?;
                ids.resize(event as usize, ConceptId::from_bytes([0xff; 16]));
                ids.push(*id);
            }
        }
        Ok(Self { view: words.view(), ids, differing })
    }

    /// Whose text an event put.
    pub(super) fn id_of(&self, event: u32) -> ConceptId {
        let id = self.ids.get(event as usize).copied();
        id.unwrap_or(ConceptId::from_bytes([0xff; 16]))
    }

    /// Whether the text of the present was another one.
    pub(super) fn differs(&self, id: &ConceptId) -> bool {
        self.differing.contains(id)
    }
}
