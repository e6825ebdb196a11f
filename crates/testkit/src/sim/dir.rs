//! [`SimDir`]: the handle by which a test drives a simulated directory.

use std::ops::RangeInclusive;
use std::sync::Arc;

use parking_lot::Mutex;

use super::crashes::Crashes;
use super::fault::{Fault, Times};
use super::frontier::Frontier;
use super::image::Image;
use super::op::{Logged, Note};
use super::plan::{CrashPlan, Profile, Selection};
use super::state::State;
use super::twist::{Call, Twist};

/// A directory in memory. Clones are the same directory.
///
/// Every call that changes something is an operation and has a number, counted from zero; notes
/// count too. Calls that only read are counted apart. So a test runs once without faults, sees how
/// many operations there were, and then runs again for each of them with a fault there.
#[derive(Clone, Debug, Default)]
pub struct SimDir(pub(super) Arc<Mutex<State>>);

impl SimDir {
    /// An empty directory.
    pub fn new() -> Self {
        Self::default()
    }

    /// A directory as it is found after a crash: everything in it is durable, nothing is locked.
    pub fn from_image(image: &Image) -> Self {
        Self(Arc::new(Mutex::new(State::from_image(image))))
    }

    /// What a reader sees now, which is also what stays after the process is killed.
    pub fn image(&self) -> Image {
        self.0.lock().image()
    }

    /// What surely stays after a power cut now, without anything that merely may stay.
    pub fn durable_image(&self) -> Image {
        let state = self.0.lock();
        let mut frontier = Frontier::new(&state.start, Profile::PosixWeak);
        for logged in &state.log {
            frontier.advance(logged);
        }
        frontier.image(&Selection::NOTHING)
    }

    /// Puts a remark of the test into the log.
    pub fn note(&self, note: Note) {
        self.0.lock().note(note);
    }

    /// The number of operations and notes so far.
    pub fn op_count(&self) -> usize {
        self.0.lock().log.len()
    }

    /// All operations and notes so far.
    pub fn ops(&self) -> Vec<Logged> {
        self.0.lock().log.clone()
    }

    /// The number of calls that only read: open, list, read, length, map.
    pub fn read_count(&self) -> u64 {
        self.0.lock().reads
    }

    /// Lets the first operation fail whose number is `op` or more, and all after it if the fault
    /// is to last. A write that fails has written a part, perhaps none, of its bytes; a sync that
    /// fails makes nothing durable, and no later sync makes durable what it left out.
    pub fn fail_at(&self, op: usize, fault: Fault, times: Times) {
        self.0.lock().op_faults.plan(op as u64, fault, times);
    }

    /// As [`fail_at`](Self::fail_at), for the calls that only read.
    pub fn fail_read_at(&self, read: u64, fault: Fault, times: Times) {
        self.0.lock().read_faults.plan(read, fault, times);
    }

    /// Takes back all faults that are still to come, a power cut included.
    pub fn clear_faults(&self) {
        let mut state = self.0.lock();
        state.op_faults.clear();
        state.read_faults.clear();
    }

    /// Cuts the power after `ops` operations: every later call fails, and nothing is logged.
    pub fn cut_after(&self, ops: usize) {
        self.0.lock().op_faults.set_cut(Some(ops as u64));
    }

    /// Lets the process end before it does what `drop` asks for: every call in it fails, and nothing is
    /// logged. What was written stays as it is, synced or not.
    pub fn kill(&self, drop: impl FnOnce()) {
        let calls = self.op_count() as u64;
        let before = self.0.lock().op_faults.set_cut(Some(calls));
        drop();
        self.0.lock().op_faults.set_cut(before);
    }

    /// Lets `rule` decide from now on what becomes of each rename, removal, sync and write: the
    /// defect of an engine that does not make it as it should.
    pub fn twist(&self, rule: Arc<dyn Fn(&Call<'_>) -> Twist + Send + Sync>) {
        self.0.lock().twist(rule);
    }

    /// Limits the bytes of all files that have a name; what goes beyond is refused as a full disk
    /// does, after as much as fits. `None` lifts the limit.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.0.lock().capacity = bytes;
    }

    /// What a power cut can leave after the first `at_op` operations, each image once.
    pub fn crash_states(
        &self,
        at_op: usize,
        plan: &CrashPlan,
    ) -> impl Iterator<Item = Image> + use<> {
        self.crashes_within(at_op..=at_op, plan).map(|crash| crash.image)
    }

    /// What a power cut can leave, after each operation in turn.
    pub fn crashes(&self, plan: &CrashPlan) -> Crashes {
        self.crashes_within(0..=self.op_count(), plan)
    }

    /// What a power cut can leave after so many operations as `points` says, in turn. A test can
    /// give a part to each of its threads.
    pub fn crashes_within(&self, points: RangeInclusive<usize>, plan: &CrashPlan) -> Crashes {
        let state = self.0.lock();
        let end = state.log.len().min(*points.end());
        Crashes::new(&state.start, state.log[..end].to_vec(), *points.start(), plan)
    }
}
