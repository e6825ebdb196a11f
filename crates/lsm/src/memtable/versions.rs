//! All that a memtable knows of a key, and of when its commits were made: what history is made of.

use sutra_format::AssociationRecord;
use sutra_format::segment::Moment;
use zerocopy::little_endian::U64;

use super::sorted::{AssociationRow, ConceptRow};
use super::{Found, Memtable};

impl Memtable {
    /// The versions of a concept, newest first, from that of a row of
    /// [`Self::sorted_concepts`] on.
    ///
    /// # Panics
    /// May panic if the row is of another memtable, here and below.
    pub fn concept_versions(&self, row: ConceptRow) -> impl Iterator<Item = Found> {
        let concepts = self.concepts.get().expect("the row is of this memtable");
        std::iter::successors(Some(row.slot), |slot| concepts.version(*slot).before())
            .map(|slot| concepts.version(slot).found())
    }

    /// The versions of an association, newest first, from that of a row of
    /// [`Self::sorted_associations`] on.
    pub fn association_versions(
        &self,
        row: AssociationRow,
    ) -> impl Iterator<Item = AssociationRecord> {
        let associations = self.associations.get().expect("the row is of this memtable");
        std::iter::successors(Some(row.slot), |slot| associations.version(*slot).before())
            .map(|slot| associations.version(slot).record())
    }

    /// Notes that what was applied up to `last_seq` was committed at `time`, in milliseconds. Numbers
    /// rise; a time before an earlier one counts as that.
    pub fn committed(&self, last_seq: u64, time: u64) {
        let mut timeline = self.timeline.lock();
        let moment = Moment { seq: U64::new(last_seq), time: U64::new(time) };
        match timeline.last_mut() {
            Some(last) if last.time.get() >= time => last.seq = moment.seq,
            _ => timeline.push(moment),
        }
    }

    /// What `read` makes of when its commits were made, by rising number and time. Commits wait
    /// meanwhile.
    pub fn with_timeline<T>(&self, read: impl FnOnce(&[Moment]) -> T) -> T {
        read(&self.timeline.lock())
    }
}
