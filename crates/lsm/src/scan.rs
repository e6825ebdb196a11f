//! Walks over everything that a snapshot sees, in placement order.

use sutra_format::AssociationRecord;
use sutra_fs::{Dir, OsDir};

use crate::error::Result;
use crate::files::SegmentFile;
use crate::merge::{AssociationMerge, ConceptMerge};
use crate::snapshot::{Concept, Snapshot};

/// All concepts of a snapshot, facts included, in placement order. After an error it ends.
pub struct Concepts<'s, D: Dir = OsDir> {
    snapshot: &'s Snapshot<D>,
    merge: ConceptMerge<'s, D>,
    has_failed: bool,
}

/// All associations of a snapshot by (placement of source, source, kind, target). After an error it
/// ends.
pub struct Associations<'s, D: Dir = OsDir> {
    snapshot: &'s Snapshot<D>,
    merge: AssociationMerge<'s, D>,
    has_failed: bool,
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
        Ok(Concepts { snapshot: self, merge, has_failed: false })
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
        Ok(Associations { snapshot: self, merge, has_failed: false })
    }
}

impl<'s, D: Dir> Concepts<'s, D> {
    fn visible(&mut self) -> Result<Option<Concept<'s, D>>> {
        while let Some(row) = self.merge.next()? {
            if row.record.is_tombstone() || row.record.is_delta() {
                continue;
            }
            let found = self.snapshot.wrap(row.record, row.home);
            if let Some(concept) = self.snapshot.unexpired(Some(found)) {
                return Ok(Some(concept));
            }
        }
        Ok(None)
    }
}

impl<D: Dir> Associations<'_, D> {
    fn visible(&mut self) -> Result<Option<AssociationRecord>> {
        while let Some(row) = self.merge.next()? {
            let record = row.record;
            let is_hidden = record.is_tombstone()
                || self.snapshot.is_hidden(&record)?
                || self.snapshot.is_expired(&record)?;
            if !is_hidden {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }
}

/// What an iterator gives that ends after an error.
fn once_failed<T>(has_failed: &mut bool, next: Result<Option<T>>) -> Option<Result<T>> {
    *has_failed = next.is_err();
    next.transpose()
}

impl<'s, D: Dir> Iterator for Concepts<'s, D> {
    type Item = Result<Concept<'s, D>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        let next = self.visible();
        once_failed(&mut self.has_failed, next)
    }
}

impl<D: Dir> Iterator for Associations<'_, D> {
    type Item = Result<AssociationRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        let next = self.visible();
        once_failed(&mut self.has_failed, next)
    }
}
