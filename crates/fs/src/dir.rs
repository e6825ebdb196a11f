//! The contract of a directory and of a file in it.

use std::io;
use std::path::PathBuf;

use crate::error::{FsError, Operation, Result};
use crate::name::Name;

/// One directory of plain files.
///
/// What holds after a power cut, and what every implementation must allow for:
/// * A name that [`create`](Dir::create), [`link`](Dir::link), [`rename`](Dir::rename) or
///   [`remove`](Dir::remove) made or unmade is durable once a later [`sync`](Dir::sync) of the
///   directory returned. Before that each of these changes may be durable or not, independently
///   and in any order.
/// * The bytes and the length of a file are durable once a later [`File::sync`] returned, whether
///   or not its name is. Before that any subset of what was written may be durable, torn anywhere,
///   and where a write was lost or torn there may be zeros or garbage in its range.
/// * A rename replaces its target in one step: there is no moment without a file of that name, and
///   a power cut leaves the one or the other. That holds if the old name is durable; else there may
///   be none after a power cut.
/// * A failed sync says nothing of what is durable, and a second one that succeeds says nothing
///   of the first one's bytes. Do not retry it.
///
/// Calls on one directory may come from many threads.
pub trait Dir: Send + Sync + 'static {
    /// A file of this directory.
    type File: File;
    /// Held while its owner is the only writer; given back when dropped, or when the process ends.
    type Lock: Send + Sync + 'static;

    /// Makes an empty file for reading and writing. Fails with `AlreadyExists` if the name is
    /// taken, whatever takes it.
    fn create(&self, name: &Name) -> Result<Self::File>;

    /// Opens a file for reading and syncing; writing to it fails. Anything but a regular file is
    /// refused with `NotAFile`, a symbolic link included.
    fn open(&self, name: &Name) -> Result<Self::File>;

    /// Gives the file `from` the name `to`; a file of that name is replaced. If both are names of
    /// one file, nothing may happen.
    fn rename(&self, from: &Name, to: &Name) -> Result<()>;

    /// Gives the file `name` of the directory `from` a second name `to` here: no byte is copied, and
    /// what happens to the file happens under both names. Fails with `AlreadyExists` if the name is
    /// taken, and with something else where a file cannot be in both directories.
    ///
    /// A directory that does not say how it does that refuses.
    fn link(&self, from: &Self, name: &Name, to: &Name) -> Result<()> {
        let _ = (from, name);
        let refusal = io::ErrorKind::Unsupported.into();
        Err(FsError::new(Operation::Link, self.path(to), refusal))
    }

    /// Takes the name away. Handles and maps of the file stay valid.
    fn remove(&self, name: &Name) -> Result<()>;

    /// The names in the directory, sorted. What has no valid [`Name`] is left out.
    fn list(&self) -> Result<Vec<Name>>;

    /// Makes the names durable.
    fn sync(&self) -> Result<()>;

    /// Becomes the only writer, under the lock file `name`, which is created if need be. Fails at
    /// once with `Locked` if there is another, in this process or elsewhere.
    fn lock(&self, name: &Name) -> Result<Self::Lock>;

    /// Where a file is, for messages.
    fn path(&self, name: &Name) -> PathBuf;
}

/// An open file.
///
/// Calls may come from many threads; writes to ranges that do not overlap do not disturb each
/// other. A call that a signal interrupts or that comes back short is taken up again by the
/// implementation.
pub trait File: Send + Sync + 'static {
    /// The bytes of a whole file, which no longer changes.
    type Map: AsRef<[u8]> + Send + Sync + 'static;

    /// Writes all of `bytes` at `offset`; the file grows as needed, a gap reads as zeros. On an
    /// error any part of them may have been written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()>;

    /// Fills all of `buffer` from `offset` on; fails with `TooShort` if the file ends before.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()>;

    /// Makes bytes and length durable.
    fn sync(&self) -> Result<()>;

    /// Its length now.
    fn length(&self) -> Result<u64>;

    /// Forbids further writing, as far as permissions can: the file is never changed again. Not
    /// durable until synced, and nothing depends on its being so.
    fn seal(&self) -> Result<()>;

    /// Maps the whole file. Only for a file that was sealed and synced, or is private to the
    /// caller: a mapped file must not change.
    fn map(self) -> Result<Self::Map>;
}
