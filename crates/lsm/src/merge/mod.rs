//! The k-way merge of sorted tables: scans, flushes and compactions all read through it.
//!
//! Tables are given newest first. For each key the rows of all tables meet, newest first, and
//! become one: deltas fold into the first full row or tombstone, the newest association wins.
//!
//! Hashes lead: the table whose next row has the smallest one goes first, and as long as its hashes
//! stay below those of all others nothing else is looked at. Only rows of one hash are compared in
//! full.

mod cursor;
mod row;

use sutra_format::{AssociationRecord, ConceptRecord};
use sutra_fs::Dir;

use crate::error::Result;
use crate::files::SegmentFile;
use crate::memtable::Memtable;
use crate::snapshot::Home;

use cursor::Cursor;
pub(crate) use row::Row;

/// Merges concepts: each a full row, a tombstone, or a lone delta.
pub(crate) type ConceptMerge<'a, D> = Merge<'a, D, ConceptRecord>;
/// Merges associations: each the newest of its versions, which may be a tombstone.
pub(crate) type AssociationMerge<'a, D> = Merge<'a, D, AssociationRecord>;
/// One concept, folded.
pub(crate) type ConceptRow<'a> = Merged<'a, ConceptRecord>;

/// What all tables say about one key.
pub(crate) struct Merged<'a, R> {
    pub(crate) record: R,
    /// Where its text and vector are, if it can have any.
    pub(crate) home: Home<'a>,
    /// The row that has the text and the vector: the oldest of those that met.
    pub(crate) origin: Origin,
}

/// A row of one of the tables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// Which table: memtables first, then segments, as they were given; empty memtables not counted.
    pub(crate) table: usize,
    pub(crate) row: usize,
}

/// Reads tables as one, in the order of their rows.
pub(crate) struct Merge<'a, D: Dir, R: Row> {
    seed: u64,
    /// Newest first.
    cursors: Vec<Cursor<'a, D, R>>,
    /// The hash of the next row of each; the largest one at the end.
    hashes: Vec<u64>,
    /// The table whose next hash is smallest.
    leader: usize,
    /// The smallest hash of all others.
    bound: u64,
}

impl<'a, D: Dir, R: Row> Merge<'a, D, R> {
    /// Starts at the first rows of all tables, newest table first. Of memtables only what is at
    /// or below `upto` is seen.
    pub(crate) fn new(
        seed: u64,
        memtables: impl Iterator<Item = &'a Memtable>,
        segments: impl Iterator<Item = &'a SegmentFile<D>>,
        upto: u64,
    ) -> Result<Self> {
        let memtables = memtables.filter(|memtable| !memtable.is_empty());
        let mut cursors: Vec<_> = memtables.map(|m| Cursor::over_memtable(m, upto)).collect();
        cursors.extend(segments.map(|file| Cursor::over_segment(file, upto)));
        for (table, cursor) in cursors.iter_mut().enumerate() {
            cursor.number(table);
        }
        let hashes = cursors.iter_mut().map(|cursor| cursor.hash(seed)).collect::<Result<_>>()?;
        let mut merge = Self { seed, cursors, hashes, leader: 0, bound: 0 };
        merge.elect();
        Ok(merge)
    }

    /// The next row.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<Merged<'a, R>>> {
        if let [alone] = self.cursors.as_mut_slice() {
            return alone.take();
        }
        match self.hashes.get(self.leader) {
            None => Ok(None),
            Some(hash) if *hash < self.bound => self.next_of_leader(),
            Some(hash) => self.next_of_several(*hash),
        }
    }

    #[inline]
    fn next_of_leader(&mut self) -> Result<Option<Merged<'a, R>>> {
        let leader = &mut self.cursors[self.leader];
        let row = leader.take()?;
        let hash = leader.hash(self.seed)?;
        self.hashes[self.leader] = hash;
        if hash >= self.bound {
            self.elect();
        }
        Ok(row)
    }

    /// The next row of this hash, which more than one table may have, or none.
    fn next_of_several(&mut self, hash: u64) -> Result<Option<Merged<'a, R>>> {
        let at_hash = |at: &usize| self.hashes[*at] == hash;
        let ranks = (0..self.hashes.len()).filter(at_hash).filter_map(|at| self.cursors[at].rank());
        let Some(smallest) = ranks.min() else { return Ok(None) };
        let mut newest: Option<Merged<'a, R>> = None;
        for (cursor, next_hash) in self.cursors.iter_mut().zip(&mut self.hashes) {
            if *next_hash != hash || cursor.rank() != Some(smallest) {
                continue;
            }
            let row = cursor.take()?;
            newest = match newest {
                Some(newer) if newer.record.hides_older() => Some(newer),
                Some(newer) => row.map(|older| R::over(newer, older)),
                None => row,
            };
            *next_hash = cursor.hash(self.seed)?;
        }
        self.elect();
        Ok(newest)
    }

    /// Finds the leader and the bound. There are few tables: looking at all of them is fastest,
    /// without a branch that depends on which one it is.
    #[inline]
    fn elect(&mut self) {
        let (mut smallest, mut next, mut leader) = (u64::MAX, u64::MAX, 0);
        for (at, &hash) in self.hashes.iter().enumerate() {
            let leads = hash < smallest;
            next = if leads { smallest } else { next.min(hash) };
            leader = if leads { at } else { leader };
            smallest = smallest.min(hash);
        }
        (self.leader, self.bound) = (leader, next);
    }
}
