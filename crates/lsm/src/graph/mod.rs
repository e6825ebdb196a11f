//! [`GraphView`]: a snapshot as the graph that `sutra_index::graph` searches.
//!
//! Invariants:
//! * It tells the edges that [`Snapshot::outgoing`] and [`Snapshot::incoming`] list, in their order:
//!   of each association the newest version, unless that is deleted or an end of it was deleted
//!   after it was put.
//! * Records of segments are read where they lie. Only those of memtables are copied.
//! * Look-ups of many vertices are begun together, so that their waits for memory overlap.

mod degree;
mod ends;
mod filter;
mod located;
mod merge;
mod project;
mod run;

use std::ops::ControlFlow;

use sutra_format::{AssociationRecord, ConceptId};
use sutra_fs::{Dir, OsDir};
use sutra_index::graph::{Adjacency, DegreeBounds, Direction, Edge, EdgeOf};

use self::located::{Located, TOGETHER};
use self::run::{Run, Runs};
use crate::error::{LsmError, Result};
use crate::files::MappedSegment;
use crate::memtable::Memtable;
use crate::snapshot::Snapshot;

pub use self::filter::EdgeFilter;

/// The associations of a snapshot as edges between ids. Making one costs next to nothing.
///
/// Every id has edges if associations name it, whether there is a concept with that id or not.
/// A look-up costs one cache line for each segment that has no edges of the vertex, and two and the
/// records for one that has.
pub struct GraphView<'s, D: Dir = OsDir> {
    snapshot: &'s Snapshot<D>,
    /// Those that have anything, newest first; none in the past, which is asked vertex by vertex.
    memtables: Vec<&'s Memtable>,
    /// Those that have associations, newest first; none in the past.
    segments: Vec<&'s MappedSegment<D>>,
    /// Whether a record may be a tombstone.
    tombstones: bool,
    /// Whether a record may be older than the deletion of one of its ends, or expired.
    vertex_tombstones: bool,
}

impl<D: Dir> Snapshot<D> {
    /// The associations as a graph, for the searches of `sutra_index::graph`.
    pub fn graph(&self) -> GraphView<'_, D> {
        let version = &*self.version;
        if self.is_past() {
            let (memtables, segments) = (Vec::new(), Vec::new());
            let (tombstones, vertex_tombstones) = (true, true);
            return GraphView {
                snapshot: self,
                memtables,
                segments,
                tombstones,
                vertex_tombstones,
            };
        }
        let memtables: Vec<_> =
            version.memtables.iter().map(AsRef::as_ref).filter(|m| !m.is_empty()).collect();
        let segments = version.segments.iter().map(|file| -> &MappedSegment<D> { &file.segment });
        GraphView {
            snapshot: self,
            tombstones: version.association_tombstones || !memtables.is_empty(),
            vertex_tombstones: version.has_vertex_tombstones() || self.may_expire(),
            memtables,
            segments: segments.filter(|s| s.header().associations.count.get() > 0).collect(),
        }
    }
}

/// One end of the associations that are asked for.
#[derive(Clone, Copy)]
struct End {
    hash: u64,
    id: ConceptId,
    /// Whether they start or end there.
    outgoing: bool,
    /// Whether associations of the end with itself are left out.
    without_loops: bool,
    /// When the end was deleted last, as a sequence number. The highest if it is expired: that
    /// hides all that touches it.
    deleted_seq: Option<u64>,
}

impl End {
    fn neighbor(&self, record: &AssociationRecord) -> ConceptId {
        if self.outgoing { record.target } else { record.source }
    }
}

impl<'s, D: Dir> GraphView<'s, D> {
    fn end(&self, hash: u64, id: ConceptId, direction: Direction, outgoing: bool) -> Result<End> {
        let without_loops = !outgoing && direction == Direction::Both;
        let deleted_seq = self.deleted_seq(hash, &id)?;
        Ok(End { hash, id, outgoing, without_loops, deleted_seq })
    }

    fn deleted_seq(&self, hash: u64, id: &ConceptId) -> Result<Option<u64>> {
        if !self.vertex_tombstones {
            return Ok(None);
        }
        if self.snapshot.is_concept_expired(id)? {
            return Ok(Some(u64::MAX));
        }
        let (version, seq) = (&self.snapshot.version, self.snapshot.seq());
        if self.snapshot.is_past() {
            version.vertex_tombstone_past(hash, id, seq)
        } else {
            version.vertex_tombstone(hash, id, seq)
        }
    }

    fn hash(&self, id: &ConceptId) -> u64 {
        self.snapshot.version.hash(id)
    }

    /// What a segment has of an end.
    fn run(&self, segment: &'s MappedSegment<D>, end: &End) -> Result<Run<'s, D>> {
        Ok(if end.outgoing {
            Run::Together(segment.outgoing(end.hash, &end.id)?)
        } else {
            Run::Scattered(segment, segment.incoming(end.hash, &end.id)?.rows())
        })
    }

    /// Tells the edges of an end, given what each segment has of it.
    #[inline]
    fn tell_end(
        &self,
        end: &End,
        sealed: impl Iterator<Item = Result<Run<'s, D>>>,
        filter: &EdgeFilter,
        visit: &mut impl FnMut(EdgeOf<Self>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        if self.snapshot.is_past() {
            let records = if end.outgoing {
                self.snapshot.outgoing_past(&end.id)?
            } else {
                self.snapshot.incoming_past(&end.id)?
            };
            let mut runs = Runs::default();
            runs.add(Run::Together(&records));
            return self.tell_runs(end, &runs, filter, visit);
        }
        if self.memtables.is_empty() {
            let mut runs = Runs::default();
            for run in sealed {
                runs.add(run?);
            }
            return self.tell_runs(end, &runs, filter, visit);
        }
        let (mut recent, mut bounds) = (Vec::new(), Vec::new());
        for memtable in &self.memtables {
            let seq = self.snapshot.seq();
            if end.outgoing {
                memtable.outgoing(end.hash, &end.id, seq, &mut recent);
            } else {
                memtable.incoming(end.hash, &end.id, seq, &mut recent);
            }
            bounds.push(recent.len());
        }
        let mut runs = Runs::default();
        let mut start = 0;
        for bound in bounds {
            runs.add(Run::Together(&recent[start..bound]));
            start = bound;
        }
        for run in sealed {
            runs.add(run?);
        }
        self.tell_runs(end, &runs, filter, visit)
    }

    #[inline]
    fn tell_runs(
        &self,
        end: &End,
        runs: &Runs<'_, D>,
        filter: &EdgeFilter,
        visit: &mut impl FnMut(EdgeOf<Self>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        let seed = self.snapshot.version.hash_seed;
        let mut each = |record: &AssociationRecord| self.tell(end, record, filter, visit);
        if filter.kinds().is_empty() || runs.len() <= LONG {
            return merge::merge(seed, end.outgoing, runs, &mut each);
        }
        for kind in filter.kinds() {
            let mut of_kind = Runs::default();
            for run in runs.iter() {
                of_kind.add(run.of_kind(*kind)?);
            }
            if merge::merge(seed, end.outgoing, &of_kind, &mut each)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Tells one edge, if it is meant and not deleted.
    #[inline]
    fn tell(
        &self,
        end: &End,
        record: &AssociationRecord,
        filter: &EdgeFilter,
        visit: &mut impl FnMut(EdgeOf<Self>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        let neighbor = end.neighbor(record);
        let unwanted = (self.tombstones && record.is_tombstone())
            || !filter.admits(record)
            || (end.without_loops && neighbor == end.id)
            || (self.vertex_tombstones && self.is_hidden(end, &neighbor, record)?);
        if unwanted {
            return Ok(ControlFlow::Continue(()));
        }
        Ok(visit(Edge {
            neighbor,
            kind: record.kind(),
            weight: record.weight.get(),
            outgoing: end.outgoing,
            reference: *record,
        }))
    }

    /// Whether an end of the association was deleted after it was put, or it is expired.
    fn is_hidden(
        &self,
        end: &End,
        neighbor: &ConceptId,
        record: &AssociationRecord,
    ) -> Result<bool> {
        let is_later = |deleted: Option<u64>| deleted.is_some_and(|seq| seq > record.seq.get());
        Ok(is_later(end.deleted_seq)
            || self.snapshot.is_association_over(record)
            || is_later(self.deleted_seq(self.hash(neighbor), neighbor)?))
    }
}

/// From so many rows on kinds are sought, and not read past.
const LONG: usize = 32;

impl<D: Dir> Adjacency for GraphView<'_, D> {
    type Vertex = ConceptId;
    type Reference = AssociationRecord;
    type Filter = EdgeFilter;
    type Error = LsmError;

    fn edges(
        &self,
        vertex: ConceptId,
        direction: Direction,
        filter: &EdgeFilter,
        mut visit: impl FnMut(EdgeOf<Self>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        let hash = self.hash(&vertex);
        for outgoing in sides(direction) {
            let end = self.end(hash, vertex, direction, *outgoing)?;
            let sealed = self.segments.iter().map(|segment| self.run(segment, &end));
            if self.tell_end(&end, sealed, filter, &mut visit)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn edges_of_all(
        &self,
        vertices: &[ConceptId],
        direction: Direction,
        filter: &EdgeFilter,
        mut visit: impl FnMut(usize, EdgeOf<Self>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        if let [vertex] = vertices {
            return self.edges(*vertex, direction, filter, |edge| visit(0, edge));
        }
        let mut located = Located::new(self, direction);
        for (chunk, first) in vertices.chunks(TOGETHER).zip((0..).step_by(TOGETHER)) {
            located.locate(self, chunk)?;
            located.warm()?;
            for (at, (hash, id)) in located.keys().iter().enumerate() {
                for outgoing in sides(direction) {
                    let end = self.end(*hash, *id, direction, *outgoing)?;
                    let sealed = located.runs(at, *outgoing).map(Ok);
                    let mut told = |edge| visit(first + at, edge);
                    if self.tell_end(&end, sealed, filter, &mut told)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn neighbors_of_all(
        &self,
        vertices: &[ConceptId],
        direction: Direction,
        filter: &EdgeFilter,
        mut visit: impl FnMut(usize, ConceptId) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        if self.is_plain(filter) {
            return self.neighbors(vertices, direction, filter, visit);
        }
        self.edges_of_all(vertices, direction, filter, |at, edge| visit(at, edge.neighbor))
    }

    fn reach_of_all(
        &self,
        vertices: &[ConceptId],
        direction: Direction,
        filter: &EdgeFilter,
        mut visit: impl FnMut(ConceptId) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        if self.is_plain(filter) {
            return self.reach(vertices, direction, filter, visit);
        }
        self.edges_of_all(vertices, direction, filter, |_, edge| visit(edge.neighbor))
    }

    fn degrees_of_all(
        &self,
        vertices: &[ConceptId],
        direction: Direction,
        filter: &EdgeFilter,
        bounds: &mut Vec<DegreeBounds>,
    ) -> Result<()> {
        self.bounds(vertices, direction, filter, bounds)
    }

    fn degree(&self, vertex: ConceptId, direction: Direction, filter: &EdgeFilter) -> Result<u64> {
        self.count(vertex, direction, filter)
    }
}

/// Which sides of a vertex a direction means: outgoing edges, or not.
fn sides(direction: Direction) -> &'static [bool] {
    match direction {
        Direction::Out => &[true],
        Direction::In => &[false],
        Direction::Both => &[true, false],
    }
}
