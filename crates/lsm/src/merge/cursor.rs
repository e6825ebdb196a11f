//! [`Cursor`]: the rows of one table, in order.

use std::ops::Range;

use sutra_format::ConceptId;
use sutra_format::hash::placement;
use sutra_fs::Dir;

use super::row::{InMemory, Row};
use super::{Merged, Origin};
use crate::error::Result;
use crate::files::{Role, SegmentFile};
use crate::memtable::Memtable;
use crate::snapshot::Home;

/// Rows of a segment that are checked at once.
const BLOCK_ROWS: u32 = 64;

/// A place in one table.
pub(crate) struct Cursor<'a, D: Dir, R: Row> {
    table: Table<'a, D, R>,
    /// Which of the tables it is.
    number: usize,
    /// The last id whose hash was asked for: with associations, often that of the next row.
    known: Option<(ConceptId, u64)>,
}

enum Table<'a, D: Dir, R: Row> {
    Memtable {
        memtable: &'a Memtable,
        rows: Vec<R::InMemory>,
        at: usize,
    },
    Segment {
        file: &'a SegmentFile<D>,
        block: &'a [R],
        rest: Range<u32>,
    },
    /// A history segment as of a sequence number: `block` has the version of the next row that had one.
    Past {
        file: &'a SegmentFile<D>,
        block: &'a [R],
        rest: Range<u32>,
        upto: u64,
    },
}

impl<'a, D: Dir, R: Row> Cursor<'a, D, R> {
    pub(crate) fn over_memtable(memtable: &'a Memtable, upto: u64) -> Self {
        let table = Table::Memtable { memtable, rows: R::sorted(memtable, upto), at: 0 };
        Self::over(table)
    }

    /// Of a history segment, versions at or below `upto` are seen.
    pub(crate) fn over_segment(file: &'a SegmentFile<D>, upto: u64) -> Self {
        let rest = 0..R::count(file);
        let table = match file.role {
            Role::History => Table::Past { file, block: &[], rest, upto },
            Role::Current | Role::Payload => Table::Segment { file, block: &[], rest },
        };
        Self::over(table)
    }

    fn over(table: Table<'a, D, R>) -> Self {
        Self { table, number: 0, known: None }
    }

    /// Says which of the tables it is.
    pub(crate) fn number(&mut self, number: usize) {
        self.number = number;
    }

    /// The hash of the next row; at the end the largest there is.
    #[inline]
    pub(crate) fn hash(&mut self, seed: u64) -> Result<u64> {
        self.fetch()?;
        let id = match &self.table {
            Table::Memtable { memtable, rows, at } => {
                rows.get(*at).map(|row| *R::in_memory(memtable, *row).record.place())
            }
            Table::Segment { block, .. } | Table::Past { block, .. } => {
                block.first().map(|row| *row.place())
            }
        };
        let Some(id) = id else { return Ok(u64::MAX) };
        if let Some((known, hash)) = self.known
            && known == id
        {
            return Ok(hash);
        }
        let hash = placement(seed, &id);
        self.known = Some((id, hash));
        Ok(hash)
    }

    /// Where the next row stands among those of its hash, unless this is the end.
    #[inline]
    pub(crate) fn rank(&self) -> Option<R::Rank> {
        match &self.table {
            Table::Memtable { memtable, rows, at } => {
                rows.get(*at).map(|row| R::in_memory(memtable, *row).record.rank())
            }
            Table::Segment { block, .. } | Table::Past { block, .. } => block.first().map(R::rank),
        }
    }

    /// The next row.
    #[inline]
    pub(crate) fn take(&mut self) -> Result<Option<Merged<'a, R>>> {
        self.fetch()?;
        Ok(match &mut self.table {
            Table::Memtable { memtable, rows, at } => {
                let row = rows.get(*at).map(|row| R::in_memory(memtable, *row));
                let origin = Origin { table: self.number, row: *at };
                *at += usize::from(row.is_some());
                row.map(|InMemory { record, home }| Merged { record, home, origin })
            }
            Table::Segment { block, rest: behind, .. }
            | Table::Past { block, rest: behind, .. } => {
                let row = behind.start as usize - block.len();
                block.split_first().map(|(first, rest)| {
                    *block = rest;
                    let origin = Origin { table: self.number, row };
                    Merged { record: *first, home: Home::Segments, origin }
                })
            }
        })
    }

    /// Sees to it that the next row is at hand.
    #[inline]
    fn fetch(&mut self) -> Result<()> {
        if let Table::Segment { file, block, rest } = &mut self.table
            && block.is_empty()
            && rest.start < rest.end
        {
            let end = rest.end.min(rest.start.saturating_add(BLOCK_ROWS));
            *block = R::read(file, rest.start..end)?;
            rest.start = end;
        }
        self.fetch_past()
    }

    #[inline]
    fn fetch_past(&mut self) -> Result<()> {
        if let Table::Past { file, block, rest, upto } = &mut self.table {
            while block.is_empty() && rest.start < rest.end {
                if let Some(version) = R::at(file, rest.start, *upto)? {
                    *block = std::slice::from_ref(version);
                }
                rest.start += 1;
            }
        }
        Ok(())
    }
}
