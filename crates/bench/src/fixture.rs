//! [`Fixture`]: a small store of as many segments as are wanted, for the benchmarks in `benches`.

use std::ops::Range;

use sutra_lsm::CompactionConfig;
use tempfile::TempDir;

use crate::Result;
use crate::engine::{Reader, Sum, Writer};
use crate::graph::Graph;
use crate::reads;
use crate::sutra::{Sutra, SutraReader};

/// Concepts of the usual graph of the benchmarks.
pub const CONCEPTS: usize = 20_000;
/// Associations of it.
pub const ASSOCIATIONS: usize = 4 * CONCEPTS;

/// Changes in one commit, far fewer than may be.
const BATCH: usize = 10_000;

/// A store in a directory of its own, which goes with it.
pub struct Fixture {
    // In this order: the store is closed before its directory is removed.
    store: Sutra,
    place: TempDir,
}

impl Fixture {
    /// An empty store with background work.
    pub fn empty() -> Result<Self> {
        let place = tempfile::tempdir()?;
        Ok(Self { store: Sutra::open(place.path())?, place })
    }

    /// The graph in `segments` segments, none of which is merged with another. Each has a part of
    /// the concepts and of the associations.
    pub fn of(graph: &Graph, segments: usize) -> Result<Self> {
        let place = tempfile::tempdir()?;
        // Nothing is flushed but where it is asked for.
        let config = CompactionConfig { max_segment_size: 1 << 30, ..CompactionConfig::default() };
        let store = Sutra::open_with(place.path(), config)?;
        let (concepts, associations) = (graph.ids().len(), graph.edges().len());
        for part in 0..segments {
            let part_of = |whole: usize| whole * part / segments..whole * (part + 1) / segments;
            for few in in_batches(part_of(concepts)) {
                store.put_concepts(graph, few)?;
            }
            for few in in_batches(part_of(associations)) {
                store.put_associations(graph, few)?;
            }
            store.tree().flush()?;
        }
        if segments == 1 {
            store.tree().compact_all()?; // A large graph fills more than one memtable.
        }
        let fixture = Self { store, place };
        fixture.check(graph, segments)?;
        Ok(fixture)
    }

    /// Fails unless the store has the graph, in as many segments.
    pub fn check(&self, graph: &Graph, segments: usize) -> Result<()> {
        let found = self.store.stats().total_segments;
        if found != segments {
            return Err(format!("the store has {found} segments, not {segments}").into());
        }
        let reader = self.reader();
        right("concepts", reader.scan_concepts()?, reads::all_concepts(graph))?;
        right("associations", reader.scan_associations()?, reads::all_associations(graph))
    }

    /// The store.
    pub fn store(&self) -> &Sutra {
        &self.store
    }

    /// The store at this moment.
    pub fn reader(&self) -> SutraReader {
        self.store.reader()
    }

    /// Closes the store and keeps its directory.
    pub fn close(self) -> Result<TempDir> {
        self.store.close()?;
        Ok(self.place)
    }
}

/// A range in parts that fit into one commit each.
fn in_batches(range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = range.end;
    range.step_by(BATCH).map(move |first| first..(first + BATCH).min(end))
}

/// Fails unless what was read is right.
pub fn right(what: &str, found: Sum, expected: Sum) -> Result<()> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what}: {found:?} was read, {expected:?} is right").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_has_the_graph_in_as_many_segments_as_were_asked_for() {
        let graph = Graph::new(60, 240, 1);
        for segments in [1, 6] {
            let fixture = Fixture::of(&graph, segments).expect("made");
            fixture.check(&graph, segments).expect("it has the graph");
            fixture.check(&graph, segments + 1).expect_err("it has not so many segments");
            fixture.check(&Graph::new(60, 240, 2), segments).expect_err("it has another graph");
        }
    }
}
