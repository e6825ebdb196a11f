//! [`Chains`]: the versions of each key over several tables, in the order of their rows.

use sutra_format::hash::placement;
use sutra_format::{AssociationRecord, ConceptRecord, fold};
use sutra_fs::Dir;

use crate::error::Result;
use crate::files::SegmentFile;
use crate::memtable::Memtable;
use crate::merge::Row;
use crate::snapshot::Home;

/// What a key was from its sequence number on.
#[derive(Clone)]
pub(super) struct Past<'a, R> {
    pub(super) record: R,
    /// Where its text and vector are, if it can have any.
    pub(super) home: Home<'a>,
    /// Which of the tables it comes from.
    table: usize,
}

/// A record of which tables keep versions.
pub(super) trait Versioned: Row {
    /// Appends the versions of a row of a memtable, newest first.
    fn of_memtable<'a>(
        memtable: &'a Memtable,
        row: Self::InMemory,
        each: impl FnMut(Self, Home<'a>),
    );

    /// The older versions of a row of a segment, newest first.
    fn older<D: Dir>(file: &SegmentFile<D>, row: u32) -> Result<&[Self]>;

    /// Makes of the versions of several tables, newest first, what they were over one another.
    fn settle(versions: &mut Vec<Past<'_, Self>>);
}

/// The next row of a table.
enum Table<'a, D: Dir, R: Row> {
    Memtable { memtable: &'a Memtable, rows: Vec<R::InMemory>, at: usize },
    Segment { file: &'a SegmentFile<D>, at: u32 },
}

/// Reads tables key by key.
pub(super) struct Chains<'a, D: Dir, R: Row> {
    seed: u64,
    /// Newest first.
    tables: Vec<Table<'a, D, R>>,
}

impl<'a, D: Dir, R: Versioned> Chains<'a, D, R> {
    /// Starts at the first rows of all tables, newest table first.
    pub(super) fn new(
        seed: u64,
        memtable: Option<&'a Memtable>,
        segments: &[&'a SegmentFile<D>],
    ) -> Self {
        let memtable = memtable.into_iter().map(|memtable| {
            let rows = R::sorted(memtable, u64::MAX);
            Table::Memtable { memtable, rows, at: 0 }
        });
        let segments = segments.iter().map(|file| Table::Segment { file, at: 0 });
        Self { seed, tables: memtable.chain(segments).collect() }
    }

    /// The versions of the next key, newest first. Says whether there was one.
    pub(super) fn next(&mut self, versions: &mut Vec<Past<'a, R>>) -> Result<bool> {
        versions.clear();
        let mut keys = Vec::with_capacity(self.tables.len());
        for table in &self.tables {
            let key = |record: R| (placement(self.seed, record.place()), record.rank());
            keys.push(table.head()?.map(key));
        }
        let Some(first) = keys.iter().flatten().min().copied() else { return Ok(false) };
        let mut met = 0;
        for (number, (table, key)) in self.tables.iter_mut().zip(&keys).enumerate() {
            if *key == Some(first) {
                met += 1;
                table.take(number, versions)?;
            }
        }
        if met > 1 {
            R::settle(versions);
        }
        Ok(true)
    }
}

impl<'a, D: Dir, R: Versioned> Table<'a, D, R> {
    fn head(&self) -> Result<Option<R>> {
        match self {
            Self::Memtable { memtable, rows, at } => {
                Ok(rows.get(*at).map(|row| R::in_memory(memtable, *row).record))
            }
            Self::Segment { file, at } if *at < R::count(file) => {
                Ok(R::read(file, *at..*at + 1)?.first().copied())
            }
            Self::Segment { .. } => Ok(None),
        }
    }

    fn take(&mut self, number: usize, versions: &mut Vec<Past<'a, R>>) -> Result<()> {
        let mut push = |record, home| versions.push(Past { record, home, table: number });
        match self {
            Self::Memtable { memtable, rows, at } => {
                R::of_memtable(memtable, rows[*at], push);
                *at += 1;
            }
            Self::Segment { file, at } => {
                let newest = R::read(file, *at..*at + 1)?;
                let older = R::older(file, *at)?;
                newest.iter().chain(older).for_each(|record| push(*record, Home::Segments));
                *at += 1;
            }
        }
        Ok(())
    }
}

impl Versioned for ConceptRecord {
    fn of_memtable<'a>(
        memtable: &'a Memtable,
        row: Self::InMemory,
        mut each: impl FnMut(Self, Home<'a>),
    ) {
        for found in memtable.concept_versions(row) {
            each(found.record, Home::Memtable(memtable, found.payload));
        }
    }

    fn older<D: Dir>(file: &SegmentFile<D>, row: u32) -> Result<&[Self]> {
        Ok(file.segment.concept_versions(row)?)
    }

    /// Changes of a newer table are folded into what the older ones left.
    fn settle(versions: &mut Vec<Past<'_, Self>>) {
        let mut settled: Vec<Past<'_, Self>> = Vec::with_capacity(versions.len());
        let (mut base, mut table): (Option<Past<'_, Self>>, _) = (None, usize::MAX);
        for mut version in versions.drain(..).rev() {
            if version.table != table {
                (base, table) = (settled.last().cloned(), version.table);
            }
            if let Some(base) = base.as_ref().filter(|_| version.record.is_delta()) {
                if base.record.is_tombstone() {
                    continue; // What is deleted cannot be touched.
                }
                let mut record = base.record;
                fold(&mut record, &version.record);
                (version.record, version.home) = (record, base.home);
            }
            settled.push(version);
        }
        settled.reverse();
        *versions = settled;
    }
}

impl Versioned for AssociationRecord {
    fn of_memtable<'a>(
        memtable: &'a Memtable,
        row: Self::InMemory,
        mut each: impl FnMut(Self, Home<'a>),
    ) {
        memtable.association_versions(row).for_each(|record| each(record, Home::Segments));
    }

    fn older<D: Dir>(file: &SegmentFile<D>, row: u32) -> Result<&[Self]> {
        Ok(file.segment.association_versions(row)?)
    }

    fn settle(_: &mut Vec<Past<'_, Self>>) {}
}
