//! `sutra restore`: a store out of a backup.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sutra_storage::{StoreIdentity, StoreOptions};

use crate::commands::backup::tell;
use crate::failure::Outcome;
use crate::progress;
use crate::terminal::Terminal;

/// Copy a backup into a new store
///
/// Every page is checked on the way. DIR must be new or empty; it is a store once this is done.
///
/// The new store has an identity of its own, so that the original can go on beside it, and its
/// backups need a directory of their own. If the original is gone for good, `--same-store` keeps
/// the identity, and the next backup goes on in BACKUP. Never write to two stores of one identity.
#[derive(Args)]
pub(crate) struct Restore {
    /// The directory of the backup
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,
    /// The directory of the new store
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The original is gone: take its place
    #[arg(long)]
    same_store: bool,
    /// Report as one line of JSON
    #[arg(long)]
    json: bool,
}

impl Restore {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let bytes = options.clone().open_read_only(&self.backup)?.stats().file_bytes;
        let progress = progress::over_bytes("restore", Some(bytes));
        let identity = if self.same_store { StoreIdentity::Kept } else { StoreIdentity::New };
        let report =
            options.clone().restore(&self.backup, &self.dir, identity, &mut |n| progress.inc(n));
        progress.finish_and_clear();
        tell(terminal, &report?, self.json)?;
        Ok(ExitCode::SUCCESS)
    }
}
