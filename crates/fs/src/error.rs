//! [`FsError`]: which operation failed on which path, and why.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// The result of every call of this crate.
pub type Result<T> = std::result::Result<T, FsError>;

/// What was attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Opening or making the directory itself.
    OpenDir,
    /// [`Dir::create`](crate::Dir::create).
    Create,
    /// [`Dir::open`](crate::Dir::open).
    Open,
    /// [`Dir::rename`](crate::Dir::rename).
    Rename,
    /// [`Dir::remove`](crate::Dir::remove).
    Remove,
    /// [`Dir::list`](crate::Dir::list).
    List,
    /// [`Dir::sync`](crate::Dir::sync).
    SyncDir,
    /// [`Dir::lock`](crate::Dir::lock).
    Lock,
    /// [`File::write_at`](crate::File::write_at).
    Write,
    /// [`File::read_at`](crate::File::read_at).
    Read,
    /// [`File::sync`](crate::File::sync).
    Sync,
    /// [`File::length`](crate::File::length).
    Length,
    /// [`File::seal`](crate::File::seal).
    Seal,
    /// [`File::map`](crate::File::map).
    Map,
}

/// What a caller can do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no such file or directory.
    NotFound,
    /// The name is taken.
    AlreadyExists,
    /// Not allowed: permissions, or a read-only file system.
    PermissionDenied,
    /// The disk, a quota, or the table of files is full. Make room and try again.
    OutOfSpace,
    /// Another writer has the directory open.
    Locked,
    /// Something else than a regular file stands there, or it ends too early.
    NotAFile,
    /// Anything else; the source tells.
    Other,
}

/// A failed operation.
#[derive(Debug)]
pub struct FsError {
    /// What was attempted.
    pub operation: Operation,
    /// On which file or directory.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
    /// What a caller can do about it.
    pub kind: ErrorKind,
}

impl FsError {
    /// Wraps what the system said.
    pub fn new(operation: Operation, path: impl Into<PathBuf>, source: io::Error) -> Self {
        let kind = match source.kind() {
            io::ErrorKind::NotFound => ErrorKind::NotFound,
            io::ErrorKind::AlreadyExists => ErrorKind::AlreadyExists,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                ErrorKind::PermissionDenied
            }
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => ErrorKind::OutOfSpace,
            io::ErrorKind::WouldBlock => ErrorKind::Locked,
            io::ErrorKind::IsADirectory
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::UnexpectedEof => ErrorKind::NotAFile,
            _ if source.raw_os_error() == Some(libc::ELOOP) => ErrorKind::NotAFile, // A symbolic link.
            _ => ErrorKind::Other,
        };
        Self { operation, path: path.into(), source, kind }
    }
}

impl fmt::Display for FsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.operation {
            Operation::OpenDir => "cannot open directory",
            Operation::Create => "cannot create",
            Operation::Open => "cannot open",
            Operation::Rename => "cannot rename",
            Operation::Remove => "cannot remove",
            Operation::List => "cannot list",
            Operation::SyncDir => "cannot sync directory",
            Operation::Lock => "cannot lock",
            Operation::Write => "cannot write",
            Operation::Read => "cannot read",
            Operation::Sync => "cannot sync",
            Operation::Length => "cannot get the length of",
            Operation::Seal => "cannot seal",
            Operation::Map => "cannot map",
        };
        let path = self.path.display();
        match self.kind {
            ErrorKind::Locked => {
                write!(
                    f,
                    "{path}: another writer has this store open; open it for reading, or wait"
                )
            }
            ErrorKind::OutOfSpace => {
                write!(f, "{what} {path}: {}; make room and try again", self.source)
            }
            _ => write!(f, "{what} {path}: {}", self.source),
        }
    }
}

impl std::error::Error for FsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
