//! Who is at the other ends of edges, and how many there are: most searches ask for nothing else.
//!
//! Where nothing is deleted and nothing but kinds is asked for, an edge is what its key says: source,
//! kind and target. Records are then read for these alone, no table has to be asked what another
//! means, and edges that several tables have are told apart by sorting their keys.

use std::ops::ControlFlow;

use sutra_format::hash::placement;
use sutra_format::{AssociationRecord, ConceptId};
use sutra_fs::Dir;
use sutra_index::graph::{DegreeBounds, Direction};

use super::located::{Located, TOGETHER};
use super::run::Run;
use super::{EdgeFilter, GraphView, sides};
use crate::error::Result;

/// Kind, placement if that comes first, and id of another end: what a run is sorted by.
type Key = (u16, u64, ConceptId);

impl<D: Dir> GraphView<'_, D> {
    /// Whether the key of a record says all that has to be known of it.
    pub(super) fn is_plain(&self, filter: &EdgeFilter) -> bool {
        !self.tombstones && !self.vertex_tombstones && filter.is_of_kinds_alone()
    }

    /// Every neighbour, table by table. The view has to be plain.
    pub(super) fn reach(
        &self,
        vertices: &[ConceptId],
        direction: Direction,
        filter: &EdgeFilter,
        mut visit: impl FnMut(ConceptId) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        let mut located = Located::new(self, direction);
        for chunk in vertices.chunks(TOGETHER) {
            located.locate(self, chunk)?;
            for record in located.outgoing().flatten() {
                if filter.admits_kind(record) && visit(record.target).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            for (segment, rows) in located.incoming() {
                for row in rows {
                    let record = segment.association(row.get())?;
                    if filter.admits_kind(record) && visit(record.source).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The neighbours of each vertex, once for each edge, in the order of the edges. The view has
    /// to be plain.
    pub(super) fn neighbors(
        &self,
        vertices: &[ConceptId],
        direction: Direction,
        filter: &EdgeFilter,
        mut visit: impl FnMut(usize, ConceptId) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        let mut located = Located::new(self, direction);
        let mut keys = Vec::new();
        for (chunk, first) in vertices.chunks(TOGETHER).zip((0..).step_by(TOGETHER)) {
            located.locate(self, chunk)?;
            for (at, vertex) in chunk.iter().enumerate() {
                for outgoing in sides(direction) {
                    let looped = (direction == Direction::Both && !outgoing).then_some(vertex);
                    let mut tell = |neighbor: ConceptId| {
                        if looped == Some(&neighbor) {
                            return ControlFlow::Continue(());
                        }
                        visit(first + at, neighbor)
                    };
                    let mut runs = located.runs(at, *outgoing).filter(|run| !run.is_empty());
                    let Some(run) = runs.next() else { continue };
                    let flow = match runs.next() {
                        None => one(run, *outgoing, filter, &mut tell)?,
                        Some(second) => {
                            let all = [run, second].into_iter().chain(runs);
                            self.several(all, *outgoing, filter, &mut keys, &mut tell)?
                        }
                    };
                    if flow.is_break() {
                        return Ok(flow);
                    }
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The ends of runs of several tables, of which some may have the same edge.
    fn several<'r>(
        &self,
        runs: impl Iterator<Item = Run<'r, D>>,
        outgoing: bool,
        filter: &EdgeFilter,
        keys: &mut Vec<Key>,
        tell: &mut impl FnMut(ConceptId) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>>
    where
        D: 'r,
    {
        keys.clear();
        let seed = self.snapshot.version.hash_seed;
        for run in runs {
            // No record waits for another: all are on the way at once.
            let _ = run.try_each(|record| {
                if filter.admits_kind(record) {
                    let (hash, id) = if outgoing {
                        (0, record.target) // Targets are sorted as they are.
                    } else {
                        (placement(seed, &record.source), record.source)
                    };
                    keys.push((record.kind_code.get(), hash, id));
                }
                ControlFlow::Continue(())
            })?;
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(keys.iter().try_for_each(|(_, _, id)| tell(*id)))
    }

    /// Bounds of the degree of each vertex, from the directories alone where no kinds are asked for.
    pub(super) fn bounds(
        &self,
        vertices: &[ConceptId],
        direction: Direction,
        filter: &EdgeFilter,
        bounds: &mut Vec<DegreeBounds>,
    ) -> Result<()> {
        if self.snapshot.is_past() {
            for vertex in vertices {
                let degree = self.count(*vertex, direction, filter)?;
                bounds.push(DegreeBounds { least: degree, most: degree });
            }
            return Ok(());
        }
        let is_plain = self.is_plain(filter);
        let mut located = Located::new(self, direction);
        let mut recent = Vec::new();
        for chunk in vertices.chunks(TOGETHER) {
            located.locate(self, chunk)?;
            for (at, (hash, id)) in located.keys().iter().enumerate() {
                let (mut least, mut most) = (0, 0);
                for outgoing in sides(direction) {
                    self.recent(*hash, id, *outgoing, &mut recent);
                    most += recent.len() as u64;
                    for run in located.runs(at, *outgoing) {
                        let count = if is_plain { filter.count(run)? } else { run.len() as u64 };
                        most += count;
                        // No table has an edge twice, but two tables may have the same, and both
                        // sides an edge of a vertex with itself.
                        least = count.max(least);
                    }
                }
                bounds.push(DegreeBounds { least: if is_plain { least } else { 0 }, most });
            }
        }
        Ok(())
    }

    /// What the memtables have of an end, one after the other.
    fn recent(
        &self,
        hash: u64,
        id: &ConceptId,
        outgoing: bool,
        recent: &mut Vec<AssociationRecord>,
    ) {
        recent.clear();
        for memtable in &self.memtables {
            if outgoing {
                memtable.outgoing(hash, id, self.snapshot.seq(), recent);
            } else {
                memtable.incoming(hash, id, self.snapshot.seq(), recent);
            }
        }
    }
}

/// The ends of one run, in its order.
#[inline]
fn one<D: Dir>(
    run: Run<'_, D>,
    outgoing: bool,
    filter: &EdgeFilter,
    tell: &mut impl FnMut(ConceptId) -> ControlFlow<()>,
) -> Result<ControlFlow<()>> {
    run.try_each(|record| {
        if !filter.admits_kind(record) {
            return ControlFlow::Continue(());
        }
        tell(if outgoing { record.target } else { record.source })
    })
}
