//! What a crash left behind: commits that are only in journals, and files that nothing names.
//!
//! The order of recovery, which is safe to repeat from any point of it:
//! 1. Journals are replayed, from the one that the manifest names, each one naming the next, and
//!    become segments. No journal is appended to again: what the system's cache shows of a file
//!    whose sync once failed need not be on its disk, and now it is there a second time.
//! 2. Segments are removed that were there before and are not named: of what is in them, the journals
//!    had what lasts.
//! 3. One manifest names the new segments and no journal.
//! 4. Files that it does not name are removed. If there are any and no journal was replayed, the
//!    manifest is published again before that: the sync of its name may have failed, and one that
//!    works now would say nothing of it.

use std::collections::BTreeSet;

use sutra_fs::{Dir, Name};
use sutra_manifest::{Manifest, SegmentMetadata};

use crate::error::{LsmError, Result};
use crate::files::{FileRole, SegmentFile, journal_name, role_of};
use crate::journal::{self, CommitBody, End, Identity, Replayed, ReplayedFrame};
use crate::memtable::Memtable;
use crate::planted::{self, Bug};
use crate::strays;
use crate::tree::{Durable, Inner, JournalStart, LsmTree};
use crate::version::Version;

/// What opening a store for writing found in its journals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Commits that were replayed.
    pub commits: u64,
    /// Bytes behind the last commit that a crash cut off. They were never acknowledged as
    /// durable.
    pub torn_bytes: u64,
    /// Files that were removed because nothing names them.
    pub orphans: usize,
}

impl<D: Dir> LsmTree<D> {
    /// What opening found in the journals.
    pub fn recovery(&self) -> Recovery {
        self.inner.ledger.lock().recovered
    }
}

/// The journal with which replay begins.
pub(crate) fn first_journal(manifest: &Manifest) -> Option<JournalStart> {
    let journal_id = manifest.journal_floor?;
    Some(JournalStart { journal_id, first_seq: manifest.last_seq + 1 })
}

/// The journals of a store, read one after the other.
pub(crate) struct Replay<'a, D> {
    pub(crate) dir: &'a D,
    pub(crate) manifest: &'a Manifest,
}

/// What the journals of a store hold together.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) commits: u64,
    pub(crate) torn_bytes: u64,
    pub(crate) next_seq: u64,
    /// Every journal that was read.
    pub(crate) journals: BTreeSet<u32>,
    /// The same, with where the commits in it end.
    pub(crate) parts: Vec<Durable>,
}

impl<D: Dir> Replay<'_, D> {
    /// Gives every commit since `start` to `each`, in order.
    pub(crate) fn run(
        &self,
        start: JournalStart,
        mut each: impl FnMut(ReplayedFrame) -> Result<()>,
    ) -> Result<Log> {
        let mut identity = self.identity(start);
        let mut log = Log::default();
        loop {
            if !log.journals.insert(identity.journal_id) {
                return Err(self.inconsistent(identity.journal_id, "follows itself"));
            }
            let Replayed { end, next_seq, commits, offset } =
                journal::replay(self.dir, &identity, &mut each)?;
            let Identity { journal_id, first_seq, .. } = identity;
            let journal = JournalStart { journal_id, first_seq };
            log.parts.push(Durable { journal, upto: offset });
            log.commits += commits;
            log.next_seq = next_seq;
            match end {
                End::Sealed { .. } if planted::is(Bug::NextJournalForgotten) => return Ok(log),
                End::Sealed { next_journal } => {
                    identity = self
                        .identity(JournalStart { journal_id: next_journal, first_seq: next_seq });
                }
                End::Torn(leftover) => {
                    log.torn_bytes = leftover.bytes;
                    return Ok(log);
                }
                End::Clean => return Ok(log),
            }
        }
    }

    fn identity(&self, start: JournalStart) -> Identity {
        Identity {
            journal_id: start.journal_id,
            store_id: self.manifest.store_id,
            hash_seed: self.manifest.hash_seed,
            first_seq: start.first_seq,
        }
    }

    fn inconsistent(&self, journal_id: u32, reason: &str) -> LsmError {
        let path = self.dir.path(&journal_name(journal_id));
        LsmError::Inconsistent { path, reason: reason.to_owned() }
    }
}

pub(crate) fn has_room(memtable: &Memtable, body: &CommitBody) -> bool {
    let (concepts, associations) = (body.concepts.len(), body.associations.len());
    !memtable.is_full() && memtable.has_room(concepts, associations, body.payload.len())
        || memtable.is_empty()
}

pub(crate) fn apply(memtable: &Memtable, frame: ReplayedFrame) {
    let ReplayedFrame { first_seq, commit_time, body, .. } = frame;
    let last_seq = first_seq + body.record_count().saturating_sub(1);
    memtable
        .apply(first_seq, &body.concepts, &body.associations, body.payload)
        .expect("room was asked for");
    memtable.committed(last_seq, if planted::is(Bug::TimesForgotten) { 0 } else { commit_time });
}

impl<D: Dir> Inner<D> {
    /// Brings the store to where no journal is needed.
    pub(crate) fn recover(&self) -> Result<()> {
        let mut ledger = self.ledger.lock();
        let mut manifest = ledger.manifest.clone();
        let names = self.dir.list()?;
        names.iter().for_each(|name| match role_of(name) {
            FileRole::Segment(id) | FileRole::Journal(id) => manifest.skip_segment_id(id),
            _ => {}
        });
        let mut journals = BTreeSet::new();
        if let Some(start) = first_journal(&manifest) {
            let log = self.replay_into_segments(&mut manifest, start)?;
            journals.clone_from(&log.journals);
            ledger.recovered.commits = log.commits;
            ledger.recovered.torn_bytes = log.torn_bytes;
            let (journals, commits, torn_bytes) = (log.journals.len(), log.commits, log.torn_bytes);
            tracing::info!(journals, commits, torn_bytes, "journals of the last session replayed");
            manifest.last_seq = log.next_seq - 1;
            manifest.journal_floor = None;
        }
        if !planted::is(Bug::StraysUnchecked) {
            strays::check(&*self.dir, &names, &ledger.manifest, &journals, manifest.last_seq)?;
        }
        if ledger.manifest.journal_floor.is_some() {
            let files = crate::open::open_files(&self.dir, &manifest)?;
            let current = self.version.load();
            let (spaces, memtables) = (current.spaces.clone(), current.memtables.clone());
            let version = Version::new(spaces, memtables, files)?;
            let last_seq = manifest.last_seq;
            if planted::is(Bug::OrphansRemovedEarly) {
                self.remove_orphans(&manifest)?;
            }
            ledger.recovered.orphans = self.remove_unnamed(&names, &manifest)?;
            self.publish(&mut ledger, manifest)?;
            self.version.store(version.into());
            self.visible.store(last_seq, std::sync::atomic::Ordering::Release);
            if !planted::is(Bug::SequenceReused) {
                self.writer()?.next_seq = last_seq + 1;
            }
        } else if manifest.last_seq == 0 {
            // Who made the store may have failed to make the manifest durable: without it, what is
            // written next would be parts of a store and no store.
            self.publish(&mut ledger, manifest)?;
        } else {
            ledger.manifest = manifest; // But for the next id it is as published.
            if !self.orphans(&ledger.manifest)?.is_empty()
                && !planted::is(Bug::OrphansRemovedUnsynced)
            {
                // Who published it may have been killed, or failed, before its name was durable,
                // and a sync that works now says nothing of one that failed then.
                let manifest = ledger.manifest.clone();
                self.publish(&mut ledger, manifest)?;
            }
        }
        ledger.recovered.orphans += self.remove_orphans(&ledger.manifest)?;
        Ok(())
    }

    /// Replays the journals; each memtable full of commits becomes a segment of level 0.
    fn replay_into_segments(&self, manifest: &mut Manifest, start: JournalStart) -> Result<Log> {
        let before = manifest.clone();
        let mut memtable = self.new_memtable();
        let mut metas: Vec<SegmentMetadata> = Vec::new();
        let mut files: Vec<SegmentFile<D>> = Vec::new();
        let mut flush = |memtable: &Memtable, manifest: &mut Manifest| -> Result<()> {
            let current = self.version.load();
            let all = current.files.iter().chain(&files).cloned().collect();
            let version = Version::new(current.spaces.clone(), current.memtables.clone(), all)?;
            let id = manifest.allocate_segment_id();
            if let Some(written) = self.write_memtable_over(&version, memtable, id)? {
                let (meta, file) = self.open_written(&written, 0)?;
                files.push(file);
                metas.push(meta);
            }
            if before.history.is_some() && !planted::is(Bug::HistoryNotRecovered) {
                let current = files.last().filter(|file| file.segment.id() == id);
                let history_id = manifest.allocate_segment_id();
                let written = self.write_history(&version, memtable, current, history_id)?;
                if let Some(written) = written {
                    let (meta, file) = self.open_written(&written, 0)?;
                    files.push(file);
                    metas.push(meta);
                }
            }
            Ok(())
        };
        let replay = Replay { dir: &*self.dir, manifest: &before };
        let log = replay.run(start, |frame| {
            if !has_room(&memtable, &frame.body) {
                flush(&memtable, manifest)?;
                memtable = self.new_memtable();
            }
            apply(&memtable, frame);
            Ok(())
        })?;
        if !memtable.is_empty() {
            flush(&memtable, manifest)?;
        }
        metas.into_iter().for_each(|meta| manifest.add_segment(meta));
        Ok(log)
    }

    /// The files that no manifest names.
    fn orphans(&self, manifest: &Manifest) -> Result<Vec<Name>> {
        let is_orphan = |name: &Name| match role_of(name) {
            FileRole::Segment(id) => manifest.segment(id).is_none(),
            FileRole::Journal(_) | FileRole::Staged => true,
            FileRole::Manifest | FileRole::Lock | FileRole::Foreign => false,
        };
        Ok(self.dir.list()?.into_iter().filter(is_orphan).collect())
    }

    /// Removes segments of `before` that `manifest`, which is not published yet, does not name; says how
    /// many. Who wrote them was stopped before they were published. They may hold commits of which a power
    /// cut left nothing in the journal, and behind a manifest that leads to no journal nobody could tell
    /// them from what was promised. Publishing syncs the directory before the manifest gets its name.
    fn remove_unnamed(&self, before: &[Name], manifest: &Manifest) -> Result<usize> {
        let is_unnamed = |name: &&Name| match role_of(name) {
            FileRole::Segment(id) => manifest.segment(id).is_none(),
            _ => false,
        };
        let unnamed: Vec<_> = before.iter().filter(is_unnamed).collect();
        if planted::is(Bug::OrphansKept) {
            return Ok(0);
        }
        unnamed.iter().try_for_each(|name| self.dir.remove(name))?;
        Ok(unnamed.len())
    }

    /// Removes what no manifest names; says how many files that were. The manifest is durable.
    fn remove_orphans(&self, manifest: &Manifest) -> Result<usize> {
        // Listed only now: publishing the manifest may have used up what was staged before.
        let mut orphans = self.orphans(manifest)?;
        if planted::is(Bug::OrphansKept) {
            orphans.clear();
        }
        orphans.iter().try_for_each(|name| self.dir.remove(name))?;
        Ok(orphans.len())
    }
}
