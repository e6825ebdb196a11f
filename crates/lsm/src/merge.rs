//! The k-way merge of sorted tables: scans, flushes and compactions all read through it.
//!
//! Tables are given newest first. For each key the rows of all tables meet, newest first, and
//! become one: deltas fold into the first full row or tombstone, the newest association wins.

use std::ops::Range;

use sutra_format::hash::placement;
use sutra_format::{AssociationRecord, ConceptId, ConceptRecord};
use sutra_fs::Dir;

use crate::error::Result;
use crate::files::SegmentFile;
use crate::memtable::{self, Memtable};
use crate::snapshot::{Home, Search};

/// The order of concept rows.
pub(crate) type ConceptKey = (u64, ConceptId);
/// The order of association rows: placement of the source, source, kind, target.
pub(crate) type AssociationKey = (u64, ConceptId, u16, ConceptId);

pub(crate) fn concept_key(seed: u64, record: &ConceptRecord) -> ConceptKey {
    (placement(seed, &record.id), record.id)
}

pub(crate) fn association_key(seed: u64, record: &AssociationRecord) -> AssociationKey {
    let hash = placement(seed, &record.source);
    (hash, record.source, record.kind().code(), record.target)
}

/// Rows of one table in order, with the key of the next one at hand, unless it is the only table.
struct Cursor<'a, D: Dir, R, K> {
    table: Table<'a, D, R>,
    next: Option<K>,
}

enum Table<'a, D: Dir, R> {
    Memtable { memtable: &'a Memtable, rows: Vec<R>, at: usize },
    Segment { file: &'a SegmentFile<D>, rows: Range<u32> },
}

type ConceptCursor<'a, D> = Cursor<'a, D, memtable::ConceptRow, ConceptKey>;
type AssociationCursor<'a, D> = Cursor<'a, D, memtable::AssociationRow, AssociationKey>;

/// Merges concept rows.
pub(crate) struct ConceptMerge<'a, D: Dir> {
    seed: u64,
    cursors: Vec<ConceptCursor<'a, D>>,
}

/// One concept, folded.
pub(crate) struct ConceptRow<'a> {
    pub(crate) record: ConceptRecord,
    pub(crate) home: Home<'a>,
}

impl<'a, D: Dir> ConceptMerge<'a, D> {
    /// Starts at the first rows of all tables, newest table first. Of memtables only what is at
    /// or below `upto` is seen.
    pub(crate) fn new(
        seed: u64,
        memtables: impl Iterator<Item = &'a Memtable>,
        segments: impl Iterator<Item = &'a SegmentFile<D>>,
        upto: u64,
    ) -> Result<Self> {
        let memtables = memtables.filter(|m| !m.is_empty()).map(|memtable| Table::Memtable {
            memtable,
            rows: memtable.sorted_concepts(upto),
            at: 0,
        });
        let segments = segments.map(|file| Table::Segment { file, rows: 0..file.concept_rows() });
        let mut cursors: Vec<_> =
            memtables.chain(segments).map(|table| Cursor { table, next: None }).collect();
        if cursors.len() > 1 {
            for cursor in &mut cursors {
                cursor.next = cursor.peek(seed)?;
            }
        }
        Ok(Self { seed, cursors })
    }

    /// The next concept in placement order: a full row, a tombstone, or a lone delta.
    pub(crate) fn next(&mut self) -> Result<Option<ConceptRow<'a>>> {
        if let [alone] = self.cursors.as_mut_slice() {
            return alone.take_row();
        }
        let Some(key) = smallest(&self.cursors) else { return Ok(None) };
        let mut search = Search::default();
        let mut done = false;
        for cursor in &mut self.cursors {
            if cursor.next != Some(key) {
                continue;
            }
            if !done {
                let (record, home) = cursor.row()?;
                done = search.meets(&record, home);
            }
            cursor.advance();
            cursor.next = cursor.peek(self.seed)?;
        }
        Ok(search.into_result().map(|(record, home)| ConceptRow { record, home }))
    }
}

/// Merges association rows.
pub(crate) struct AssociationMerge<'a, D: Dir> {
    seed: u64,
    cursors: Vec<AssociationCursor<'a, D>>,
}

impl<'a, D: Dir> AssociationMerge<'a, D> {
    /// As [`ConceptMerge::new`].
    pub(crate) fn new(
        seed: u64,
        memtables: impl Iterator<Item = &'a Memtable>,
        segments: impl Iterator<Item = &'a SegmentFile<D>>,
        upto: u64,
    ) -> Result<Self> {
        let memtables = memtables.filter(|m| !m.is_empty()).map(|memtable| Table::Memtable {
            memtable,
            rows: memtable.sorted_associations(upto),
            at: 0,
        });
        let segments =
            segments.map(|file| Table::Segment { file, rows: 0..file.association_rows() });
        let mut cursors: Vec<_> =
            memtables.chain(segments).map(|table| Cursor { table, next: None }).collect();
        if cursors.len() > 1 {
            for cursor in &mut cursors {
                cursor.next = cursor.peek(seed)?;
            }
        }
        Ok(Self { seed, cursors })
    }

    /// The next association: the newest of its versions, which may be a tombstone.
    pub(crate) fn next(&mut self) -> Result<Option<AssociationRecord>> {
        if let [alone] = self.cursors.as_mut_slice() {
            return alone.take_row();
        }
        let Some(key) = smallest(&self.cursors) else { return Ok(None) };
        let mut newest = None;
        for cursor in &mut self.cursors {
            if cursor.next != Some(key) {
                continue;
            }
            if newest.is_none() {
                newest = Some(cursor.row()?);
            }
            cursor.advance();
            cursor.next = cursor.peek(self.seed)?;
        }
        Ok(newest)
    }
}

/// The smallest of the next keys. There are few tables: looking at all of them is fastest.
fn smallest<D: Dir, R, K: Ord + Copy>(cursors: &[Cursor<'_, D, R, K>]) -> Option<K> {
    cursors.iter().filter_map(|cursor| cursor.next).min()
}

impl<D: Dir, R, K> Cursor<'_, D, R, K> {
    fn is_at_end(&self) -> bool {
        match &self.table {
            Table::Memtable { rows, at, .. } => *at == rows.len(),
            Table::Segment { rows, .. } => rows.is_empty(),
        }
    }

    fn advance(&mut self) {
        match &mut self.table {
            Table::Memtable { at, .. } => *at += 1,
            Table::Segment { rows, .. } => rows.start += 1,
        }
    }
}

impl<'a, D: Dir> ConceptCursor<'a, D> {
    fn peek(&self, seed: u64) -> Result<Option<ConceptKey>> {
        if self.is_at_end() {
            return Ok(None);
        }
        Ok(Some(match &self.table {
            Table::Memtable { memtable, rows, at } => {
                (rows[*at].hash, memtable.concept_row(rows[*at]).record.id)
            }
            Table::Segment { file, rows } => concept_key(seed, file.segment.concept(rows.start)?),
        }))
    }

    /// The next row, when there is no other table to hold it against.
    fn take_row(&mut self) -> Result<Option<ConceptRow<'a>>> {
        if self.is_at_end() {
            return Ok(None);
        }
        let (record, home) = self.row()?;
        self.advance();
        Ok(Some(ConceptRow { record, home }))
    }

    fn row(&self) -> Result<(ConceptRecord, Home<'a>)> {
        Ok(match &self.table {
            Table::Memtable { memtable, rows, at } => {
                let found = memtable.concept_row(rows[*at]);
                (found.record, Home::Memtable(memtable, found.payload))
            }
            Table::Segment { file, rows } => (*file.segment.concept(rows.start)?, Home::Segments),
        })
    }
}

impl<D: Dir> AssociationCursor<'_, D> {
    fn peek(&self, seed: u64) -> Result<Option<AssociationKey>> {
        if self.is_at_end() {
            return Ok(None);
        }
        Ok(Some(association_key(seed, &self.row()?)))
    }

    /// The next row, when there is no other table to hold it against.
    fn take_row(&mut self) -> Result<Option<AssociationRecord>> {
        if self.is_at_end() {
            return Ok(None);
        }
        let record = self.row()?;
        self.advance();
        Ok(Some(record))
    }

    fn row(&self) -> Result<AssociationRecord> {
        Ok(match &self.table {
            Table::Memtable { memtable, rows, at } => memtable.association_row(rows[*at]),
            Table::Segment { file, rows } => *file.segment.association(rows.start)?,
        })
    }
}
