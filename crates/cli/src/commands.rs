//! The commands, one to a file.

mod backup;
mod changes;
mod compact;
mod delete;
mod demo;
mod erase;
mod expiry;
mod export;
mod get;
mod health;
mod history;
mod import;
mod inspect;
mod invalidate;
mod merge;
mod neighbors;
mod path;
mod rank;
mod restore;
mod retention;
mod salvage;
mod search;
mod segments;
mod stats;
mod verify;

use clap::Subcommand;
use sutra_storage::StoreOptions;

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
    Path(path::Path),
    Rank(rank::Rank),
    History(history::History),
    Changes(changes::Changes),
    Retention(retention::Retention),
    Expiry(expiry::Expiry),
    Merge(merge::Merge),
    Invalidate(invalidate::Invalidate),
    Delete(delete::Delete),
    Erase(erase::Erase),
    Search(search::Search),
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
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        match self {
            Self::Demo(demo) => demo.run(terminal),
            Self::Import(import) => import.run(options, terminal),
            Self::Export(export) => export.run(options, terminal),
            Self::Get(get) => get.run(options, terminal),
            Self::Neighbors(neighbors) => neighbors.run(options, terminal),
            Self::Path(path) => path.run(options, terminal),
            Self::Rank(rank) => rank.run(options, terminal),
            Self::History(history) => history.run(options, terminal),
            Self::Changes(changes) => changes.run(options, terminal),
            Self::Retention(retention) => retention.run(options, terminal),
            Self::Expiry(expiry) => expiry.run(options, terminal),
            Self::Merge(merge) => merge.run(options, terminal),
            Self::Invalidate(invalidate) => invalidate.run(options, terminal),
            Self::Delete(delete) => delete.run(options, terminal),
            Self::Erase(erase) => erase.run(options, terminal),
            Self::Search(search) => search.run(options, terminal),
            Self::Stats(stats) => stats.run(options, terminal),
            Self::Segments(segments) => segments.run(options, terminal),
            Self::Compact(compact) => compact.run(options, terminal),
            Self::Health(health) => health.run(options, terminal),
            Self::Verify(verify) => verify.run(options, terminal),
            Self::Backup(backup) => backup.run(options, terminal),
            Self::Restore(restore) => restore.run(options, terminal),
            Self::Salvage(salvage) => salvage.run(options, terminal),
            Self::Inspect(inspect) => inspect.run(options, terminal),
        }
    }
}
