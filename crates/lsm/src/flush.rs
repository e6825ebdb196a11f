//! A sealed memtable becomes a segment of level 0.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use sutra_format::segment::SegmentFlags;
use sutra_fs::{Dir, Name};
use sutra_manifest::SegmentMetadata;
use sutra_segment::SegmentSummary;

use crate::error::{LsmError, Result};
use crate::files::{SegmentFile, journal_name, segment_name};
use crate::memtable::Memtable;
use crate::output::{Filter, Input, Label, Stop, Words};
use crate::planted::{self, Bug};
use crate::readback::{Written, unfaithful};
use crate::sync::AtomicBool;
use crate::tree::{Inner, JournalStart, LsmTree, Sealed};
use crate::version::Version;

impl<D: Dir> LsmTree<D> {
    /// Writes what is in memory as a segment, and waits until it is durable. Does nothing if
    /// nothing is in memory.
    pub fn flush(&self) -> Result<()> {
        self.inner.check_writable()?;
        self.inner.flush_all()
    }

    /// Seals the active segment: what is in memory becomes a segment of level 0, and later
    /// commits go into a new one.
    pub fn rotate_active_segment(&self) -> Result<()> {
        self.flush()
    }
}

impl<D: Dir> Inner<D> {
    /// Flushes every memtable. No commit comes between.
    pub(crate) fn flush_all(&self) -> Result<()> {
        let mut writer = self.writer()?;
        self.poison.check()?;
        drop(self.wait_for_flush()?);
        let Some(mut journal) =
            writer.journal.take_if(|_| !self.version.load().active().is_empty())
        else {
            return Ok(());
        };
        // If flushing fails, a restart must find in the journal what was only buffered so far.
        if let Err(error) = journal.sync() {
            self.poison.set(&error.to_string());
            return Err(error.into());
        }
        let mut ledger = self.ledger.lock();
        let start = ledger.active_journal.take().expect("a journal is in the ledger");
        let version = self.version.load();
        let (memtable, synced) = (version.active().clone(), journal.synced_upto());
        ledger.sealed.push_back(Sealed { memtable, journal: start, synced });
        let mut memtables = vec![self.new_memtable()];
        memtables.extend(version.memtables.iter().cloned());
        self.version.store(Arc::new(version.with_memtables(memtables)));
        drop(ledger);
        drop(self.wait_for_flush()?);
        Ok(())
    }

    /// What closing does: leaves a store that opens without any journal.
    pub(crate) fn retire(&self) -> Result<()> {
        if !planted::is(Bug::ClosedWithoutFlush) {
            self.flush_all()?;
        }
        let mut writer = self.writer()?;
        if writer.journal.take().is_none() {
            return Ok(());
        }
        // The journal is empty: nothing was committed since it was begun.
        let mut ledger = self.ledger.lock();
        let old = ledger.active_journal.take();
        let mut manifest = ledger.manifest.clone();
        manifest.journal_floor = None;
        self.publish(&mut ledger, manifest)?;
        self.remove_journal(old);
        Ok(())
    }

    /// Flushes the oldest sealed memtable; says whether there was one.
    pub(crate) fn flush_step(&self) -> Result<bool> {
        let _turn = self.flushing.lock();
        self.poison.check()?;
        let (sealed, segment_id) = {
            let mut ledger = self.ledger.lock();
            let Some(sealed) = ledger.sealed.front().cloned() else { return Ok(false) };
            (sealed, ledger.allocate_id())
        };
        let start = Instant::now();
        let written = self.write_memtable(&sealed.memtable, segment_id)?;
        let past_id = {
            let mut ledger = self.ledger.lock();
            let is_kept = ledger.manifest.history.is_some() && !planted::is(Bug::HistoryNotFlushed);
            is_kept.then(|| ledger.allocate_id())
        };
        self.install_flush(&sealed, written.as_ref(), past_id).inspect_err(|_| {
            [Some(segment_id), past_id].into_iter().flatten().for_each(|id| {
                self.give_up(&segment_name(id));
            });
        })?;
        let bytes = written.as_ref().map_or(0, |written| written.summary.file_length);
        tracing::debug!(segment_id, bytes, took = ?start.elapsed(), "memtable flushed");
        self.progress.notify_all();
        Ok(true)
    }

    /// Writes a memtable as a segment file that no manifest names yet.
    pub(crate) fn write_memtable(
        &self,
        memtable: &Memtable,
        segment_id: u32,
    ) -> Result<Option<Written>> {
        let version = self.version.load_full();
        self.write_memtable_over(&version, memtable, segment_id)
    }

    pub(crate) fn write_memtable_over(
        &self,
        version: &Version<D>,
        memtable: &Memtable,
        segment_id: u32,
    ) -> Result<Option<Written>> {
        let never = AtomicBool::new(false);
        let input = Input {
            version,
            memtable: Some(memtable),
            segments: Vec::new(),
            bottom: version.segments.is_empty() || planted::is(Bug::TombstonesDroppedInFlush),
            words: Words::AsUsual,
            cancel: &never,
        };
        let label = Label {
            segment_id,
            store_id: self.store_id,
            created_at: self.environment.now(),
            compacted_at: 0,
            min_seq: memtable.min_seq().unwrap_or_default(),
            max_seq: memtable.max_seq().unwrap_or_default(),
        };
        let write = || -> std::result::Result<_, Stop> {
            let filter = Filter::new(&input)?;
            let survey = filter.survey()?;
            filter.write(&self.dir, &label, &survey, &BTreeSet::new())
        };
        match write() {
            Ok(written) => {
                let bytes = written.as_ref().map_or(0, |written| written.summary.file_length);
                self.counters.flush(bytes);
                Ok(written)
            }
            Err(Stop::Failed(error)) => Err(error),
            Err(Stop::Cancelled) => unreachable!("a flush is never called off"),
        }
    }

    /// Opens a file that was just written, once it proves to be what was put into it. If it does
    /// not, nobody knows what else this machine gets wrong: nothing more is written.
    pub(crate) fn open_written(
        &self,
        written: &Written,
        level: u32,
    ) -> Result<(SegmentMetadata, SegmentFile<D>)> {
        let (meta, start) = (metadata(&written.summary, level), Instant::now());
        let opened = SegmentFile::open(&self.dir, &meta, self.store_id).map_err(unfaithful);
        let confirmed = opened.and_then(|file| written.confirm(&file.segment).map(|()| file));
        match confirmed {
            Ok(file) => {
                let (segment_id, took) = (meta.segment_id, start.elapsed());
                tracing::debug!(segment_id, ?took, "segment read again");
                Ok((meta, file))
            }
            Err(error) => {
                if matches!(error, LsmError::Miswritten { .. }) {
                    self.give_up(&segment_name(meta.segment_id));
                    self.poison.set(&error.to_string());
                }
                Err(error)
            }
        }
    }

    /// Writes the history of a memtable, and opens the file.
    fn history_of(
        &self,
        version: &Version<D>,
        memtable: &Memtable,
        current: Option<&SegmentFile<D>>,
        segment_id: u32,
    ) -> Result<Option<(SegmentMetadata, SegmentFile<D>)>> {
        let written = self.write_history(version, memtable, current, segment_id)?;
        written.map(|written| self.open_written(&written, 0)).transpose()
    }

    /// Shows what a memtable became. With an id for it, its history is written first.
    fn install_flush(
        &self,
        sealed: &Sealed,
        written: Option<&Written>,
        past_id: Option<u32>,
    ) -> Result<()> {
        let opened = written.map(|written| self.open_written(written, 0)).transpose()?;
        let current = opened.as_ref().map(|(_, file)| file);
        let past = match past_id {
            Some(id) => self.history_of(&self.version.load(), &sealed.memtable, current, id)?,
            None => None,
        };
        let (metas, flushed): (Vec<_>, Vec<_>) = opened.into_iter().chain(past).unzip();
        let mut ledger = self.ledger.lock();
        let next = ledger.sealed.get(1).map(|sealed| sealed.journal).or(ledger.active_journal);
        let mut manifest = ledger.manifest.clone();
        if !planted::is(Bug::LastSequenceForgotten) {
            manifest.last_seq = sealed.memtable.max_seq().unwrap_or(manifest.last_seq);
        }
        manifest.journal_floor = next.map(|journal| journal.journal_id);
        metas.into_iter().for_each(|meta| manifest.add_segment(meta));
        let version = self.version.load();
        let mut memtables = version.memtables.clone();
        memtables.retain(|memtable| !Arc::ptr_eq(memtable, &sealed.memtable));
        let files = version.files.iter().cloned().chain(flushed).collect();
        let version = Version::new(version.spaces.clone(), memtables, files)?;
        if planted::is(Bug::JournalRemovedEarly) {
            self.remove_journal(Some(sealed.journal));
        }
        self.publish(&mut ledger, manifest)?;
        self.version.store(Arc::new(version));
        ledger.sealed.pop_front();
        ledger.trouble = None;
        self.remove_journal(Some(sealed.journal));
        Ok(())
    }

    /// Removes a journal that no manifest names any more.
    pub(crate) fn remove_journal(&self, journal: Option<JournalStart>) {
        if let Some(journal) = journal {
            // What cannot be removed now is an orphan, which the next writer removes at open.
            let _ = self.dir.remove(&journal_name(journal.journal_id));
        }
    }
}

/// What the manifest says of a segment that was just written.
pub(crate) fn metadata(summary: &SegmentSummary, level: u32) -> SegmentMetadata {
    let header = &summary.header;
    let id = header.segment_id.get();
    let name: Name = segment_name(id);
    SegmentMetadata {
        concept_count: header.concepts.count.get(),
        association_count: header.associations.count.get(),
        file_size: summary.file_length,
        created_at: header.created_at.get(),
        compacted_at: header.compacted_at.get(),
        min_seq: header.min_seq.get(),
        max_seq: header.max_seq.get(),
        header_crc: header.header_crc.get(),
        history: header.flags.get() & SegmentFlags::HISTORY != 0,
        ..SegmentMetadata::new(id, PathBuf::from(name.as_str()), level)
    }
}
