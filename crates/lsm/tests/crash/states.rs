//! Every power cut: after each operation of each workload, with all, none and some of what was
//! not synced kept, torn at sectors; and power cuts during the recovery from one, three deep.
//!
//! The ordinary run looks at some tens of thousands of states. `SUTRA_CRASH_EFFORT=N` makes about
//! `N` times as many subsets and tears, and follows as many more crashes into their recovery.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use sutra_testkit::{Crash, CrashPlan, Image, Profile, SimDir, Tears};

use crate::check::Promise;
use crate::workload::{Moment, Rule, Session, Stage, run};
use crate::workloads::{self, Workload};

/// A workload that ran, and what was found of its crashes.
struct Explored {
    workload: Workload,
    session: Session,
    effort: Effort,
    /// A defect of the engine.
    rule: Option<Rule>,
    seen: Mutex<HashSet<(u64, u64, u64)>>,
    /// Recoveries that were crashed, by how many crashes had come before.
    again: [AtomicUsize; DEPTH],
}

/// A piece of work: crashes after some operations of a workload, under one profile.
struct Piece<'a> {
    explored: &'a Explored,
    profile: Profile,
    points: std::ops::RangeInclusive<usize>,
}

/// How much is looked at, as a multiple of the ordinary run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort(pub(crate) usize);

/// Operations in one piece of work.
const PIECE_OPS: usize = 32;

/// So often the power goes again during recovery.
const DEPTH: usize = 3;

/// Of so many states, the store is read without recovery in one, written to after recovery in
/// one, and crashed again during recovery in one.
const READ_EVERY: u64 = 3;
const GO_ON_EVERY: u64 = 2;
const CRASH_AGAIN_EVERY: u64 = 24;
/// Of so many states that a crash during recovery can leave, one is looked at.
const NESTED_EVERY: u64 = 12;
/// Of so many of those, recovery is crashed again in one.
const DEEPER_EVERY: u64 = 6;

impl Effort {
    fn asked() -> Self {
        let asked = std::env::var("SUTRA_CRASH_EFFORT").ok();
        Self(asked.map_or(1, |effort| effort.parse().expect("SUTRA_CRASH_EFFORT is a number")))
    }

    /// Whether it is the turn of something that is done so rarely.
    fn is_due(self, draw: u64, every: u64) -> bool {
        draw.is_multiple_of((every / self.0 as u64).max(1))
    }

    fn plan(self, profile: Profile) -> CrashPlan {
        CrashPlan {
            exhaustive_up_to: 4 + self.0.ilog2() as usize,
            family_max: 6 * self.0,
            random: 4 * self.0,
            tears: if self.0 > 1 { Tears::Bytes } else { Tears::Sectors },
            tears_per_write: 3 * self.0,
            ..CrashPlan::new(profile)
        }
    }
}

impl Explored {
    fn new(workload: Workload, effort: Effort, rule: Option<Rule>) -> Self {
        let stage = Stage::with(rule.as_ref(), SimDir::new(), workload.segment_bytes);
        let session = run(&stage, &workload.steps, |_| {});
        let (seen, again) = Default::default();
        Self { workload, session, effort, rule, seen, again }
    }

    fn dir(&self) -> &SimDir {
        &self.session.stage.dir
    }

    fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        [Profile::PosixWeak, Profile::Ext4Like].into_iter().flat_map(move |profile| {
            let starts = (0..=self.dir().op_count()).step_by(PIECE_OPS);
            let piece = |start| start..=start + PIECE_OPS - 1;
            starts.map(move |start| Piece { explored: self, profile, points: piece(start) })
        })
    }

    fn promise(&self, crash: &Crash) -> Promise<'_> {
        let [acked, issued] = [crash.acked, crash.issued].map(|n| usize::try_from(n).unwrap());
        let history = &self.session.history;
        Promise {
            moments: history.moments[acked..=issued].iter().collect(),
            ids: &history.ids,
            kinds: self.session.kinds_at(crash.at_op),
            segment_bytes: self.workload.segment_bytes,
            rule: self.rule.as_ref(),
        }
    }

    /// Crashes the recovery from a crash after each of its operations: what it found must be found
    /// again.
    fn crash_again(&self, promise: &Promise<'_>, moment: &Moment, image: &Image, crashes: usize) {
        let again = Promise { moments: vec![moment], ..promise.clone() };
        let recovered = again.recover(image);
        let plan = CrashPlan {
            exhaustive_up_to: 2,
            family_max: 2,
            random: 1,
            tears: Tears::None,
            ..CrashPlan::new(Profile::PosixWeak)
        };
        for crash in recovered.stage.dir.crashes(&plan) {
            let draw = crash.image.fingerprint() >> 8; // The lowest bits decided before.
            if !self.effort.is_due(draw, NESTED_EVERY) {
                continue;
            }
            again.recover(&crash.image);
            self.again[crashes].fetch_add(1, Ordering::Relaxed);
            if crashes + 1 < DEPTH && self.effort.is_due(draw >> 8, DEEPER_EVERY) {
                self.crash_again(&again, moment, &crash.image, crashes + 1);
            }
        }
    }
}

impl Piece<'_> {
    /// Checks every state that no other piece has checked.
    fn explore(&self) {
        let Explored { seen, effort, .. } = self.explored;
        let plan = effort.plan(self.profile);
        for crash in self.explored.dir().crashes_within(self.points.clone(), &plan) {
            let fingerprint = crash.image.fingerprint();
            if !seen.lock().insert((fingerprint, crash.acked, crash.issued)) {
                continue;
            }
            let checked = catch_unwind(AssertUnwindSafe(|| self.check(&crash, fingerprint)));
            if let Err(panic) = checked {
                eprintln!("{}", self.context(&crash)); // Else nobody knows what it is about.
                resume_unwind(panic);
            }
        }
    }

    fn check(&self, crash: &Crash, fingerprint: u64) {
        let promise = self.explored.promise(crash);
        if fingerprint.is_multiple_of(READ_EVERY) {
            promise.read_only(&crash.image);
        }
        let recovered = promise.recover(&crash.image);
        let moment = recovered.moment;
        if fingerprint.is_multiple_of(GO_ON_EVERY) {
            recovered.goes_on();
        }
        if self.explored.effort.is_due(fingerprint, CRASH_AGAIN_EVERY) {
            self.explored.crash_again(&promise, moment, &crash.image, 0);
        }
    }

    fn context(&self, crash: &Crash) -> String {
        let Explored { workload: Workload { name, .. }, .. } = self.explored;
        let ops = self.explored.dir().ops();
        let last = crash.at_op.checked_sub(1).map_or(String::new(), |op| ops[op].to_string());
        let (at, profile, image) = (crash.at_op, self.profile, &crash.image);
        format!("{name}, after {at} operations, the last: {last} ({profile:?})\n{image:?}")
    }
}

/// Explores one workload of an engine with a defect, in this thread; gives the number of states.
pub(crate) fn explore(workload: Workload, rule: Option<Rule>) -> usize {
    let explored = Explored::new(workload, Effort(1), rule);
    explored.pieces().for_each(|piece| piece.explore());
    explored.seen.into_inner().len()
}

#[test]
fn no_power_cut_loses_what_was_promised_or_shows_a_part_or_leaks_a_file() {
    let effort = Effort::asked();
    let explore = |workload| Explored::new(workload, effort, None);
    let explored: Vec<_> = workloads::all().into_iter().map(explore).collect();
    let pieces: Vec<_> = explored.iter().flat_map(Explored::pieces).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(piece) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
                    piece.explore();
                }
            });
        }
    });
    let states: usize = explored.iter().map(|explored| explored.seen.lock().len()).sum();
    let again = [0, 1, 2].map(|depth| {
        let count = |explored: &Explored| explored.again[depth].load(Ordering::Relaxed);
        explored.iter().map(count).sum::<usize>()
    });
    if effort.0 > 1 {
        eprintln!("{states} states, and {again:?} of recoveries from them, by depth");
    }
    assert!(explored.len() >= 20 && states >= 20_000, "only {states} states were explored");
    assert!(again >= [2_000, 500, 100], "only {again:?} recoveries were crashed");
}
