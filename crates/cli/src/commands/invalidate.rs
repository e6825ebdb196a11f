//! `sutra invalidate`: the end of an association's validity.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sutra_storage::StoreOptions;
use sutra_storage::time::OPEN_START;

use super::get::id_of;
use crate::failure::{NEGATIVE, Outcome, complain};
use crate::json::Object;
use crate::moment;
use crate::show;
use crate::terminal::Terminal;

/// Say until when an association holds
///
/// From that time on it holds no longer; it stays in the store, with all that it says. The exit code
/// is 1 if there is no such association.
#[derive(Args)]
pub(crate) struct Invalidate {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// The key of the concept where it starts
    #[arg(value_name = "SOURCE")]
    pub(crate) source: String,
    /// Its type
    #[arg(value_name = "TYPE")]
    pub(crate) kind: String,
    /// The key of the concept where it ends
    #[arg(value_name = "TARGET")]
    pub(crate) target: String,
    /// When it ends: as 2026-03-01, 2026-03-01T12:30:00Z or milliseconds since 1970; now by default
    #[arg(long, value_name = "TIME", value_parser = moment::parse, allow_hyphen_values = true)]
    pub(crate) at: Option<i64>,
    /// SOURCE and TARGET are ids: 32 hexadecimal digits
    #[arg(long)]
    pub(crate) id: bool,
    /// Report as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Invalidate {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let (source, target) = (id_of(&self.source, self.id)?, id_of(&self.target, self.id)?);
        let options =
            StoreOptions { create: false, background_compaction: false, ..options.clone() };
        let store = options.open(&self.dir)?;
        let kind = store.kind_named(&self.kind);
        let stored = match kind {
            Some(kind) => store.snapshot().association(&source, kind, &target)?,
            None => None,
        };
        let Some(stored) = stored else {
            complain(format_args!(
                "no association {:?} from {:?} to {:?}; `sutra neighbors DIR KEY` shows those of a concept",
                self.kind, self.source, self.target
            ));
            return Ok(NEGATIVE.into());
        };
        let at = self.at.unwrap_or_else(moment::now);
        let record = store.invalidate(source, stored.kind(), target, at)?;
        store.close()?;
        let (from, to) = (record.valid_from(), record.valid_to());
        if self.json {
            let mut object = Object::start(terminal)?;
            object.text("source", &self.source)?;
            object.text("target", &self.target)?;
            object.text("type", &self.kind)?;
            if from != OPEN_START {
                object.integer("valid_from", from)?;
            }
            object.integer("valid_to", to)?;
            object.end()?;
        } else {
            let from = if from == OPEN_START { String::new() } else { show::time(from) + " " };
            writeln!(terminal, "held {from}until {}", show::time(to))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
