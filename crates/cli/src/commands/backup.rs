//! `sutra backup`: a copy of a store that is in use.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sutra_storage::{BackupOptions, BackupReport, StoreOptions};

use crate::failure::Outcome;
use crate::progress;
use crate::show;
use crate::terminal::Terminal;

/// Copy a store, also while it is in use
///
/// DEST is a new or empty directory, or has an earlier backup of the same store: then only files
/// that are new are copied, and until all of them are there the earlier backup is the one that
/// counts. Every page is checked on the way. A backup is a store: all commands that read can read
/// it. To write into a copy, `restore` it.
#[derive(Args)]
pub(crate) struct Backup {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The directory of the backup
    #[arg(value_name = "DEST")]
    dest: PathBuf,
    /// Link segment files instead of copying them, where DIR and DEST are on one file system. That
    /// takes no time and no room, and no copy either: a link shares the fate of the original, so
    /// what damages the one damages both. It helps against what is done to the store, not against
    /// what happens to the disk
    #[arg(long)]
    link: bool,
    /// Report as one line of JSON
    #[arg(long)]
    json: bool,
}

impl Backup {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let store = options.clone().open_read_only(&self.dir)?;
        let progress = progress::over_bytes("backup", Some(store.stats().file_bytes));
        let how = BackupOptions { link: self.link };
        let report = store.backup_with(&self.dest, how, &mut |bytes| progress.inc(bytes));
        progress.finish_and_clear();
        tell(terminal, &report?, self.json)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What was copied, and what was there already.
pub(crate) fn tell(terminal: &mut Terminal, report: &BackupReport, json: bool) -> io::Result<()> {
    if json {
        let line = serde_json::json!({
            "seq": report.seq,
            "copied": { "files": report.files_copied, "bytes": report.bytes_copied },
            "linked": { "files": report.files_linked, "bytes": report.bytes_linked },
            "kept": { "files": report.files_kept, "bytes": report.bytes_kept },
            "removed": { "files": report.files_removed },
        });
        return writeln!(terminal, "{line}");
    }
    let rows = [
        ("copied ", report.files_copied, Some(report.bytes_copied)),
        ("linked ", report.files_linked, Some(report.bytes_linked)),
        ("kept   ", report.files_kept, Some(report.bytes_kept)),
        ("removed", report.files_removed, None),
    ];
    for (what, files, bytes) in
        rows.into_iter().filter(|(what, files, _)| *files > 0 || *what == "copied ")
    {
        let noun = if files == 1 { "file" } else { "files" };
        let bytes = bytes.map(|bytes| format!(", {}", show::bytes(bytes))).unwrap_or_default();
        writeln!(terminal, "{what}  {files} {noun}{bytes}")?;
    }
    Ok(())
}
