//! The order of rows, and the directories held against it.

use sutra_format::hash::placement;
use sutra_format::{AssociationRecord, ConceptId, ConceptRecord, TagLine, VertexTombstone};
use zerocopy::little_endian::U32;

use crate::error::Result;
use crate::lines::LineBuilder;
use crate::passes::IncomingKey;
use crate::reader::Segment;
use crate::sections::{Directory, Place, invalid};

impl<D: AsRef<[u8]>> Segment<D> {
    /// Checks that concepts rise strictly, and that their lines are those of these rows.
    pub(super) fn verify_concept_order(&self) -> Result<()> {
        let start = self.header.concepts.offset.get();
        let mut items = Items::new(self, &self.sections.concepts)?;
        for (row, record) in (0_u64..).zip(self.iter_concepts()?) {
            let new = items.rises(record.id, start + row * ConceptRecord::BYTES as u64)?;
            if !new {
                let reason = "two rows for one concept";
                let at = start + row * ConceptRecord::BYTES as u64;
                return Err(self.corrupt(invalid(at, reason)));
            }
        }
        items.finish()
    }

    /// Checks that associations rise strictly, and that the directory of sources is theirs.
    pub(super) fn verify_association_order(&self) -> Result<()> {
        let start = self.header.associations.offset.get();
        let mut items = Items::new(self, &self.sections.sources)?;
        let mut last = None;
        for (row, record) in (0_u64..).zip(self.iter_associations()?) {
            let at = start + row * AssociationRecord::BYTES as u64;
            let within = (record.kind_code.get(), record.target);
            if items.rises(record.source, at)? {
                items.starts_at(row)?;
            } else if last.is_some_and(|last| last >= within) {
                return Err(self.corrupt(invalid(at, "associations do not rise strictly")));
            }
            last = Some(within);
        }
        items.finish()
    }

    /// Checks that incoming rows rise strictly, which says that each is there once, and that the
    /// directory of targets is theirs.
    pub(super) fn verify_incoming_order(&self) -> Result<()> {
        let place = self.sections.incoming;
        let seed = self.header.hash_seed.get();
        let mut items = Items::new(self, &self.sections.targets)?;
        let mut last = None;
        for (slot, row) in (0_u64..).zip(self.values::<U32>(place)?) {
            let at = place.offset + slot * 4;
            let wrong = || self.corrupt(invalid(at, "incoming rows do not rise strictly"));
            let record = self.association(row.get()).map_err(|_| wrong())?;
            let key = IncomingKey::new(placement(seed, &record.target), record, row.get());
            if last.is_some_and(|last| last >= key) {
                return Err(wrong());
            }
            last = Some(key);
            if items.rises(record.target, at)? {
                items.starts_at(slot)?;
            }
        }
        items.finish()
    }

    /// Checks that deleted concepts rise strictly.
    pub(super) fn verify_vertex_tombstones(&self) -> Result<()> {
        let seed = self.header.hash_seed.get();
        let start = self.sections.vertex_tombstones.offset;
        let mut last = None;
        for (row, tombstone) in (0_u64..).zip(self.vertex_tombstones()?) {
            let at = start + row * VertexTombstone::BYTES as u64;
            self.verify_record(at, Ok(()), tombstone.seq.get())?;
            let key = Some((placement(seed, &tombstone.id), tombstone.id));
            if last >= key {
                return Err(self.corrupt(invalid(at, "vertex tombstones do not rise strictly")));
            }
            last = key;
        }
        Ok(())
    }
}

/// A directory that is held against its items, one after the other.
struct Items<'a, D> {
    segment: &'a Segment<D>,
    directory: &'a Directory,
    lines: std::slice::Iter<'a, TagLine>,
    starts: std::slice::Iter<'a, U32>,
    builder: LineBuilder,
    last: Option<(u64, ConceptId)>,
}

impl<'a, D: AsRef<[u8]>> Items<'a, D> {
    fn new(segment: &'a Segment<D>, directory: &'a Directory) -> Result<Self> {
        let length = directory.lines * TagLine::BYTES as u64;
        let lines = segment.values(Place { offset: directory.lines_offset, length })?.iter();
        let length = if directory.has_starts() { (directory.items + 1) * 4 } else { 0 };
        let starts = segment.values(Place { offset: directory.starts_offset, length })?.iter();
        let builder = LineBuilder::new(directory.items);
        Ok(Self { segment, directory, lines, starts, builder, last: None })
    }

    /// Takes the next id, of the record at offset `at`. Says whether it is another than before.
    fn rises(&mut self, id: ConceptId, at: u64) -> Result<bool> {
        if self.last.is_some_and(|(_, last)| last == id) {
            return Ok(false);
        }
        let key = (placement(self.segment.header.hash_seed.get(), &id), id);
        if self.last.is_some_and(|last| last > key) {
            return Err(self.segment.corrupt(invalid(at, "rows do not rise by placement and id")));
        }
        self.last = Some(key);
        let (segment, directory) = (self.segment, self.directory);
        self.builder.push(key.0, |line| expect_line(segment, directory, &mut self.lines, line))?;
        Ok(true)
    }

    /// Checks that the rows of the item that was taken last start at `row`.
    fn starts_at(&mut self, row: u64) -> Result<()> {
        match self.starts.next() {
            Some(start) if u64::from(start.get()) == row => Ok(()),
            _ => {
                let at = self.directory.starts_offset;
                Err(self.segment.corrupt(invalid(at, "starts are not those of the rows")))
            }
        }
    }

    fn finish(mut self) -> Result<()> {
        if self.directory.has_starts() {
            self.starts_at(self.directory.rows)?;
        }
        let (segment, directory) = (self.segment, self.directory);
        self.builder.finish(|line| expect_line(segment, directory, &mut self.lines, line))?;
        if self.lines.next().is_some() || self.starts.next().is_some() {
            let at = directory.lines_offset;
            return Err(segment.corrupt(invalid(at, "a directory has more items than the rows")));
        }
        Ok(())
    }
}

fn expect_line<D: AsRef<[u8]>>(
    segment: &Segment<D>,
    directory: &Directory,
    lines: &mut std::slice::Iter<'_, TagLine>,
    expected: &TagLine,
) -> Result<()> {
    if lines.next() == Some(expected) {
        Ok(())
    } else {
        let at = directory.lines_offset;
        Err(segment.corrupt(invalid(at, "tag lines are not those of the rows")))
    }
}
