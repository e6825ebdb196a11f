//! [`Neighbors`]: the associations of one concept, from whichever end.

use std::ops::ControlFlow::{Break, Continue};

use sutra_format::{AssociationKind, AssociationRecord, ConceptId};
use sutra_index::graph::{self, Adjacency};
use sutra_lsm::{EdgeFilter, Snapshot};

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
    filter: EdgeFilter,
    limit: usize,
}

impl<'s> Neighbors<'s> {
    pub(crate) fn new(snapshot: &'s Snapshot, id: ConceptId) -> Self {
        Self { snapshot, id, direction: None, filter: EdgeFilter::all(), limit: usize::MAX }
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

    /// Only those of this kind; called again, those of that kind as well.
    pub fn of_kind(mut self, kind: AssociationKind) -> Self {
        self.filter = self.filter.kind(kind);
        self
    }

    /// Only those of these kinds, and of those that were named before. An empty list says nothing.
    pub fn of_kinds(self, kinds: &[AssociationKind]) -> Self {
        kinds.iter().fold(self, |neighbors, kind| neighbors.of_kind(*kind))
    }

    /// Only those that hold at this time, in milliseconds since 1970.
    pub fn valid_at(mut self, ms: i64) -> Self {
        self.filter = self.filter.valid_at(ms);
        self
    }

    /// At most so many.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// The answer. Reads no further than the limit.
    pub fn collect(&self) -> Result<Vec<Neighbor>> {
        let mut found = Vec::new();
        if self.limit == 0 {
            return Ok(found);
        }
        let _ = self.snapshot.graph().edges(self.id, self.sides(), &self.filter, |edge| {
            let direction = if edge.outgoing { Direction::Outgoing } else { Direction::Incoming };
            found.push(Neighbor { id: edge.neighbor, direction, association: edge.reference });
            if found.len() < self.limit { Continue(()) } else { Break(()) }
        })?;
        Ok(found)
    }

    /// How many there are: the degree of the concept, whatever the limit is.
    ///
    /// Costs a look-up in each segment where they need not be read: if nothing but kinds is asked for,
    /// all of them are in one segment, and nothing was deleted of late. Else it costs as much as
    /// collecting them.
    pub fn count(&self) -> Result<u64> {
        Ok(self.snapshot.graph().degree(self.id, self.sides(), &self.filter)?)
    }

    fn sides(&self) -> graph::Direction {
        match self.direction {
            Some(Direction::Outgoing) => graph::Direction::Out,
            Some(Direction::Incoming) => graph::Direction::In,
            // An association of a concept with itself is told once, as outgoing.
            None => graph::Direction::Both,
        }
    }
}
