//! [`run_tape`]: a life of a store in which a tape of bytes decides everything.
//!
//! The tape decides what is done, which calls fail and for how long, whether the disk is full, how
//! the clock jumps, when background steps run, when the process is killed, when the power goes and
//! what of the unsynced writes is left then. Whoever has bytes can feed it: a seed, a generator of
//! tests, a fuzzer, a file. Equal tapes live equal lives.
//!
//! Rules that are checked after each step: what was committed is there and nothing else is, held
//! snapshots included; an error is not taken for damage; after a crash at least everything that was
//! promised is there. At the end the faults stop, and the store must work.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use sutra_format::AssociationKind;
use sutra_lsm::{Durability, Expiry, ExpiryScope, Health, LsmError, Retention};
use sutra_testkit::{CrashPlan, Fault, Image, Profile, SimDir, SplitMix, Tears, Times};

use super::check::{Promise, Recovered, check_content, check_visible};
use super::model::Change;
use super::workload::{Session, Stage, Step};

/// A rule that did not hold, in words.
#[derive(Debug)]
pub(crate) struct Violation(pub(crate) String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Lives the life that the tape says.
pub(crate) fn run_tape(tape: &[u8]) -> Result<(), Violation> {
    let life = || {
        let mut life = Life::new(Tape(tape));
        while !life.tape.is_at_end() {
            life.step();
        }
        life.end();
    };
    catch_unwind(AssertUnwindSafe(life)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        // What a whole store says would fill pages.
        Violation(text.unwrap_or("a panic without words").chars().take(400).collect())
    })
}

/// Bytes that are read once; at its end there are only zeros.
struct Tape<'a>(&'a [u8]);

impl Tape<'_> {
    fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn below(&mut self, bound: u8) -> u8 {
        self.byte() % bound
    }

    fn number(&mut self) -> u64 {
        u64::from(self.byte()) << 8 | u64::from(self.byte())
    }
}

/// A store, and who uses it.
struct Life<'a> {
    tape: Tape<'a>,
    session: Session,
    /// What goes wrong in this life: some go without faults, some without crashes.
    habits: u8,
}

const SEGMENT_BYTES: u64 = 6 << 10;
const SPACES: [&str; 2] = ["titles", "images"];
const KINDS: [&str; 4] = ["hypernym", "meronym", "antonym", "entails"];

/// Bits of the habits.
const FAULTS: u8 = 1;
const POWER_CUTS: u8 = 2;
const FULL_DISK: u8 = 4;
const CLOCK_JUMPS: u8 = 8;
/// It is asked for what was, for vector spaces, and to erase.
const PAST: u8 = 16;
/// It forgets by rules.
const EXPIRY: u8 = 32;

impl<'a> Life<'a> {
    fn new(mut tape: Tape<'a>) -> Self {
        let habits = tape.byte();
        let session = Session::new(Stage::new(SimDir::new(), SEGMENT_BYTES));
        Self { tape, session, habits }
    }

    fn dir(&self) -> &SimDir {
        &self.session.stage.dir
    }

    fn has(&self, habit: u8) -> bool {
        self.habits & habit != 0
    }

    fn step(&mut self) {
        let operations = if self.has(EXPIRY) {
            44
        } else if self.has(PAST) {
            40
        } else {
            32
        };
        match self.tape.below(operations) {
            0..=14 => {
                let commit = self.commit();
                self.make(&commit);
            }
            15 => self.make(&Step::Sync),
            16 => self.make(&Step::Flush),
            17 | 18 => self.merge(&Step::CompactDue),
            19 => {
                let level = u32::from(self.tape.below(3));
                self.merge(&Step::CompactLevel(level));
            }
            20 => self.make(&Step::CompactAll),
            21 => self.make(&Step::Hold),
            22 => self.make(&Step::Release),
            23 => self.make(&Step::Reopen),
            24 => self.make(&Step::Read),
            25 => {
                let name = KINDS[usize::from(self.tape.below(4))];
                self.make(&Step::Register(name));
            }
            26 => self.session.abandon(), // A kill.
            27 if self.has(CLOCK_JUMPS) => self.session.skew = self.tape.number(),
            28 | 29 if self.has(FAULTS) => self.plan_fault(),
            30 if self.has(FULL_DISK) => self.limit(),
            31 if self.has(POWER_CUTS) => self.lose_power(),
            32..=34 => {
                let retention = self.retention();
                self.make(&Step::Retain(retention));
            }
            35 | 36 => self.make(&Step::Recall),
            37 => {
                let name = SPACES[usize::from(self.tape.below(2))];
                self.make(&Step::Space(name));
            }
            38 => {
                let n = u64::from(self.tape.below(12));
                self.make(&Step::Erase(n));
            }
            39 => {
                let commit = self.commit_to_a_space();
                self.make(&commit);
            }
            40 | 41 => {
                let rule = self.rule();
                self.make(&rule);
            }
            42 => self.make(&Step::Forget),
            43 => {
                let commit = self.commit_of_what_ends();
                self.make(&commit);
            }
            _ => {}
        }
        self.check();
    }

    fn commit(&mut self) -> Step {
        let durabilities = [Durability::Sync, Durability::Buffered, Durability::None];
        let durability = durabilities[usize::from(self.tape.below(3))];
        let count = 1 + self.tape.below(5);
        Step::Commit(durability, (0..count).map(|_| self.change()).collect())
    }

    /// Often for good, else for a while, or no longer.
    fn retention(&mut self) -> Retention {
        match self.tape.below(8) {
            0 => Retention::Latest,
            1 | 2 => Retention::Window(u64::from(self.tape.byte())),
            _ => Retention::Forever,
        }
    }

    /// A rule of one of the scopes, of one of three sorts, or that there is none.
    fn rule(&mut self) -> Step {
        let scopes = [
            ExpiryScope::Concepts,
            ExpiryScope::Associations,
            ExpiryScope::Kind(AssociationKind::from_code(1)),
        ];
        let scope = scopes[usize::from(self.tape.below(3))];
        let (sort, ms) = (self.tape.below(5), u64::from(1 + self.tape.below(40)));
        let expiry = Expiry::new();
        Step::Expire(
            scope,
            match sort {
                0 => None,
                1 => Some(expiry.half_life(ms, 0.5)),
                2 => Some(expiry.after_end(ms)),
                _ => Some(expiry.time_to_live(ms)),
            },
        )
    }

    /// A concept and an association that end about now.
    fn commit_of_what_ends(&mut self) -> Step {
        let (n, other) = (u64::from(self.tape.below(12)), u64::from(self.tape.below(12)));
        let ends = 1_000 + i64::from(self.tape.byte());
        let put = Change::PutUntil(n, ends);
        Step::Commit(Durability::Buffered, vec![put, Change::During(n, 1, other, [990, ends])])
    }

    /// Merges some segments. What is expired is deleted before, all of it: what a merge meets, only
    /// the engine knows.
    fn merge(&mut self, step: &Step) {
        let forgets = self.session.tree.as_ref().is_some_and(|tree| !tree.expiry().is_empty());
        if !forgets || self.succeeds(&Step::Forget) {
            self.make(step);
        }
    }

    /// A vector in a space, if that is known, and something else.
    fn commit_to_a_space(&mut self) -> Step {
        let (n, code) = (u64::from(self.tape.below(12)), u16::from(1 + self.tape.below(2)));
        let tree = self.session.tree.as_ref();
        let is_known = tree.is_some_and(|tree| tree.snapshot().vector_space(code).is_some());
        let put = if is_known { Change::PutIn(n, code) } else { Change::Touch(n) };
        Step::Commit(Durability::Sync, vec![put, self.change()])
    }

    fn change(&mut self) -> Change {
        let what = self.tape.below(16);
        let (n, other) = (u64::from(self.tape.below(12)), u64::from(self.tape.below(12)));
        let kind = u16::from(what % 3);
        match what {
            0..=5 => {
                let size = usize::from(self.tape.byte());
                let text = [None, Some(size), Some(size * 6)][usize::from(what % 3)];
                Change::Put { n, text, vector: usize::from(self.tape.below(5)) }
            }
            6 | 7 => Change::Touch(n),
            8 => Change::Delete(n),
            9..=12 => Change::Associate(n, kind, other),
            13 | 14 => Change::State(n, kind, other),
            _ => Change::Dissociate(n, kind, other),
        }
    }

    fn make(&mut self, step: &Step) {
        self.succeeds(step);
    }

    /// Does one thing; says whether it worked. It may fail, but only in ways that tell the truth.
    fn succeeds(&mut self, step: &Step) -> bool {
        let Err(error) = self.session.step(step) else { return true };
        let is_poison = matches!(error, LsmError::Poisoned { .. });
        let is_told = error.fs().is_some() || is_poison;
        assert!(is_told && !error.is_corruption(), "{step:?} fails with: {error}");
        false
    }

    /// One of the next calls fails, or all from then on until the next step that is no commit.
    fn plan_fault(&mut self) {
        let fault = [Fault::Eio, Fault::Enospc, Fault::Emfile][usize::from(self.tape.below(3))];
        let (far, how) = (self.tape.below(24), self.tape.below(8));
        let times = if how % 4 == 3 { Times::Forever } else { Times::Once };
        match how {
            7 => self.dir().clear_faults(),
            5 | 6 => {
                self.dir().fail_read_at(self.dir().read_count() + u64::from(far % 8), fault, times);
            }
            _ => self.dir().fail_at(self.dir().op_count() + usize::from(far), fault, times),
        }
    }

    /// The disk becomes full, or is made larger.
    fn limit(&mut self) {
        let pages = self.tape.byte();
        let used = self.dir().image().total_length();
        let room = (pages < 200).then(|| used + u64::from(pages) * 256);
        self.dir().set_capacity(room);
    }

    /// The power goes, and perhaps once more while the next process recovers.
    fn lose_power(&mut self) {
        let seed = self.tape.number();
        let profile = if seed.is_multiple_of(2) { Profile::PosixWeak } else { Profile::Ext4Like };
        let image = leave(self.dir(), self.dir().op_count(), profile, seed);
        self.session.abandon();
        let (session, again) = (&self.session, self.tape.byte());
        let promise = Promise {
            moments: session.moments(session.acked),
            history: &session.history,
            holds: session.told.at(usize::MAX),
            segment_bytes: SEGMENT_BYTES,
            rule: None,
        };
        let mut recovered = promise.recover(&image);
        if again >= 128 {
            let dir = recovered.stage.dir.clone();
            let at = dir.op_count() * usize::from(again - 128) / 127;
            let image = leave(&dir, at, profile, seed);
            let again = Promise { moments: vec![recovered.moment], ..promise.clone() };
            drop(recovered);
            recovered = again.recover(&image);
        }
        let Recovered { stage, tree, moment, .. } = recovered;
        let moment = moment.clone();
        self.session.go_on_from(stage, tree, moment);
    }

    /// What the store says is what it should say.
    fn check(&self) {
        if let Some(tree) = &self.session.tree {
            let (ids, last) = (&self.session.history.ids, self.session.history.last());
            check_content(tree, ids, &last.content);
            check_visible(tree, ids, &last.content, self.session.stage.time());
        }
        self.session.check_held();
    }

    /// The trouble is over: the store works, if it need be once it is opened again.
    fn end(mut self) {
        self.dir().clear_faults();
        self.dir().set_capacity(None);
        let is_good = |health: Health| !matches!(health, Health::Poisoned { .. });
        if !self.session.tree.as_ref().is_some_and(|tree| is_good(tree.health())) {
            self.session.abandon();
            self.session.step(&Step::Reopen).unwrap();
        }
        let put = Change::Put { n: 1, text: Some(10), vector: 2 };
        let commit = Step::Commit(Durability::Sync, vec![put, Change::Touch(2)]);
        let checks = [Step::Flush, Step::Verify, Step::CompactAll, Step::Verify, Step::Recall];
        for step in [commit].into_iter().chain(checks) {
            self.session.step(&step).unwrap();
            self.check();
        }
        assert_eq!(self.session.tree.as_ref().unwrap().health(), Health::Good);
        self.session.step(&Step::Reopen).unwrap();
        self.check();
    }
}

/// What a power cut after so many operations leaves, one of the ways that it can.
fn leave(dir: &SimDir, at_op: usize, profile: Profile, seed: u64) -> Image {
    let plan = CrashPlan {
        exhaustive_up_to: 3,
        family_max: 8,
        random: 8,
        tears: Tears::Bytes,
        tears_per_write: 3,
        seed,
        profile,
    };
    let images: Vec<_> = dir.crash_states(at_op, &plan).take(64).collect();
    SplitMix::new(seed).pick(&images).clone()
}
