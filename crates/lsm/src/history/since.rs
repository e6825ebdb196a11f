//! [`Past`]: how a moment of the past differs from the present.
//!
//! Words and vectors are indexed as they are, never as they were. A search of the past asks those
//! indexes, takes back what came since, and adds what was there instead: so it costs what changed
//! since, once for each snapshot, and the present pays nothing for it.

use std::collections::HashSet;
use std::sync::Arc;

use sutra_format::{AssociationRecord, ConceptId, ConceptRecord};
use sutra_fs::Dir;

use super::walk::Visit;
use crate::error::Result;
use crate::snapshot::Snapshot;
use crate::sync::Mutex;
use crate::vectors::PastVectors;
use crate::words::PastWords;

/// Where a snapshot of the past stands, and what its searches found out.
pub(crate) struct Past {
    /// The last sequence number that the present saw when the snapshot was taken.
    pub(crate) now: u64,
    words: Mutex<Option<Arc<PastWords>>>,
    vectors: Mutex<Option<Arc<PastVectors>>>,
}

impl Past {
    /// A moment at or before `now`.
    pub(crate) fn before(now: u64) -> Self {
        Self { now, words: Mutex::new(None), vectors: Mutex::new(None) }
    }

    /// How its words differ, found out by the first who asks; others wait meanwhile.
    pub(crate) fn words(
        &self,
        find_out: impl FnOnce() -> Result<PastWords>,
    ) -> Result<Arc<PastWords>> {
        once(&self.words, find_out)
    }

    /// How its vectors differ.
    pub(crate) fn vectors(
        &self,
        find_out: impl FnOnce() -> Result<PastVectors>,
    ) -> Result<Arc<PastVectors>> {
        once(&self.vectors, find_out)
    }
}

fn once<T>(slot: &Mutex<Option<Arc<T>>>, make: impl FnOnce() -> Result<T>) -> Result<Arc<T>> {
    let mut slot = slot.lock();
    if let Some(made) = &*slot {
        return Ok(made.clone());
    }
    let made = Arc::new(make()?);
    *slot = Some(made.clone());
    Ok(made)
}

/// The concepts that may have become others.
#[derive(Default)]
struct Changed {
    ids: HashSet<ConceptId>,
    /// Those that were deleted, and perhaps put again: their facts went with them.
    deleted: HashSet<ConceptId>,
}

impl Visit for Changed {
    fn concept(&mut self, record: &ConceptRecord) {
        self.ids.insert(record.id);
        if record.is_tombstone() && !record.is_fact() {
            self.deleted.insert(record.id);
        }
    }

    fn association(&mut self, record: &AssociationRecord) {
        self.ids.extend(record.fact_id());
    }
}

impl<D: Dir> Snapshot<D> {
    /// All concepts and facts, in order, that may have been changed between a moment of the past and
    /// `now`. Those that it leaves out are what they were.
    pub(crate) fn changed_until(&self, now: u64) -> Result<Vec<ConceptId>> {
        let mut changed = Changed::default();
        self.version.walk_versions(self.seq(), now, &mut changed)?;
        let Changed { mut ids, deleted } = changed;
        for id in &deleted {
            ids.extend(self.facts_of(id)?);
        }
        let mut ids: Vec<ConceptId> = ids.into_iter().collect();
        ids.sort_unstable();
        Ok(ids)
    }
}
