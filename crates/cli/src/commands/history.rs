//! `sutra history`: the versions of one concept.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sutra_storage::{ConceptVersion, StoreOptions};

use super::get::{id_of, no_concept};
use crate::failure::{Failure, NEGATIVE, Outcome, complain};
use crate::json::Object;
use crate::past::shown;
use crate::show;
use crate::tell::Text;
use crate::terminal::Terminal;

/// Show what a concept was, newest first
///
/// As far back as the store keeps history (`sutra retention`); without it, what it is now. A change of
/// strength, confidence or access is a version, too. The exit code is 1 if there never was a concept
/// with this key, as far as the store knows.
#[derive(Args)]
pub(crate) struct History {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The key of the concept
    #[arg(value_name = "KEY")]
    key: String,
    /// KEY is an id: 32 hexadecimal digits
    #[arg(long)]
    id: bool,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print a line of JSON for each
    #[arg(long)]
    json: bool,
}

impl History {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let id = id_of(&self.key, self.id)?;
        let store = options.clone().open_read_only(&self.dir)?;
        let snapshot = store.snapshot();
        let versions = snapshot.history(&id)?;
        if versions.is_empty() {
            complain(no_concept(&self.key));
            return Ok(NEGATIVE.into());
        }
        for version in versions.iter().take(self.limit.unwrap_or(usize::MAX)) {
            if self.json { as_json(terminal, version)? } else { as_text(terminal, version)? }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn as_json(terminal: &mut Terminal, version: &ConceptVersion<'_>) -> Result<(), Failure> {
    let mut object = Object::start(terminal)?;
    object.integer("time", i64::try_from(version.time).unwrap_or(i64::MAX))?;
    object.integer("seq", i64::try_from(version.seq).unwrap_or(i64::MAX))?;
    match &version.concept {
        None => object.raw("deleted", "true")?,
        Some(concept) => {
            Text::of(concept)?.tell(&mut object)?;
            let record = concept.record();
            object.number("strength", record.strength.get())?;
            object.number("confidence", record.confidence.get())?;
            object.integer("access_count", record.access_count.get().into())?;
        }
    }
    Ok(object.end()?)
}

/// How much of a text is shown.
const WIDTH: usize = 80;

fn as_text(terminal: &mut Terminal, version: &ConceptVersion<'_>) -> Result<(), Failure> {
    let time = terminal.faint(shown(version.time));
    let what = match &version.concept {
        None => "deleted".to_owned(),
        Some(concept) => {
            let text = concept.content()?.map(|content| show::line(content, WIDTH));
            let record = concept.record();
            let (strength, count) = (record.strength.get(), record.access_count.get());
            let text = text.unwrap_or_default();
            format!("{text}  (strength {strength:?}, accessed {count} times)")
        }
    };
    let written: io::Result<()> = writeln!(terminal, "{time}  {what}");
    Ok(written?)
}
