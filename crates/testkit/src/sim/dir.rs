//! [`SimDir`]: the contract of [`Dir`] and [`File`], kept in memory.

use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use sutra_fs::{Dir, File, FsError, Name, Operation, Result};

use super::content::Flat;
use super::crashes::Crashes;
use super::fault::{Fault, Times};
use super::frontier::Frontier;
use super::image::Image;
use super::op::{Ino, Logged, Note};
use super::plan::{CrashPlan, Profile, Selection};
use super::state::State;

/// A directory in memory. Clones are the same directory.
///
/// Every call that changes something is an operation and has a number, counted from zero; notes
/// count too. Calls that only read are counted apart. So a test runs once without faults, sees how
/// many operations there were, and then runs again for each of them with a fault there.
#[derive(Clone, Debug, Default)]
pub struct SimDir(Arc<Mutex<State>>);

/// A file of a [`SimDir`].
#[derive(Debug)]
pub struct SimFile {
    dir: SimDir,
    ino: Ino,
    name: Name,
    writable: bool,
}

/// The bytes of a file of a [`SimDir`], as they were when it was mapped.
#[derive(Clone, Debug)]
pub struct SimMap(Arc<Flat>);

/// The lock of a [`SimDir`].
#[derive(Debug)]
pub struct SimLock {
    dir: SimDir,
    name: Name,
}

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
        self.0.lock().op_faults.cut_after(ops as u64);
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

    fn call<T>(
        &self,
        operation: Operation,
        name: &Name,
        act: impl FnOnce(&mut State) -> io::Result<T>,
    ) -> Result<T> {
        act(&mut self.0.lock()).map_err(|e| FsError::new(operation, self.path(name), e))
    }

    fn call_dir<T>(
        &self,
        operation: Operation,
        act: impl FnOnce(&mut State) -> io::Result<T>,
    ) -> Result<T> {
        act(&mut self.0.lock()).map_err(|e| FsError::new(operation, DIRECTORY, e))
    }

    fn file(&self, ino: Ino, name: &Name, writable: bool) -> SimFile {
        SimFile { dir: self.clone(), ino, name: name.clone(), writable }
    }
}

/// What a simulated directory is called in messages.
const DIRECTORY: &str = "/simulated";

impl Dir for SimDir {
    type File = SimFile;
    type Lock = SimLock;

    fn create(&self, name: &Name) -> Result<SimFile> {
        let ino = self.call(Operation::Create, name, |state| state.create(name))?;
        Ok(self.file(ino, name, true))
    }

    fn open(&self, name: &Name) -> Result<SimFile> {
        let ino = self.call(Operation::Open, name, |state| {
            state.reading()?;
            state.find(name)
        })?;
        Ok(self.file(ino, name, false))
    }

    fn rename(&self, from: &Name, to: &Name) -> Result<()> {
        self.call(Operation::Rename, from, |state| state.rename(from, to))
    }

    fn remove(&self, name: &Name) -> Result<()> {
        self.call(Operation::Remove, name, |state| state.remove(name))
    }

    fn list(&self) -> Result<Vec<Name>> {
        self.call_dir(Operation::List, |state| {
            state.reading()?;
            Ok(state.names())
        })
    }

    fn sync(&self) -> Result<()> {
        self.call_dir(Operation::SyncDir, State::sync_dir)
    }

    fn lock(&self, name: &Name) -> Result<SimLock> {
        self.call(Operation::Lock, name, |state| {
            state.power()?;
            if state.find(name).is_err() {
                state.create(name)?;
            }
            if state.locks.insert(name.clone()) {
                Ok(())
            } else {
                Err(io::ErrorKind::WouldBlock.into())
            }
        })?;
        Ok(SimLock { dir: self.clone(), name: name.clone() })
    }

    fn path(&self, name: &Name) -> PathBuf {
        Path::new(DIRECTORY).join(name)
    }
}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.dir.0.lock().locks.remove(&self.name);
    }
}

impl SimFile {
    fn call<T>(
        &self,
        operation: Operation,
        act: impl FnOnce(&mut State) -> io::Result<T>,
    ) -> Result<T> {
        self.dir.call(operation, &self.name, act)
    }
}

impl File for SimFile {
    type Map = SimMap;

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.call(Operation::Write, |state| {
            if !self.writable {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            state.write(self.ino, offset, bytes)
        })
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.call(Operation::Read, |state| {
            state.reading()?;
            let whole = usize::try_from(offset)
                .is_ok_and(|offset| state.content(self.ino).read(offset, buffer));
            if whole { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
        })
    }

    fn sync(&self) -> Result<()> {
        self.call(Operation::Sync, |state| state.sync(self.ino))
    }

    fn length(&self) -> Result<u64> {
        self.call(Operation::Length, |state| {
            state.reading()?;
            Ok(state.content(self.ino).length() as u64)
        })
    }

    fn seal(&self) -> Result<()> {
        self.call(Operation::Seal, |state| state.seal(self.ino))
    }

    fn map(self) -> Result<SimMap> {
        self.call(Operation::Map, |state| {
            state.reading()?;
            state.fix(self.ino);
            Ok(SimMap(state.content(self.ino).flat()))
        })
    }
}

impl AsRef<[u8]> for SimMap {
    fn as_ref(&self) -> &[u8] {
        self.0.bytes()
    }
}
