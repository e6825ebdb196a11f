//! `sutra stats`: how much there is, and what it costs.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use sutra_storage::{Analyser, AssociationKind, Snapshot, Store, StoreOptions, VectorSpace};

use crate::failure::{Failure, Outcome};
use crate::progress;
use crate::show;
use crate::tell::KindNames;
use crate::terminal::Terminal;

/// Show how much there is, and what it costs
///
/// Counts the associations by type, and the vectors of concepts by vector space.
#[derive(Args)]
pub(crate) struct Stats {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Report as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Serialize)]
struct Report {
    concepts: u64,
    with_content: u64,
    with_vector: u64,
    content_bytes: u64,
    /// What makes words of the texts.
    analyser: &'static str,
    associations: u64,
    /// Associations that have text, attributes or a vector.
    with_fact: u64,
    /// By falling count, then by name.
    types: Vec<Type>,
    /// In the order in which they were named.
    vector_spaces: Vec<Space>,
    last_seq: u64,
    segments: usize,
    segment_bytes: u64,
    live_bytes: u64,
    space_amplification: f64,
    /// Records that are in the journal and not yet in a segment.
    unflushed_bytes: u64,
}

#[derive(Serialize)]
struct Space {
    name: String,
    model: String,
    dimension: u32,
    metric: &'static str,
    /// Vectors of concepts. Those of associations are not counted.
    vectors: u64,
}

#[derive(Serialize)]
struct Type {
    name: String,
    associations: u64,
}

impl Stats {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let store = options.clone().open_read_only(&self.dir)?;
        let report = count(&store, &store.snapshot())?;
        if self.json {
            writeln!(terminal, "{}", serde_json::to_string(&report).map_err(io::Error::from)?)?;
        } else {
            as_text(terminal, &report)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn count(store: &Store, snapshot: &Snapshot) -> Result<Report, Failure> {
    let stats = store.stats();
    let mut report = Report {
        concepts: 0,
        with_content: 0,
        with_vector: 0,
        content_bytes: 0,
        analyser: snapshot.analyser().name(),
        associations: 0,
        with_fact: 0,
        types: Vec::new(),
        vector_spaces: spaces(snapshot),
        last_seq: stats.last_seq,
        segments: stats.total_segments + stats.payload_only_segments,
        segment_bytes: stats.file_bytes,
        live_bytes: stats.live_bytes,
        space_amplification: stats.space_amplification(),
        unflushed_bytes: stats.owned_bytes,
    };
    let progress =
        progress::over_items("count", Some(stats.total_concepts + stats.total_associations));
    for concept in snapshot.iter()? {
        let concept = concept?;
        let record = concept.record();
        report.concepts += 1;
        report.with_content += u64::from(record.has_content());
        report.with_vector += u64::from(record.has_vector());
        let space = usize::from(record.vector_space.get()).checked_sub(1);
        if let Some(space) = space.and_then(|at| report.vector_spaces.get_mut(at)) {
            space.vectors += u64::from(record.has_vector());
        }
        report.content_bytes += u64::from(record.content_length.get());
        progress.inc(1);
    }
    let mut by_kind = vec![0; usize::from(u16::MAX) + 1];
    for association in snapshot.iter_associations()? {
        let association = association?;
        report.associations += 1;
        report.with_fact += u64::from(association.fact_id().is_some());
        by_kind[usize::from(association.kind().code())] += 1;
        progress.inc(1);
    }
    progress.finish_and_clear();
    let mut names = KindNames::of(store);
    for (code, associations) in (0..=u16::MAX).zip(by_kind).filter(|(_, count)| *count > 0) {
        let name = names.name(AssociationKind::from_code(code))?.to_string();
        report.types.push(Type { name, associations });
    }
    report.types.sort_by(|a, b| (b.associations, &a.name).cmp(&(a.associations, &b.name)));
    Ok(report)
}

fn spaces(snapshot: &Snapshot) -> Vec<Space> {
    let space = |space: &VectorSpace| Space {
        name: space.name.clone(),
        model: space.model.clone(),
        dimension: space.dimension,
        metric: space.metric.name(),
        vectors: 0,
    };
    snapshot.vector_spaces().iter().map(space).collect()
}

fn as_text(terminal: &mut Terminal, report: &Report) -> io::Result<()> {
    let count = show::count;
    let rows = [
        ("concepts", count(report.concepts)),
        (
            "  with text",
            format!("{}, {}", count(report.with_content), show::bytes(report.content_bytes)),
        ),
        ("  words", words(report)),
        ("  with vector", count(report.with_vector)),
        ("associations", count(report.associations)),
        ("  with a fact", count(report.with_fact)),
        ("segments", format!("{}, {}", report.segments, show::bytes(report.segment_bytes))),
        ("  in use", in_use(report)),
        ("in memory", show::bytes(report.unflushed_bytes)),
        ("last change", count(report.last_seq)),
    ];
    for (what, value) in rows {
        writeln!(terminal, "{}  {value}", terminal.strong(format_args!("{what:13}")))?;
    }
    for space in &report.vector_spaces {
        let Space { name, model, dimension, metric, vectors } = space;
        let name = terminal.accent(show::text(name));
        let model =
            if model.is_empty() { String::new() } else { format!(" of {}", show::text(model)) };
        let vectors = count(*vectors);
        let what = terminal.strong("vector space ");
        writeln!(terminal, "{what}  {name}: {vectors}{model}, {dimension} values, {metric}")?;
    }
    let width = report.types.iter().map(|kind| kind.name.chars().count()).max().unwrap_or(0);
    let digits = report.types.first().map_or(0, |kind| count(kind.associations).len());
    for kind in &report.types {
        let name = terminal.accent(format_args!("{:width$}", kind.name));
        writeln!(terminal, "  {name}  {:>digits$}", count(kind.associations))?;
    }
    Ok(())
}

fn words(report: &Report) -> String {
    let language = Analyser::named(report.analyser).ok().and_then(|known| known.language());
    language.map_or("as they are".to_owned(), |language| format!("by their stems, {language}"))
}

fn in_use(report: &Report) -> String {
    let live = show::bytes(report.live_bytes);
    if report.live_bytes == 0 {
        return live;
    }
    format!("{live}; the files are {:.2} times that", report.space_amplification)
}
