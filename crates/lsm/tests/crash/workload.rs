//! [`Session`]: a process that works through the steps of a workload, and remembers what the
//! store promised on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sutra_lsm::{
    Background, CompactionConfig, Durability, Environment, Expiry, ExpiryScope, LsmError, LsmTree,
    Retention, SalvageOptions, Snapshot, StoreIdentity, WriteBatch, restore, salvage,
};
use sutra_manifest::{Metric, VectorSpace};
use sutra_testkit::{Call, Note, SimDir, Twist};

use super::content::read_and_search;
use super::expired;
use super::model::{Change, id};
pub(crate) use super::moments::{History, Moment};
use super::past;
pub(crate) use super::step::Step;
use super::told::{Asked, Erasure, Told};

/// A defect in how the engine uses its directory: what becomes of each of its calls.
pub(crate) type Rule = Arc<dyn Fn(&Call<'_>) -> Twist + Send + Sync>;

/// A store with a tiny memtable in a simulated directory, everything in a fixed order.
#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) dir: SimDir,
    pub(crate) config: CompactionConfig,
    clock: Arc<AtomicU64>,
}

impl Stage {
    pub(crate) fn new(dir: SimDir, segment_bytes: u64) -> Self {
        let config = CompactionConfig {
            max_segment_size: segment_bytes,
            compaction_threshold: 3,
            ..CompactionConfig::default()
        };
        Self { dir, config, clock: Arc::default() }
    }

    /// The same of an engine with a defect.
    pub(crate) fn with(rule: Option<&Rule>, dir: SimDir, segment_bytes: u64) -> Self {
        if let Some(rule) = rule {
            dir.twist(rule.clone());
        }
        Self::new(dir, segment_bytes)
    }

    pub(crate) fn set_time(&self, time: u64) {
        self.clock.store(time, Ordering::Relaxed);
    }

    pub(crate) fn time(&self) -> u64 {
        self.clock.load(Ordering::Relaxed)
    }

    pub(crate) fn open(&self) -> Result<LsmTree<SimDir>, LsmError> {
        LsmTree::open_in(self.dir.clone(), self.config.clone(), environment(&self.clock))
    }
}

fn environment(clock: &Arc<AtomicU64>) -> Environment {
    let clock = clock.clone();
    Environment {
        clock: Arc::new(move || clock.load(Ordering::Relaxed)),
        entropy: Some(7),
        background: Background::Manual,
    }
}

/// A batch of these changes.
pub(crate) fn batch(time: u64, changes: &[Change]) -> WriteBatch {
    let mut batch = WriteBatch::new();
    changes.iter().for_each(|change| change.add_to(&mut batch, time));
    batch
}

/// A process, its store, and what it was promised.
pub(crate) struct Session {
    pub(crate) stage: Stage,
    /// Absent when it could not be opened.
    pub(crate) tree: Option<LsmTree<SimDir>>,
    pub(crate) history: History,
    /// So many of the commits are durable.
    pub(crate) acked: u64,
    /// What the store would say after commits that failed, each with how many came before it.
    pub(crate) failed: Vec<(u64, Moment)>,
    pub(crate) told: Told,
    held: Vec<(Snapshot<SimDir>, Moment)>,
    /// Where backups go.
    pub(crate) backups: SimDir,
    /// How far the clock is ahead, in milliseconds. It may go back.
    pub(crate) skew: u64,
    /// When the last commit was since the store was opened.
    last_time: u64,
    /// Whether history was kept when it was opened: then times do not go back from before.
    knew_times: bool,
}

impl Session {
    /// Opens the store, if that works.
    pub(crate) fn new(stage: Stage) -> Self {
        let tree = stage.open().ok();
        let (history, told) = (History::new(), Told::default());
        let (failed, held, backups) = Default::default();
        let (acked, skew, last_time, knew_times) = (0, 0, 0, false);
        Self {
            stage,
            tree,
            history,
            acked,
            failed,
            told,
            held,
            backups,
            skew,
            last_time,
            knew_times,
        }
    }

    /// Does one thing. A store that is not open is opened, and nothing else is done.
    pub(crate) fn step(&mut self, step: &Step) -> Result<(), LsmError> {
        let Some(tree) = &self.tree else { return self.open() };
        let is_durable = match step {
            Step::Commit(durability, changes) => return self.commit(*durability, changes),
            Step::Register(name) => {
                return self.register(name, |tree| tree.register_kinds(&[name]).map(drop));
            }
            Step::Space(name) => {
                let space = VectorSpace::new(*name, 3).metric(Metric::Dot);
                return self.register(name, |tree| tree.register_spaces(&[space]).map(drop));
            }
            Step::Reopen => return self.reopen(),
            Step::Kill => {
                self.abandon();
                return self.open();
            }
            Step::Backup(changes) => return self.backup(changes),
            Step::CompactAll | Step::CompactLevel(_) | Step::CompactDue | Step::Forget => {
                return self.compact(step);
            }
            Step::Sync => tree.sync().map(|()| true)?,
            Step::Flush => tree.flush().map(|()| true)?,
            Step::Hold => {
                self.held.push((tree.snapshot().with_expired(), self.history.last().clone()));
                false
            }
            Step::Release => {
                self.held.clear();
                false
            }
            Step::Retain(retention) => return self.retain(*retention),
            Step::Erase(n) => return self.erase(*n),
            Step::Recall => {
                let (history, holds) = (&self.history, self.told.at(usize::MAX));
                past::check(tree, history, &[], history.last(), &holds)?;
                false
            }
            Step::Expire(scope, expiry) => return self.expire(*scope, *expiry),
            Step::Read => {
                let dir = self.stage.dir.clone();
                let snapshot = LsmTree::open_read_only_in(dir)?.snapshot().with_expired();
                let content = read_and_search(&snapshot, &self.history.ids)?;
                let found = Moment { seq: snapshot.seq(), content, ..Moment::default() };
                assert!(self.known(&found).is_some(), "a reader finds {found:?}");
                false
            }
            Step::Verify => {
                assert_eq!(tree.verify(&mut |_| {})?.damages, []);
                false
            }
            Step::Scrub(bytes) => {
                tree.scrub_step(*bytes);
                assert_eq!(tree.scrub_report().damages, []);
                false
            }
            Step::Restore => self.restore().map(|()| false)?,
            Step::Salvage => self.salvage().map(|()| false)?,
        };
        if is_durable {
            self.ack();
        }
        Ok(())
    }

    /// Merges, or looks through everything. What is expired in what is met is deleted by a commit, which
    /// is durable.
    fn compact(&mut self, step: &Step) -> Result<(), LsmError> {
        let Self { stage, history, tree, .. } = self;
        let tree = tree.as_ref().expect("a step opens it first");
        let (seq, now) = (history.last().seq, stage.time());
        let (content, records) = expired::forgotten(&history.last().content, &tree.expiry(), now);
        let next = Moment { seq: seq + records, time: now.max(self.last_time), content };
        stage.dir.note(Note::Issue(history.count() + u64::from(records > 0)));
        let result = match step {
            Step::CompactAll => tree.compact_all().map(|()| true),
            Step::CompactLevel(level) => tree.compact_level(*level).map(|_| false),
            Step::Forget => tree.forget_expired().map(|_| false),
            _ => tree.compaction_step().map(|_| false),
        };
        let found = tree.snapshot().seq();
        if found > seq {
            assert_eq!(found, next.seq, "all that is expired, and nothing else");
            self.last_time = next.time;
            self.history.push(next);
            self.ack();
        } else if matches!(&result, Err(error) if !matches!(error, LsmError::Poisoned { .. })) {
            self.failed.push((self.history.count(), next));
        }
        if result? {
            self.ack();
        }
        Ok(())
    }

    fn commit(&mut self, durability: Durability, changes: &[Change]) -> Result<(), LsmError> {
        let tree = self.tree.take().expect("a step opens it first");
        let committed = self.commit_to(&tree, durability, changes);
        self.tree = Some(tree);
        committed
    }

    fn commit_to(
        &mut self,
        tree: &LsmTree<SimDir>,
        durability: Durability,
        changes: &[Change],
    ) -> Result<(), LsmError> {
        let Self { stage, history, .. } = self;
        let time = 1_000 + history.count() + self.skew;
        stage.set_time(time);
        let mut moment = history.next(time, changes);
        moment.time = time.max(self.last_time);
        stage.dir.note(Note::Issue(history.count() + 1));
        match tree.commit(batch(time, changes), durability) {
            Ok(info) => {
                // Where history is kept, times do not go back when the store is opened again.
                let knows = self.knew_times || tree.retention() != Retention::Latest;
                let goes_on = knows && info.time > moment.time;
                assert!(info.time == moment.time || goes_on, "{info:?} at {time}");
                assert_eq!(info.last_seq, moment.seq);
                (self.last_time, moment.time) = (info.time, info.time);
            }
            Err(error) => {
                // A poisoned writer writes nothing; after any other error nobody knows.
                if !matches!(error, LsmError::Poisoned { .. }) {
                    self.failed.push((history.count(), moment));
                }
                return Err(error);
            }
        }
        history.push(moment);
        if durability == Durability::Sync {
            self.ack();
        }
        Ok(())
    }

    fn backup(&mut self, changes: &[Change]) -> Result<(), LsmError> {
        let tree = self.tree.take().expect("a step opens it first");
        let (to, mut due) = (self.backups.clone(), Some(changes));
        let mut committed = Ok(());
        let report = tree.backup(&to, &mut |_| {
            if let Some(changes) = due.take().filter(|changes| !changes.is_empty()) {
                committed = self.commit_to(&tree, Durability::Buffered, changes);
            }
        });
        self.tree = Some(tree);
        let report = report?;
        let moment = self.history.moments.iter().find(|moment| moment.seq == report.seq);
        let copy = LsmTree::open_read_only_in(to)?.snapshot().with_expired();
        assert_eq!(
            Some(&read_and_search(&copy, &self.history.ids)?),
            moment.map(|moment| &moment.content)
        );
        committed
    }

    fn retain(&mut self, retention: Retention) -> Result<(), LsmError> {
        let tree = self.tree.as_ref().expect("a step opens it first");
        let dir = &self.stage.dir;
        let issued_at = dir.op_count();
        let result = tree.set_retention(retention);
        self.told.retain(Asked::new(retention, issued_at, result.is_ok(), dir.op_count()));
        dir.note(Note::Turn);
        result.map(|()| assert_eq!(tree.retention(), retention))
    }

    fn expire(&mut self, scope: ExpiryScope, expiry: Option<Expiry>) -> Result<(), LsmError> {
        let tree = self.tree.as_ref().expect("a step opens it first");
        let dir = &self.stage.dir;
        let issued_at = dir.op_count();
        let result = tree.set_expiry(scope, expiry);
        let rule = (scope, expiry);
        self.told.expire(Asked::new(rule, issued_at, result.is_ok(), dir.op_count()));
        dir.note(Note::Turn);
        result?;
        let found = tree.expiry().into_iter().find(|rule| rule.0 == scope);
        assert_eq!(found.map(|rule| rule.1), expiry);
        Ok(())
    }

    /// A concept is deleted durably, and then goes from all that was.
    fn erase(&mut self, n: u64) -> Result<(), LsmError> {
        if self.last_time == 0 {
            self.commit(Durability::Sync, &[Change::Touch(n)])?; // It says what time it is.
        }
        let Self { stage, tree, history, .. } = self;
        let (tree, dir) = (tree.as_ref().expect("a step opens it first"), &stage.dir);
        let time = 1_000 + history.count() + self.skew;
        stage.set_time(time);
        let mut moment = history.next(time, &[Change::Delete(n)]);
        moment.time = time.max(self.last_time);
        dir.note(Note::Issue(history.count() + 1));
        let issued_at = dir.op_count();
        let result = tree.erase(&[id(n)]);
        let is_deleted = tree.snapshot().seq() == moment.seq;
        let erasure = Erasure { id: id(n), seq: moment.seq };
        self.told.erase(Asked::new(erasure, issued_at, result.is_ok(), dir.op_count()));
        if is_deleted {
            self.last_time = moment.time;
            self.history.push(moment);
            self.ack();
        } else if !matches!(result, Err(LsmError::Poisoned { .. })) {
            self.failed.push((history.count(), moment));
        }
        self.stage.dir.note(Note::Turn);
        result.map(|_| assert!(is_deleted, "erased, and not deleted"))
    }

    fn restore(&self) -> Result<(), LsmError> {
        let (to, environment) = (SimDir::new(), environment(&self.stage.clock));
        let from = self.stage.dir.clone();
        restore(from, &to, StoreIdentity::New, &environment, &mut |_| {})?;
        self.check_copy(to);
        Ok(())
    }

    fn salvage(&self) -> Result<(), LsmError> {
        let (to, from) = (SimDir::new(), Arc::new(self.stage.dir.clone()));
        let (before, environment) = (from.op_count(), environment(&self.stage.clock));
        let options = SalvageOptions::default();
        let report = salvage(&from, to.clone(), options, &environment, &mut |_| {})?;
        assert!(report.is_complete(), "{report:?}");
        assert_eq!(from.op_count(), before, "what is salvaged is not written to");
        self.check_copy(to);
        Ok(())
    }

    /// A copy of what is on disk says what the store says.
    fn check_copy(&self, dir: SimDir) {
        let tree = LsmTree::open_read_only_in(dir).unwrap();
        let snapshot = tree.snapshot().with_expired();
        let content = read_and_search(&snapshot, &self.history.ids).unwrap();
        assert_eq!(content, self.history.last().content);
        assert!(tree.verify(&mut |_| {}).unwrap().is_intact());
    }

    fn register(
        &mut self,
        name: &'static str,
        register: impl FnOnce(&LsmTree<SimDir>) -> Result<(), LsmError>,
    ) -> Result<(), LsmError> {
        let Self { stage, tree, told, .. } = self;
        let issued_at = stage.dir.op_count();
        let result = register(tree.as_ref().expect("a step opens it first"));
        told.name(Asked::new(name, issued_at, result.is_ok(), stage.dir.op_count()));
        stage.dir.note(Note::Turn);
        result
    }

    fn reopen(&mut self) -> Result<(), LsmError> {
        self.close()?;
        self.open()
    }

    pub(crate) fn close(&mut self) -> Result<(), LsmError> {
        self.held.clear();
        let Some(tree) = self.tree.take() else { return Ok(()) };
        tree.close()?;
        self.ack();
        Ok(())
    }

    /// Lets go of everything, as the end of the process does.
    pub(crate) fn abandon(&mut self) {
        let Self { held, tree, .. } = self;
        self.stage.dir.kill(|| {
            held.clear();
            *tree = None;
        });
    }

    /// Opens the store. What this process was told is committed must be there, durable or not:
    /// the system did not go down. What failed last may have been written all the same.
    fn open(&mut self) -> Result<(), LsmError> {
        let tree = self.stage.open()?;
        let snapshot = tree.snapshot().with_expired();
        let content = read_and_search(&snapshot, &self.history.ids)?;
        let found = Moment { seq: snapshot.seq(), content, ..Moment::default() };
        let known = self.known(&found);
        let known = known.unwrap_or_else(|| panic!("at {}, which was never asked for", found.seq));
        if found != *self.history.last() {
            self.history.push(known.clone());
        }
        self.failed.clear();
        (self.last_time, self.knew_times) = (0, tree.retention() != Retention::Latest);
        self.tree = Some(tree);
        self.ack();
        Ok(())
    }

    /// The moment that this is, if it is one that the store may be at: the last commit, or one that
    /// failed after it and may have been written all the same.
    fn known(&self, found: &Moment) -> Option<&Moment> {
        let count = self.history.count();
        let failed = self.failed.iter().filter(|(base, _)| *base == count);
        let failed = failed.map(|(_, failed)| failed);
        std::iter::once(self.history.last()).chain(failed).find(|moment| *moment == found)
    }

    /// Goes on with what was found after a crash.
    pub(crate) fn go_on_from(&mut self, stage: Stage, tree: LsmTree<SimDir>, found: Moment) {
        self.abandon();
        let moments = &mut self.history.moments;
        if let Some(at) = moments.iter().position(|moment| *moment == found) {
            moments.truncate(at + 1);
        } else {
            let mut failed = self.failed.iter();
            let (base, _) = failed.find(|(_, failed)| *failed == found).expect("it was promised");
            moments.truncate(usize::try_from(*base).unwrap() + 1);
            moments.push(found);
        }
        self.failed.clear();
        self.told.go_on_from(&tree, self.history.last().seq);
        self.knew_times = tree.retention() != Retention::Latest;
        (self.stage, self.tree, self.last_time) = (stage, Some(tree), 0);
        self.ack();
    }

    /// What a snapshot reads never changes.
    pub(crate) fn check_held(&self) {
        for (snapshot, moment) in &self.held {
            assert_eq!(read_and_search(snapshot, &self.history.ids).unwrap(), moment.content);
        }
    }

    /// What may be found after a crash that keeps the first `least` commits at least.
    pub(crate) fn moments(&self, least: u64) -> Vec<&Moment> {
        let least_index = usize::try_from(least).unwrap();
        let failed = self.failed.iter().filter(|(base, _)| *base >= least);
        self.history.moments[least_index..].iter().chain(failed.map(|(_, moment)| moment)).collect()
    }

    fn ack(&mut self) {
        self.acked = self.history.count();
        self.stage.dir.note(Note::Ack(self.acked));
    }
}

/// Runs a workload in which nothing fails, from the first opening to the last closing. After each
/// step `look` is shown the store.
pub(crate) fn run(
    stage: &Stage,
    steps: &[Step],
    mut look: impl FnMut(&LsmTree<SimDir>),
) -> Session {
    let mut session = Session::new(stage.clone());
    for step in steps {
        session.step(step).unwrap();
        look(session.tree.as_ref().unwrap());
    }
    session.close().unwrap();
    session
}
