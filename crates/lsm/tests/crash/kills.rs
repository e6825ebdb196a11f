//! A process that is killed after any of its operations, and the next one, which loses its power.
//!
//! Nothing is lost with the process itself, so that all that it was told is committed is there. But
//! what it had not synced yet can still be lost when the power goes while the next one recovers.

use sutra_testkit::{CrashPlan, Note, Profile, SimDir, Tears};

use crate::check::Promise;
use crate::workload::{Rule, Session, Stage, run};
use crate::workloads::{self, Workload};

/// Of so many states that the second crash can leave, one is looked at.
const LOOKED_AT: u64 = 8;

/// Works until the process is killed, which it is after so many operations.
fn killed(workload: &Workload, ops: usize, rule: Option<&Rule>) -> Session {
    let dir = SimDir::new();
    dir.cut_after(ops);
    let stage = Stage::with(rule, dir.clone(), workload.segment_bytes);
    let mut session = Session::new(stage);
    let mut steps = workload.steps.iter();
    while session.tree.is_some() && steps.next().is_some_and(|step| session.step(step).is_ok()) {}
    session.abandon();
    dir.clear_faults();
    session
}

fn check(workload: &Workload, ops: usize, rule: Option<&Rule>) {
    let session = killed(workload, ops, rule);
    let dir = &session.stage.dir;
    let promise = Promise {
        moments: session.moments(session.history.count()),
        history: &session.history,
        holds: session.told.at(ops),
        segment_bytes: workload.segment_bytes,
        rule,
    };
    let recovered = promise.recover_in(dir.clone());
    dir.note(Note::Ack(u64::MAX)); // What is found is there to stay.
    let found = Promise { moments: vec![recovered.moment], ..promise.clone() };
    let before = Promise { moments: session.moments(session.acked), ..promise.clone() };
    let plan = CrashPlan { random: 4, tears: Tears::None, ..CrashPlan::new(Profile::PosixWeak) };
    for crash in dir.crashes_within(ops..=dir.op_count(), &plan) {
        if (crash.image.fingerprint() >> 8).is_multiple_of(LOOKED_AT) {
            let promise = if crash.acked == u64::MAX { &found } else { &before };
            promise.recover(&crash.image);
        }
    }
}

/// Kills an engine, perhaps one with a defect, after each operation of a workload in turn.
pub(crate) fn kill_after_each_operation(rule: Option<&Rule>) {
    let workload = workloads::everything();
    let stage = Stage::with(rule, SimDir::new(), workload.segment_bytes);
    let whole = run(&stage, &workload.steps, |_| {});
    (0..whole.stage.dir.op_count()).for_each(|ops| check(&workload, ops, rule));
}

#[test]
fn a_kill_loses_nothing_and_a_power_cut_after_it_nothing_durable() {
    kill_after_each_operation(None);
}
