//! `sutra compact`: all segments into one.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sutra_storage::{Store, StoreOptions};

use crate::failure::Outcome;
use crate::progress;
use crate::show;
use crate::terminal::Terminal;

/// Merge all segments and give back the room of what is deleted
///
/// Costs about the size of the store in reading and in writing.
#[derive(Args)]
pub(crate) struct Compact {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Report as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Compact {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let options =
            StoreOptions { create: false, background_compaction: false, ..options.clone() };
        let store = options.open(&self.dir)?;
        let before = size(&store);
        let progress = progress::over_items("compact", None);
        store.compact()?;
        progress.finish_and_clear();
        let after = size(&store);
        store.close()?;
        if self.json {
            let side = |(files, bytes)| serde_json::json!({ "segments": files, "bytes": bytes });
            let line = serde_json::json!({ "before": side(before), "after": side(after) });
            writeln!(terminal, "{line}")?;
        } else {
            let side = |(files, bytes)| {
                let segments = if files == 1 { "segment" } else { "segments" };
                format!("{files} {segments}, {}", show::bytes(bytes))
            };
            writeln!(terminal, "before  {}\nafter   {}", side(before), side(after))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Segment files, and their bytes.
fn size(store: &Store) -> (usize, u64) {
    let stats = store.stats();
    (stats.total_segments + stats.payload_only_segments, stats.file_bytes)
}
