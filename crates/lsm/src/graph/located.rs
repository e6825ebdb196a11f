//! [`Located`]: where the edges of some vertices lie in the segments, looked up together.

use std::hint::black_box;

use sutra_format::{AssociationRecord, ConceptId};
use sutra_fs::Dir;
use sutra_index::graph::Direction;
use zerocopy::little_endian::U32;

use super::GraphView;
use super::run::Run;
use crate::error::Result;
use crate::files::MappedSegment;

/// How many vertices are looked up together.
pub(super) const TOGETHER: usize = 32;

/// How many incoming records of a vertex are asked for ahead.
const AHEAD: usize = 8;

/// Where the edges of at most [`TOGETHER`] vertices lie.
pub(super) struct Located<'a, 's, D: Dir> {
    segments: &'a [&'s MappedSegment<D>],
    keys: Vec<(u64, ConceptId)>,
    /// For each segment [`TOGETHER`] places, if that side is asked for.
    out: Vec<&'s [AssociationRecord]>,
    into: Vec<&'s [U32]>,
}

impl<'a, 's, D: Dir> Located<'a, 's, D> {
    /// Room for the sides that are meant.
    pub(super) fn new(graph: &'a GraphView<'s, D>, direction: Direction) -> Self {
        let places = |is_meant| if is_meant { graph.segments.len() * TOGETHER } else { 0 };
        Self {
            segments: &graph.segments,
            keys: Vec::with_capacity(TOGETHER),
            out: vec![&[]; places(direction != Direction::In)],
            into: vec![&[]; places(direction != Direction::Out)],
        }
    }

    /// Looks up these vertices instead of those before.
    pub(super) fn locate(
        &mut self,
        graph: &GraphView<'s, D>,
        vertices: &[ConceptId],
    ) -> Result<()> {
        self.keys.clear();
        self.keys.extend(vertices.iter().map(|id| (graph.hash(id), *id)));
        let count = self.keys.len();
        for (segment, found) in self.segments.iter().zip(self.out.chunks_mut(TOGETHER)) {
            segment.outgoing_of_all(&self.keys, &mut found[..count])?;
        }
        for (segment, found) in self.segments.iter().zip(self.into.chunks_mut(TOGETHER)) {
            segment.incoming_of_all(&self.keys, &mut found[..count])?;
        }
        Ok(())
    }

    /// Reads the first incoming records of each. The processor waits for all of them at once.
    pub(super) fn warm(&self) -> Result<()> {
        for (segment, rows) in self.incoming() {
            for row in rows.iter().take(AHEAD) {
                black_box(segment.association(row.get())?.seq);
            }
        }
        Ok(())
    }

    /// Placement and id of the vertices.
    pub(super) fn keys(&self) -> &[(u64, ConceptId)] {
        &self.keys
    }

    /// All outgoing records, table by table.
    pub(super) fn outgoing(&self) -> impl Iterator<Item = &'s [AssociationRecord]> {
        let tables = self.out.chunks(TOGETHER);
        tables.flat_map(|found| found[..self.keys.len()].iter().copied())
    }

    /// All incoming rows, table by table.
    pub(super) fn incoming(&self) -> impl Iterator<Item = (&'s MappedSegment<D>, &'s [U32])> {
        let tables = self.segments.iter().zip(self.into.chunks(TOGETHER));
        tables.flat_map(|(segment, found)| {
            found[..self.keys.len()].iter().map(move |rows| (*segment, *rows))
        })
    }

    /// What each segment has of the vertex at a place, newest first.
    #[inline]
    pub(super) fn runs(&self, at: usize, outgoing: bool) -> impl Iterator<Item = Run<'s, D>> {
        self.segments.iter().enumerate().map(move |(table, segment)| {
            let place = table * TOGETHER + at;
            if outgoing {
                Run::Together(self.out[place])
            } else {
                Run::Scattered(segment, self.into[place])
            }
        })
    }
}
