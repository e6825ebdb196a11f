//! `sutra delete`: concepts, by key or by where they came from.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sutra_storage::{ConceptId, Store, StoreOptions};

use super::get::{id_of, no_concept};
use crate::failure::{Failure, NEGATIVE, Outcome, complain};
use crate::show;
use crate::terminal::Terminal;

/// Delete concepts, and every association that touches them
///
/// Those with keys go in one commit. The exit code is 1 if there is no concept with one of the keys;
/// the others are deleted all the same.
#[derive(Args)]
pub(crate) struct Delete {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// The keys of the concepts
    #[arg(value_name = "KEY", required_unless_present = "source")]
    pub(crate) keys: Vec<String>,
    /// Every KEY is an id: 32 hexadecimal digits
    #[arg(long)]
    pub(crate) id: bool,
    /// All concepts that were put with this number as their source, which is not 0; reads all
    /// concepts, and commits in parts of 1,024
    #[arg(long, value_name = "N", conflicts_with_all = ["keys", "id"])]
    pub(crate) source: Option<u32>,
    /// Report as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Delete {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        if self.source == Some(0) {
            let message = "source 0 is that of concepts without one; delete those by key";
            return Err(Failure::Usage(message.into()));
        }
        let ids = self.keys.iter().map(|key| id_of(key, self.id));
        let ids = ids.collect::<Result<Vec<_>, _>>()?;
        let options =
            StoreOptions { create: false, background_compaction: false, ..options.clone() };
        let store = options.open(&self.dir)?;
        let (deleted, missing) = match self.source {
            Some(source) => (store.delete_by_source(source)?.concepts, 0),
            None => self.delete_keys(&store, &ids)?,
        };
        store.close()?;
        if self.json {
            let line = serde_json::json!({ "deleted": deleted, "missing": missing });
            writeln!(terminal, "{line}")?;
        } else {
            writeln!(terminal, "{}  {}", terminal.strong("deleted"), show::count(deleted))?;
        }
        Ok(if missing > 0 { NEGATIVE.into() } else { ExitCode::SUCCESS })
    }

    /// How many were there, and how many were not.
    fn delete_keys(&self, store: &Store, ids: &[ConceptId]) -> Result<(u64, u64), Failure> {
        let (absent, _) = store.transact(|transaction| {
            let mut absent = Vec::new();
            for (key, id) in self.keys.iter().zip(ids) {
                if transaction.concept(id)?.is_some() {
                    transaction.delete(*id);
                } else {
                    absent.push(key);
                }
            }
            Ok(absent)
        })?;
        absent.iter().for_each(|key| complain(no_concept(key)));
        let missing = absent.len() as u64;
        Ok((ids.len() as u64 - missing, missing))
    }
}
