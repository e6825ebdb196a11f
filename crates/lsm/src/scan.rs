//! Walks over everything that a snapshot sees, in placement order.

use sutra_format::AssociationRecord;
use sutra_fs::{Dir, OsDir};

use crate::error::Result;
use crate::files::SegmentFile;
use crate::merge::{AssociationMerge, ConceptMerge};
use crate::snapshot::{Concept, Snapshot};

/// All concepts of a snapshot, facts included, in placement order.
pub struct Concepts<'s, D: Dir = OsDir> {
    snapshot: &'s Snapshot<D>,
    merge: ConceptMerge<'s, D>,
}

/// All associations of a snapshot by (placement of source, source, kind, target).
pub struct Associations<'s, D: Dir = OsDir> {
    snapshot: &'s Snapshot<D>,
    merge: AssociationMerge<'s, D>,
}

impl<D: Dir> Snapshot<D> {
    /// All concepts, those included that carry the text of associations. Sorts what is in
    /// memtables first; then reads each table once, in order.
    pub fn iter_concepts(&self) -> Result<Concepts<'_, D>> {
        let merge = ConceptMerge::new(
            self.version.hash_seed,
            self.version.memtables.iter().map(AsRef::as_ref),
            self.scanned(),
            self.seq(),
        )?;
        Ok(Concepts { snapshot: self, merge })
    }

    /// The segments that it reads.
    fn scanned(&self) -> std::slice::Iter<'_, SegmentFile<D>> {
        if self.is_past() { self.version.history.iter() } else { self.version.segments.iter() }
    }

    /// All associations. Costs as [`iter_concepts`](Self::iter_concepts), and a look-up of both
    /// ends of each when concepts were deleted lately.
    pub fn iter_associations(&self) -> Result<Associations<'_, D>> {
        let merge = AssociationMerge::new(
            self.version.hash_seed,
            self.version.memtables.iter().map(AsRef::as_ref),
            self.scanned(),
            self.seq(),
        )?;
        Ok(Associations { snapshot: self, merge })
    }
}

impl<'s, D: Dir> Iterator for Concepts<'s, D> {
    type Item = Result<Concept<'s, D>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let row = match self.merge.next() {
                Ok(row) => row?,
                Err(error) => return Some(Err(error)),
            };
            if row.record.is_tombstone() || row.record.is_delta() {
                continue;
            }
            let found = self.snapshot.wrap(row.record, row.home);
            if let Some(concept) = self.snapshot.unexpired(Some(found)) {
                return Some(Ok(concept));
            }
        }
    }
}

impl<D: Dir> Iterator for Associations<'_, D> {
    type Item = Result<AssociationRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let record = match self.merge.next() {
                Ok(row) => row?.record,
                Err(error) => return Some(Err(error)),
            };
            if record.is_tombstone() {
                continue;
            }
            let hidden = match self.snapshot.is_hidden(&record) {
                Ok(false) => self.snapshot.is_expired(&record),
                other => other,
            };
            match hidden {
                Ok(true) => {}
                Ok(false) => return Some(Ok(record)),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
