//! The commands, one to a file.

mod backup;
mod compact;
mod demo;
mod export;
mod get;
mod health;
mod import;
mod inspect;
mod neighbors;
mod restore;
mod salvage;
mod segments;
mod stats;
mod verify;

use clap::Subcommand;

use crate::failure::Outcome;
use crate::terminal::Terminal;

/// What to do. The help of each command is the comment on its arguments.
#[derive(Subcommand)]
pub(crate) enum Command {
    Demo(demo::Demo),
    Import(import::Import),
    Export(export::Export),
    Get(get::Get),
    Neighbors(neighbors::Neighbors),
    Stats(stats::Stats),
    Segments(segments::Segments),
    Compact(compact::Compact),
    Health(health::Health),
    Verify(verify::Verify),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Salvage(salvage::Salvage),
    Inspect(inspect::Inspect),
}

impl Command {
    pub(crate) fn run(self, terminal: &mut Terminal) -> Outcome {
        match self {
            Self::Demo(demo) => demo.run(terminal),
            Self::Import(import) => import.run(terminal),
            Self::Export(export) => export.run(terminal),
            Self::Get(get) => get.run(terminal),
            Self::Neighbors(neighbors) => neighbors.run(terminal),
            Self::Stats(stats) => stats.run(terminal),
            Self::Segments(segments) => segments.run(terminal),
            Self::Compact(compact) => compact.run(terminal),
            Self::Health(health) => health.run(terminal),
            Self::Verify(verify) => verify.run(terminal),
            Self::Backup(backup) => backup.run(terminal),
            Self::Restore(restore) => restore.run(terminal),
            Self::Salvage(salvage) => salvage.run(terminal),
            Self::Inspect(inspect) => inspect.run(terminal),
        }
    }
}
