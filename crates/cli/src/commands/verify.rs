//! `sutra verify`: every checksum and every reference.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sutra_storage::{Damage, ErrorKind, Result, StoreOptions, VerifyReport};

use crate::failure::{NEGATIVE, Outcome};
use crate::progress;
use crate::show;
use crate::terminal::Terminal;

/// Check every checksum and every reference
///
/// Reads every byte of the store and changes nothing. If anything is damaged, the file, the offset
/// and the reason are printed, and the exit code is 1.
#[derive(Args)]
pub(crate) struct Verify {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Report as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Verify {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let report = match self.look(options) {
            // Too damaged to be opened is what was asked about.
            Err(error) if error.kind() == ErrorKind::Corrupt => VerifyReport {
                damages: vec![Damage {
                    path: error.path().unwrap_or(&self.dir).to_path_buf(),
                    offset: error.offset(),
                    reason: error.to_string(),
                }],
                ..VerifyReport::default()
            },
            other => other?,
        };
        if self.json {
            as_json(terminal, &report)?;
        } else {
            as_text(terminal, &report)?;
        }
        Ok(if report.is_intact() { ExitCode::SUCCESS } else { NEGATIVE.into() })
    }

    fn look(&self, options: &StoreOptions) -> Result<VerifyReport> {
        let store = options.clone().open_read_only(&self.dir)?;
        let progress = progress::over_bytes("verify", Some(store.stats().file_bytes));
        let report = store.verify(&mut |bytes| progress.inc(bytes));
        progress.finish_and_clear();
        report
    }
}

fn as_json(terminal: &mut Terminal, report: &VerifyReport) -> io::Result<()> {
    let damage = |damage: &Damage| {
        serde_json::json!({
            "file": damage.path.to_string_lossy(), "offset": damage.offset, "reason": damage.reason,
        })
    };
    let line = serde_json::json!({
        "intact": report.is_intact(),
        "files": report.files,
        "bytes": report.bytes,
        "damages": report.damages.iter().map(damage).collect::<Vec<_>>(),
        "foreign": report.foreign,
    });
    writeln!(terminal, "{line}")
}

fn as_text(terminal: &mut Terminal, report: &VerifyReport) -> io::Result<()> {
    for damage in &report.damages {
        let offset = damage.offset.map(|at| format!(" (byte {at})")).unwrap_or_default();
        let what = terminal.alarm("damaged");
        writeln!(
            terminal,
            "{what}  {}{offset}\n         {}",
            damage.path.display(),
            damage.reason
        )?;
    }
    for name in &report.foreign {
        let what = terminal.faint("foreign");
        writeln!(terminal, "{what}  {}, which is no file of the store", show::text(name))?;
    }
    if report.is_intact() {
        let what = terminal.strong("intact ");
        let (files, bytes) = (report.files, show::bytes(report.bytes));
        writeln!(terminal, "{what}  {files} files, {bytes}, every checksum and reference holds")?;
    }
    Ok(())
}
