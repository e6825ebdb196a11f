//! `sutra health`: whether a store can be used, and what to do if not.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sutra_storage::{Damage, ErrorKind, HealthReport, Result, StoreOptions};

use crate::failure::{NEGATIVE, Outcome};
use crate::progress;
use crate::show;
use crate::terminal::Terminal;

/// Say whether a store can be used, and what to do if not
///
/// Opens the store for reading and changes nothing: that reads the manifest, the frame of each
/// file and the journal. With `--scrub` every page of every file is read, too, the manifest before
/// this one included. If anything is wrong, the exit code is 1. `verify` looks longer and also finds
/// what does not fit together.
#[derive(Args)]
pub(crate) struct Health {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Read every page
    #[arg(long)]
    scrub: bool,
    /// Report as one line of JSON
    #[arg(long)]
    json: bool,
}

/// Bytes between two movements of the bar.
const STEP_BYTES: u64 = 16 << 20;

/// What to do about damage.
const ADVICE: &str = "restore a backup (`sutra restore`), or take what is intact \
                      (`sutra salvage`); check disk and memory of the machine";

/// What was found.
struct Found {
    damages: Vec<Damage>,
    /// Absent if the store is too damaged to be opened.
    report: Option<HealthReport>,
}

impl Health {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let found = match self.look(options) {
            Err(error) if error.kind() == ErrorKind::Corrupt => {
                let path = error.path().unwrap_or(&self.dir).to_path_buf();
                let (offset, reason) = (error.offset(), error.to_string());
                Found { damages: vec![Damage { path, offset, reason }], report: None }
            }
            other => {
                let report = other?;
                Found { damages: report.scrub.damages.clone(), report: Some(report) }
            }
        };
        if self.json {
            found.as_json(terminal)?;
        } else {
            found.as_text(terminal)?;
        }
        Ok(if found.is_good() { ExitCode::SUCCESS } else { NEGATIVE.into() })
    }

    fn look(&self, options: &StoreOptions) -> Result<HealthReport> {
        let store = options.clone().open_read_only(&self.dir)?;
        if self.scrub {
            let progress = progress::over_bytes("scrub", Some(store.stats().file_bytes));
            while !store.scrub_step(STEP_BYTES) {
                progress.inc(STEP_BYTES);
            }
            progress.finish_and_clear();
        }
        Ok(store.health_report())
    }
}

impl Found {
    fn is_good(&self) -> bool {
        self.damages.is_empty()
    }

    fn as_json(&self, terminal: &mut Terminal) -> io::Result<()> {
        let damage = |damage: &Damage| {
            serde_json::json!({
                "file": damage.path.to_string_lossy(), "offset": damage.offset,
                "reason": damage.reason,
            })
        };
        let report = self.report.as_ref();
        let line = serde_json::json!({
            "healthy": self.is_good(),
            "state": if self.is_good() { "good" } else { "damaged" },
            "damages": self.damages.iter().map(damage).collect::<Vec<_>>(),
            "scrub_ended_at": report.and_then(|report| report.scrub.last_pass).map(|p| p.ended_at),
            "scrubbed_bytes": report.map(|report| report.scrub.bytes),
            "debt_bytes": report.map(|report| report.debt_bytes),
            "advice": if self.is_good() { None } else { Some(ADVICE) },
        });
        writeln!(terminal, "{line}")
    }

    fn as_text(&self, terminal: &mut Terminal) -> io::Result<()> {
        for damage in &self.damages {
            let offset = damage.offset.map(|at| format!(" (byte {at})")).unwrap_or_default();
            let (what, path) = (terminal.alarm("damaged"), damage.path.display().to_string());
            writeln!(terminal, "{what}  {path}{offset}\n         {}", damage.reason)?;
        }
        if !self.is_good() {
            return writeln!(terminal, "{}    {ADVICE}", terminal.strong("to do"));
        }
        let scrubbed = self.report.as_ref().map_or(0, |report| report.scrub.bytes);
        let looked = match scrubbed {
            0 => "the store opens; `--scrub` reads every page".to_owned(),
            bytes => format!("the store opens, and every page holds, {}", show::bytes(bytes)),
        };
        writeln!(terminal, "{}     {looked}", terminal.strong("good"))?;
        let debt = self.report.as_ref().map_or(0, |report| report.debt_bytes);
        if debt > 0 {
            let what = terminal.faint("behind");
            writeln!(
                terminal,
                "{what}   {} are due to be merged: `sutra compact`",
                show::bytes(debt)
            )?;
        }
        Ok(())
    }
}
