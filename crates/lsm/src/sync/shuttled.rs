//! The shapes of `parking_lot` and `arc_swap` over the scheduler of `shuttle`.
//!
//! Invariants:
//! * Every operation is a point at which another thread may go on.
//! * A lock that is dropped by a panic is free, as with `parking_lot`.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, PoisonError, TryLockError};
use std::time::Duration;

pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicU64};
pub(crate) use shuttle::thread;
pub(crate) use shuttle::thread::sleep;

/// Locks of the standard library.
pub(crate) mod std_sync {
    pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard};
}

/// As in `parking_lot`.
pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

/// As in `parking_lot`. Empty only while a [`Condvar`] waits with it.
pub(crate) struct MutexGuard<'a, T>(Option<shuttle::sync::MutexGuard<'a, T>>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard(Some(self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(MutexGuard(Some(guard))),
            Err(TryLockError::Poisoned(error)) => Some(MutexGuard(Some(error.into_inner()))),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Time does not pass in a simulation: it is there or not.
    pub(crate) fn try_lock_for(&self, _: Duration) -> Option<MutexGuard<'_, T>> {
        self.try_lock()
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mutex")
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("it waits for nothing")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("it waits for nothing")
    }
}

/// As in `parking_lot`.
pub(crate) struct Condvar(shuttle::sync::Condvar);

impl Condvar {
    pub(crate) fn new() -> Self {
        Self(shuttle::sync::Condvar::new())
    }

    pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let held = guard.0.take().expect("it waits once");
        guard.0 = Some(self.0.wait(held).unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// Wakes a thread. Time does not pass in a simulation: who is not woken waits for ever, so that a
/// signal which is forgotten shows.
pub(crate) struct Signal(Mutex<bool>, Condvar);

impl Signal {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(false), Condvar::new())
    }

    pub(crate) fn wake(&self) {
        *self.0.lock() = true;
        self.1.notify_all();
    }

    pub(crate) fn wait(&self, _: Duration) {
        let mut woken = self.0.lock();
        while !*woken {
            self.1.wait(&mut woken);
        }
        *woken = false;
    }
}

/// As in `parking_lot`.
pub(crate) struct RwLock<T>(shuttle::sync::RwLock<T>);

impl<T> RwLock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(shuttle::sync::RwLock::new(value))
    }

    pub(crate) fn read(&self) -> shuttle::sync::RwLockReadGuard<'_, T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> shuttle::sync::RwLockWriteGuard<'_, T> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As in `arc_swap`: a pointer that is replaced whole.
pub(crate) struct ArcSwap<T>(shuttle::sync::Mutex<Arc<T>>);

/// What [`ArcSwap::load`] gives.
pub(crate) struct Loaded<T>(Arc<T>);

impl<T> ArcSwap<T> {
    pub(crate) fn from_pointee(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(Arc::new(value)))
    }

    pub(crate) fn load_full(&self) -> Arc<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn load(&self) -> Loaded<T> {
        Loaded(self.load_full())
    }

    pub(crate) fn store(&self, value: Arc<T>) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *current, value);
        drop(current);
        drop(old); // Not under the lock: files go with it.
    }
}

impl<T> Deref for Loaded<T> {
    type Target = Arc<T>;

    fn deref(&self) -> &Arc<T> {
        &self.0
    }
}
