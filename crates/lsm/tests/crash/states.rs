//! Every power cut: after each operation of each workload, with all, none and some of what was
//! not synced kept, torn at sectors.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use sutra_testkit::{Crash, CrashPlan, Image, Profile, SimDir, Tears};

use crate::check::Promise;
use crate::workload::{Moment, Session, Stage, run};
use crate::workloads::{self, Workload};

/// A workload that ran, and what was found of its crashes.
struct Explored {
    workload: Workload,
    session: Session,
    seen: Mutex<HashSet<(u64, u64, u64)>>,
}

/// A piece of work: crashes after some operations of a workload, under one profile.
struct Piece<'a> {
    explored: &'a Explored,
    profile: Profile,
    points: std::ops::RangeInclusive<usize>,
}

/// Operations in one piece of work.
const PIECE_OPS: usize = 32;

/// Of so many states, the store is read without recovery in one, written to after recovery in
/// one, and crashed again during recovery in one.
const READ_EVERY: u64 = 3;
const GO_ON_EVERY: u64 = 2;
const CRASH_AGAIN_EVERY: u64 = 40;
/// Of so many states that a crash during recovery can leave, one is looked at.
const NESTED_EVERY: u64 = 16;

impl Explored {
    fn new(workload: Workload) -> Self {
        let stage = Stage::new(SimDir::new(), workload.segment_bytes);
        let session = run(&stage, &workload.steps, |_| {});
        Self { workload, session, seen: Mutex::default() }
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
        }
    }
}

impl Piece<'_> {
    /// Checks every state that no other piece has checked.
    fn explore(&self) {
        let Explored { seen, .. } = self.explored;
        for crash in self.explored.dir().crashes_within(self.points.clone(), &plan(self.profile)) {
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
        if fingerprint.is_multiple_of(CRASH_AGAIN_EVERY) {
            crash_again(&promise, moment, &crash.image, 2);
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

fn plan(profile: Profile) -> CrashPlan {
    CrashPlan { exhaustive_up_to: 5, family_max: 12, random: 8, ..CrashPlan::new(profile) }
}

/// Crashes the recovery from a crash after each of its operations: what it found must be found
/// again.
fn crash_again(promise: &Promise<'_>, moment: &Moment, image: &Image, depth: u32) {
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
        if !draw.is_multiple_of(NESTED_EVERY) {
            continue;
        }
        again.recover(&crash.image);
        if depth > 1 && (draw / NESTED_EVERY).is_multiple_of(NESTED_EVERY) {
            crash_again(&again, moment, &crash.image, depth - 1);
        }
    }
}

#[test]
fn no_power_cut_loses_what_was_promised_or_shows_a_part_or_leaks_a_file() {
    let explored: Vec<_> = workloads::all().into_iter().map(Explored::new).collect();
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
    assert!(states >= 20_000, "only {states} states were explored");
}
