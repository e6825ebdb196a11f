//! Random histories: whatever is done to a store, in whatever order, it says what a plain map
//! says, snapshots that are held never change, and a power cut takes nothing that was promised.

use proptest::collection::vec;
use proptest::prelude::*;
use sutra_lsm::{Durability, LsmTree, Snapshot};
use sutra_testkit::{CrashPlan, Profile, SimDir, SplitMix};

use crate::content::read_and_search;
use crate::model::Change;
use crate::workload::{History, Moment, Stage, Step, batch};

const SEGMENT_BYTES: u64 = 6 << 10;

/// A step, or the end of the power; the number chooses what of the unsynced writes is kept.
#[derive(Clone, Debug)]
enum Move {
    Do(Step),
    PowerCut(u64),
}

fn change() -> impl Strategy<Value = Change> {
    let (n, kind) = (0..12_u64, 0..3_u16);
    prop_oneof![
        4 => (n.clone(), proptest::option::of(0..900_usize), 0..5_usize)
            .prop_map(|(n, text, vector)| Change::Put { n, text, vector }),
        2 => n.clone().prop_map(Change::Touch),
        1 => n.clone().prop_map(Change::Delete),
        4 => (n.clone(), kind.clone(), n.clone()).prop_map(|(a, k, b)| Change::Associate(a, k, b)),
        2 => (n.clone(), kind.clone(), n.clone()).prop_map(|(a, k, b)| Change::State(a, k, b)),
        1 => (n.clone(), kind, n).prop_map(|(a, k, b)| Change::Dissociate(a, k, b)),
    ]
}

fn step() -> impl Strategy<Value = Move> {
    let durability =
        prop_oneof![Just(Durability::Sync), Just(Durability::Buffered), Just(Durability::None)];
    prop_oneof![
        10 => (durability, vec(change(), 1..8)).prop_map(|(d, c)| Move::Do(Step::Commit(d, c))),
        1 => Just(Move::Do(Step::Sync)),
        2 => Just(Move::Do(Step::Flush)),
        2 => (0..3_u32).prop_map(|level| Move::Do(Step::CompactLevel(level))),
        2 => Just(Move::Do(Step::CompactDue)),
        1 => Just(Move::Do(Step::CompactAll)),
        1 => Just(Move::Do(Step::Hold)),
        1 => Just(Move::Do(Step::Release)),
        1 => Just(Move::Do(Step::Reopen)),
        1 => any::<u64>().prop_map(Move::PowerCut),
    ]
}

/// A store, what it should say, and what it promised.
struct Run {
    stage: Stage,
    tree: Option<LsmTree<SimDir>>,
    history: History,
    acked: u64,
    held: Vec<(Snapshot<SimDir>, Moment)>,
}

impl Run {
    fn new() -> Self {
        let stage = Stage::new(SimDir::new(), SEGMENT_BYTES);
        let tree = Some(stage.open().unwrap());
        Self { stage, tree, history: History::new(), acked: 0, held: Vec::new() }
    }

    fn make(&mut self, next: &Move) {
        match next {
            Move::Do(step) => self.step(step),
            Move::PowerCut(seed) => self.cut(*seed),
        }
        self.check();
    }

    fn step(&mut self, step: &Step) {
        let tree = self.tree.as_ref().unwrap();
        let durable = match step {
            Step::Commit(durability, changes) => {
                let time = 1_000 + self.history.count();
                self.stage.set_time(time);
                let moment = self.history.next(time, changes);
                tree.commit(batch(time, changes), *durability).unwrap();
                self.history.push(moment);
                *durability == Durability::Sync
            }
            Step::Sync => tree.sync().map(|()| true).unwrap(),
            Step::Flush => tree.flush().map(|()| true).unwrap(),
            Step::CompactAll => tree.compact_all().map(|()| true).unwrap(),
            Step::CompactLevel(level) => tree.compact_level(*level).map(|_| false).unwrap(),
            Step::CompactDue => tree.compaction_step().map(|_| false).unwrap(),
            Step::Hold => {
                self.held.push((tree.snapshot(), self.history.last().clone()));
                false
            }
            Step::Release => {
                self.held.clear();
                false
            }
            Step::Reopen => {
                self.held.clear();
                self.tree.take().unwrap().close().unwrap();
                self.tree = Some(self.stage.open().unwrap());
                true
            }
            Step::Register(name) => tree.register_kinds(&[name]).map(|_| false).unwrap(),
            _ => unreachable!("never drawn"),
        };
        if durable {
            self.acked = self.history.count();
        }
    }

    fn cut(&mut self, seed: u64) {
        let plan = CrashPlan { seed, ..CrashPlan::new(Profile::PosixWeak) };
        let dir = &self.stage.dir;
        let states: Vec<_> = dir.crash_states(dir.op_count(), &plan).take(64).collect();
        let image = SplitMix::new(seed).pick(&states).clone();
        self.held.clear();
        self.tree = None;
        self.stage = Stage::new(SimDir::from_image(&image), SEGMENT_BYTES);
        let tree = self.stage.open().unwrap();
        let seq = tree.snapshot().seq();
        let found = self.history.moments.iter().position(|moment| moment.seq == seq);
        let found = found.expect("a power cut leaves whole commits");
        assert!(found as u64 >= self.acked, "lost what was acknowledged as durable");
        self.history.moments.truncate(found + 1);
        self.acked = found as u64;
        self.tree = Some(tree);
    }

    fn check(&self) {
        let tree = self.tree.as_ref().unwrap();
        let now = read_and_search(&tree.snapshot(), &self.history.ids).unwrap();
        assert_eq!(now, self.history.last().content);
        for (snapshot, moment) in &self.held {
            let then = read_and_search(snapshot, &self.history.ids).unwrap();
            assert_eq!(then, moment.content, "what a snapshot reads never changes");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_store_says_what_a_map_says_after_any_history(moves in vec(step(), 1..40)) {
        let mut run = Run::new();
        moves.iter().for_each(|next| run.make(next));
        let tree = run.tree.take().unwrap();
        let report = tree.verify(&mut |_| {}).unwrap();
        prop_assert_eq!(report.damages, []);
    }
}
