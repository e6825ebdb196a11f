//! How many edges a vertex has: from the directories alone, where they know.

use std::ops::ControlFlow;

use sutra_format::ConceptId;
use sutra_fs::Dir;
use sutra_index::graph::{Adjacency, Direction};

use super::run::Run;
use super::{EdgeFilter, GraphView, sides};
use crate::error::Result;

impl<D: Dir> GraphView<'_, D> {
    /// How many edges are told of a vertex. They are read only where they must be: under a filter
    /// of more than kinds, where something may be deleted, where several tables have some, and the
    /// outgoing ones where both directions are meant.
    pub(super) fn count(
        &self,
        vertex: ConceptId,
        direction: Direction,
        filter: &EdgeFilter,
    ) -> Result<u64> {
        if let Some(count) = self.known_count(vertex, direction, filter)? {
            return Ok(count);
        }
        let mut count = 0;
        let _ = self.edges(vertex, direction, filter, |_| {
            count += 1;
            ControlFlow::Continue(())
        })?;
        Ok(count)
    }

    fn known_count(
        &self,
        vertex: ConceptId,
        direction: Direction,
        filter: &EdgeFilter,
    ) -> Result<Option<u64>> {
        if self.tombstones || self.vertex_tombstones || !filter.is_of_kinds_alone() {
            return Ok(None);
        }
        let (hash, mut count) = (self.hash(&vertex), 0);
        for outgoing in sides(direction) {
            let end = self.end(hash, vertex, direction, *outgoing)?;
            let mut found = None;
            for segment in &self.segments {
                let run = self.run(segment, &end)?;
                if run.is_empty() {
                    continue;
                }
                if found.replace(run).is_some() {
                    return Ok(None);
                }
            }
            let Some(run) = found else { continue };
            count += filter.count(run)?;
            // An edge of the vertex with itself is an outgoing one, and was counted as that.
            if let (Direction::Both, Run::Together(records)) = (direction, run) {
                let loops = records.iter().filter(|r| r.target == vertex && filter.admits(r));
                count -= loops.count() as u64;
            }
        }
        Ok(Some(count))
    }
}

impl EdgeFilter {
    /// How many of a run are of the kinds that are meant.
    pub(super) fn count<D: Dir>(&self, run: Run<'_, D>) -> Result<u64> {
        if self.kinds().is_empty() {
            return Ok(run.len() as u64);
        }
        self.kinds().iter().map(|kind| Ok(run.of_kind(*kind)?.len() as u64)).sum()
    }
}
