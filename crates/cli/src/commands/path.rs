//! `sutra path`: a way from one concept to another.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sutra_storage::graph::{self, FoundPath, FoundPaths};
use sutra_storage::{ConceptId, Snapshot, Store, StoreOptions};

use super::get::{id_of, no_concept};
use crate::arrows::{arrows, as_table, points, shown};
use crate::failure::{Failure, NEGATIVE, Outcome, complain};
use crate::past::AsOf;
use crate::tell::KindNames;
use crate::terminal::Terminal;
use crate::which::{Ways, Which, narrow};

/// Show a way from one concept to another, or the best ones
///
/// The shortest one, or with `--cheapest` the one whose steps cost least, where a step costs 1
/// divided by the weight of its association. Associations are followed whichever way they point,
/// unless `--out` or `--in` says otherwise: `->` is one that is followed, `<-` one that is walked
/// back. The exit code is 1 if there is no way, or no such concept.
#[derive(Args)]
pub(crate) struct Path {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The key of the concept where the way starts
    #[arg(value_name = "A")]
    from: String,
    /// The key of the concept where it ends
    #[arg(value_name = "B")]
    to: String,
    /// A and B are ids: 32 hexadecimal digits
    #[arg(long)]
    id: bool,
    /// At most so many steps
    #[arg(long, value_name = "N", conflicts_with = "cheapest")]
    hops: Option<u32>,
    /// The way that costs least, however many steps it takes
    #[arg(long)]
    cheapest: bool,
    /// The best N ways, the best first. None meets a concept twice; in JSON, each step says of which
    /// way it is
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    #[command(flatten)]
    ways: Ways,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    as_of: AsOf,
    /// Print a line of JSON for each step
    #[arg(long)]
    json: bool,
}

const MET_LIMIT: &str = "the search met its limit: give --type or --hops";

fn one(found: FoundPath) -> FoundPaths {
    FoundPaths { paths: found.path.into_iter().collect(), outcome: found.outcome }
}

impl Path {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let ends = [id_of(&self.from, self.id)?, id_of(&self.to, self.id)?];
        let store = options.clone().open_read_only(&self.dir)?;
        let snapshot = self.as_of.snapshot(&store)?;
        for (key, id) in [&self.from, &self.to].into_iter().zip(&ends) {
            if snapshot.concept(id)?.is_none() {
                complain(no_concept(key));
                return Ok(NEGATIVE.into());
            }
        }
        let Some(found) = self.find(&store, &snapshot, ends)? else { return Ok(self.none("")) };
        if found.paths.is_empty() && self.count != Some(0) {
            let cut = format!("; {MET_LIMIT}");
            return Ok(self.none(if found.outcome.is_complete() { "" } else { &cut }));
        }
        let mut names = KindNames::of(&store);
        for (path, way) in found.paths.iter().zip(1..) {
            self.tell(terminal, &snapshot, &mut names, (path, way))?;
        }
        if self.count.is_some() && !found.outcome.is_complete() {
            complain(format_args!("there may be more ways: {MET_LIMIT}"));
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Shows the n-th way.
    fn tell(
        &self,
        terminal: &mut Terminal,
        snapshot: &Snapshot,
        names: &mut KindNames<'_>,
        (path, way): (&graph::Path, i64),
    ) -> Result<(), Failure> {
        let rows = arrows(snapshot, names, &path.steps)?;
        if self.json {
            let way = self.count.map(|_| way);
            return Ok(rows.iter().try_for_each(|row| row.as_json(terminal, way))?);
        }
        if way > 1 {
            writeln!(terminal)?;
        }
        for start in points(snapshot, &[path.start])? {
            writeln!(terminal, "{}", terminal.strong(shown(&start.name)))?;
        }
        as_table(terminal, &rows)?;
        if self.cheapest {
            writeln!(terminal, "{} {}", terminal.faint("cost"), path.cost)?;
        }
        Ok(())
    }

    /// Nothing if no association can be meant.
    fn find(
        &self,
        store: &Store,
        snapshot: &Snapshot,
        [from, to]: [ConceptId; 2],
    ) -> Result<Option<FoundPaths>, Failure> {
        let Some(kinds) = self.which.kinds(store) else { return Ok(None) };
        let mut paths = narrow!(snapshot.paths(&from, &to), kinds, self.which, self.ways);
        if let Some(hops) = self.hops {
            paths = paths.hops(hops);
        }
        Ok(Some(match (self.count, self.cheapest) {
            (Some(count), true) => paths.count(count).cheapest()?,
            (Some(count), false) => paths.count(count).shortest()?,
            (None, true) => one(paths.cheapest()?),
            (None, false) => one(paths.shortest()?),
        }))
    }

    fn none(&self, why: &str) -> ExitCode {
        complain(format_args!("no way from {:?} to {:?}{why}", self.from, self.to));
        NEGATIVE.into()
    }
}
