//! Which rows of a segment a reader may find: those that no newer table hides.
//!
//! Indexes find rows; whether a row counts is looked up, in every newer segment and memtable. What the
//! segments say of a row stays true as long as a version lives, so it is remembered there, two bits a
//! row; nothing is prepared when a store is opened, and a row that nobody finds costs nothing.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use sutra_format::{AssociationKind, AssociationRecord, ConceptRecord};
use sutra_fs::Dir;

use crate::error::Result;
use crate::memtable::zeroed;
use crate::snapshot::{Concept, Home, Snapshot};

/// What is known of the rows of all segments of a version, as far as the segments decide it.
#[derive(Debug)]
pub(crate) struct Liveness {
    segments: Box<[OnceLock<Box<[AtomicU64]>>]>,
}

/// Rows whose state is in one word.
const ROWS_PER_WORD: u32 = 32;
const LIVE: u64 = 1;
const DEAD: u64 = 2;

impl Liveness {
    /// Nothing is known yet.
    pub(crate) fn new(segments: usize) -> Self {
        Self { segments: (0..segments).map(|_| OnceLock::new()).collect() }
    }

    fn word(&self, segment: usize, row: u32, rows: u32) -> Option<&AtomicU64> {
        let words = self.segments.get(segment)?;
        let words = words.get_or_init(|| zeroed(rows.div_ceil(ROWS_PER_WORD) as usize));
        words.get((row / ROWS_PER_WORD) as usize)
    }
}

impl<D: Dir> Snapshot<D> {
    /// Whether a row of a segment is what the snapshot sees of its concept, touches apart. A row that
    /// was asked for before costs a bit and, while something is in memory, a look-up there.
    pub(crate) fn is_row_live(&self, segment: usize, row: u32) -> Result<bool> {
        let version = &self.version;
        let Some(file) = version.segments.get(segment) else { return Ok(false) };
        let record = file.segment.concept(row)?;
        let shift = row % ROWS_PER_WORD * 2;
        // A word that somebody else writes to meanwhile loses nothing: bits are only ever added.
        let word = version.liveness.word(segment, row, file.concept_rows());
        let known = word.map_or(0, |word| word.load(Ordering::Relaxed) >> shift & (LIVE | DEAD));
        let lives = if known == 0 {
            let lives = self.segments_leave(segment, record)?;
            if let Some(word) = word {
                word.fetch_or(if lives { LIVE } else { DEAD } << shift, Ordering::Relaxed);
            }
            lives
        } else {
            known == LIVE
        };
        let lives = lives && self.memtables_leave(record, usize::MAX);
        Ok(lives && (!record.is_fact() || self.is_fact_held(record, Home::Segments)?))
    }

    /// The concept of a row that [lives](Self::is_row_live), with what newer tables changed of it.
    pub(crate) fn live_row(&self, segment: usize, row: u32) -> Result<Option<Concept<'_, D>>> {
        let record = self.version.segments[segment].segment.concept(row)?;
        let is_newest = segment == 0 && self.version.memtables.iter().all(|m| m.is_empty());
        if is_newest {
            return Ok(Some(self.wrap(*record, Home::Segments)));
        }
        self.concept(&record.id)
    }

    /// Whether no segment newer than `segment` hides one of its rows.
    fn segments_leave(&self, segment: usize, record: &ConceptRecord) -> Result<bool> {
        if record.is_tombstone() || record.is_delta() {
            return Ok(false);
        }
        let version = &self.version;
        let hash = version.hash(&record.id);
        for newer in &version.segments[..segment] {
            if newer.segment.find_concept(hash, &record.id)?.is_some_and(|found| !found.is_delta())
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether none of the first `newer` memtables hides a row of an older table.
    pub(crate) fn memtables_leave(&self, record: &ConceptRecord, newer: usize) -> bool {
        let memtables = || self.version.memtables.iter().take(newer).filter(|m| !m.is_empty());
        if memtables().next().is_none() {
            return true;
        }
        let (hash, id) = (self.version.hash(&record.id), &record.id);
        !memtables().any(|m| m.concept(hash, id, self.seq()).is_some_and(|found| found.complete))
    }

    /// Whether a fact has its association still. It may be gone with one of its ends, which leaves the
    /// row of the fact as it is.
    pub(crate) fn is_fact_held(&self, record: &ConceptRecord, home: Home<'_>) -> Result<bool> {
        Ok(self.association_of(&self.wrap(*record, home))?.is_some())
    }

    /// The association whose text a concept carries, unless that is gone.
    pub fn association_of(&self, concept: &Concept<'_, D>) -> Result<Option<AssociationRecord>> {
        let Some(key) = concept.text()?.fact_key() else { return Ok(None) };
        let kind = AssociationKind::from_code(key.kind.get());
        let association = self.association(&key.source, kind, &key.target)?;
        Ok(association.filter(|association| association.fact_id().is_some()))
    }
}
