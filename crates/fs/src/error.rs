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
    /// [`Dir::link`](crate::Dir::link).
    Link,
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
    /// The disk or a quota is full. Make room and try again.
    OutOfSpace,
    /// The process or the system has as many files open as it may.
    TooManyOpen,
    /// Another writer has the directory open.
    Locked,
    /// Something else than a regular file stands there, or than a directory where one is needed.
    NotAFile,
    /// The file ends before what was to be read.
    TooShort,
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
        let kind = kind_of(&source);
        Self { operation, path: path.into(), source, kind }
    }
}

/// Some errors have no kind of their own in the standard library, so that the number must tell.
fn kind_of(source: &io::Error) -> ErrorKind {
    match source.kind() {
        io::ErrorKind::NotFound => ErrorKind::NotFound,
        io::ErrorKind::AlreadyExists => ErrorKind::AlreadyExists,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ErrorKind::PermissionDenied
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            ErrorKind::OutOfSpace
        }
        io::ErrorKind::WouldBlock => ErrorKind::Locked,
        io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => ErrorKind::NotAFile,
        io::ErrorKind::UnexpectedEof => ErrorKind::TooShort,
        _ => match source.raw_os_error() {
            Some(libc::EMFILE | libc::ENFILE) => ErrorKind::TooManyOpen,
            Some(libc::ELOOP | libc::ENXIO) => ErrorKind::NotAFile, // A symbolic link; a socket.
            _ => ErrorKind::Other,
        },
    }
}

impl fmt::Display for FsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        if self.kind == ErrorKind::Locked {
            return write!(
                f,
                "{path}: another writer has this store open; open it for reading, or wait"
            );
        }
        write!(f, "cannot {} {path}: {}", self.operation.verb(), self.source)?;
        f.write_str(match self.kind {
            ErrorKind::NotFound => "; check that it was not moved or removed",
            ErrorKind::AlreadyExists => "; nothing is overwritten: move it away",
            ErrorKind::PermissionDenied => self.operation.permission_advice(),
            ErrorKind::OutOfSpace => "; make room and try again",
            ErrorKind::TooManyOpen => "; raise the limit of open files (ulimit -n)",
            ErrorKind::NotAFile if self.operation == Operation::OpenDir => {
                "; a directory must stand there"
            }
            ErrorKind::NotAFile => "; a regular file must stand there",
            ErrorKind::TooShort => "; it is shorter than what was written to it: restore a copy",
            ErrorKind::Locked | ErrorKind::Other => "",
        })
    }
}

impl Operation {
    fn permission_advice(self) -> &'static str {
        match self {
            Self::Lock => {
                "; check who may write there and whether the disk is read-only, or open the store \
                 for reading"
            }
            Self::OpenDir | Self::Open | Self::List | Self::Read | Self::Length | Self::Map => {
                "; check who may read there"
            }
            _ => "; check who may write there, and whether the disk is read-only",
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Self::OpenDir => "open directory",
            Self::Create => "create",
            Self::Open => "open",
            Self::Link => "link a file to",
            Self::Rename => "rename",
            Self::Remove => "remove",
            Self::List => "list",
            Self::SyncDir => "sync directory",
            Self::Lock => "lock",
            Self::Write => "write",
            Self::Read => "read",
            Self::Sync => "sync",
            Self::Length => "get the length of",
            Self::Seal => "seal",
            Self::Map => "map",
        }
    }
}

impl std::error::Error for FsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_numbers_become_what_a_caller_can_act_on() {
        let numbers = [
            (libc::ENOENT, ErrorKind::NotFound),
            (libc::EEXIST, ErrorKind::AlreadyExists),
            (libc::EACCES, ErrorKind::PermissionDenied),
            (libc::EPERM, ErrorKind::PermissionDenied),
            (libc::EROFS, ErrorKind::PermissionDenied),
            (libc::ENOSPC, ErrorKind::OutOfSpace),
            (libc::EDQUOT, ErrorKind::OutOfSpace),
            (libc::EFBIG, ErrorKind::OutOfSpace),
            (libc::EMFILE, ErrorKind::TooManyOpen),
            (libc::ENFILE, ErrorKind::TooManyOpen),
            (libc::EWOULDBLOCK, ErrorKind::Locked),
            (libc::EISDIR, ErrorKind::NotAFile),
            (libc::ENOTDIR, ErrorKind::NotAFile),
            (libc::ELOOP, ErrorKind::NotAFile),
            (libc::EIO, ErrorKind::Other),
        ];
        for (number, kind) in numbers {
            let error = FsError::new(Operation::Write, "p", io::Error::from_raw_os_error(number));
            assert_eq!(error.kind, kind, "{error}");
        }
    }

    #[test]
    fn the_text_says_what_where_why_and_what_to_do() {
        let full = io::Error::from_raw_os_error(libc::ENOSPC);
        let error = FsError::new(Operation::Write, "/store/seg_00000001.dat", full);
        assert_eq!(
            error.to_string(),
            "cannot write /store/seg_00000001.dat: No space left on device (os error 28); \
             make room and try again"
        );
        let error = FsError::new(Operation::Lock, "/s/lock", io::ErrorKind::WouldBlock.into());
        let text = "/s/lock: another writer has this store open; open it for reading, or wait";
        assert_eq!(error.to_string(), text);
    }
}
