//! Every power cut: after each operation of each workload, with all, none and some of what was
//! not synced kept, torn at sectors; and power cuts during the recovery from one, three deep.
//!
//! The ordinary run looks at some tens of thousands of states. `SUTRA_CRASH_EFFORT=N`, with `N` of
//! at least 2, makes more subsets and tears of each workload and adds workloads that are drawn by
//! chance: `N` times at least 2,500,000 images, of which 500,000 differ and are recovered, and 50,000
//! more recoveries from what is left when one is cut.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use sutra_testkit::{Crash, CrashPlan, Image, Profile, SimDir, Tears};

use crate::check::Promise;
use crate::parallel::in_parallel;
use crate::workload::{Moment, Rule, Session, Stage, run};
use crate::workloads::{self, Workload};

/// A workload that ran, and what was found of its crashes.
struct Explored {
    workload: Workload,
    session: Session,
    effort: Effort,
    /// A defect of the engine.
    rule: Option<Rule>,
    /// States, each with the promises that hold in it, by their fingerprints.
    seen: Mutex<HashSet<u64>>,
    images: Mutex<HashSet<u64>>,
    /// Images, the same ones among them.
    made: AtomicUsize,
    /// Recoveries that were crashed, by how many crashes had come before.
    again: [AtomicUsize; DEPTH],
}

/// A piece of work: crashes after some operations of a workload, under one profile.
struct Piece<'a> {
    explored: &'a Explored,
    profile: Profile,
    points: std::ops::RangeInclusive<usize>,
}

/// How much is looked at, 1 in the ordinary run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort(pub(crate) usize);

/// What is done with one in so many states.
struct Rates {
    /// The store is read without recovery.
    read: u64,
    /// It is written to after recovery.
    go_on: u64,
    /// Its recovery is cut again.
    again: u64,
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    workloads: usize,
    /// Images that were made, equal ones among them.
    made: usize,
    /// Images, each once for each set of promises.
    states: usize,
    /// Different images of each workload.
    images: usize,
    /// Recoveries that were cut again, by how many cuts had come before.
    again: [usize; DEPTH],
}

/// Operations in one piece of work.
const PIECE_OPS: usize = 32;

/// So often the power goes again during recovery.
const DEPTH: usize = 3;

/// Of so many states that a crash during recovery can leave, one is looked at.
const NESTED_EVERY: u64 = 12;
/// Of so many of those, recovery is crashed again in one.
const DEEPER_EVERY: u64 = 6;

/// Workloads that are held in memory together.
const WORKLOADS_AT_ONCE: usize = 32;

impl Effort {
    pub(crate) fn asked() -> Self {
        let asked = std::env::var("SUTRA_CRASH_EFFORT").ok();
        Self(asked.map_or(1, |effort| effort.parse().expect("SUTRA_CRASH_EFFORT is a number")))
    }

    pub(crate) fn is_ordinary(self) -> bool {
        self.0 <= 1
    }

    /// Whether there is time for hours of one kind of test.
    pub(crate) fn is_exhaustive(self) -> bool {
        self.0 >= 3
    }

    fn rates(self) -> Rates {
        match self.is_ordinary() {
            true => Rates { read: 3, go_on: 2, again: 24 },
            false => Rates { read: 12, go_on: 12, again: 84 },
        }
    }

    fn plan(self, profile: Profile) -> CrashPlan {
        let times = if self.is_ordinary() { 1 } else { 8 };
        CrashPlan {
            exhaustive_up_to: if self.is_ordinary() { 4 } else { 7 },
            family_max: 6 * times,
            random: 4 * times,
            tears: if self.is_ordinary() { Tears::Sectors } else { Tears::Bytes },
            tears_per_write: 3 * times,
            ..CrashPlan::new(profile)
        }
    }

    fn workloads(self) -> Vec<Workload> {
        let all = workloads::all();
        let more = if self.is_ordinary() { 0 } else { WORKLOADS_EACH * self.0 - all.len() };
        let draws = (0..more as u64).map(|seed| workloads::random("a further draw", 1_000 + seed));
        all.into_iter().chain(draws).collect()
    }

    /// How much must have been looked at.
    fn check(self, counts: &Counts) {
        let Counts { made, images, again, .. } = counts;
        let [least_made, least, least_again] = match self.0 {
            1 => [400_000, 60_000, 15_000],
            more => [2_500_000 * more, 500_000 * more, 50_000 * more],
        };
        assert!(*made >= least_made, "only {counts:?}");
        assert!(*images >= least, "only {counts:?}");
        assert!(again.iter().sum::<usize>() >= least_again, "only {counts:?}");
        assert!(again.iter().all(|depth| *depth > 100), "only {counts:?}");
    }
}

/// So many workloads there are for each unit of effort, drawn by chance where there are no others.
const WORKLOADS_EACH: usize = 20;

fn is_due(draw: u64, every: u64) -> bool {
    draw.is_multiple_of(every)
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.workloads += more.workloads;
        self.made += more.made;
        self.states += more.states;
        self.images += more.images;
        self.again.iter_mut().zip(more.again).for_each(|(sum, more)| *sum += more);
    }
}

impl Explored {
    fn new(workload: Workload, effort: Effort, rule: Option<Rule>) -> Self {
        let stage = Stage::with(rule.as_ref(), SimDir::new(), workload.segment_bytes);
        let session = run(&stage, &workload.steps, |_| {});
        let (seen, images, made, again) = Default::default();
        Self { workload, session, effort, rule, seen, images, made, again }
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
            history,
            holds: self.session.told.at(crash.at_op),
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
            if !is_due(draw, NESTED_EVERY) {
                continue;
            }
            again.recover(&crash.image);
            self.again[crashes].fetch_add(1, Ordering::Relaxed);
            if crashes + 1 < DEPTH && is_due(draw >> 8, DEEPER_EVERY) {
                self.crash_again(&again, moment, &crash.image, crashes + 1);
            }
        }
    }
}

impl Piece<'_> {
    /// Checks every state that no other piece has checked.
    fn explore(&self) {
        let Explored { seen, images, effort, .. } = self.explored;
        let plan = effort.plan(self.profile);
        let mut crashes = self.explored.dir().crashes_within(self.points.clone(), &plan);
        for crash in crashes.by_ref() {
            let fingerprint = crash.image.fingerprint();
            if !seen.lock().insert(crash.fingerprint()) {
                continue;
            }
            images.lock().insert(fingerprint);
            let checked = catch_unwind(AssertUnwindSafe(|| self.check(&crash, fingerprint)));
            if let Err(panic) = checked {
                eprintln!("{}", self.context(&crash)); // Else nobody knows what it is about.
                resume_unwind(panic);
            }
        }
        self.explored.made.fetch_add(crashes.made(), Ordering::Relaxed);
    }

    fn check(&self, crash: &Crash, fingerprint: u64) {
        let promise = self.explored.promise(crash);
        let rates = self.explored.effort.rates();
        if is_due(fingerprint, rates.read) {
            promise.read_only(&crash.image);
        }
        let recovered = promise.recover(&crash.image);
        let moment = recovered.moment;
        if is_due(fingerprint, rates.go_on) {
            recovered.goes_on();
        }
        if is_due(fingerprint, rates.again) {
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

/// Explores these workloads in two threads. What is looked at does not depend on which is faster.
fn explore_together(workloads: Vec<Workload>, effort: Effort) -> Counts {
    let explore = |workload| Explored::new(workload, effort, None);
    let explored: Vec<_> = workloads.into_iter().map(explore).collect();
    let pieces: Vec<_> = explored.iter().flat_map(Explored::pieces).collect();
    in_parallel(&pieces, Piece::explore);
    let sum = |count: &dyn Fn(&Explored) -> usize| explored.iter().map(count).sum();
    Counts {
        workloads: explored.len(),
        made: sum(&|explored| explored.made.load(Ordering::Relaxed)),
        states: sum(&|explored| explored.seen.lock().len()),
        images: sum(&|explored| explored.images.lock().len()),
        again: std::array::from_fn(|depth| {
            sum(&|explored| explored.again[depth].load(Ordering::Relaxed))
        }),
    }
}

#[test]
fn no_power_cut_loses_what_was_promised_or_shows_a_part_or_leaks_a_file() {
    let effort = Effort::asked();
    let mut counts = Counts::default();
    let mut workloads = effort.workloads();
    while !workloads.is_empty() {
        let rest = workloads.split_off(workloads.len().min(WORKLOADS_AT_ONCE));
        counts += explore_together(workloads, effort);
        workloads = rest;
    }
    if !effort.is_ordinary() {
        eprintln!("{counts:?}"); // What RELIABILITY.md says.
    }
    assert!(counts.workloads >= 20, "only {counts:?}");
    effort.check(&counts);
}
