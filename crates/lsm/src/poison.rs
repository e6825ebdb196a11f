//! [`Poison`]: why a store takes no more writes, if it does not.

use std::sync::Arc;

use crate::error::{LsmError, Result};
use crate::sync::Mutex;

/// The state of the writing half. It belongs to the process that opened the store: a child that
/// was forked has its memory, but neither its threads nor a lock of its own, and must not write.
#[derive(Debug)]
pub(crate) struct Poison {
    process: u32,
    cause: Mutex<Option<Arc<str>>>,
}

impl Default for Poison {
    fn default() -> Self {
        Self::of(std::process::id())
    }
}

impl Poison {
    fn of(process: u32) -> Self {
        Self { process, cause: Mutex::default() }
    }

    /// Fails if the writer is poisoned.
    pub(crate) fn check(&self) -> Result<()> {
        match self.cause() {
            Some(cause) => Err(LsmError::Poisoned { cause }),
            None => Ok(()),
        }
    }

    /// Poisons the writer; the first cause stays.
    pub(crate) fn set(&self, cause: &str) {
        let mut known = self.cause.lock();
        if known.is_none() {
            *known = Some(cause.into());
            drop(known); // Whoever listens may ask how the store is.
            tracing::error!(cause, "no more writes until the store is opened again");
        }
    }

    pub(crate) fn cause(&self) -> Option<Arc<str>> {
        if self.is_inherited() {
            self.set("the store was opened by the parent of this process; open it again here");
        }
        self.cause.lock().clone()
    }

    /// Whether this process is a child of the one that opened the store.
    pub(crate) fn is_inherited(&self) -> bool {
        std::process::id() != self.process
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cause_stays() {
        let poison = Poison::default();
        assert!(poison.check().is_ok());
        poison.set("one");
        poison.set("two");
        assert_eq!(poison.cause().as_deref(), Some("one"));
    }

    #[test]
    fn a_forked_child_cannot_write() {
        let poison = Poison::of(std::process::id() + 1);
        assert!(poison.is_inherited());
        let error = poison.check().expect_err("it is of another process");
        assert!(error.to_string().contains("parent of this process"), "{error}");
    }
}
