//! Whether the engine still takes writes, and why not.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::error::{LsmError, Result};

/// The state of the writing half.
#[derive(Debug, Default)]
pub(crate) struct Poison(Mutex<Option<Arc<str>>>);

/// What [`LsmTree::health`](crate::LsmTree::health) reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Reads and writes work.
    Good,
    /// Reads work; the last piece of background work did not, and is tried again.
    Degraded {
        /// What failed.
        cause: String,
    },
    /// Reads work; nothing more is written until the store is opened again.
    Poisoned {
        /// What failed.
        cause: String,
    },
}

impl Poison {
    /// Fails if the writer is poisoned.
    pub(crate) fn check(&self) -> Result<()> {
        match &*self.0.lock() {
            Some(cause) => Err(LsmError::Poisoned { cause: cause.clone() }),
            None => Ok(()),
        }
    }

    /// Poisons the writer; the first cause stays.
    pub(crate) fn set(&self, cause: &str) {
        self.0.lock().get_or_insert_with(|| cause.into());
    }

    pub(crate) fn cause(&self) -> Option<Arc<str>> {
        self.0.lock().clone()
    }
}
