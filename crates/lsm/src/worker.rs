//! The threads of the engine: loops around the steps, which can as well be called by hand.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use sutra_fs::Dir;

use crate::config::Durability;
use crate::error::LsmError;
use crate::sync::thread::{self, JoinHandle};
use crate::sync::{AtomicBool, Mutex, Signal};
use crate::tree::{Inner, LsmTree};

/// Wakes threads. Waking twice is waking once.
pub(crate) struct Signals {
    flush: Signal,
    compact: Signal,
    /// Whether a commit waits for a sync that nobody waits for.
    pub(crate) unsynced: AtomicBool,
}

impl Default for Signals {
    fn default() -> Self {
        Self { flush: Signal::new(), compact: Signal::new(), unsynced: AtomicBool::new(false) }
    }
}

impl Signals {
    pub(crate) fn wake_flush(&self) {
        self.flush.wake();
    }

    pub(crate) fn wake_compaction(&self) {
        self.compact.wake();
    }

    pub(crate) fn wake_all(&self) {
        self.wake_flush();
        self.wake_compaction();
    }
}

/// The threads of one store.
#[derive(Default)]
pub(crate) struct Workers {
    threads: Mutex<Vec<JoinHandle<()>>>,
    compacts: AtomicBool,
}

impl Workers {
    fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), LsmError> {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(work).map_err(|e| {
            LsmError::invalid("background thread", format!("cannot be started: {e}"))
        })?;
        self.threads.lock().push(thread);
        Ok(())
    }

    pub(crate) fn join(&self) {
        for thread in self.threads.lock().drain(..) {
            let _ = thread.join(); // A panic was caught and recorded before.
        }
    }

    /// Leaves them to the process that they run in.
    pub(crate) fn forget(&self) {
        std::mem::forget(std::mem::take(&mut *self.threads.lock()));
    }
}

impl<D: Dir> LsmTree<D> {
    /// Starts the thread that flushes memtables, writes zeros ahead and syncs buffered commits.
    pub(crate) fn start_flusher(&self) -> Result<(), LsmError> {
        let inner = self.inner.clone();
        self.workers.spawn("sutra-flush", move || inner.guarded(Inner::flush_loop))
    }

    /// Merges levels in a thread of its own from now on, as they become due, until the store is
    /// closed. Calling it again changes nothing.
    pub fn start_background_compaction(&self) -> Result<(), LsmError> {
        self.inner.check_writable()?;
        if self.workers.compacts.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let inner = self.inner.clone();
        self.inner.signals.wake_compaction();
        self.workers.spawn("sutra-compact", move || inner.guarded(Inner::compaction_loop))
    }
}

impl<D: Dir> Inner<D> {
    /// Runs a loop until it ends; a panic in it poisons the writer instead of ending silently.
    fn guarded(self: Arc<Self>, work: impl FnOnce(&Self)) {
        if catch_unwind(AssertUnwindSafe(|| work(&self))).is_err() {
            self.poison.set("a background thread panicked; please report it");
            self.progress.notify_all();
        }
    }

    fn flush_loop(&self) {
        while !self.closing.load(Ordering::Acquire) {
            // The time-out is for buffered commits, which wait for nobody.
            self.signals.flush.wait(Durability::INTERVAL);
            if self.signals.unsynced.swap(false, Ordering::AcqRel)
                && matches!(self.try_sync_journal(), Ok(false))
            {
                self.signals.unsynced.store(true, Ordering::Release);
            }
            let zeros = self.fill_ahead();
            self.settle(zeros);
            self.scrub_if_due();
            while !self.closing.load(Ordering::Acquire) {
                match self.flush_step() {
                    Ok(true) => self.signals.wake_compaction(),
                    Ok(false) => break,
                    Err(error) => {
                        self.settle(Err(error));
                        break;
                    }
                }
            }
        }
    }

    fn compaction_loop(&self) {
        while !self.closing.load(Ordering::Acquire) {
            self.signals.compact.wait(self.config.interval());
            while !self.closing.load(Ordering::Acquire) {
                match self.compaction_step() {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => {
                        self.settle(Err(error));
                        break;
                    }
                }
            }
        }
    }

    /// Takes note of how a piece of background work ended. A full disk is tried again; anything
    /// else means that what is on disk cannot be trusted, and poisons the writer.
    fn settle(&self, result: Result<(), LsmError>) {
        let Err(error) = result else { return };
        if !error.is_out_of_space() {
            self.poison.set(&error.to_string());
        }
        tracing::warn!(%error, "background work failed");
        self.ledger.lock().trouble = Some(error);
        self.progress.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use crate::{CompactionConfig, ConceptPut, Durability, Health, LSMTree, WriteBatch};
    use sutra_format::ConceptId;

    #[test]
    fn a_panic_in_the_background_stops_writing_and_nothing_else() {
        let place = tempfile::tempdir().expect("a directory");
        let tree = LSMTree::open(place.path(), CompactionConfig::default()).expect("opens");
        let id = ConceptId::from_key("kept");
        let put = || {
            let mut batch = WriteBatch::new();
            batch.put_concept(&ConceptPut::new(id)).expect("a good concept");
            tree.commit(batch, Durability::Sync)
        };
        put().expect("committed");

        let inner = tree.inner.clone();
        let work = move || inner.guarded(|_| panic!("as planned"));
        tree.workers.spawn("doomed", work).expect("started");
        while matches!(tree.health(), Health::Good) {
            std::thread::yield_now();
        }
        assert!(matches!(tree.health(), Health::Poisoned { cause } if cause.contains("panicked")));
        put().expect_err("nothing is written any more");
        tree.flush().expect_err("nothing is written any more");
        assert!(tree.snapshot().concept(&id).expect("readable").is_some());
        tree.close().expect_err("what is in memory was not flushed, and that is said");

        let tree = LSMTree::open(place.path(), CompactionConfig::default()).expect("opens");
        assert!(tree.snapshot().concept(&id).expect("readable").is_some());
    }
}
