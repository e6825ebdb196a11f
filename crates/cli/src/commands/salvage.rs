//! `sutra salvage`: what is intact of a damaged store, in a new one.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sutra_storage::{Loss, SalvageOptions, SalvageReport, StoreOptions};

use crate::failure::{NEGATIVE, Outcome};
use crate::progress;
use crate::show;
use crate::terminal::Terminal;

/// Write what is intact of a damaged store into a new one
///
/// DIR is only read, and nobody may write there meanwhile; NEWDIR must be new or empty. What no
/// checksum vouches for is left out, and so is what something lost may have replaced or deleted.
/// All of that is printed: the file, the offset, and which concept or how many records. If anything
/// is missing, the exit code is 1. If you have a backup, compare: it may have more.
#[derive(Args)]
pub(crate) struct Salvage {
    /// The directory of the damaged store
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The directory of the new store
    #[arg(value_name = "NEWDIR")]
    new_dir: PathBuf,
    /// Also take versions of which newer ones, or the deletion, may be among what was lost
    #[arg(long)]
    older: bool,
    /// Report as one line of JSON
    #[arg(long)]
    json: bool,
}

impl Salvage {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let progress = progress::over_bytes("salvage", None);
        let how = SalvageOptions { older: self.older };
        let count = &mut |bytes| progress.inc(bytes);
        let report = options.clone().salvage(&self.dir, &self.new_dir, how, count);
        progress.finish_and_clear();
        let report = report?;
        if self.json {
            as_json(terminal, &report)?;
        } else {
            as_text(terminal, &report)?;
        }
        Ok(if report.is_complete() { ExitCode::SUCCESS } else { NEGATIVE.into() })
    }
}

fn as_json(terminal: &mut Terminal, report: &SalvageReport) -> io::Result<()> {
    let loss = |loss: &Loss| {
        serde_json::json!({
            "file": loss.path.to_string_lossy(), "offset": loss.offset,
            "what": loss.what.to_string(),
        })
    };
    let line = serde_json::json!({
        "complete": report.is_complete(),
        "concepts": report.concepts,
        "associations": report.associations,
        "losses": report.losses.iter().map(loss).collect::<Vec<_>>(),
    });
    writeln!(terminal, "{line}")
}

fn as_text(terminal: &mut Terminal, report: &SalvageReport) -> io::Result<()> {
    for loss in &report.losses {
        let offset = loss.offset.map(|at| format!(" (byte {at})")).unwrap_or_default();
        let (what, path) = (terminal.alarm("lost "), loss.path.display().to_string());
        writeln!(
            terminal,
            "{what}  {}{offset}\n       {}",
            path,
            show::text(&loss.what.to_string())
        )?;
    }
    let (concepts, associations) = (show::count(report.concepts), show::count(report.associations));
    let what = terminal.strong("saved");
    writeln!(terminal, "{what}  {concepts} concepts, {associations} associations")?;
    if report.is_complete() {
        writeln!(terminal, "       nothing is missing")?;
    }
    Ok(())
}
