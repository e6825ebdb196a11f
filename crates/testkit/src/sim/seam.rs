//! The contract of [`Dir`] and [`File`], kept in memory.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sutra_fs::{Dir, File, FsError, Name, Operation, Result};

use super::content::Flat;
use super::dir::SimDir;
use super::op::Ino;
use super::state::State;
use super::twist::Act;

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

/// What a simulated directory is called in messages.
const DIRECTORY: &str = "/simulated";

impl SimDir {
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

    /// As a file of its own with the same bytes, which are not durable yet: what a link is, and a
    /// little less.
    fn link(&self, from: &Self, name: &Name, to: &Name) -> Result<()> {
        let bytes = from
            .call(Operation::Link, name, |state| Ok(state.content(state.find(name)?).to_vec()))?;
        self.call(Operation::Link, to, |state| {
            let ino = state.create(to)?;
            state.write(ino, 0, &bytes)
        })
    }

    fn rename(&self, from: &Name, to: &Name) -> Result<()> {
        self.call(Operation::Rename, from, |state| state.make(Act::Rename(from, to)))
    }

    fn remove(&self, name: &Name) -> Result<()> {
        self.call(Operation::Remove, name, |state| state.make(Act::Remove(name)))
    }

    fn list(&self) -> Result<Vec<Name>> {
        self.call_dir(Operation::List, |state| {
            state.reading()?;
            Ok(state.names())
        })
    }

    fn sync(&self) -> Result<()> {
        self.call_dir(Operation::SyncDir, |state| state.make(Act::SyncDir))
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
            state.make(Act::Write(&self.name, self.ino, offset, bytes))
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
        self.call(Operation::Sync, |state| state.make(Act::Sync(&self.name, self.ino)))
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
