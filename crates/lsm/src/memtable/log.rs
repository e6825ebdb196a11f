//! Concept versions in the order in which they came, for those who follow a memtable.
//!
//! Versions are numbered from zero. A number means the same version for as long as the memtable
//! lives.

use sutra_format::ConceptId;

use super::arena::Slot;
use super::{Found, Memtable};

/// A concept version, and the one of the same concept that it follows in this memtable.
#[derive(Clone, Copy, Debug)]
pub struct Logged {
    /// What the concept is since then.
    pub found: Found,
    /// The number of the version before.
    pub before: Option<usize>,
}

impl Memtable {
    /// The version with this number, if there is one and its seq is at most `upto`. That must be a
    /// seq that was visible before the call: versions beyond it may be half written.
    pub fn logged(&self, number: usize, upto: u64) -> Option<Logged> {
        let concepts = self.concepts.get()?;
        let slot = Slot::from_index(number).filter(|_| number < concepts.versions())?;
        let version = concepts.version(slot);
        // Zero stands where nothing is written yet.
        let is_visible = (1..=upto).contains(&version.seq());
        is_visible
            .then(|| Logged { found: version.found(), before: version.before().map(Slot::index) })
    }

    /// The number of the newest version of a concept at or below `upto`.
    pub fn logged_number(&self, hash: u64, id: &ConceptId, upto: u64) -> Option<usize> {
        Some(self.concepts.get()?.find_slot(hash, id, upto)?.index())
    }
}
