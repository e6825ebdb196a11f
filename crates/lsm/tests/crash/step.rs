//! [`Step`]: what a workload consists of.

use sutra_lsm::{Durability, Expiry, ExpiryScope, Retention};

use super::model::Change;

/// One thing that is done to a store.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Commit(Durability, Vec<Change>),
    Register(&'static str),
    /// Registers a vector space of three dimensions.
    Space(&'static str),
    Sync,
    Flush,
    CompactLevel(u32),
    CompactDue,
    CompactAll,
    /// Takes a snapshot and keeps it, so that the files it reads stay.
    Hold,
    Release,
    /// Closes the store and opens it again.
    Reopen,
    /// Ends the process in the middle of what it does, and opens the store again.
    Kill,
    /// Opens it for reading beside the writer, and looks at everything.
    Read,
    /// Checks every sum.
    Verify,
    /// Checks the sums of some pages more.
    Scrub(u64),
    /// Backs the store up into the directory of its backups; these changes are committed meanwhile.
    Backup(Vec<Change>),
    /// Restores a copy from what is on disk beside the writer.
    Restore,
    /// Salvages a copy from what is on disk beside the writer.
    Salvage,
    /// Says how long what was is kept.
    Retain(Retention),
    /// Looks at what was, as far as that is kept.
    Recall,
    /// Erases a concept.
    Erase(u64),
    /// Says what is forgotten.
    Expire(ExpiryScope, Option<Expiry>),
    /// Deletes all that is expired.
    Forget,
}
