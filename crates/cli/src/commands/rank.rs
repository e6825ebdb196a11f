//! `sutra rank`: what matters, in the whole graph or near some concepts.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sutra_storage::graph::{PageRank, Ranked};
use sutra_storage::{AssociationKind, ConceptId, Snapshot, StoreOptions};

use super::get::{id_of, no_concept};
use crate::arrows::{labelled, points};
use crate::failure::{Failure, NEGATIVE, Outcome, complain};
use crate::json::Object;
use crate::past::AsOf;
use crate::terminal::Terminal;
use crate::which::{Which, narrow};

/// Show the concepts that matter most
///
/// With `--from`, near these concepts: where a walker is found who follows associations whichever way
/// they point, and returns now and then (personalised PageRank). Without, in the whole graph: a walker
/// who follows associations as they point, and starts anew anywhere (PageRank); that reads all of the
/// store. The number is how likely the walker is found there. The exit code is 1 if there is no
/// concept with a key that was given.
#[derive(Args)]
pub(crate) struct Rank {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The key of a concept to start from; can be given several times
    #[arg(long, value_name = "KEY")]
    from: Vec<String>,
    /// Keys are ids: 32 hexadecimal digits
    #[arg(long)]
    id: bool,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    as_of: AsOf,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Print a line of JSON for each
    #[arg(long)]
    json: bool,
}

impl Rank {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let seeds: Result<Vec<_>, _> = self.from.iter().map(|key| id_of(key, self.id)).collect();
        let seeds = seeds?;
        let store = options.clone().open_read_only(&self.dir)?;
        let snapshot = self.as_of.snapshot(&store)?;
        for (key, id) in self.from.iter().zip(&seeds) {
            if snapshot.concept(id)?.is_none() {
                complain(no_concept(key));
                return Ok(NEGATIVE.into());
            }
        }
        // Where no association is meant, there is nothing to rank by.
        if let Some(kinds) = self.which.kinds(&store) {
            let found = self.find(&snapshot, &seeds, &kinds)?;
            self.tell(&snapshot, &found, terminal)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn find(
        &self,
        snapshot: &Snapshot,
        seeds: &[ConceptId],
        kinds: &[AssociationKind],
    ) -> Result<Vec<Ranked>, Failure> {
        if !seeds.is_empty() {
            let ranking = narrow!(snapshot.rank(seeds).limit(self.limit), kinds, self.which);
            return Ok(ranking.collect()?.top);
        }
        let graph = narrow!(snapshot.projection(), kinds, self.which).collect()?;
        let mut ranked = graph.pagerank(&PageRank::default())?;
        ranked.truncate(self.limit);
        Ok(ranked)
    }

    fn tell(
        &self,
        snapshot: &Snapshot,
        found: &[Ranked],
        terminal: &mut Terminal,
    ) -> Result<(), Failure> {
        let ids: Vec<_> = found.iter().map(|ranked| ranked.id).collect();
        let points = points(snapshot, &ids)?;
        if !self.json {
            let scores: Vec<_> =
                found.iter().map(|ranked| format!("{:.6}", ranked.score)).collect();
            return Ok(labelled(terminal, &scores, &points)?);
        }
        for (ranked, point) in found.iter().zip(&points) {
            let mut object = Object::start(terminal)?;
            #[expect(clippy::cast_possible_truncation, reason = "seven digits are enough")]
            object.number("score", ranked.score as f32)?;
            point.tell(&mut object)?;
            object.end()?;
        }
        Ok(())
    }
}
