//! `sutra neighbors`: the associations of one concept.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sutra_storage::{
    AssociationRecord, ConceptId, Direction, Neighbor, Snapshot, Store, StoreOptions,
};

use super::get::{id_of, no_concept};
use crate::failure::{Failure, NEGATIVE, Outcome, complain};
use crate::json::Object;
use crate::show;
use crate::tell::{self, KindNames, Name, Text};
use crate::terminal::Terminal;

/// Show the associations of a concept
///
/// `->` leads away from it, `<-` comes to it. The exit code is 1 if there is no concept with this
/// key.
#[derive(Args)]
pub(crate) struct Neighbors {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// The key of the concept
    #[arg(value_name = "KEY")]
    pub(crate) key: String,
    /// KEY is an id: 32 hexadecimal digits
    #[arg(long)]
    pub(crate) id: bool,
    /// Only associations that end at the concept
    #[arg(long, group = "direction")]
    pub(crate) r#in: bool,
    /// Only associations that start at the concept
    #[arg(long, group = "direction")]
    pub(crate) out: bool,
    /// Both, outgoing ones first; the default
    #[arg(long, group = "direction")]
    pub(crate) both: bool,
    /// Only associations of this type
    #[arg(long = "type", value_name = "T")]
    pub(crate) kind: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Print a line of JSON for each
    #[arg(long)]
    pub(crate) json: bool,
}

impl Neighbors {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let id = id_of(&self.key, self.id)?;
        let store = options.clone().open_read_only(&self.dir)?;
        let snapshot = store.snapshot();
        if snapshot.concept(&id)?.is_none() {
            complain(no_concept(&self.key));
            return Ok(NEGATIVE.into());
        }
        let rows = rows(&snapshot, &mut KindNames::of(&store), &self.find(&store, &snapshot, id)?)?;
        if self.json {
            rows.iter().try_for_each(|row| row.as_json(terminal))?;
        } else {
            as_table(terminal, &rows)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn find(
        &self,
        store: &Store,
        snapshot: &Snapshot,
        id: ConceptId,
    ) -> Result<Vec<Neighbor>, Failure> {
        let mut neighbors = snapshot.neighbors(&id).limit(self.limit.unwrap_or(usize::MAX));
        if self.r#in {
            neighbors = neighbors.incoming();
        } else if self.out {
            neighbors = neighbors.outgoing();
        }
        if let Some(name) = &self.kind {
            let Some(kind) = store.kind_named(name) else { return Ok(Vec::new()) };
            neighbors = neighbors.of_kind(kind);
        }
        Ok(neighbors.collect()?)
    }
}

/// An association with what is known of its other end.
struct Row<'s> {
    direction: Direction,
    kind: std::rc::Rc<str>,
    record: AssociationRecord,
    ends: [Name<'s>; 2],
    other: Name<'s>,
    other_content: Option<&'s str>,
    text: Text<'s>,
}

fn rows<'s>(
    snapshot: &'s Snapshot,
    kinds: &mut KindNames<'_>,
    found: &[Neighbor],
) -> Result<Vec<Row<'s>>, Failure> {
    let ends = |record: &AssociationRecord| [record.source, record.target];
    let ids: Vec<ConceptId> = found.iter().flat_map(|found| ends(&found.association)).collect();
    let concepts = snapshot.concepts(&ids)?;
    let mut rows = Vec::with_capacity(found.len());
    for ((neighbor, ids), concepts) in
        found.iter().zip(ids.chunks_exact(2)).zip(concepts.chunks_exact(2))
    {
        let mut ends = [Name::Id(ids[0]), Name::Id(ids[1])];
        for (end, concept) in ends.iter_mut().zip(concepts) {
            if let Some(concept) = concept {
                *end = Name::of(concept)?;
            }
        }
        let far = usize::from(neighbor.direction == Direction::Outgoing);
        let other_content = match &concepts[far] {
            Some(concept) => concept.content()?,
            None => None,
        };
        let fact = snapshot.fact(&neighbor.association)?;
        rows.push(Row {
            direction: neighbor.direction,
            kind: kinds.name(neighbor.association.kind())?,
            record: neighbor.association,
            other: ends[far],
            ends,
            other_content,
            text: fact.as_ref().map(Text::of).transpose()?.unwrap_or_default(),
        });
    }
    Ok(rows)
}

impl Row<'_> {
    fn as_json(&self, terminal: &mut Terminal) -> io::Result<()> {
        let mut object = Object::start(terminal)?;
        let direction = match self.direction {
            Direction::Outgoing => "out",
            Direction::Incoming => "in",
        };
        object.text("direction", direction)?;
        tell::association(&mut object, self.ends, &self.kind, &self.record)?;
        self.text.tell(&mut object)?;
        object.end()
    }
}

/// How much of a text is shown beside a neighbour.
const SNIPPET: usize = 60;

fn as_table(terminal: &mut Terminal, rows: &[Row<'_>]) -> io::Result<()> {
    let shown = |name: &Name<'_>| match name {
        Name::Key(key) => show::line(key, SNIPPET),
        Name::Id(id) => id.to_string(),
    };
    let width = |text: &str| text.chars().count();
    let kinds = rows.iter().map(|row| width(&row.kind)).max().unwrap_or(0);
    let names = rows.iter().map(|row| width(&shown(&row.other))).max().unwrap_or(0);
    for row in rows {
        let arrow = match row.direction {
            Direction::Outgoing => "->",
            Direction::Incoming => "<-",
        };
        let (arrow, kind) = (terminal.faint(arrow), format!("{:kinds$}", row.kind));
        let name = format!("{:names$}", shown(&row.other));
        let (kind, name) = (terminal.accent(kind), terminal.strong(name));
        let mut line = format!("{arrow} {kind}  {name}");
        for (what, number) in [("weight", row.record.weight), ("confidence", row.record.confidence)]
        {
            if number.get() != 1.0 {
                line += &format!("  {what} {:?}", number.get());
            }
        }
        if let Some(content) = row.text.content.or(row.other_content) {
            line += &format!("  {}", show::line(content, SNIPPET));
        }
        writeln!(terminal, "{}", line.trim_end())?;
    }
    Ok(())
}
