//! What the scenarios share: a tiny store on the simulated disk, writers whose every commit can be
//! told from its content, and what must hold at the end.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, MaxSteps, Runner};
use sutra_format::ConceptId;
use sutra_lsm::{
    CompactionConfig, ConceptPut, Durability, Environment, LsmError, LsmTree, Snapshot, WriteBatch,
};
use sutra_testkit::SimDir;

/// Bytes of text in each commit: a few commits fill a memtable.
const TEXT_BYTES: usize = 1 << 10;

/// Runs a scenario in `count` random orders and as many by PCT.
pub(crate) fn explore(count: usize, scenario: fn()) {
    let factor = std::env::var("SUTRA_INTERLEAVINGS").ok();
    let factor = factor.map_or(1, |text| text.parse().expect("a number"));
    let mut config = Config::new();
    config.stack_size = 1 << 20;
    config.max_steps = MaxSteps::FailAfter(1_000_000);
    let random = RandomScheduler::new_from_seed(1, count * factor);
    Runner::new(random, config.clone()).run(scenario);
    let pct = PctScheduler::new_from_seed(2, 3, count * factor);
    Runner::new(pct, config).run(scenario);
}

/// The store that a scenario works on, and what its writers were told.
#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) dir: SimDir,
    pub(crate) tree: Arc<LsmTree<SimDir>>,
    log: Arc<Mutex<Log>>,
}

/// What happened, as the threads were told. No scheduling point: it belongs to the test.
struct Log {
    /// Of each writer, the last sequence numbers of the commits that were acknowledged to it.
    acked: Vec<Vec<u64>>,
    /// Sequence numbers of snapshots, and how many commits of each writer they had.
    looks: Vec<(u64, Vec<u64>)>,
}

fn config() -> CompactionConfig {
    CompactionConfig {
        max_segment_size: 4 << 10,
        compaction_threshold: 2,
        ..CompactionConfig::default()
    }
}

/// The writer of a commit and its number, from 1 on.
fn id(writer: usize, number: u64) -> ConceptId {
    ConceptId::from_key(&format!("{writer}/{number}"))
}

/// The concept that each commit of a writer puts anew.
fn last(writer: usize) -> ConceptId {
    ConceptId::from_key(&format!("{writer}/last"))
}

fn text(number: u64) -> String {
    format!("{number:0TEXT_BYTES$}")
}

impl Stage {
    pub(crate) fn new(writers: usize) -> Self {
        let dir = SimDir::new();
        let tree = open(&dir).expect("an empty directory becomes a store");
        tree.start_background_compaction().unwrap();
        let log = Log { acked: vec![Vec::new(); writers], looks: Vec::new() };
        Self { dir, tree: Arc::new(tree), log: Arc::new(Mutex::new(log)) }
    }

    /// The next commit of a writer.
    pub(crate) fn commit(&self, writer: usize) -> Result<(), LsmError> {
        let number = self.acked()[writer] + 1;
        let text = text(number);
        let mut batch = WriteBatch::new();
        for id in [id(writer, number), last(writer)] {
            batch.put_concept(&ConceptPut { content: Some(&text), ..ConceptPut::new(id) })?;
        }
        let info = self.tree.commit(batch, Durability::Sync)?;
        self.log.lock().acked[writer].push(info.last_seq);
        Ok(())
    }

    /// How many commits of each writer were acknowledged until now.
    pub(crate) fn acked(&self) -> Vec<u64> {
        self.log.lock().acked.iter().map(|commits| commits.len() as u64).collect()
    }

    /// Takes a snapshot, and checks that it has what was acknowledged before.
    pub(crate) fn look(&self) -> (Snapshot<SimDir>, Vec<u64>) {
        let acked = self.acked();
        let snapshot = self.tree.snapshot();
        let seen = seen(&snapshot, acked.len());
        assert!(seen.iter().zip(&acked).all(|(seen, acked)| seen >= acked), "{seen:?} {acked:?}");
        self.log.lock().looks.push((snapshot.seq(), seen.clone()));
        (snapshot, seen)
    }

    /// How many journals there are.
    pub(crate) fn journals(&self) -> usize {
        self.dir.image().names().filter(|name| name.as_str().starts_with("journal")).count()
    }

    /// Closes the store, and checks that nothing else is left of it than what the next open needs,
    /// and that it has everything.
    pub(crate) fn finish(self) {
        let acked = self.acked();
        self.log.lock().check_looks();
        let Self { dir, tree, .. } = self;
        let tree = Arc::into_inner(tree).expect("all threads are gone");
        tree.close().expect("nothing failed");
        check_files(&dir);
        assert_eq!(recovered(&dir, acked.len()), acked);
    }
}

impl Log {
    /// A snapshot has just the commits up to its sequence number.
    fn check_looks(&self) {
        for (seq, seen) in &self.looks {
            let upto = |commits: &Vec<u64>| commits.iter().filter(|last| *last <= seq).count();
            let expected: Vec<u64> = self.acked.iter().map(|c| upto(c) as u64).collect();
            assert_eq!(*seen, expected, "of the snapshot at {seq}");
        }
    }
}

pub(crate) fn open(dir: &SimDir) -> Result<LsmTree<SimDir>, LsmError> {
    let environment =
        Environment { clock: Arc::new(|| 1), entropy: Some(7), ..Environment::default() };
    LsmTree::open_in(dir.clone(), config(), environment)
}

/// What a new process finds.
pub(crate) fn recovered(dir: &SimDir, writers: usize) -> Vec<u64> {
    let tree = open(dir).expect("it opens again");
    seen(&tree.snapshot(), writers)
}

/// How many commits of each writer a snapshot has: whole ones, and no later one without an earlier.
pub(crate) fn seen(snapshot: &Snapshot<SimDir>, writers: usize) -> Vec<u64> {
    (0..writers).map(|writer| seen_of(snapshot, writer)).collect()
}

fn seen_of(snapshot: &Snapshot<SimDir>, writer: usize) -> u64 {
    let content = |id| {
        let concept = snapshot.concept(&id).expect("sound")?;
        Some(concept.content().expect("sound").expect("each has text").to_owned())
    };
    let count = (1..).take_while(|number| content(id(writer, *number)).is_some()).count() as u64;
    for number in 1..=count {
        assert_eq!(content(id(writer, number)), Some(text(number)));
    }
    assert_eq!(content(id(writer, count + 2)), None, "no commit is there without the one before");
    assert_eq!(content(last(writer)), (count > 0).then(|| text(count)), "commits are whole");
    count
}

/// Each file is one that the manifest names, and the journals are gone.
fn check_files(dir: &SimDir) {
    let image = dir.image();
    let found: BTreeSet<String> = image.names().map(|name| name.as_str().to_owned()).collect();
    let tree = LsmTree::open_read_only_in(dir.clone()).expect("it opens again");
    let mut named: BTreeSet<String> = tree
        .segments()
        .expect("sound")
        .iter()
        .map(|segment| format!("seg_{:08}.dat", segment.segment_id))
        .collect();
    named.extend(["lock", "manifest.json", "manifest.prev.json"].map(str::to_owned));
    assert_eq!(found, named);
}
