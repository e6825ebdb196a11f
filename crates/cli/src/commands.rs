//! The commands, one to a file.

mod compact;
mod demo;
mod export;
mod get;
mod import;
mod inspect;
mod neighbors;
mod segments;
mod stats;
mod verify;

use clap::Subcommand;

use crate::failure::Outcome;
use crate::terminal::Terminal;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show the main things on an excerpt of WordNet, in a temporary store
    Demo(demo::Demo),
    /// Put JSON Lines into a store; the same ones again change nothing
    Import(import::Import),
    /// Write a store as JSON Lines, sorted, always the same bytes
    Export(export::Export),
    /// Show a concept
    Get(get::Get),
    /// Show the associations of a concept
    Neighbors(neighbors::Neighbors),
    /// Show how much there is, and what it costs
    Stats(stats::Stats),
    /// Show the levels of a store and the files on them
    Segments(segments::Segments),
    /// Merge all segments and give back the room of what is deleted
    Compact(compact::Compact),
    /// Check every checksum and every reference
    Verify(verify::Verify),
    /// Show the header and the sections of a single segment file
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
            Self::Verify(verify) => verify.run(terminal),
            Self::Inspect(inspect) => inspect.run(terminal),
        }
    }
}
