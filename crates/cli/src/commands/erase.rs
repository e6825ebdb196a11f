//! `sutra erase`: concepts, out of every file of the store.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sutra_storage::{ConceptId, EraseReport, StoreOptions};

use super::get::{id_of, no_concept};
use crate::failure::{NEGATIVE, Outcome, complain};
use crate::progress;
use crate::show;
use crate::terminal::Terminal;

/// Erase concepts, and every association that touches them, from all files of the store
///
/// Deletes them, rewrites all files without them, then reads every byte and looks for what they said,
/// earlier versions included. Costs about three times the store in reading and once in writing. Of
/// copies that were made before, and of blocks that the disk does not overwrite, nothing is erased.
///
/// The exit code is 1 if there is no concept with one of the keys, or if old files could not be
/// removed; all is erased all the same that can be. A concept that was deleted before can be erased,
/// and is counted as missing.
#[derive(Args)]
pub(crate) struct Erase {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// The keys of the concepts
    #[arg(value_name = "KEY", required = true)]
    pub(crate) keys: Vec<String>,
    /// Every KEY is an id: 32 hexadecimal digits
    #[arg(long)]
    pub(crate) id: bool,
    /// Report as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Erase {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let ids = self.keys.iter().map(|key| id_of(key, self.id));
        let ids = ids.collect::<Result<Vec<ConceptId>, _>>()?;
        let options =
            StoreOptions { create: false, background_compaction: false, ..options.clone() };
        let store = options.open(&self.dir)?;
        let mut missing = 0;
        let snapshot = store.snapshot();
        for (key, id) in self.keys.iter().zip(&ids) {
            if snapshot.concept(id)?.is_none() {
                complain(no_concept(key));
                missing += 1;
            }
        }
        drop(snapshot); // It would keep the old files.
        let progress = progress::over_items("erase", None);
        let report = store.erase(&ids)?;
        progress.finish_and_clear();
        store.close()?;
        self.tell(terminal, &report, missing)?;
        for file in &report.pending_files {
            complain(format_args!("{} could not be removed; erase again", file.display()));
        }
        let is_done = missing == 0 && report.is_complete();
        Ok(if is_done { ExitCode::SUCCESS } else { NEGATIVE.into() })
    }

    fn tell(
        &self,
        terminal: &mut Terminal,
        report: &EraseReport,
        missing: u64,
    ) -> std::io::Result<()> {
        let EraseReport { concepts, associations, searched, shared, too_plain, .. } = *report;
        if self.json {
            let files = report.pending_files.iter().map(|file| file.display().to_string());
            let files: Vec<String> = files.collect();
            let line = serde_json::json!({
                "erased": concepts, "missing": missing, "associations": associations,
                "searched": searched, "shared": shared, "too_plain": too_plain,
                "bytes_searched": report.bytes_searched, "pending_files": files,
            });
            return writeln!(terminal, "{line}");
        }
        let rows = [
            ("erased", show::count(concepts)),
            ("associations", show::count(associations)),
            ("searched", format!("{} texts, vectors and ids", show::count(searched))),
            ("shared", format!("{} that others have as well", show::count(shared))),
            ("too plain", format!("{} to be told from others", show::count(too_plain))),
        ];
        for (name, value) in rows {
            writeln!(terminal, "{}  {value}", terminal.strong(format_args!("{name:12}")))?;
        }
        Ok(())
    }
}
