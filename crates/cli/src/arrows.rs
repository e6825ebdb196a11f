//! Associations and concepts as rows of a table, or of JSON Lines.

use std::io::{self, Write};
use std::rc::Rc;

use sutra_storage::{AssociationRecord, ConceptId, Direction, Neighbor, Snapshot};

use crate::failure::Failure;
use crate::json::Object;
use crate::show;
use crate::tell::{self, KindNames, Name, Text};
use crate::terminal::Terminal;

/// How much of a text is shown in a row.
const SNIPPET: usize = 60;

/// An association with what is known of its other end.
pub(crate) struct Arrow<'s> {
    direction: Direction,
    kind: Rc<str>,
    record: AssociationRecord,
    ends: [Name<'s>; 2],
    other: Name<'s>,
    other_content: Option<&'s str>,
    text: Text<'s>,
}

/// What there is to show of associations.
pub(crate) fn arrows<'s>(
    snapshot: &'s Snapshot,
    kinds: &mut KindNames<'_>,
    found: &[Neighbor],
) -> Result<Vec<Arrow<'s>>, Failure> {
    let ends = |record: &AssociationRecord| [record.source, record.target];
    let ids: Vec<ConceptId> = found.iter().flat_map(|found| ends(&found.association)).collect();
    let known = points(snapshot, &ids)?;
    let mut arrows = Vec::with_capacity(found.len());
    for (neighbor, points) in found.iter().zip(known.chunks_exact(2)) {
        let far = usize::from(neighbor.direction == Direction::Outgoing);
        let fact = snapshot.fact(&neighbor.association)?;
        arrows.push(Arrow {
            direction: neighbor.direction,
            kind: kinds.name(neighbor.association.kind())?,
            record: neighbor.association,
            ends: [points[0].name, points[1].name],
            other: points[far].name,
            other_content: points[far].content,
            text: fact.as_ref().map(Text::of).transpose()?.unwrap_or_default(),
        });
    }
    Ok(arrows)
}

impl Arrow<'_> {
    /// A line of JSON; on the n-th of several ways it says so.
    pub(crate) fn as_json(&self, terminal: &mut Terminal, way: Option<i64>) -> io::Result<()> {
        let mut object = Object::start(terminal)?;
        way.map_or(Ok(()), |way| object.integer("way", way))?;
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

pub(crate) fn as_table(terminal: &mut Terminal, rows: &[Arrow<'_>]) -> io::Result<()> {
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

/// A concept as a row.
#[derive(Clone, Copy)]
pub(crate) struct Point<'s> {
    pub(crate) name: Name<'s>,
    content: Option<&'s str>,
}

/// What there is to show of concepts. One that is not there has its id and nothing else.
pub(crate) fn points<'s>(
    snapshot: &'s Snapshot,
    ids: &[ConceptId],
) -> Result<Vec<Point<'s>>, Failure> {
    let concepts = snapshot.concepts(ids)?;
    let mut points = Vec::with_capacity(ids.len());
    for (id, concept) in ids.iter().zip(&concepts) {
        points.push(match concept {
            Some(concept) => Point { name: Name::of(concept)?, content: concept.content()? },
            None => Point { name: Name::Id(*id), content: None },
        });
    }
    Ok(points)
}

/// Points, each behind what is said of it.
pub(crate) fn labelled(
    terminal: &mut Terminal,
    labels: &[String],
    points: &[Point<'_>],
) -> io::Result<()> {
    let names = points.iter().map(|point| width(&shown(&point.name))).max().unwrap_or(0);
    let room = labels.iter().map(|label| width(label)).max().unwrap_or(0);
    for (label, point) in labels.iter().zip(points) {
        let name = format!("{:names$}", shown(&point.name));
        let (label, name) = (terminal.faint(format!("{label:>room$}")), terminal.strong(name));
        let mut line = format!("{label}  {name}");
        if let Some(content) = point.content {
            line += &format!("  {}", show::line(content, SNIPPET));
        }
        writeln!(terminal, "{}", line.trim_end())?;
    }
    Ok(())
}

impl Point<'_> {
    /// Key or id, and the content.
    pub(crate) fn tell<W: Write>(&self, object: &mut Object<'_, W>) -> io::Result<()> {
        tell::name(object, "key", "id", self.name)?;
        self.content.map_or(Ok(()), |content| object.text("content", content))
    }
}

/// What a concept is called in a table.
pub(crate) fn shown(name: &Name<'_>) -> String {
    match name {
        Name::Key(key) => show::line(key, SNIPPET),
        Name::Id(id) => id.to_string(),
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}
