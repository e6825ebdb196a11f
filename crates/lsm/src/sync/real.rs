//! The types that ship.

use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

pub(crate) use arc_swap::ArcSwap;
pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard, RwLock};
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64};
pub(crate) use std::thread;

/// Locks of the standard library, for the one place that needs them.
pub(crate) mod std_sync {
    #![expect(clippy::disallowed_types, reason = "the one place says why")]
    pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
}

/// For who is held up on purpose: it waits for nothing but time.
#[expect(clippy::disallowed_methods, reason = "every other wait is for an event")]
pub(crate) fn sleep(pause: Duration) {
    thread::sleep(pause);
}

/// Wakes a thread. Waking twice is waking once, and waking who is not waiting yet is kept.
pub(crate) struct Signal(Sender<()>, Receiver<()>);

impl Signal {
    pub(crate) fn new() -> Self {
        let (sender, receiver) = bounded(1);
        Self(sender, receiver)
    }

    pub(crate) fn wake(&self) {
        let _ = self.0.try_send(()); // Full: it is awake already.
    }

    /// Until it is woken, or for so long.
    pub(crate) fn wait(&self, at_most: Duration) {
        let _ = self.1.recv_timeout(at_most);
    }
}
