//! `sutra export`: a store as JSON Lines.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sutra_storage::{AssociationRecord, Concept, ConceptId, Snapshot, Store, StoreOptions};

use crate::failure::{Failure, Outcome};
use crate::json::Object;
use crate::order::Order;
use crate::past::AsOf;
use crate::progress;
use crate::sink::Sink;
use crate::tell::{self, KindNames, Name, Text};
use crate::terminal::Terminal;

/// Write a store as JSON Lines, sorted, always the same bytes
///
/// First the vector spaces in the order in which they were named, then the concepts sorted by key,
/// then the associations sorted by the keys of source and target and by type; `import` takes them
/// back. What has no key is named by its id: `"id"`, `"source_id"`, `"target_id"`. What is as usual is
/// left out: weights, strengths and confidences of 1.0, validity without start or end, hashes, counts
/// and times of 0. Not told: when a concept was put, expiry, history.
#[derive(Args)]
pub(crate) struct Export {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Where the vector spaces and the concepts go instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) concepts: Option<PathBuf>,
    /// Where the associations go instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) associations: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) as_of: AsOf,
}

impl Export {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let store = options.clone().open_read_only(&self.dir)?;
        let snapshot = self.as_of.snapshot(&store)?;
        let order = Order::of(&snapshot)?;
        let mut sink = Sink::open(self.concepts.as_deref(), terminal)?;
        for space in snapshot.vector_spaces() {
            tell::space(&mut sink, space).map_err(|error| sink.failure(error))?;
        }
        concepts(&snapshot, &order, &mut sink)?;
        sink.finish()?;
        let mut sink = Sink::open(self.associations.as_deref(), terminal)?;
        associations(&store, &snapshot, &order, &mut sink)?;
        sink.finish()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// How many concepts are looked up together.
const CHUNK: usize = 256;

fn concepts(snapshot: &Snapshot, order: &Order, sink: &mut Sink<'_>) -> Result<(), Failure> {
    let ids: Vec<ConceptId> = order.concepts().collect();
    let progress = progress::over_items("concepts", Some(ids.len() as u64));
    for chunk in ids.chunks(CHUNK) {
        for concept in snapshot.concepts(chunk)?.into_iter().flatten() {
            let text = Text::of(&concept)?;
            write_concept(sink, order.name(&concept.id()), &concept, &text)
                .map_err(|error| sink.failure(error))?;
        }
        progress.inc(chunk.len() as u64);
    }
    progress.finish_and_clear();
    Ok(())
}

fn associations(
    store: &Store,
    snapshot: &Snapshot,
    order: &Order,
    sink: &mut Sink<'_>,
) -> Result<(), Failure> {
    let mut kinds = KindNames::of(store);
    let sources = order.ends();
    let progress = progress::over_items("associations", Some(sources.len() as u64));
    for source in sources {
        let mut rows = Vec::new();
        for neighbor in snapshot.neighbors(&source).outgoing().collect()? {
            let kind = kinds.name(neighbor.association.kind())?;
            rows.push((order.rank(&neighbor.id), kind, neighbor.association));
        }
        rows.sort_unstable_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        for (_, kind, record) in &rows {
            let fact = snapshot.fact(record)?;
            let text = fact.as_ref().map(Text::of).transpose()?.unwrap_or_default();
            let ends = [order.name(&record.source), order.name(&record.target)];
            write_association(sink, ends, kind, record, &text)
                .map_err(|error| sink.failure(error))?;
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(())
}

fn write_concept(
    sink: &mut Sink<'_>,
    name: Name<'_>,
    concept: &Concept<'_>,
    text: &Text<'_>,
) -> io::Result<()> {
    let mut object = Object::start(sink)?;
    tell::name(&mut object, "key", "id", name)?;
    text.tell(&mut object)?;
    tell::state(&mut object, concept.record())?;
    object.end()
}

fn write_association(
    sink: &mut Sink<'_>,
    ends: [Name<'_>; 2],
    kind: &str,
    record: &AssociationRecord,
    text: &Text<'_>,
) -> io::Result<()> {
    let mut object = Object::start(sink)?;
    tell::association(&mut object, ends, kind, record)?;
    text.tell(&mut object)?;
    object.end()
}
