//! `sutra merge`: two concepts that are one.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sutra_storage::StoreOptions;

use super::get::{id_of, no_concept};
use crate::failure::{Failure, NEGATIVE, Outcome, complain};
use crate::show;
use crate::terminal::Terminal;

/// Make one concept of two
///
/// The associations of FROM, in both directions, become those of INTO, and FROM is deleted. Where
/// both have the same association, that of INTO stays, with the higher confidence; content,
/// attributes and vector INTO takes only if it has none. All of it happens or nothing. The exit code
/// is 1 if there is no concept with one of these keys.
#[derive(Args)]
pub(crate) struct Merge {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// The key of the concept that stays
    #[arg(value_name = "INTO")]
    pub(crate) into: String,
    /// The key of the concept that goes
    #[arg(value_name = "FROM")]
    pub(crate) from: String,
    /// INTO and FROM are ids: 32 hexadecimal digits
    #[arg(long)]
    pub(crate) id: bool,
    /// Report as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Merge {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let (into, from) = (id_of(&self.into, self.id)?, id_of(&self.from, self.id)?);
        if into == from {
            return Err(Failure::Usage("INTO and FROM are one concept; name two".into()));
        }
        let options =
            StoreOptions { create: false, background_compaction: false, ..options.clone() };
        let store = options.open(&self.dir)?;
        for (key, id) in [(&self.into, into), (&self.from, from)] {
            if store.snapshot().concept(&id)?.is_none() {
                complain(no_concept(key));
                return Ok(NEGATIVE.into());
            }
        }
        let report = store.merge_concepts(into, from)?;
        store.close()?;
        if self.json {
            let line = serde_json::json!({
                "moved": report.moved, "kept": report.kept, "loops": report.loops,
                "facts": report.facts, "content": report.content,
                "attrs": report.attributes, "vector": report.vector,
            });
            writeln!(terminal, "{line}")?;
            return Ok(ExitCode::SUCCESS);
        }
        let [moved, kept, loops] = [report.moved, report.kept, report.loops].map(show::count);
        let what = terminal.strong("associations");
        writeln!(terminal, "{what}  {moved} moved, {kept} that both had, {loops} between the two")?;
        let taken = [
            (report.content, "content"),
            (report.attributes, "attributes"),
            (report.vector, "vector"),
        ];
        let taken: Vec<&str> =
            taken.iter().filter(|(taken, _)| *taken).map(|(_, what)| *what).collect();
        if !taken.is_empty() {
            writeln!(terminal, "{}         {}", terminal.strong("taken"), taken.join(", "))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
