//! [`JournalError`]: what can go wrong with a journal, and [`Damage`]: what is wrong in one.

use std::path::{Path, PathBuf};

use sutra_format::FormatError;
use sutra_fs::{FsError, Operation};

/// Why a journal could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The file system failed. After a failed sync the journal is not to be written to again.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// Bytes that were durable are not what was written.
    #[error(
        "{path}: damaged at byte {offset}: {damage}; restore the store from a copy, \
         or salvage what lies before",
        path = path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where the damaged header or frame starts.
        offset: u64,
        /// What is wrong there.
        damage: Damage,
    },
}

impl JournalError {
    /// The file system's error, if it is one.
    pub fn fs(&self) -> Option<&FsError> {
        match self {
            Self::Fs(error) => Some(error),
            Self::Corrupt { .. } => None,
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Fs(error) => &error.path,
            Self::Corrupt { path, .. } => path,
        }
    }

    /// Where in it damage was found.
    pub fn offset(&self) -> Option<u64> {
        match self {
            Self::Fs(_) => None,
            Self::Corrupt { offset, .. } => Some(*offset),
        }
    }

    /// Whether the file is not there.
    pub(crate) fn is_not_found(&self) -> bool {
        self.fs().is_some_and(|error| error.kind == sutra_fs::ErrorKind::NotFound)
    }

    /// Whether the first page is damaged, in which there is nothing but the header.
    pub(crate) fn is_of_header(&self) -> bool {
        matches!(self, Self::Corrupt { damage: Damage::Header(_), .. })
    }

    /// Whether a sync failed, so that nobody knows what is on disk and the writer must stop.
    pub fn is_failed_sync(&self) -> bool {
        self.fs().is_some_and(|error| error.operation == Operation::Sync)
    }
}

/// What is wrong at one place of a journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// The journal header, or the page that it stands on.
    #[error("journal header: {0}")]
    Header(FormatError),
    /// A journal of another store.
    #[error("the journal belongs to another store")]
    ForeignStore,
    /// Another journal of the store.
    #[error("this is journal {found}")]
    ForeignJournal {
        /// The number in its header.
        found: u32,
    },
    /// Records are missing, or are there twice.
    #[error("sequence number {found} where {expected} must follow")]
    Sequence {
        /// The number that is there.
        found: u64,
        /// The number that must be there.
        expected: u64,
    },
    /// The file ends inside of what was written to it.
    #[error("the file was cut: it ends at byte {length}")]
    Cut {
        /// Its length.
        length: u64,
    },
    /// A header that holds says what no header can say.
    #[error("frame header: {0}")]
    Frame(FormatError),
    /// A body whose sum holds says what no body can say.
    #[error("frame body: {0}")]
    Body(super::body::BodyError),
    /// No frame that follows the one before stands where one was synced.
    #[error("{what}, in what was synced up to byte {synced_upto}")]
    Lost {
        /// What stands there.
        what: NoFrame,
        /// How far the file was on disk, as a later frame says.
        synced_upto: u64,
    },
}

/// Why the bytes at some place are not the next frame. At the end of the log that is no damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoFrame {
    /// No header, or one whose sum does not hold here.
    #[error("no frame header")]
    Header,
    /// A frame that was written behind another one.
    #[error("a frame that does not follow the one before")]
    Chain,
    /// The body is not the one that the header speaks of.
    #[error("a frame whose body has the sum {computed:#010x} instead of {stored:#010x}")]
    Body {
        /// The sum in the header.
        stored: u32,
        /// The sum of the body.
        computed: u32,
    },
    /// The bytes between the body and the next frame are not zero.
    #[error("a frame with other bytes than zeros behind its body")]
    Padding,
    /// A mark, behind which nothing is read.
    #[error("an idle mark")]
    Mark,
    /// A seal, behind which nothing is written.
    #[error("a seal")]
    Sealed,
}
