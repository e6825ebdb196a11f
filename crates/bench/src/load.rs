//! Bulk load: how fast, and what it costs in memory, bytes written and room.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::Result;
use crate::engine::Writer;
use crate::graph::Graph;
use crate::system::{anonymous_bytes, disk_bytes, peaks, written_bytes};

/// Changes in one commit.
const BATCH: usize = 1_000;

/// What a load took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    /// For concepts, until they are durable.
    pub concepts: Duration,
    /// For associations, until they are durable.
    pub associations: Duration,
    /// After that, until no background work is left.
    pub settle: Duration,
    /// The longest commit.
    pub longest_commit: Duration,
    /// The longest that the engine says it held up a writer.
    pub longest_stall: Duration,
    /// The most anonymous memory, beyond what there was before.
    pub memory_peak: u64,
    /// The most memory that the engine said it owned.
    pub owned_peak: u64,
    /// Bytes that the system wrote for it, background work included.
    pub written: u64,
    /// Bytes that its files take in the end.
    pub disk: u64,
}

/// Loads the graph, and waits for the background.
pub fn load<W: Writer + Sync>(store: &W, graph: &Graph, directory: &Path) -> Result<Load> {
    let (memory, written) = (anonymous_bytes()?, written_bytes()?);
    let watched = || [anonymous_bytes().unwrap_or_default(), store.confess().0];
    let ([memory_peak, owned_peak], load) = peaks(watched, || -> Result<Load> {
        let mut load = Load::default();
        load.concepts = in_batches(graph.ids().len(), &mut load.longest_commit, store, |range| {
            store.put_concepts(graph, range)
        })?;
        load.associations =
            in_batches(graph.edges().len(), &mut load.longest_commit, store, |range| {
                store.put_associations(graph, range)
            })?;
        load.longest_stall = store.confess().1; // What `settle` waits for holds up no writer.
        let start = Instant::now();
        store.settle()?;
        load.settle = start.elapsed();
        Ok(load)
    });
    Ok(Load {
        memory_peak: memory_peak.saturating_sub(memory),
        owned_peak,
        written: written_bytes()? - written,
        disk: disk_bytes(directory)?,
        ..load?
    })
}

fn in_batches<W: Writer>(
    count: usize,
    longest: &mut Duration,
    store: &W,
    put: impl Fn(std::ops::Range<usize>) -> Result<()>,
) -> Result<Duration> {
    let start = Instant::now();
    for first in (0..count).step_by(BATCH) {
        let begun = Instant::now();
        put(first..(first + BATCH).min(count))?;
        *longest = begun.elapsed().max(*longest);
    }
    store.sync()?;
    Ok(start.elapsed())
}
