//! [`Neighbors`]: the associations of one concept, from whichever end.

use sutra_format::{AssociationKind, AssociationRecord, ConceptId};
use sutra_lsm::Snapshot;

use crate::error::Result;

/// Which end of an association a concept is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// It starts at the concept.
    Outgoing,
    /// It ends at the concept.
    Incoming,
}

/// An association, seen from one of its ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbor {
    /// The concept at the other end.
    pub id: ConceptId,
    /// Whether the association leads there or comes from there.
    pub direction: Direction,
    /// The association.
    pub association: AssociationRecord,
}

/// Asks for the associations of one concept; made by
/// [`Snapshot::neighbors`](crate::Snapshot::neighbors). Without further words: all of them, first
/// the outgoing, then the incoming ones, each sorted by kind.
#[derive(Clone)]
#[must_use = "it asks nothing until it is collected"]
pub struct Neighbors<'s> {
    snapshot: &'s Snapshot,
    id: ConceptId,
    direction: Option<Direction>,
    kind: Option<AssociationKind>,
    limit: usize,
}

impl<'s> Neighbors<'s> {
    pub(crate) fn new(snapshot: &'s Snapshot, id: ConceptId) -> Self {
        Self { snapshot, id, direction: None, kind: None, limit: usize::MAX }
    }

    /// Only those that start here.
    pub fn outgoing(mut self) -> Self {
        self.direction = Some(Direction::Outgoing);
        self
    }

    /// Only those that end here.
    pub fn incoming(mut self) -> Self {
        self.direction = Some(Direction::Incoming);
        self
    }

    /// Only those of this kind.
    pub fn of_kind(mut self, kind: AssociationKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// At most so many.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// The answer.
    pub fn collect(&self) -> Result<Vec<Neighbor>> {
        let mut found = Vec::new();
        if self.direction != Some(Direction::Incoming) {
            self.add(&mut found, Direction::Outgoing, &self.snapshot.outgoing(&self.id)?);
        }
        if self.direction != Some(Direction::Outgoing) && found.len() < self.limit {
            self.add(&mut found, Direction::Incoming, &self.snapshot.incoming(&self.id)?);
        }
        Ok(found)
    }

    fn add(&self, found: &mut Vec<Neighbor>, direction: Direction, rows: &[AssociationRecord]) {
        let both_ways = self.direction.is_none();
        let wanted = rows.iter().filter(|row| self.kind.is_none_or(|kind| row.kind() == kind));
        let ends = wanted.map(|row| match direction {
            Direction::Outgoing => Neighbor { id: row.target, direction, association: *row },
            Direction::Incoming => Neighbor { id: row.source, direction, association: *row },
        });
        // An association of a concept with itself is told once, as outgoing.
        let again = |neighbor: &Neighbor| both_ways && neighbor.id == self.id;
        let room = self.limit - found.len();
        match direction {
            Direction::Outgoing => found.extend(ends.take(room)),
            Direction::Incoming => found.extend(ends.filter(|end| !again(end)).take(room)),
        }
    }
}
