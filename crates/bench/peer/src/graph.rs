//! Searches along associations, beside OverGraph and LMDB.
//!
//! `cargo run --release --bin graph -- [CONCEPTS ASSOCIATIONS]` draws a graph by a power law, puts it
//! into each engine and merges there what can be merged. All answer in turns, by one thread, in time
//! on the processor. What is within two associations has to be the same, one by one; the highest of
//! personalised PageRank are held against each other.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use cpu_time::ThreadTime;
use overgraph::{
    DatabaseEngine, DbOptions, EdgeInput, EngineError, NodeInput, PprAlgorithm, PprOptions,
    TraverseOptions,
};
use sutra_bench::Result;
use sutra_bench::engine::{Reader, Sum};
use sutra_bench::fixture::Fixture;
use sutra_bench::graph::{Graph, id_value};
use sutra_bench::lmdb::{Lmdb, Mode, map_bytes};
use sutra_bench::load::load;
use sutra_bench::reads::Questions;
use sutra_bench::sutra::{RANKED, SutraReader};
use sutra_index::graph::Direction;
use sutra_storage::ConceptId;

/// What goes into OverGraph at once.
const AT_ONCE: usize = 10_000;
/// Concepts that are asked for, for what is near and for ranks.
const ASKED: (usize, usize) = (2_000, 20);
/// Questions that each side answers before the next goes on.
const TURN: usize = 10;
/// Rounds, of which the first is not counted.
const ROUNDS: usize = 3;

fn main() -> Result<()> {
    let numbers = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let numbers = numbers.collect::<std::result::Result<Vec<_>, _>>()?;
    let (concepts, associations) = match numbers.as_slice() {
        [] => (100_000, 1_000_000),
        [concepts, associations] => (*concepts, *associations),
        _ => return Err("usage: [CONCEPTS ASSOCIATIONS]".into()),
    };
    let graph = Graph::new(concepts, associations, 7);
    let place = tempfile::tempdir()?;
    let ours = Fixture::of(&graph, 1)?;
    let over = Over::build(&graph, &place.path().join("overgraph"))?;
    let path = place.path().join("lmdb");
    let lmdb = Lmdb::open(&path, map_bytes(&graph), Mode::Load)?;
    load(&lmdb, &graph, &path)?;
    let (reader, lmdb) = (ours.reader(), lmdb.reader()?);
    let asked = Questions::new(&graph, ASKED.0, 11).ids;
    near(&asked, &reader, &over, &lmdb)?;
    rank(&asked[..ASKED.1], &reader, &over)
}

/// OverGraph, and what it calls the concepts.
struct Over {
    engine: DatabaseEngine,
    numbers: HashMap<ConceptId, u64>,
    ids: HashMap<u64, ConceptId>,
}

impl Over {
    fn build(graph: &Graph, path: &Path) -> Result<Self> {
        let options = DbOptions { edge_uniqueness: false, ..DbOptions::default() };
        let engine = DatabaseEngine::open(path, &options)?;
        engine.ingest_mode()?;
        let mut nodes = Vec::with_capacity(graph.ids().len());
        for (few, first) in graph.ids().chunks(AT_ONCE).zip((0..).step_by(AT_ONCE)) {
            let node = |number: usize| NodeInput {
                labels: vec!["concept".into()],
                key: number.to_string(),
                props: Default::default(),
                weight: 1.0,
                dense_vector: None,
                sparse_vector: None,
            };
            nodes
                .extend(engine.batch_upsert_nodes((first..first + few.len()).map(node).collect())?);
        }
        for few in graph.edges().chunks(AT_ONCE) {
            let edge = |edge: &sutra_bench::graph::Edge| EdgeInput {
                from: nodes[edge.source as usize],
                to: nodes[edge.target as usize],
                label: format!("kind {}", edge.kind),
                props: Default::default(),
                weight: 1.0,
                valid_from: None,
                valid_to: None,
            };
            patiently(|| engine.batch_upsert_edges(few.iter().map(edge).collect()))?;
        }
        engine.end_ingest()?;
        patiently(|| engine.flush().map(drop))?;
        patiently(|| engine.compact().map(drop))?;
        let numbers = graph.ids().iter().copied().zip(nodes.iter().copied()).collect();
        let ids = nodes.iter().copied().zip(graph.ids().iter().copied()).collect();
        Ok(Self { engine, numbers, ids })
    }

    /// Everything at most two associations away, the start as well.
    fn within_two(&self, id: &ConceptId) -> Result<Vec<u64>> {
        let options = TraverseOptions { min_depth: 0, ..TraverseOptions::default() };
        let found = self.engine.traverse(self.numbers[id], 2, &options)?;
        Ok(found.items.into_iter().map(|hit| hit.node_id).collect())
    }

    fn rank(&self, id: &ConceptId, algorithm: PprAlgorithm) -> Result<Vec<u64>> {
        let options = PprOptions { algorithm, max_results: Some(RANKED), ..PprOptions::default() };
        let found = self.engine.personalized_pagerank(&[self.numbers[id]], &options)?;
        Ok(found.scores.into_iter().map(|(number, _)| number).collect())
    }
}

/// Does what OverGraph refuses while it is busy once it is not.
fn patiently<T>(
    work: impl Fn() -> std::result::Result<T, EngineError>,
) -> std::result::Result<T, EngineError> {
    loop {
        match work() {
            Err(EngineError::ResourceLimit { retryable: true, .. }) => std::thread::yield_now(),
            done => return done,
        }
    }
}

/// What is within two associations, each once.
fn near<L: Reader>(asked: &[ConceptId], ours: &SutraReader, over: &Over, lmdb: &L) -> Result<()> {
    for id in asked {
        let (mut mine, mut theirs) = (Sum::default(), Sum::default());
        ours.within_two(id, |found| mine.add(id_value(found)))?;
        lmdb.within_two(id, |found| theirs.add(id_value(found)))?;
        let other: Sum = over.within_two(id)?.iter().map(|one| id_value(&over.ids[one])).collect();
        assert_eq!((mine, mine), (theirs, other), "within two of {id}");
    }
    let (times, counts) = race(
        asked,
        [
            &mut |id| counted(|each| ours.within_two(id, |_| each())),
            &mut |id| Ok(over.within_two(id)?.len()),
            &mut |id| counted(|each| lmdb.within_two(id, |_| each())),
        ],
    )?;
    assert!(counts.iter().all(|of| *of == counts[0]), "{counts:?}");
    tell("within two", asked.len(), &["Sutra", "OverGraph", "LMDB"], &times);
    Ok(())
}

/// The highest by personalised PageRank, along associations.
fn rank(asked: &[ConceptId], ours: &SutraReader, over: &Over) -> Result<()> {
    let (push, exact) = (PprAlgorithm::ApproxForwardPush, PprAlgorithm::ExactPowerIteration);
    let mut shared = [0; 2];
    let mut all = 0;
    for id in asked {
        let right: HashSet<ConceptId> =
            over.rank(id, exact)?.iter().map(|one| over.ids[one]).collect();
        all += right.len();
        let mine = ours.rank(*id, Direction::Out)?;
        shared[0] += mine.iter().filter(|found| right.contains(&found.vertex)).count();
        let other = over.rank(id, push)?;
        shared[1] += other.iter().filter(|one| right.contains(&over.ids[one])).count();
    }
    let share = |count: usize| count as f64 / all as f64;
    println!(
        "of the first {RANKED} by OverGraph's iterations: Sutra {:.3}, OverGraph's push {:.3}",
        share(shared[0]),
        share(shared[1])
    );
    let (times, _) = race(
        asked,
        [&mut |id| Ok(ours.rank(*id, Direction::Out)?.len()), &mut |id| {
            Ok(over.rank(id, push)?.len())
        }],
    )?;
    tell("rank from one", asked.len(), &["Sutra", "OverGraph's push"], &times);
    Ok(())
}

/// How often something is called.
fn counted(of: impl FnOnce(&mut dyn FnMut()) -> Result<()>) -> Result<usize> {
    let mut count = 0;
    of(&mut || count += 1)?;
    Ok(count)
}

/// Answers with how much was found.
type Way<'w> = &'w mut dyn FnMut(&ConceptId) -> Result<usize>;

/// For each of the ways to answer all: time on the processor, and how much it found.
fn race<const N: usize>(
    asked: &[ConceptId],
    mut ways: [Way<'_>; N],
) -> Result<([Duration; N], [usize; N])> {
    let (mut times, mut counts) = ([Duration::ZERO; N], [0; N]);
    for round in 0..ROUNDS {
        for turn in asked.chunks(TURN) {
            for ((way, time), count) in ways.iter_mut().zip(&mut times).zip(&mut counts) {
                let start = ThreadTime::now();
                for id in turn {
                    *count += way(id)?;
                }
                if round > 0 {
                    *time += start.elapsed();
                }
            }
        }
    }
    Ok((times, counts))
}

fn tell(what: &str, asked: usize, names: &[&str], times: &[Duration]) {
    println!("{what}:");
    for (name, time) in names.iter().zip(times) {
        let each = time.as_secs_f64() * 1e6 / ((ROUNDS - 1) * asked) as f64;
        let ratio = time.as_secs_f64() / times[0].as_secs_f64();
        println!("  {name}: {each:.0} us, {ratio:.2} times the first");
    }
}
