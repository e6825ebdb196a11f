//! Lookups in a sorted segment: one tag line, then the rows that it points to.
//!
//! A miss costs one cache line but for one tag in 4,096; a hit costs the line and the record. The
//! full key is compared in the record, so tags never decide an answer.

use std::ops::Range;

use sutra_format::{
    AssociationKind, AssociationRecord, ConceptId, ConceptRecord, TagLine, VertexTombstone, hash,
};
use zerocopy::little_endian::U32;

use crate::error::{Result, SegmentError};
use crate::incoming::Incoming;
use crate::lines::Slots;
use crate::reader::Segment;
use crate::sections::{Directory, Place, invalid};

impl<D: AsRef<[u8]>> Segment<D> {
    /// The record of a concept. `hash` is its placement under the seed of the store.
    #[inline]
    pub fn find_concept(&self, hash: u64, id: &ConceptId) -> Result<Option<&ConceptRecord>> {
        self.require_sorted()?;
        self.find_item(&self.sections.concepts, hash, |row| {
            let record = self.concept(row)?;
            Ok((record.id == *id).then_some(record))
        })
    }

    /// The associations that start at a concept, sorted by (kind, target).
    #[inline]
    pub fn outgoing(&self, hash: u64, source: &ConceptId) -> Result<&[AssociationRecord]> {
        let rows = self.outgoing_rows(hash, source)?;
        if rows.is_empty() { Ok(&[]) } else { self.associations(rows) }
    }

    /// The rows of the associations that start at a concept.
    #[inline]
    pub fn outgoing_rows(&self, hash: u64, source: &ConceptId) -> Result<Range<u32>> {
        self.require_sorted()?;
        let directory = &self.sections.sources;
        let found = self.find_item(directory, hash, |item| {
            let (start, end) = self.starts(directory, item)?;
            let found = self.association(start)?.source == *source;
            Ok(found.then_some(start..end))
        })?;
        Ok(found.unwrap_or_default())
    }

    /// The associations that end at a concept, sorted by (kind, placement of the source).
    #[inline]
    pub fn incoming(&self, hash: u64, target: &ConceptId) -> Result<Incoming<'_, D>> {
        self.require_sorted()?;
        let directory = &self.sections.targets;
        let found = self.find_item(directory, hash, |item| {
            let (start, end) = self.starts(directory, item)?;
            let rows = self.incoming_rows(start, end)?;
            let first =
                rows.first().map_or(Ok(None), |row| self.association(row.get()).map(Some))?;
            Ok(first.is_some_and(|record| record.target == *target).then_some(rows))
        })?;
        Ok(Incoming::new(self, found.unwrap_or_default()))
    }

    /// The record of one association.
    #[inline]
    pub fn find_association(
        &self,
        hash: u64,
        source: &ConceptId,
        kind: AssociationKind,
        target: &ConceptId,
    ) -> Result<Option<&AssociationRecord>> {
        let records = self.outgoing(hash, source)?;
        let wanted = (kind.code(), *target);
        let found = records.binary_search_by(|r| (r.kind_code.get(), r.target).cmp(&wanted));
        Ok(found.ok().map(|index| &records[index]))
    }

    /// When a concept was deleted last, if this segment knows.
    pub fn vertex_tombstone(&self, hash: u64, id: &ConceptId) -> Result<Option<u64>> {
        let tombstones = self.vertex_tombstones()?;
        let seed = self.header.hash_seed.get();
        let key = |row: &VertexTombstone| (hash::placement(seed, &row.id), row.id);
        let found = tombstones.binary_search_by(|row| key(row).cmp(&(hash, *id)));
        Ok(found.ok().map(|index| tombstones[index].seq.get()))
    }

    /// All deleted concepts that this segment knows, in placement order.
    pub fn vertex_tombstones(&self) -> Result<&[VertexTombstone]> {
        self.values(self.sections.vertex_tombstones)
    }

    /// The line of a directory that holds items of this hash; there is none over no items.
    #[inline]
    pub(crate) fn line(&self, directory: &Directory, hash: u64) -> Result<Option<&TagLine>> {
        if directory.lines == 0 {
            return Ok(None);
        }
        let line = hash::range_of(hash, directory.lines);
        self.value(directory.lines_offset + line * TagLine::BYTES as u64).map(Some)
    }

    /// What `check` makes of the first item of a directory that it accepts.
    #[inline]
    pub(crate) fn find_item<T>(
        &self,
        directory: &Directory,
        hash: u64,
        mut check: impl FnMut(u32) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        let Some(line) = self.line(directory, hash)? else { return Ok(None) };
        let count = line.count.get();
        for slot in Slots::matching(line, hash) {
            if slot < count {
                let item = self.item(directory, line, slot)?;
                if let Some(found) = check(item)? {
                    return Ok(Some(found));
                }
            }
        }
        if count > TagLine::TAGS as u32 {
            self.find_untagged(directory, line, check)
        } else {
            Ok(None)
        }
    }

    /// The same for the items of a line beyond those that have a tag.
    #[cold]
    fn find_untagged<T>(
        &self,
        directory: &Directory,
        line: &TagLine,
        mut check: impl FnMut(u32) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        for slot in TagLine::TAGS as u32..line.count.get() {
            if let Some(found) = check(self.item(directory, line, slot)?)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The number of the item in a slot of a line.
    #[inline]
    pub(crate) fn item(&self, directory: &Directory, line: &TagLine, slot: u32) -> Result<u32> {
        let item = u64::from(line.base.get()) + u64::from(slot);
        if item >= directory.items {
            return Err(self.lost_item(directory));
        }
        Ok(item as u32)
    }

    /// Where the rows of an item start and end.
    #[inline]
    pub(crate) fn starts(&self, directory: &Directory, item: u32) -> Result<(u32, u32)> {
        let offset = directory.starts_offset + u64::from(item) * 4;
        let [start, end] = self.value::<[U32; 2]>(offset)?.map(U32::get);
        if start >= end || u64::from(end) > directory.rows {
            return Err(self.lost_rows(offset));
        }
        Ok((start, end))
    }

    #[cold]
    #[inline(never)]
    fn lost_item(&self, directory: &Directory) -> SegmentError {
        let at = directory.lines_offset;
        self.corrupt(invalid(at, "a tag line points beyond the last item"))
    }

    #[cold]
    #[inline(never)]
    fn lost_rows(&self, offset: u64) -> SegmentError {
        self.corrupt(invalid(offset, "rows of an item do not follow one another"))
    }

    #[inline]
    pub(crate) fn incoming_rows(&self, start: u32, end: u32) -> Result<&[U32]> {
        let offset = self.sections.incoming.offset + u64::from(start) * 4;
        self.values(Place { offset, length: u64::from(end - start) * 4 })
    }
}
