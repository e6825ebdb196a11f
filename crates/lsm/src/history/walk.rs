//! Every version between two sequence numbers, in no order.

use sutra_format::{AssociationRecord, ConceptRecord};
use sutra_fs::Dir;

use crate::error::Result;
use crate::files::SegmentFile;
use crate::version::Version;

/// Takes versions as they are met.
pub(super) trait Visit {
    /// A version of a concept: a full record, a change, or a tombstone.
    fn concept(&mut self, record: &ConceptRecord);
    /// A version of an association, or a tombstone.
    fn association(&mut self, record: &AssociationRecord);
}

/// Passes on what lies in the range.
struct Range<'v, V> {
    since: u64,
    upto: u64,
    visit: &'v mut V,
}

impl<V> Range<'_, V> {
    fn has(&self, seq: u64) -> bool {
        seq > self.since && seq <= self.upto
    }
}

impl<V: Visit> Visit for Range<'_, V> {
    fn concept(&mut self, record: &ConceptRecord) {
        if self.has(record.seq.get()) {
            self.visit.concept(record);
        }
    }

    fn association(&mut self, record: &AssociationRecord) {
        if self.has(record.seq.get()) {
            self.visit.association(record);
        }
    }
}

impl<D: Dir> Version<D> {
    /// Shows all versions above `since` and at or below `upto`. Reads all rows of the memtables and
    /// history segments that go beyond `since`.
    pub(super) fn walk_versions(
        &self,
        since: u64,
        upto: u64,
        visit: &mut impl Visit,
    ) -> Result<()> {
        let visit = &mut Range { since, upto, visit };
        let goes_beyond = |max: Option<u64>| max.is_some_and(|max| max > since);
        for memtable in self.memtables.iter().filter(|m| goes_beyond(m.max_seq())) {
            for row in memtable.sorted_concepts(u64::MAX) {
                memtable.concept_versions(row).for_each(|found| visit.concept(&found.record));
            }
            for row in memtable.sorted_associations(u64::MAX) {
                memtable.association_versions(row).for_each(|record| visit.association(&record));
            }
        }
        let max_seq = |file: &SegmentFile<D>| file.segment.header().max_seq.get();
        for file in self.history.iter().filter(|file| goes_beyond(Some(max_seq(file)))) {
            let segment = &file.segment;
            segment.iter_concepts()?.for_each(|record| visit.concept(record));
            segment.older_concepts()?.iter().for_each(|record| visit.concept(record));
            segment.iter_associations()?.for_each(|record| visit.association(record));
            segment.older_associations()?.iter().for_each(|record| visit.association(record));
        }
        Ok(())
    }
}
