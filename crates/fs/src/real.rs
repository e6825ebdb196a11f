//! [`OsDir`]: the contract kept on a file system.
//!
//! Calls that a signal interrupts, and reads and writes that come back short, are taken up again by
//! the standard library; a write that makes no progress is an error.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::dir::{Dir, File};
use crate::error::{FsError, Operation, Result};
use crate::map::Mapped;
use crate::name::Name;

/// A directory of the operating system. Files are found by its path, so it must not be moved while
/// it is open.
#[derive(Debug)]
pub struct OsDir {
    path: PathBuf,
    handle: fs::File,
    maps: bool,
}

/// A file of an [`OsDir`].
#[derive(Debug)]
pub struct OsFile {
    path: PathBuf,
    file: fs::File,
    /// Whether it is mapped where a map is asked for, or copied.
    maps: bool,
}

/// The lock of an [`OsDir`]: the system gives it back when the process ends, however it ends.
#[derive(Debug)]
pub struct OsLock {
    file: fs::File,
    /// Who took it.
    process: u32,
}

impl Drop for OsLock {
    /// Gives the lock back even if a process that is just being started still has a copy of the file.
    /// A child that was forked has one as well, and must not give back what is its parent's.
    fn drop(&mut self) {
        if std::process::id() == self.process {
            let _ = self.file.unlock(); // Else closing the file does it.
        }
    }
}

impl OsDir {
    /// Opens an existing directory.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_path_buf();
        let open = || {
            let handle = fs::File::open(&path)?;
            if handle.metadata()?.is_dir() {
                Ok(handle)
            } else {
                Err(io::Error::new(ErrorKind::NotADirectory, "not a directory"))
            }
        };
        let handle = open().map_err(|e| FsError::new(Operation::OpenDir, &path, e))?;
        Ok(Self { path, handle, maps: true })
    }

    /// Reads sealed files into memory instead of mapping them. For a directory that others may
    /// write to: what they do to a file after it was opened is not seen, and cannot end the
    /// process. Every open file takes its length in memory, and its opening as long as reading it.
    #[must_use]
    pub fn without_maps(self) -> Self {
        Self { maps: false, ..self }
    }

    /// Opens a directory; one that does not exist is made, with its parents, and made durable.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        if !path.is_dir() {
            let wrap = |e| FsError::new(Operation::OpenDir, path, e);
            fs::create_dir_all(path).map_err(wrap)?;
            let absolute = fs::canonicalize(path).map_err(wrap)?;
            for parent in absolute.ancestors().skip(1) {
                // A parent that cannot be read cannot be one that was just made.
                if let Ok(handle) = fs::File::open(parent) {
                    handle.sync_all().map_err(wrap)?;
                }
            }
        }
        Self::open(path)
    }

    fn at<T>(
        &self,
        operation: Operation,
        name: &Name,
        act: impl FnOnce(&Path) -> io::Result<T>,
    ) -> Result<T> {
        let path = self.path.join(name);
        act(&path).map_err(|e| FsError::new(operation, path, e))
    }
}

impl Dir for OsDir {
    type File = OsFile;
    type Lock = OsLock;

    fn create(&self, name: &Name) -> Result<OsFile> {
        self.at(Operation::Create, name, |path| {
            let file = fs::OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
            Ok(OsFile { path: path.to_path_buf(), file, maps: self.maps })
        })
    }

    fn open(&self, name: &Name) -> Result<OsFile> {
        self.at(Operation::Open, name, |path| {
            let file = open_regular(fs::OpenOptions::new().read(true), path)?;
            Ok(OsFile { path: path.to_path_buf(), file, maps: self.maps })
        })
    }

    fn rename(&self, from: &Name, to: &Name) -> Result<()> {
        self.at(Operation::Rename, from, |path| fs::rename(path, self.path.join(to)))
    }

    fn link(&self, from: &Self, name: &Name, to: &Name) -> Result<()> {
        let source = from.path.join(name);
        self.at(Operation::Link, to, |path| fs::hard_link(source, path))
    }

    fn remove(&self, name: &Name) -> Result<()> {
        self.at(Operation::Remove, name, |path| fs::remove_file(path))
    }

    fn list(&self) -> Result<Vec<Name>> {
        let wrap = |e| FsError::new(Operation::List, &self.path, e);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(wrap)? {
            let name = entry.map_err(wrap)?.file_name().into_string();
            names.extend(name.ok().and_then(|name| Name::new(name).ok()));
        }
        names.sort();
        Ok(names)
    }

    fn sync(&self) -> Result<()> {
        self.handle.sync_all().map_err(|e| FsError::new(Operation::SyncDir, &self.path, e))
    }

    fn lock(&self, name: &Name) -> Result<OsLock> {
        self.at(Operation::Lock, name, |path| {
            let mut options = fs::OpenOptions::new();
            let file = open_regular(options.read(true).write(true).create(true), path)?;
            match file.try_lock() {
                Ok(()) => Ok(OsLock { file, process: std::process::id() }),
                Err(fs::TryLockError::WouldBlock) => Err(ErrorKind::WouldBlock.into()),
                Err(fs::TryLockError::Error(error)) => Err(error),
            }
        })
    }

    fn path(&self, name: &Name) -> PathBuf {
        self.path.join(name)
    }
}

/// Opens a regular file and nothing else. Not blocking, so that a FIFO is refused instead of
/// waited for.
fn open_regular(options: &mut fs::OpenOptions, path: &Path) -> io::Result<fs::File> {
    let file = options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(ErrorKind::IsADirectory, "not a regular file"))
    }
}

impl OsFile {
    fn call<T>(
        &self,
        operation: Operation,
        act: impl FnOnce(&fs::File) -> io::Result<T>,
    ) -> Result<T> {
        act(&self.file).map_err(|e| FsError::new(operation, &self.path, e))
    }
}

impl File for OsFile {
    type Map = Mapped;

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.call(Operation::Write, |file| file.write_all_at(bytes, offset))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.call(Operation::Read, |file| file.read_exact_at(buffer, offset))
    }

    fn sync(&self) -> Result<()> {
        self.call(Operation::Sync, |file| file.sync_data())
    }

    fn length(&self) -> Result<u64> {
        self.call(Operation::Length, |file| Ok(file.metadata()?.len()))
    }

    fn seal(&self) -> Result<()> {
        self.call(Operation::Seal, |file| {
            // Takes away, never gives: what a narrower umask hid from others stays hidden.
            let mode = file.metadata()?.permissions().mode() & 0o444;
            file.set_permissions(fs::Permissions::from_mode(mode))
        })
    }

    fn map(self) -> Result<Mapped> {
        self.call(Operation::Map, if self.maps { Mapped::of } else { Mapped::copy_of })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_given_back_by_who_took_it_and_by_nobody_else() {
        let place = tempfile::tempdir().expect("a directory");
        let dir = OsDir::open(place.path()).expect("it is there");
        let name = Name::new("lock").expect("a plain name");
        let lock = dir.lock(&name).expect("it is free");
        // What a process has that another thread is just starting.
        let copy = lock.file.try_clone().expect("a copy");
        drop(lock);
        let OsLock { process, .. } = *dir.lock(&name).as_ref().expect("it was given back");
        drop(copy);
        let mut lock = dir.lock(&name).expect("it is free");
        lock.process = process + 1;
        let copy = lock.file.try_clone().expect("a copy");
        drop(lock); // As a forked child does.
        assert!(dir.lock(&name).is_err(), "its parent still has it");
        drop(copy);
        dir.lock(&name).expect("it is free");
    }
}
