//! [`AsOf`]: the argument that says as of when a store is read.

use clap::Args;
use sutra_storage::{Snapshot, Store};

use crate::failure::Failure;
use crate::moment;

/// As of when.
#[derive(Args)]
pub(crate) struct AsOf {
    /// Read the store as it was then: `2025-10-15`, `2025-10-15T12:00:00Z`, or milliseconds since
    /// 1970. Only if it keeps history (`sutra retention`)
    #[arg(long, value_name = "TIME", value_parser = moment::parse, allow_hyphen_values = true)]
    at: Option<i64>,
}

impl AsOf {
    /// The store as of then; as it is, if nothing was said.
    pub(crate) fn snapshot(&self, store: &Store) -> Result<Snapshot, Failure> {
        match self.at {
            None => Ok(store.snapshot()),
            Some(ms) => Ok(store.snapshot_at(since_epoch(ms)?)?),
        }
    }
}

/// A time of a commit: none was made before 1970.
pub(crate) fn since_epoch(ms: i64) -> Result<u64, Failure> {
    let refusal = || Failure::Usage(format!("{ms} ms is before 1970, where no store was"));
    u64::try_from(ms).map_err(|_| refusal())
}

/// A time as it is shown.
pub(crate) fn shown(ms: u64) -> String {
    crate::show::time(i64::try_from(ms).unwrap_or(i64::MAX))
}
