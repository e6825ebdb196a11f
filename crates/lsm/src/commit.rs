//! The way of a commit: encoded outside of any lock, written and synced with whatever waits
//! beside it, applied, published.
//!
//! Invariants:
//! * Nothing is applied before its frame is written, and as far as its durability asks for it,
//!   synced. So what readers see is what a restart would give back, or less durable by choice.
//! * `visible` moves only over commits that are applied whole.
//! * Sequence numbers have no gaps: a commit that failed took none.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use sutra_format::limits::COMMIT_BYTES_MAX;
use sutra_fs::Dir;

use crate::batch::WriteBatch;
use crate::config::Durability;
use crate::error::{LsmError, Result};
use crate::group::{GroupCommit, GroupLimits, GroupPoisoned};
use crate::guard::{Changes, Reads};
use crate::journal::{Commit, Identity, JournalError, JournalWriter, SummedBody};
use crate::memtable::Memtable;
use crate::planted::{self, Bug};
use crate::pressure::Pressure;
use crate::sync::{Mutex, MutexGuard};
use crate::tree::{Inner, JournalStart, Ledger, LsmTree, Sealed};
use crate::version::Version;

/// What a successful commit was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitInfo {
    /// The sequence number of its first record.
    pub first_seq: u64,
    /// The sequence number of its last record.
    pub last_seq: u64,
    /// When it was committed, in milliseconds. Never before an earlier commit of this store
    /// since it was opened.
    pub time: u64,
}

/// Commits that wait to be written.
pub(crate) type Queue = GroupCommit<Waiting, Result<CommitInfo>>;

/// How much is written at once, at most: the group buffer holds it.
pub(crate) const GROUP_LIMITS: GroupLimits = GroupLimits { items: 1024, weight: COMMIT_BYTES_MAX };

/// A commit that waits to be written.
pub(crate) struct Waiting {
    body: SummedBody,
    durability: Durability,
    reads: Option<Reads>,
}

/// What only the leader of a group touches.
pub(crate) struct Writer<D: Dir> {
    /// Made by the first commit.
    pub(crate) journal: Option<JournalWriter<D>>,
    pub(crate) next_seq: u64,
    pub(crate) last_time: u64,
    pub(crate) pressure: Pressure,
}

impl<D: Dir> Writer<D> {
    pub(crate) fn new(next_seq: u64) -> Mutex<Self> {
        Mutex::new(Self { journal: None, next_seq, last_time: 0, pressure: Pressure::default() })
    }
}

impl<D: Dir> LsmTree<D> {
    /// Commits a batch durably or as `durability` says, as a whole or not at all, and makes it
    /// visible. An empty batch does nothing and takes no sequence number. A vector of a space that
    /// is not registered, or not of its dimension, is refused.
    ///
    /// After an error nothing of it is visible. If the error is
    /// [out of space](LsmError::is_out_of_space) it can be tried again. If the writer is poisoned
    /// it is unknown whether the batch is on disk; opening the store again tells.
    pub fn commit(&self, batch: WriteBatch, durability: Durability) -> Result<CommitInfo> {
        self.inner.submit(batch, durability, None)
    }

    /// [`commit`](Self::commit), but only if all that was read still reads the same; else it fails
    /// with a [conflict](LsmError::Conflict), and nothing is written. Nothing is read again for an
    /// empty batch.
    pub fn commit_if(
        &self,
        batch: WriteBatch,
        reads: Reads,
        durability: Durability,
    ) -> Result<CommitInfo> {
        self.inner.submit(batch, durability, Some(reads))
    }

    /// Makes every commit so far durable, whatever it asked for.
    pub fn sync(&self) -> Result<()> {
        self.inner.check_writable()?;
        self.inner.sync_journal()
    }
}

impl<D: Dir> Inner<D> {
    pub(crate) fn submit(
        &self,
        batch: WriteBatch,
        durability: Durability,
        reads: Option<Reads>,
    ) -> Result<CommitInfo> {
        self.check_writable()?;
        self.version.load().spaces.check_all(batch.spaces())?;
        let now = self.environment.now();
        if batch.is_empty() {
            let seq = self.visible.load(Ordering::Acquire);
            return Ok(CommitInfo { first_seq: seq + 1, last_seq: seq, time: now });
        }
        let body =
            batch.into_body(now).summed().map_err(|e| LsmError::invalid("batch", e.to_string()))?;
        let weight = body.body().byte_size();
        let waiting = Waiting { body, durability, reads };
        match self.queue.submit(waiting, weight, |group| self.lead(group)) {
            Ok(result) => result,
            Err(GroupPoisoned) => {
                self.poison.set("a commit panicked; please report it");
                Err(self.poison.check().err().unwrap_or(LsmError::ReadOnly))
            }
        }
    }

    pub(crate) fn writer(&self) -> Result<MutexGuard<'_, Writer<D>>> {
        self.writer.as_ref().map(Mutex::lock).ok_or(LsmError::ReadOnly)
    }

    /// Writes a group of commits; gives a result for each.
    fn lead(&self, group: Vec<Waiting>) -> Vec<Result<CommitInfo>> {
        let mut results = Vec::with_capacity(group.len());
        let mut rest = group.into_iter().peekable();
        let mut writer = match self.writer() {
            Ok(writer) => writer,
            Err(error) => return rest.map(|_| Err(error.clone())).collect(),
        };
        // Nearly always once: a memtable that fills up splits the group, and so does a commit that
        // relies on what one before it may change.
        while let Some(first) = rest.peek() {
            if let Err(error) = self.still_holds(first) {
                rest.next();
                results.push(Err(error));
                continue;
            }
            let memtable = match self.room_to_write(&mut writer) {
                Ok(memtable) => memtable,
                Err(error) => {
                    results.extend(rest.map(|_| Err(error.clone())));
                    break;
                }
            };
            let mut part = Vec::new();
            let (mut sum, mut changes) = (Room::default(), Changes::default());
            while let Some(next) = rest.next_if(|waiting| {
                self.goes_with(waiting, &part, &mut changes) && sum.takes(waiting, &memtable)
            }) {
                part.push(next);
            }
            let count = part.len();
            match self.write_part(&mut writer, &memtable, part) {
                Ok(infos) => results.extend(infos.into_iter().map(Ok)),
                Err(error) => results.extend((0..count).map(|_| Err(error.clone()))),
            }
            if count == 0 {
                // The next one does not fit beside what is there, though it is not full yet.
                if let Err(error) = self.rotate(&mut writer) {
                    results.extend(rest.map(|_| Err(error.clone())));
                    break;
                }
            }
        }
        results
    }

    /// Fails if a commit relies on what was changed since.
    fn still_holds(&self, waiting: &Waiting) -> Result<()> {
        waiting.reads.as_ref().map_or(Ok(()), |reads| reads.check(&self.snapshot()))
    }

    /// Whether a commit may be written together with `part`, which comes before it.
    fn goes_with(&self, waiting: &Waiting, part: &[Waiting], changes: &mut Changes) -> bool {
        let Some(reads) = waiting.reads.as_ref().filter(|_| !part.is_empty()) else { return true };
        changes.catch_up(part.iter().map(|waiting| waiting.body.body()));
        // If not, it is asked again as the first of the next part, and told why.
        !reads.may_meet(changes) && reads.check(&self.snapshot()).is_ok()
    }

    /// Writes, syncs if anybody asks for it, applies and publishes.
    fn write_part(
        &self,
        writer: &mut Writer<D>,
        memtable: &Memtable,
        part: Vec<Waiting>,
    ) -> Result<Vec<CommitInfo>> {
        if part.is_empty() {
            return Ok(Vec::new());
        }
        let time = self.environment.now().max(writer.last_time);
        if self.has_threads() {
            let bytes = part.iter().map(|waiting| waiting.body.body().byte_size() as u64).sum();
            writer.pressure.slow_down(&self.version.load(), &self.config, bytes, &self.counters);
        }
        let infos = self.append(writer, &part, time)?;
        let asked = part.iter().map(|waiting| waiting.durability);
        let (mut sync, mut soon) = (false, false);
        asked.for_each(|durability| match durability {
            Durability::Sync => sync = !planted::is(Bug::EarlyAcknowledgement),
            Durability::Buffered => soon = true,
            Durability::None => {}
        });
        let part = if planted::is(Bug::VisibleBeforeSynced) {
            self.apply(writer, memtable, part, &infos, time);
            Vec::new()
        } else {
            part
        };
        let journal = writer.journal.as_mut().expect("it was written to just now");
        if sync {
            self.timed_sync(journal)?;
        } else if soon {
            self.signals.unsynced.store(true, Ordering::Release);
        }
        self.apply(writer, memtable, part, &infos, time);
        let journal = writer.journal.as_mut().expect("it was written to just now");
        let marks = sync && !planted::is(Bug::MarkForgotten);
        if marks && journal.mark().is_err_and(|error| error.is_failed_sync()) {
            self.poison.set("the journal could not be synced");
        }
        if journal.filler().needs_fill() && self.has_threads() {
            self.signals.wake_flush();
        }
        Ok(infos)
    }

    /// Shows commits that were written, and synced if need be.
    fn apply(
        &self,
        writer: &mut Writer<D>,
        memtable: &Memtable,
        part: Vec<Waiting>,
        infos: &[CommitInfo],
        time: u64,
    ) {
        for (waiting, info) in part.into_iter().zip(infos) {
            let body = waiting.body.into_body();
            memtable
                .apply(info.first_seq, &body.concepts, &body.associations, body.payload)
                .expect("room was made before the commit was written");
        }
        if let Some(info) = infos.last() {
            memtable.committed(info.last_seq, time);
        }
        let last = infos.last().map_or(writer.next_seq, |info| info.last_seq + 1);
        writer.next_seq = last;
        writer.last_time = time;
        self.visible.store(last - 1, Ordering::Release);
    }

    /// Puts the frames of a group into the journal.
    fn append(
        &self,
        writer: &mut Writer<D>,
        part: &[Waiting],
        time: u64,
    ) -> Result<Vec<CommitInfo>> {
        let mut seq = writer.next_seq;
        let mut infos = Vec::with_capacity(part.len());
        let mut commits = Vec::with_capacity(part.len());
        let mut bytes = 0;
        for Waiting { body, .. } in part {
            let next = seq + body.body().record_count();
            infos.push(CommitInfo { first_seq: seq, last_seq: next - 1, time });
            commits.push(Commit { first_seq: seq, commit_time: time, body });
            bytes += body.body().byte_size() as u64;
            seq = next;
        }
        let journal = writer.journal.as_mut().expect("made before the first commit");
        let before = journal.length();
        journal.write(&commits).map_err(|error| self.journal_failed(error))?;
        self.counters.commits(part.len() as u64, bytes, journal.length() - before);
        Ok(infos)
    }

    fn timed_sync(&self, journal: &mut JournalWriter<D>) -> Result<()> {
        let start = Instant::now();
        journal.sync().map_err(|error| self.journal_failed(error))?;
        self.journal_synced.store(journal.synced_upto(), Ordering::Release);
        self.counters.sync(start.elapsed());
        Ok(())
    }

    /// A write that found no room left nothing behind that counts; after anything else it is
    /// unknown what is on disk.
    fn journal_failed(&self, error: JournalError) -> LsmError {
        let error = LsmError::from(error);
        let is_due = !error.is_out_of_space() || self.poison_is_due(&error);
        if is_due && !planted::is(Bug::PoisonForgotten) {
            self.poison.set(&error.to_string());
        }
        error
    }

    fn poison_is_due(&self, error: &LsmError) -> bool {
        error.fs().is_some_and(|error| error.operation == sutra_fs::Operation::Sync)
    }

    /// Makes durable what was written to the journal.
    pub(crate) fn sync_journal(&self) -> Result<()> {
        let mut writer = self.writer()?;
        self.sync_with(&mut writer)
    }

    /// The same for the flush thread, which must never wait for a leader that waits for it: gives
    /// up after a while, and says whether it was done.
    pub(crate) fn try_sync_journal(&self) -> Result<bool> {
        let Some(writer) = &self.writer else { return Ok(true) };
        match writer.try_lock_for(Durability::INTERVAL / 4) {
            Some(mut writer) => self.sync_with(&mut writer).map(|()| true),
            None => Ok(false),
        }
    }

    fn sync_with(&self, writer: &mut Writer<D>) -> Result<()> {
        self.poison.check()?;
        match &mut writer.journal {
            Some(journal) if !journal.is_synced() => {
                self.timed_sync(journal)?;
                journal.mark().map_err(|error| self.journal_failed(error))
            }
            _ => Ok(()),
        }
    }

    /// Writes zeros ahead of the journal, until there are enough.
    pub(crate) fn fill_ahead(&self) -> Result<()> {
        let Some(filler) = self.filler.lock().clone() else { return Ok(()) };
        while filler.needs_fill() {
            let bytes = filler.fill_step()?;
            self.counters.zeros(bytes);
            if bytes == 0 {
                break;
            }
        }
        Ok(())
    }

    /// A memtable with room and a journal beside it.
    fn room_to_write(&self, writer: &mut Writer<D>) -> Result<Arc<Memtable>> {
        self.poison.check()?;
        if writer.journal.is_none() {
            self.begin_journal(writer)?;
        }
        if self.version.load().active().is_full() {
            self.rotate(writer)?;
        }
        Ok(self.version.load().active().clone())
    }

    /// Makes the first journal since the store was opened, and has the manifest name it.
    fn begin_journal(&self, writer: &mut Writer<D>) -> Result<()> {
        // Without a journal nothing may wait: what waits is found through the journal before.
        let mut ledger = self.wait_for_flush()?;
        let journal = self.create_journal(&mut ledger, writer.next_seq)?;
        let start = start_of(&journal);
        let mut manifest = ledger.manifest.clone();
        manifest.journal_floor = Some(start.journal_id);
        if planted::is(Bug::JournalNotNamed) {
            ledger.manifest = manifest;
        } else if let Err(error) = self.publish(&mut ledger, manifest) {
            self.give_up(&journal.identity().name());
            return Err(error);
        }
        ledger.active_journal = Some(start);
        self.put_journal(writer, journal);
        Ok(())
    }

    fn create_journal(&self, ledger: &mut Ledger, first_seq: u64) -> Result<JournalWriter<D>> {
        let identity = Identity {
            journal_id: ledger.allocate_id(),
            store_id: self.store_id,
            hash_seed: self.hash_seed,
            first_seq,
        };
        let capacity = self.config.max_segment_size.saturating_mul(2);
        Ok(JournalWriter::create(&*self.dir, identity, self.environment.now(), capacity)?)
    }

    fn put_journal(&self, writer: &mut Writer<D>, journal: JournalWriter<D>) {
        *self.filler.lock() = Some(journal.filler());
        self.journal_synced.store(journal.synced_upto(), Ordering::Release);
        writer.journal = Some(journal);
    }

    /// Seals the active memtable and its journal, and goes on with fresh ones. Waits while too
    /// many sealed ones are not flushed yet. Does nothing if the active one is empty.
    pub(crate) fn rotate(&self, writer: &mut Writer<D>) -> Result<()> {
        if self.version.load().active().is_empty() {
            return Ok(());
        }
        let mut ledger = self.wait_for_flush()?;
        let next = self.create_journal(&mut ledger, writer.next_seq)?;
        let old = writer.journal.as_mut().expect("a memtable with records has a journal");
        if !planted::is(Bug::JournalNotSealed) {
            old.seal(next.identity().journal_id).map_err(|error| {
                // The seal may be on disk or not: nothing more can go into either journal.
                self.poison.set(&error.to_string());
                LsmError::from(error)
            })?;
        }
        let version = self.version.load();
        let (memtable, journal) = (version.active().clone(), start_of(old));
        let sealed = Sealed { memtable, journal, synced: old.synced_upto() };
        ledger.sealed.push_back(sealed);
        ledger.active_journal = Some(start_of(&next));
        if planted::is(Bug::FloorAdvancedEarly) {
            let mut manifest = ledger.manifest.clone();
            manifest.journal_floor = Some(next.identity().journal_id);
            manifest.last_seq = writer.next_seq - 1;
            self.publish(&mut ledger, manifest)?;
        }
        let mut memtables = vec![self.new_memtable()];
        memtables.extend(version.memtables.iter().cloned());
        self.version.store(Arc::new(Version::with_memtables(&version, memtables)));
        self.put_journal(writer, next);
        self.signals.wake_flush();
        Ok(())
    }

    pub(crate) fn new_memtable(&self) -> Arc<Memtable> {
        Arc::new(Memtable::new(self.hash_seed, self.config.max_segment_size))
    }

    /// The ledger, once no memtable waits to be flushed.
    pub(crate) fn wait_for_flush(&self) -> Result<MutexGuard<'_, Ledger>> {
        let start = Instant::now();
        let mut ledger = self.ledger.lock();
        if ledger.sealed.is_empty() {
            return Ok(ledger);
        }
        ledger.trouble = None;
        while !ledger.sealed.is_empty() {
            self.poison.check()?;
            if let Some(error) = ledger.trouble.clone() {
                return Err(error);
            }
            if self.has_threads() && !self.closing.load(Ordering::Acquire) {
                self.signals.wake_flush();
                self.progress.wait(&mut ledger);
            } else {
                drop(ledger);
                self.flush_step()?;
                ledger = self.ledger.lock();
            }
        }
        let waited = start.elapsed();
        tracing::debug!(?waited, "waited for the flush of a memtable");
        self.counters.stall(waited);
        Ok(ledger)
    }
}

fn start_of<D: Dir>(journal: &JournalWriter<D>) -> JournalStart {
    let Identity { journal_id, first_seq, .. } = *journal.identity();
    JournalStart { journal_id, first_seq }
}

/// What the commits of one part need of a memtable together.
#[derive(Default)]
struct Room {
    concepts: usize,
    associations: usize,
    payload: usize,
}

impl Room {
    /// Adds a commit if the memtable has room for it beside the others.
    fn takes(&mut self, waiting: &Waiting, memtable: &Memtable) -> bool {
        let body = waiting.body.body();
        let concepts = self.concepts + body.concepts.len();
        let associations = self.associations + body.associations.len();
        let payload = self.payload + body.payload.len();
        // An empty memtable takes any one commit; several must fit as if they were one.
        let fits = memtable.has_room(concepts, associations, payload);
        if fits {
            *self = Self { concepts, associations, payload };
        }
        fits
    }
}
