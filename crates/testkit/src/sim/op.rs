//! [`Op`]: one entry of the log of everything that was done to a directory.

use std::fmt;

use sutra_fs::Name;

use super::payload::Payload;

/// Which file, whatever it is called. Numbers are never used twice.
pub(crate) type Ino = usize;

/// A remark of the test in the log: what was asked for, and what was promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// Commit number `n` was begun; a crash from here on may show it.
    Issue(u64),
    /// Commit number `n` was promised; a crash from here on must show it.
    Ack(u64),
    /// Something else than commits was promised: what a crash leaves from here on counts as new,
    /// though it left the same before.
    Turn,
}

/// What was done. Reading leaves no trace in the log.
#[derive(Clone, Debug)]
pub enum Op {
    /// A file was created.
    Link {
        /// Its name.
        name: Name,
        /// Its number.
        ino: usize,
    },
    /// A file changed its name; one of the new name is gone.
    Rename {
        /// The old name.
        from: Name,
        /// The new name.
        to: Name,
        /// The number of the file.
        ino: usize,
    },
    /// A name was taken away.
    Unlink {
        /// The name.
        name: Name,
    },
    /// Bytes were written.
    Write {
        /// The number of the file.
        ino: usize,
        /// Where, and what.
        data: Written,
    },
    /// A file was synced.
    Sync {
        /// The number of the file.
        ino: usize,
    },
    /// The directory was synced.
    SyncDir,
    /// A file was sealed.
    Seal {
        /// The number of the file.
        ino: usize,
    },
    /// A remark of the test.
    Note(Note),
}

/// What one write carried.
#[derive(Clone, Debug)]
pub struct Written(pub(crate) Payload);

impl Written {
    /// Where it began.
    pub fn offset(&self) -> u64 {
        self.0.offset() as u64
    }

    /// How many bytes it carried; of a write that failed, those that were written.
    pub fn length(&self) -> u64 {
        self.0.length() as u64
    }

    /// A copy of these bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.to_vec()
    }
}

/// An operation and how it ended.
#[derive(Clone, Debug)]
pub struct Logged {
    /// What was done, or attempted.
    pub op: Op,
    /// It returned an error. A failed write wrote its first bytes, a failed sync made nothing
    /// durable, any other failed operation changed nothing.
    pub failed: bool,
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link { name, ino } => write!(f, "create {name} as file {ino}"),
            Self::Rename { from, to, ino } => write!(f, "rename {from} to {to}, file {ino}"),
            Self::Unlink { name } => write!(f, "remove {name}"),
            Self::Write { ino, data } => {
                write!(f, "write {} bytes at {} of file {ino}", data.length(), data.offset())
            }
            Self::Sync { ino } => write!(f, "sync file {ino}"),
            Self::SyncDir => write!(f, "sync the directory"),
            Self::Seal { ino } => write!(f, "seal file {ino}"),
            Self::Note(Note::Issue(n)) => write!(f, "note: commit {n} was begun"),
            Self::Note(Note::Ack(n)) => write!(f, "note: commit {n} was promised"),
            Self::Note(Note::Turn) => write!(f, "note: something was promised"),
        }
    }
}

impl fmt::Display for Logged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.op, if self.failed { " (failed)" } else { "" })
    }
}
