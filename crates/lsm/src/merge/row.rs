//! [`Row`]: what a kind of record is to a merge.

use std::ops::Range;

use sutra_format::{AssociationRecord, ConceptId, ConceptRecord};
use sutra_fs::Dir;

use super::Merged;
use crate::error::Result;
use crate::files::SegmentFile;
use crate::memtable::{self, Memtable};
use crate::snapshot::{Home, Search};

/// A row of a memtable.
pub(crate) struct InMemory<'a, R> {
    pub(crate) record: R,
    pub(crate) home: Home<'a>,
}

/// A record that tables keep sorted.
pub(crate) trait Row: Copy + 'static {
    /// What orders rows of one hash.
    type Rank: Copy + Ord;
    /// What a memtable gives in its place.
    type InMemory: Copy;

    /// The id whose hash they are sorted by.
    fn place(&self) -> &ConceptId;

    /// Where it stands among rows of this hash.
    fn rank(&self) -> Self::Rank;

    /// Whether nothing older about this key matters.
    fn hides_older(&self) -> bool;

    /// What a row that does not hide it makes of the next older one.
    fn over<'a>(newer: Merged<'a, Self>, older: Merged<'a, Self>) -> Merged<'a, Self>;

    /// What a memtable has, up to a sequence number.
    fn sorted(memtable: &Memtable, upto: u64) -> Vec<Self::InMemory>;

    /// One row of it.
    fn in_memory(memtable: &Memtable, row: Self::InMemory) -> InMemory<'_, Self>;

    /// How many rows a segment has.
    fn count<D: Dir>(file: &SegmentFile<D>) -> u32;

    /// The version of a row of a history segment at or below `upto`.
    fn at<D: Dir>(file: &SegmentFile<D>, row: u32, upto: u64) -> Result<Option<&Self>>;

    /// Some of these.
    fn read<D: Dir>(file: &SegmentFile<D>, rows: Range<u32>) -> Result<&[Self]>;
}

impl Row for ConceptRecord {
    type Rank = u128;
    type InMemory = memtable::ConceptRow;

    #[inline]
    fn place(&self) -> &ConceptId {
        &self.id
    }

    #[inline]
    fn rank(&self) -> u128 {
        number(&self.id)
    }

    #[inline]
    fn hides_older(&self) -> bool {
        !self.is_delta()
    }

    fn over<'a>(newer: Merged<'a, Self>, older: Merged<'a, Self>) -> Merged<'a, Self> {
        let (mut search, origin) = (Search::default(), older.origin);
        for Merged { record, home, .. } in [newer, older] {
            search.meets(&record, home);
        }
        let (record, home) = search.into_result().expect("it met two");
        Merged { record, home, origin }
    }

    fn sorted(memtable: &Memtable, upto: u64) -> Vec<Self::InMemory> {
        memtable.sorted_concepts(upto)
    }

    fn in_memory(memtable: &Memtable, row: Self::InMemory) -> InMemory<'_, Self> {
        let found = memtable.concept_row(row);
        InMemory { record: found.record, home: Home::Memtable(memtable, found.payload) }
    }

    fn count<D: Dir>(file: &SegmentFile<D>) -> u32 {
        file.concept_rows()
    }

    fn at<D: Dir>(file: &SegmentFile<D>, row: u32, upto: u64) -> Result<Option<&Self>> {
        Ok(file.segment.concept_at(row, upto)?)
    }

    fn read<D: Dir>(file: &SegmentFile<D>, rows: Range<u32>) -> Result<&[Self]> {
        Ok(file.segment.concepts(rows)?)
    }
}

impl Row for AssociationRecord {
    /// Source, kind, target.
    type Rank = (u128, u16, u128);
    type InMemory = memtable::AssociationRow;

    #[inline]
    fn place(&self) -> &ConceptId {
        &self.source
    }

    #[inline]
    fn rank(&self) -> Self::Rank {
        (number(&self.source), self.kind().code(), number(&self.target))
    }

    #[inline]
    fn hides_older(&self) -> bool {
        true
    }

    fn over<'a>(newer: Merged<'a, Self>, _: Merged<'a, Self>) -> Merged<'a, Self> {
        newer
    }

    fn sorted(memtable: &Memtable, upto: u64) -> Vec<Self::InMemory> {
        memtable.sorted_associations(upto)
    }

    fn in_memory(memtable: &Memtable, row: Self::InMemory) -> InMemory<'_, Self> {
        InMemory { record: memtable.association_row(row), home: Home::Segments }
    }

    fn count<D: Dir>(file: &SegmentFile<D>) -> u32 {
        file.association_rows()
    }

    fn at<D: Dir>(file: &SegmentFile<D>, row: u32, upto: u64) -> Result<Option<&Self>> {
        Ok(file.segment.association_at(row, upto)?)
    }

    fn read<D: Dir>(file: &SegmentFile<D>, rows: Range<u32>) -> Result<&[Self]> {
        Ok(file.segment.associations(rows)?)
    }
}

/// A number that orders ids as they are ordered.
#[inline]
fn number(id: &ConceptId) -> u128 {
    u128::from_be_bytes(*id.as_bytes())
}
