//! How the store is: whether reads and writes work, what is damaged, what it is behind with.

use sutra_fs::Dir;

use crate::scrub::ScrubReport;
use crate::tree::LsmTree;
use crate::verify::Damage;

/// What [`LsmTree::health`](crate::LsmTree::health) reports: the worst of what is so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Reads and writes work.
    Good,
    /// Reads work; the last piece of background work did not, and is tried again.
    Degraded {
        /// What failed.
        cause: String,
    },
    /// The scrub found damage. Whatever does not need these pages works.
    Damaged {
        /// Where, and what to do.
        damages: Vec<Damage>,
    },
    /// Reads work; nothing more is written until the store is opened again.
    Poisoned {
        /// What failed.
        cause: String,
    },
}

/// Everything that [`LsmTree::health_report`] knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthReport {
    /// The worst of it.
    pub state: Health,
    /// Why nothing more is written, if so.
    pub poisoned: Option<String>,
    /// Why the last piece of background work failed, if it did.
    pub trouble: Option<String>,
    /// Whether that was because the disk is full.
    pub is_out_of_space: bool,
    /// Bytes in levels that are due for compaction.
    pub debt_bytes: u64,
    /// Memtables that wait to be flushed.
    pub waiting_memtables: usize,
    /// How far the scrub is, and what it found.
    pub scrub: ScrubReport,
}

impl<D: Dir> LsmTree<D> {
    /// Whether reads and writes work, and if not, why.
    pub fn health(&self) -> Health {
        if let Some(cause) = self.inner.poison.cause() {
            return Health::Poisoned { cause: cause.to_string() };
        }
        let damages = self.inner.scrub.damages();
        if !damages.is_empty() {
            return Health::Damaged { damages };
        }
        match &self.inner.ledger.lock().trouble {
            Some(error) => Health::Degraded { cause: error.to_string() },
            None => Health::Good,
        }
    }

    /// The same in full: all that is wrong, and what the store is behind with.
    pub fn health_report(&self) -> HealthReport {
        let state = self.health();
        let ledger = self.inner.ledger.lock();
        let trouble = ledger.trouble.as_ref();
        HealthReport {
            state,
            poisoned: self.inner.poison.cause().map(|cause| cause.to_string()),
            trouble: trouble.map(ToString::to_string),
            is_out_of_space: trouble.is_some_and(crate::error::LsmError::is_out_of_space),
            waiting_memtables: ledger.sealed.len(),
            debt_bytes: self.stats().debt_bytes,
            scrub: self.scrub_report(),
        }
    }
}
