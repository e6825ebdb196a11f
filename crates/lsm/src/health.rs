//! Whether the engine still takes writes, and why not.

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
