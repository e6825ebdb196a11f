//! `sutra neighbors`: the associations of one concept, or what is within some of them.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sutra_storage::{ConceptId, Snapshot, Store, StoreOptions};

use super::get::{id_of, no_concept};
use crate::arrows::{arrows, as_table, labelled, points};
use crate::failure::{Failure, NEGATIVE, Outcome, complain};
use crate::json::Object;
use crate::past::AsOf;
use crate::tell::KindNames;
use crate::terminal::Terminal;
use crate::which::{Ways, Which, narrow};

/// Show the associations of a concept
///
/// `->` leads away from it, `<-` comes to it. With `--hops`, show the concepts that are at most so
/// many associations away, the nearest first. The exit code is 1 if there is no concept with this
/// key.
#[derive(Args)]
pub(crate) struct Neighbors {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The key of the concept
    #[arg(value_name = "KEY")]
    key: String,
    /// KEY is an id: 32 hexadecimal digits
    #[arg(long)]
    id: bool,
    #[command(flatten)]
    ways: Ways,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    as_of: AsOf,
    /// Show concepts, at most so many associations away
    #[arg(long, value_name = "N")]
    hops: Option<u32>,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print a line of JSON for each
    #[arg(long)]
    json: bool,
}

impl Neighbors {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let id = id_of(&self.key, self.id)?;
        let store = options.clone().open_read_only(&self.dir)?;
        let snapshot = self.as_of.snapshot(&store)?;
        if snapshot.concept(&id)?.is_none() {
            complain(no_concept(&self.key));
            return Ok(NEGATIVE.into());
        }
        match self.hops {
            None => self.associations(&store, &snapshot, id, terminal)?,
            Some(hops) => self.concepts(&store, &snapshot, id, hops, terminal)?,
        }
        Ok(ExitCode::SUCCESS)
    }

    fn associations(
        &self,
        store: &Store,
        snapshot: &Snapshot,
        id: ConceptId,
        terminal: &mut Terminal,
    ) -> Result<(), Failure> {
        let Some(kinds) = self.which.kinds(store) else { return Ok(()) };
        let neighbors = snapshot.neighbors(&id).limit(self.limit.unwrap_or(usize::MAX));
        let found = narrow!(neighbors, kinds, self.which, self.ways).collect()?;
        let rows = arrows(snapshot, &mut KindNames::of(store), &found)?;
        if self.json {
            rows.iter().try_for_each(|row| row.as_json(terminal, None))?;
        } else {
            as_table(terminal, &rows)?;
        }
        Ok(())
    }

    fn concepts(
        &self,
        store: &Store,
        snapshot: &Snapshot,
        id: ConceptId,
        hops: u32,
        terminal: &mut Terminal,
    ) -> Result<(), Failure> {
        let Some(kinds) = self.which.kinds(store) else { return Ok(()) };
        let mut search = narrow!(snapshot.expand(&[id]).hops(hops), kinds, self.which, self.ways);
        if let Some(limit) = self.limit {
            search = search.limit(limit.saturating_add(1)); // It counts the concept itself.
        }
        let found = search.collect()?;
        if self.limit.is_none() && !found.outcome.is_complete() {
            complain("there is more: the search met its limit; say --limit, or fewer --hops");
        }
        let near = found.reached.get(1..).unwrap_or_default();
        let ids: Vec<_> = near.iter().map(|near| near.id).collect();
        let points = points(snapshot, &ids)?;
        if self.json {
            for (near, point) in near.iter().zip(&points) {
                let mut object = Object::start(terminal)?;
                object.integer("hops", near.hops.into())?;
                point.tell(&mut object)?;
                object.end()?;
            }
        } else {
            let hops: Vec<_> = near.iter().map(|near| near.hops.to_string()).collect();
            labelled(terminal, &hops, &points)?;
        }
        Ok(())
    }
}
