//! [`LsmTree`]: the engine as a whole, and what its parts share.
//!
//! Locks, in the order in which they may be taken: `compacting`, `flushing`, `writer`, `ledger`.
//! Readers take none.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use sutra_fs::{Dir, Name, Operation, OsDir};
use sutra_manifest::Manifest;

use crate::commit::{Queue, Writer};
use crate::config::{Background, CompactionConfig, Environment};
use crate::error::{LsmError, Result};
use crate::expiry::Expiring;
use crate::journal::{Filler, Identity};
use crate::memtable::Memtable;
use crate::poison::Poison;
use crate::recovery::Recovery;
use crate::scrub::Scrub;
use crate::snapshot::Snapshot;
use crate::stats::Counters;
use crate::sync::{ArcSwap, AtomicBool, AtomicU64, Condvar, Mutex};
use crate::version::Version;
use crate::worker::{Signals, Workers};

/// A store: one writer, or one of any number of readers. Dropping it closes it.
pub struct LsmTree<D: Dir = OsDir> {
    pub(crate) inner: Arc<Inner<D>>,
    pub(crate) workers: Workers,
}

/// [`LsmTree`] on the file system, under the name that it had first.
pub type LSMTree = LsmTree<OsDir>;

/// What the parts of the engine share.
pub(crate) struct Inner<D: Dir> {
    pub(crate) dir: Arc<D>,
    pub(crate) config: CompactionConfig,
    pub(crate) environment: Environment,
    pub(crate) store_id: [u8; 16],
    pub(crate) hash_seed: u64,
    /// What readers see; replaced only under `ledger`.
    pub(crate) version: ArcSwap<Version<D>>,
    /// The last sequence number that readers see. Moves by whole commits.
    pub(crate) visible: AtomicU64,
    /// Whether the manifest says that history is kept.
    pub(crate) keeps_history: AtomicBool,
    /// What the manifest says of what is forgotten.
    pub(crate) expiring: Expiring,
    pub(crate) ledger: Mutex<Ledger>,
    /// Woken when a memtable was flushed, or could not be.
    pub(crate) progress: Condvar,
    /// Commits that wait for their turn.
    pub(crate) queue: Queue,
    /// Absent in a reader.
    pub(crate) writer: Option<Mutex<Writer<D>>>,
    /// Every byte before it is durable in the journal that is written to; zero without one.
    pub(crate) journal_synced: AtomicU64,
    /// Of a reader: what it replayed.
    pub(crate) replayed: Vec<Durable>,
    /// Writes zeros ahead of the journal that is written to.
    pub(crate) filler: Mutex<Option<Filler<D::File>>>,
    pub(crate) flushing: Mutex<()>,
    pub(crate) compacting: Mutex<()>,
    pub(crate) poison: Poison,
    pub(crate) counters: Counters,
    pub(crate) scrub: Scrub,
    pub(crate) signals: Signals,
    pub(crate) closing: AtomicBool,
    /// Held as long as anything may write.
    pub(crate) lock: Mutex<Option<D::Lock>>,
}

/// What the manifest says, and what it will say once the memtables are flushed.
pub(crate) struct Ledger {
    /// As it was published last, but for the next id.
    pub(crate) manifest: Manifest,
    /// Whether this session published it. One that was found at open may have been left by a
    /// writer that failed, or was killed, before the name of the file was durable.
    pub(crate) is_durable: bool,
    /// Full memtables, oldest first, each with its journal.
    pub(crate) sealed: VecDeque<Sealed>,
    /// The journal of the active memtable, once there is one.
    pub(crate) active_journal: Option<JournalStart>,
    /// Why the last background work failed; it is tried again.
    pub(crate) trouble: Option<LsmError>,
    /// What opening found.
    pub(crate) recovered: Recovery,
}

/// A memtable that takes no more commits.
#[derive(Clone)]
pub(crate) struct Sealed {
    pub(crate) memtable: Arc<Memtable>,
    pub(crate) journal: JournalStart,
    /// Every byte of the journal before it is durable.
    pub(crate) synced: u64,
}

/// A part of a journal that is durable, and so must be whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Durable {
    pub(crate) journal: JournalStart,
    /// Where it ends.
    pub(crate) upto: u64,
}

/// A journal that may have to be replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JournalStart {
    pub(crate) journal_id: u32,
    /// The sequence number of its first record.
    pub(crate) first_seq: u64,
}

impl LsmTree<OsDir> {
    /// Opens the store in the directory `path` for writing; makes it if there is none. What a
    /// crash left behind is recovered and cleaned up.
    ///
    /// Fails if another writer has it open, if what is on disk is damaged, or if the directory
    /// holds parts of a store without its manifest. Costs the manifest and a few pages of each
    /// segment, and after a crash the journal that was not flushed yet.
    pub fn open(path: impl AsRef<Path>, config: CompactionConfig) -> Result<Self> {
        Self::open_in(OsDir::create(path)?, config, Environment::default())
    }

    /// Opens the store in the directory `path` for reading: locks nothing, writes nothing, and
    /// sees what was committed until now, also by a writer that is still at work.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_read_only_in(OsDir::open(path)?)
    }
}

impl<D: Dir> LsmTree<D> {
    /// The store at this moment. Takes no lock and costs well under a microsecond.
    pub fn snapshot(&self) -> Snapshot<D> {
        let judge = self.inner.expiring.judge(|| self.inner.environment.now());
        self.inner.snapshot().judged(judge)
    }

    /// Whether it was opened for reading only.
    pub fn is_read_only(&self) -> bool {
        self.inner.writer.is_none()
    }

    /// Flushes what is in memory, so that opening is fast, and closes the store. Dropping the
    /// store does the same, and keeps errors to itself: nothing durable is lost by them.
    pub fn close(mut self) -> Result<()> {
        self.shut_down()
    }

    /// What closing and dropping share. The second call does nothing.
    fn shut_down(&mut self) -> Result<()> {
        if self.inner.closing.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        if self.inner.poison.is_inherited() {
            self.workers.forget(); // They are threads of the parent.
            return self.inner.poison.check();
        }
        self.inner.signals.wake_all();
        self.workers.join();
        let result = if self.is_read_only() { Ok(()) } else { self.inner.retire() };
        *self.inner.lock.lock() = None;
        result
    }
}

impl<D: Dir> Drop for LsmTree<D> {
    fn drop(&mut self) {
        let _ = self.shut_down(); // Whoever wants to know calls `close`.
    }
}

impl<D: Dir> Inner<D> {
    /// A version and the sequence number up to which it is complete. What is expired is not hidden.
    pub(crate) fn snapshot(&self) -> Snapshot<D> {
        let mut version = self.version.load_full();
        loop {
            let seq = self.visible.load(Ordering::Acquire);
            let again = self.version.load();
            // Unchanged around the load of `visible`: everything up to it is in this version, and
            // its segments hold nothing newer, since only what was visible is flushed.
            if Arc::ptr_eq(&version, &again) {
                let keeps_history = self.keeps_history.load(Ordering::Acquire);
                return Snapshot::new(version, seq).keeping(keeps_history);
            }
            version = Arc::clone(&again);
        }
    }

    /// The journals that hold what is in memory, by rising id, as far as they are durable.
    pub(crate) fn durable_journals(&self) -> Vec<Durable> {
        if self.writer.is_none() {
            return self.replayed.clone();
        }
        let ledger = self.ledger.lock();
        let part = |sealed: &Sealed| Durable { journal: sealed.journal, upto: sealed.synced };
        let mut parts: Vec<Durable> = ledger.sealed.iter().map(part).collect();
        let upto = self.journal_synced.load(Ordering::Acquire);
        parts.extend(ledger.active_journal.map(|journal| Durable { journal, upto }));
        parts
    }

    /// What the header of a journal of this store says.
    pub(crate) fn identity(&self, journal: JournalStart) -> Identity {
        let JournalStart { journal_id, first_seq } = journal;
        Identity { journal_id, store_id: self.store_id, hash_seed: self.hash_seed, first_seq }
    }

    /// Fails unless the store takes writes.
    pub(crate) fn check_writable(&self) -> Result<()> {
        if self.writer.is_none() {
            return Err(LsmError::ReadOnly);
        }
        self.poison.check()
    }

    /// Makes `manifest` the durable truth. If that fails nobody knows which one is on disk, so
    /// the writer is poisoned, unless there was just no room to write it down.
    pub(crate) fn publish(&self, ledger: &mut Ledger, manifest: Manifest) -> Result<()> {
        self.poison.check()?;
        match manifest.publish(&*self.dir) {
            Ok(()) => {
                self.keeps_history.store(manifest.history.is_some(), Ordering::Release);
                if manifest.expiry() != ledger.manifest.expiry() {
                    self.expiring.set(&manifest);
                }
                ledger.manifest = manifest;
                ledger.is_durable = true;
                Ok(())
            }
            Err(error) => {
                let error = LsmError::from(error);
                let is_in_doubt = error.fs().is_none_or(|fs| {
                    matches!(fs.operation, Operation::Rename | Operation::SyncDir)
                });
                if is_in_doubt || !error.is_out_of_space() {
                    self.poison.set(&error.to_string());
                }
                Err(error)
            }
        }
    }

    /// Removes a file that was made for a manifest which could not be published. A poisoned
    /// writer leaves it: nobody knows whether the manifest on disk names it.
    pub(crate) fn give_up(&self, name: &Name) {
        if self.poison.cause().is_none() {
            let _ = self.dir.remove(name); // Else an orphan, which the next writer removes.
        }
    }

    /// Whether the engine works by itself.
    pub(crate) fn has_threads(&self) -> bool {
        self.environment.background == Background::Threads
    }
}

impl Ledger {
    /// A number for a new file. Numbers of files that came to nothing are not used again while
    /// the store is open.
    pub(crate) fn allocate_id(&mut self) -> u32 {
        self.manifest.allocate_segment_id()
    }
}
