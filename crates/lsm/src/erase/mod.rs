//! Erasing: no file of the store holds a byte any more of what concepts said.
//!
//! A deletion hides, and merges drop what is hidden in their time; texts and vectors stay where they
//! lie as long as others need the file. To erase, all of that happens at once: the deletion is
//! committed, the journals that had the texts are flushed and removed, and all segments become one
//! that shares no byte with them. Then the files are read, every byte of them, and searched for what
//! was erased.
//!
//! Invariants:
//! * What is to be looked for is taken from every row of every file and memtable, also from those
//!   that newer ones hide: earlier texts of a concept go with the last one.
//! * Each step leaves a store that is whole. After a failure or a power cut the concepts are there
//!   or deleted; erasing them again does the rest, also of those that are deleted already.

mod needles;
mod search;

use std::collections::HashSet;
use std::path::PathBuf;

use sutra_format::{ConceptId, ConceptRecord};
use sutra_fs::{Dir, Name};

use crate::batch::WriteBatch;
use crate::config::Durability;
use crate::error::Result;
use crate::files::{FileRole, role_of};
use crate::snapshot::{Home, Snapshot, entries_of, vector_of};
use crate::tree::{Inner, LsmTree};
use crate::version::Version;

use needles::{Needles, Part};

/// Concepts that are deleted in one commit.
const CONCEPTS_OF_A_COMMIT: usize = 65_536;

/// What [`LsmTree::erase`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EraseReport {
    /// Concepts that were there and are not any more.
    pub concepts: u64,
    /// Associations that touched them.
    pub associations: u64,
    /// Texts, vectors and ids, earlier ones included, that were looked for in the files.
    pub searched: u64,
    /// Of these, so many stand there still, since something that stays has the same, or contains it.
    pub shared: u64,
    /// Parts that were not looked for, since they stand everywhere by chance: texts of less than 8
    /// bytes, vectors of less than 4 dimensions, and those of nearly the same byte all over.
    pub too_plain: u64,
    /// Bytes of files that were searched.
    pub bytes_searched: u64,
    /// Files with what was erased that the store does not need and that are still there: a snapshot
    /// reads them, or they could not be removed. Drop all snapshots and erase again, or close the
    /// store and open it for writing.
    pub pending_files: Vec<PathBuf>,
}

impl EraseReport {
    /// Whether all that was erased is gone from all files.
    pub fn is_complete(&self) -> bool {
        self.pending_files.is_empty()
    }
}

impl<D: Dir> LsmTree<D> {
    /// Erases concepts: deletes them and all associations that touch them, with the texts and vectors
    /// of both and every earlier version, rewrites all files of the store without them, and then
    /// proves it: reads every byte of the segments and journals and looks for each erased text,
    /// vector and id. A concept that is deleted already, or never was, can be erased all the same.
    ///
    /// Costs about three times the size of the store in reading, its size in writing and, until the
    /// old files are gone, its size in room on the disk; and memory for what is erased. Others read
    /// and commit meanwhile.
    ///
    /// Fails with [`NotErased`](crate::LsmError::NotErased) if a file still has something that
    /// nothing in the store explains. If it fails otherwise, or the power does, the concepts are
    /// there or deleted, at most 65,536 in one commit, and perhaps not erased: call it again.
    ///
    /// Not promised, since no file of the store shows it: that the disk overwrites blocks that were
    /// freed; that backups made before, or other files that were made of the store, change; that
    /// readers in other processes let go of files which they have mapped. Numbers that were made of
    /// many rows, such as the centroids of vectors, are made anew without the erased ones. Who
    /// puts the same text or names the same id again while this runs, keeps it.
    pub fn erase(&self, ids: &[ConceptId]) -> Result<EraseReport> {
        let inner = &*self.inner;
        inner.check_writable()?;
        let mut erasure = Erasure::new(ids);
        if erasure.ids.is_empty() {
            return Ok(erasure.report);
        }
        let before = inner.snapshot();
        erasure.count(&before)?;
        erasure.note_memtables(&before)?;
        drop(before);
        for part in ids.chunks(CONCEPTS_OF_A_COMMIT) {
            let mut batch = WriteBatch::new();
            part.iter().for_each(|id| batch.delete_concept(*id));
            self.commit(batch, Durability::Sync)?;
        }
        erasure.note_memtables(&inner.snapshot())?;
        let _turn = inner.compacting.lock();
        inner.flush_all()?;
        let version = inner.version.load_full();
        erasure.note_files(&version)?;
        inner.rewrite(&version, &erasure.rows)?;
        drop(version); // It holds the old files.
        let names = inner.files_in_use(&mut erasure.report.pending_files)?;
        erasure.prove(self, &names)
    }
}

/// What is erased, and what became of it.
struct Erasure {
    ids: HashSet<ConceptId>,
    /// These, and the facts of associations that touch them: of a fact perhaps only its deletion is
    /// left in history, which does not say whose it was.
    rows: HashSet<ConceptId>,
    needles: Needles,
    report: EraseReport,
}

impl Erasure {
    fn new(ids: &[ConceptId]) -> Self {
        let mut needles = Needles::default();
        ids.iter().for_each(|id| needles.add(Part::Id, id.as_bytes()));
        let report = EraseReport::default();
        let ids: HashSet<_> = ids.iter().copied().collect();
        Self { rows: ids.clone(), ids, needles, report }
    }

    /// Counts what is visible.
    fn count<D: Dir>(&mut self, snapshot: &Snapshot<D>) -> Result<()> {
        for id in &self.ids {
            self.report.concepts += u64::from(snapshot.concept(id)?.is_some());
            let outgoing = snapshot.outgoing(id)?;
            let incoming = snapshot.incoming(id)?;
            // One between two that are both erased is counted where it starts.
            let others = incoming.iter().filter(|record| !self.ids.contains(&record.source));
            self.report.associations += (outgoing.len() + others.count()) as u64;
        }
        Ok(())
    }

    /// Notes what all versions in memory say.
    fn note_memtables<D: Dir>(&mut self, snapshot: &Snapshot<D>) -> Result<()> {
        for memtable in &snapshot.version.memtables {
            for number in 0.. {
                let Some(logged) = memtable.logged(number, snapshot.seq()) else { break };
                let home = Home::Memtable(memtable, logged.found.payload);
                if logged.found.complete {
                    self.note(&logged.found.record, home, &snapshot.version)?;
                }
            }
        }
        Ok(())
    }

    /// Notes what all rows in files say, those included whose place is taken by newer ones.
    fn note_files<D: Dir>(&mut self, version: &Version<D>) -> Result<()> {
        for file in &version.files {
            for record in file.segment.iter_concepts()?.chain(file.segment.older_concepts()?) {
                if !record.is_delta() {
                    self.note(record, Home::Segments, version)?;
                }
            }
        }
        Ok(())
    }

    fn note<D: Dir>(
        &mut self,
        record: &ConceptRecord,
        home: Home<'_>,
        version: &Version<D>,
    ) -> Result<()> {
        if record.is_tombstone() || !(record.is_fact() || self.ids.contains(&record.id)) {
            return Ok(());
        }
        // Of a row whose place is taken, the file with its text may be gone.
        let is_there =
            |segment| matches!(home, Home::Memtable(..)) || version.file(segment).is_some();
        let mut is_meant = self.ids.contains(&record.id);
        if record.text_bytes() > 0 && is_there(record.content_segment.get()) {
            let text = record.split_text(entries_of(record, home, version)?);
            let text = text.map_err(|error| version.misfit(record, error))?;
            is_meant |= text.fact_key().is_some_and(|key| {
                self.ids.contains(&key.source) || self.ids.contains(&key.target)
            });
            if is_meant {
                self.rows.insert(record.id);
                self.needles.add(Part::Id, record.id.as_bytes());
                let content = text.content.unwrap_or_default().as_bytes();
                let key = if record.is_fact() { Part::FactKey } else { Part::Text };
                self.needles.add(Part::Text, content);
                self.needles.add(Part::Text, text.attributes);
                self.needles.add(key, text.key);
            }
        }
        if is_meant && record.has_vector() && is_there(record.vector_segment.get()) {
            let vector = vector_of(record, home, version)?.unwrap_or_default();
            self.needles.add(Part::Vector, bytemuck::cast_slice(vector));
        }
        Ok(())
    }

    fn prove<D: Dir>(self, tree: &LsmTree<D>, names: &[Name]) -> Result<EraseReport> {
        let Self { needles, mut report, .. } = self;
        let mut found = search::Found::new();
        report.bytes_searched =
            search::search_files(&*tree.inner.dir, names, &needles, &mut found)?;
        report.searched = needles.all().len() as u64;
        report.too_plain = needles.too_plain;
        report.shared = search::explain(&tree.inner.snapshot(), &needles, found)?;
        let EraseReport { concepts, searched, shared, .. } = report;
        let pending = report.pending_files.len();
        tracing::info!(concepts, searched, shared, pending, "concepts erased");
        Ok(report)
    }
}

impl<D: Dir> Inner<D> {
    /// The names in the directory, but for the files of a store that this one does not need any
    /// more, which are put into `pending`. Names that were removed stay so from here on.
    fn files_in_use(&self, pending: &mut Vec<PathBuf>) -> Result<Vec<Name>> {
        // Nobody makes a file meanwhile: no commit begins a journal, nothing waits to be flushed,
        // and merging is the caller's.
        let _writer = self.writer()?;
        let ledger = self.wait_for_flush()?;
        let version = self.version.load();
        let mut names = self.dir.list()?;
        names.retain(|name| {
            let is_needed = match role_of(name) {
                FileRole::Segment(id) => version.file(id).is_some(),
                FileRole::Journal(id) => {
                    ledger.active_journal.is_some_and(|journal| journal.journal_id == id)
                }
                FileRole::Staged => false,
                FileRole::Manifest | FileRole::Lock | FileRole::Foreign => true,
            };
            if !is_needed {
                pending.push(self.dir.path(name));
            }
            is_needed
        });
        self.dir.sync()?;
        Ok(names)
    }
}
