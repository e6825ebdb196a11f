//! A disk that fails: at any call, once or from then on, and one that is full for a while.
//!
//! Whatever fails, the caller gets an error that says so, reads go on, nothing that was promised is
//! lost, and after a sync that failed nothing is trusted or tried again.

use std::collections::{BTreeMap, BTreeSet};

use sutra_fs::ErrorKind;
use sutra_lsm::{Durability, Health, LsmError};
use sutra_testkit::{CrashPlan, Fault, Logged, Op, Profile, SimDir, Tears, Times};

use crate::check::{Promise, check_content, check_files};
use crate::model::Change;
use crate::workload::{Rule, Session, Stage, Step, run};
use crate::workloads::{self, Workload};

/// Of so many states that a power cut after a fault can leave, one is looked at.
const LOOKED_AT: u64 = 12;

/// A session on a disk that is in trouble.
struct Trial<'a> {
    workload: &'a Workload,
    dir: SimDir,
    session: Session,
    /// A defect of the engine.
    rule: Option<&'a Rule>,
}

impl<'a> Trial<'a> {
    fn new(workload: &'a Workload, dir: SimDir, rule: Option<&'a Rule>) -> Self {
        let stage = Stage::with(rule, dir.clone(), workload.segment_bytes);
        Self { workload, dir, session: Session::new(stage), rule }
    }

    /// Works through the workload; every error must be of this kind, or say that the writer is
    /// poisoned.
    fn work(&mut self, steps: &[Step], kind: ErrorKind) {
        for step in steps {
            let was_poisoned = self.is_poisoned();
            let before = self.dir.ops().len();
            let result = self.session.step(step);
            let ops = self.dir.ops();
            if let Err(error) = &result {
                let is_poison = matches!(error, LsmError::Poisoned { .. });
                let is_right = error.fs().map_or(is_poison, |fs| fs.kind == kind);
                assert!(is_right, "{step:?} fails with: {error}");
                assert!(!error.is_corruption(), "trouble is taken for damage: {error}");
            }
            if was_poisoned && !matches!(step, Step::Hold | Step::Release) {
                let error = result.expect_err("a poisoned writer works");
                assert!(matches!(error, LsmError::Poisoned { .. }), "{error}");
                let writes =
                    |logged: &Logged| !matches!(logged.op, Op::Note(_) | Op::Unlink { .. });
                assert!(!ops[before..].iter().any(writes), "a poisoned writer writes in {step:?}");
            }
            if self.session.tree.is_some() && lost_a_sync(&ops, before) {
                assert!(self.is_poisoned(), "the journal is not synced after {step:?}");
            }
            self.check_reads();
        }
    }

    /// What was acknowledged is there, and what failed is not, as long as the process lives.
    fn check_reads(&self) {
        if let Some(tree) = &self.session.tree {
            check_content(tree, &self.session.history.ids, &self.session.history.last().content);
        }
    }

    /// The power goes at some point since operation `call` failed.
    fn loses_power(&self, call: usize) {
        let (dir, session) = (&self.dir, &self.session);
        let plan = CrashPlan {
            exhaustive_up_to: 1,
            family_max: 1,
            random: 1,
            tears: Tears::None,
            ..CrashPlan::new(Profile::PosixWeak)
        };
        for crash in dir.crashes_within(call..=dir.op_count(), &plan) {
            if (crash.image.fingerprint() >> 8).is_multiple_of(LOOKED_AT) {
                let promise = Promise {
                    moments: session.moments(crash.acked),
                    holds: session.told.at(crash.at_op),
                    ..self.promise(0)
                };
                promise.recover(&crash.image);
            }
        }
    }

    fn promise(&self, least: u64) -> Promise<'_> {
        let session = &self.session;
        Promise {
            moments: session.moments(least),
            history: &session.history,
            holds: session.told.at(usize::MAX),
            segment_bytes: self.workload.segment_bytes,
            rule: self.rule,
        }
    }

    /// The trouble is over: the store works, if it need be once it is opened again.
    fn goes_on(&mut self) {
        if self.is_poisoned() {
            self.session.abandon();
        }
        if self.session.tree.is_none() {
            self.session.step(&Step::Reopen).unwrap();
        }
        let put = Change::Put { n: 40, text: Some(10), vector: 0 };
        let steps = [Step::Commit(Durability::Sync, vec![put]), Step::Flush, Step::CompactAll];
        steps.iter().for_each(|step| self.session.step(step).unwrap());
        self.check_reads();
        assert_eq!(self.session.tree.as_ref().unwrap().health(), Health::Good);
    }

    /// The process ends, or the power goes.
    fn ends(mut self) {
        self.session.abandon();
        let (dir, session) = (&self.dir, &self.session);
        self.promise(session.history.count()).recover(&dir.image());
        let plan = CrashPlan {
            exhaustive_up_to: 2,
            family_max: 3,
            random: 2,
            tears: Tears::None,
            ..CrashPlan::new(Profile::PosixWeak)
        };
        for image in dir.crash_states(dir.op_count(), &plan) {
            self.promise(session.acked).recover(&image);
        }
    }

    fn is_poisoned(&self) -> bool {
        let health = self.session.tree.as_ref().map(|tree| tree.health());
        matches!(health, Some(Health::Poisoned { .. }))
    }
}

/// Whether the sync of a journal failed from operation `from` on.
fn lost_a_sync(ops: &[Logged], from: usize) -> bool {
    let names = names(ops);
    ops[from..].iter().any(|logged| match logged.op {
        Op::Sync { ino } => logged.failed && is_journal(&names[&ino]),
        _ => false,
    })
}

/// The last name of each file.
fn names(ops: &[Logged]) -> BTreeMap<usize, String> {
    let name = |logged: &Logged| match &logged.op {
        Op::Link { name, ino } | Op::Rename { to: name, ino, .. } if !logged.failed => {
            Some((*ino, name.to_string()))
        }
        _ => None,
    };
    ops.iter().filter_map(name).collect()
}

fn is_journal(name: &str) -> bool {
    name.starts_with("journal_") && name.ends_with(".log")
}

/// Files whose sync failed: none of them may be synced again.
fn check_syncs(ops: &[Logged]) {
    let mut failed = BTreeSet::new();
    for Logged { op, failed: fails } in ops {
        if let Op::Sync { ino } = op {
            assert!(!failed.contains(ino), "file {ino} is synced again after that failed");
            failed.extend(fails.then_some(*ino));
        }
    }
}

/// Whether the first call that failed only makes something new, so that failing does no harm.
fn first_failed_was_new(ops: &[Logged]) -> bool {
    let Some(failed) = ops.iter().position(|logged| logged.failed) else { return false };
    match &ops[failed].op {
        Op::Link { .. } => true,
        Op::Write { ino, .. } => !is_journal(&names(&ops[..failed])[ino]),
        _ => false,
    }
}

/// The short workload, to its end.
fn short() -> Workload {
    let mut workload = workloads::short();
    workload.steps.push(Step::Reopen);
    workload
}

/// The number of calls that change something, and of those that only read.
fn calls(workload: &Workload, rule: Option<&Rule>) -> (usize, u64) {
    let dir = SimDir::new();
    let stage = Stage::with(rule, dir.clone(), workload.segment_bytes);
    run(&stage, &workload.steps, |_| {});
    (dir.op_count(), dir.read_count())
}

fn fail_every_call(fault: Fault, times: Times, kind: ErrorKind) {
    fail_every_call_of(None, fault, times, kind);
}

/// The same of an engine with a defect.
pub(crate) fn fail_every_call_of(rule: Option<&Rule>, fault: Fault, times: Times, kind: ErrorKind) {
    let workload = short();
    for call in 0..calls(&workload, rule).0 {
        let dir = SimDir::new();
        dir.fail_at(call, fault, times);
        let mut trial = Trial::new(&workload, dir.clone(), rule);
        trial.work(&workload.steps, kind);
        dir.clear_faults();
        check_syncs(&dir.ops());
        if fault == Fault::Enospc && first_failed_was_new(&dir.ops()) {
            assert!(!trial.is_poisoned(), "call {call} found a full disk and poisons the writer");
        }
        trial.loses_power(call);
        trial.goes_on();
        trial.ends();
    }
}

#[test]
fn a_call_that_fails_once_loses_nothing() {
    fail_every_call(Fault::Eio, Times::Once, ErrorKind::Other);
}

#[test]
fn a_disk_that_fails_for_good_loses_nothing() {
    fail_every_call(Fault::Eio, Times::Forever, ErrorKind::Other);
}

#[test]
fn too_many_open_files_lose_nothing() {
    fail_every_call(Fault::Emfile, Times::Once, ErrorKind::TooManyOpen);
}

#[test]
fn a_call_that_finds_the_disk_full_once_loses_nothing() {
    fail_every_call(Fault::Enospc, Times::Once, ErrorKind::OutOfSpace);
}

#[test]
fn a_disk_that_is_full_from_some_call_on_loses_nothing() {
    fail_every_call(Fault::Enospc, Times::Forever, ErrorKind::OutOfSpace);
}

#[test]
fn a_read_that_fails_loses_nothing() {
    let workload = short();
    for (fault, kind) in [(Fault::Eio, ErrorKind::Other), (Fault::Emfile, ErrorKind::TooManyOpen)] {
        for times in [Times::Once, Times::Forever] {
            for call in 0..calls(&workload, None).1 {
                let dir = SimDir::new();
                dir.fail_read_at(call, fault, times);
                let mut trial = Trial::new(&workload, dir.clone(), None);
                trial.work(&workload.steps, kind);
                dir.clear_faults();
                trial.goes_on();
                trial.ends();
            }
        }
    }
}

#[test]
fn a_full_disk_fails_commits_and_takes_them_again_once_there_is_room() {
    let mut workload = short();
    workload.steps.retain(|step| !matches!(step, Step::Reopen)); // Which would tidy up.
    for capacity in (0..160).map(|pages| pages * 1_024) {
        let dir = SimDir::new();
        dir.set_capacity(Some(capacity));
        let mut trial = Trial::new(&workload, dir.clone(), None);
        trial.work(&workload.steps, ErrorKind::OutOfSpace);
        assert!(!trial.is_poisoned(), "a full disk of {capacity} bytes poisons the writer");
        dir.set_capacity(None);
        trial.goes_on();
        check_files(&dir, trial.session.tree.as_ref().unwrap());
        trial.ends();
    }
}
