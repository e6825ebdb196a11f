//! [`LsmError`]: everything that can go wrong in the engine, with what to do about it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sutra_format::FormatError;
use sutra_fs::FsError;
use sutra_manifest::{ManifestError, SpaceError, VectorSpace};
use sutra_segment::SegmentError;

use crate::journal::JournalError;

/// The result of every call of this crate.
pub type Result<T> = std::result::Result<T, LsmError>;

/// Why a call failed. Cloning is cheap: commits that shared one write share its error.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LsmError {
    /// An operation of the file system failed.
    #[error(transparent)]
    Fs(Arc<FsError>),
    /// The manifest cannot be read or written.
    #[error(transparent)]
    Manifest(Arc<ManifestError>),
    /// A segment is damaged, or cannot be read or written.
    #[error(transparent)]
    Segment(Arc<SegmentError>),
    /// The journal is damaged, or cannot be read or written.
    #[error(transparent)]
    Journal(Arc<JournalError>),
    /// Files of the store do not fit together.
    #[error("{path}: {reason}; restore the store from a copy", path = path.display())]
    Inconsistent {
        /// The file that shows it.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// A segment that was just written is not what was to be written. Nothing relies on it, and what
    /// it was made from is as it was.
    #[error(
        "{path}: read again, it is not what was put in: {reason}; nothing was replaced; \
         memory, processor or disk of this machine err: check them before you write here again",
        path = path.display()
    )]
    Miswritten {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// What is in a directory does not allow to write a copy there.
    #[error("{path}: {reason}", path = path.display())]
    Unfit {
        /// The directory, or the file in it that shows it.
        path: PathBuf,
        /// What is there, and what to do.
        reason: String,
    },
    /// A segment has texts and vectors that nobody indexed: it was rescued from damage, or is older than
    /// the index.
    #[error(
        "{path}: its words and vectors are not indexed; compact the whole store once to index them again",
        path = path.display()
    )]
    NotIndexed {
        /// The segment.
        path: PathBuf,
    },
    /// What made words of the texts of the store is not known to this build.
    #[error(
        "{path}: the texts are indexed by the analyser {name:?} in version {version}, which this build \
         does not have; use one that has it, or export the store with that one and import it here into \
         a new one",
        path = path.display()
    )]
    UnknownAnalyser {
        /// The manifest.
        path: PathBuf,
        /// The name of the analyser.
        name: String,
        /// Its version.
        version: u32,
    },
    /// Words of the texts are made in another way than was asked for.
    #[error(
        "{path}: the texts are indexed by the analyser {recorded}, and not by {asked}; open the store \
         without naming one, or export it and import it into a new one that is made with {asked}",
        path = path.display()
    )]
    OtherAnalyser {
        /// The manifest.
        path: PathBuf,
        /// The analyser of the store.
        recorded: &'static str,
        /// The one that was asked for.
        asked: &'static str,
    },
    /// The store does not say what was then.
    #[error("{}", not_kept(*since))]
    NotKept {
        /// Since when it does, in milliseconds since the epoch. None: it keeps no history.
        since: Option<u64>,
    },
    /// A value cannot be stored.
    #[error("{what}: {reason}")]
    Invalid {
        /// Which value.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// No vector space has this code.
    #[error("no vector space has the code {code}; register it, or name one that is there")]
    UnknownSpace {
        /// The code.
        code: u16,
    },
    /// A vector has not as many values as those of its space.
    #[error(
        "the vector has {found} values, and does not fit the vector space {space}; name a space of \
         its dimension"
    )]
    OtherDimension {
        /// The space.
        space: Box<VectorSpace>,
        /// Values of the vector.
        found: u32,
    },
    /// A vector space cannot be registered.
    #[error(transparent)]
    Space(Box<SpaceError>),
    /// A part of what was to be erased is still in a file of the store.
    #[error(
        "{path}: {what} that was to be erased is still there, at byte {offset}; \
         erase it again, and if that does not help, please report it",
        path = path.display()
    )]
    NotErased {
        /// The file.
        path: PathBuf,
        /// Where in it, in bytes.
        offset: u64,
        /// Which part: a text, a vector or an id.
        what: &'static str,
    },
    /// What a commit relies on was changed by another one since it was read.
    #[error(
        "{what} was changed by another commit since it was read; nothing was written; \
         read it again and try again"
    )]
    Conflict {
        /// What it read.
        what: String,
    },
    /// An earlier failure left it unknown what is on disk, so nothing more is written.
    #[error(
        "the store takes no more writes since a failure: {cause}; reads go on; \
             close it and open it again to go on from what is on disk"
    )]
    Poisoned {
        /// The failure.
        cause: Arc<str>,
    },
    /// The store was opened for reading, or is closed.
    #[error("the store is open for reading only; open it for writing")]
    ReadOnly,
    /// There is no store in this directory.
    #[error("{path}: no store here; check the path, or open it for writing to make one", path = path.display())]
    NoStore {
        /// The manifest that is not there.
        path: PathBuf,
    },
}

impl LsmError {
    pub(crate) fn invalid(what: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { what, reason: reason.into() }
    }

    /// The file system's error behind this one, if there is one.
    pub fn fs(&self) -> Option<&FsError> {
        match self {
            Self::Fs(error) => Some(error),
            Self::Manifest(error) => error.fs(),
            Self::Segment(error) => error.fs(),
            Self::Journal(error) => error.fs(),
            _ => None,
        }
    }

    /// The file that it is about.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Inconsistent { path, .. }
            | Self::Miswritten { path, .. }
            | Self::Unfit { path, .. }
            | Self::NotIndexed { path }
            | Self::UnknownAnalyser { path, .. }
            | Self::OtherAnalyser { path, .. }
            | Self::NotErased { path, .. }
            | Self::NoStore { path } => Some(path),
            Self::Segment(error) => error.path(),
            Self::Manifest(error) => error.path(),
            Self::Journal(error) => Some(error.path()),
            Self::Fs(error) => Some(&error.path),
            Self::Invalid { .. }
            | Self::UnknownSpace { .. }
            | Self::OtherDimension { .. }
            | Self::Space(_)
            | Self::NotKept { .. }
            | Self::Conflict { .. }
            | Self::Poisoned { .. }
            | Self::ReadOnly => None,
        }
    }

    /// Where in that file, in bytes, if that can be told.
    pub fn offset(&self) -> Option<u64> {
        match (self, self.format()) {
            (Self::NotErased { offset, .. }, _) => Some(*offset),
            (Self::Journal(error), _) => error.offset(),
            (
                _,
                Some(FormatError::Checksum { offset, .. } | FormatError::Invalid { offset, .. }),
            ) => Some(*offset),
            _ => None,
        }
    }

    /// What is wrong with the bytes, if that is what is wrong.
    pub fn format(&self) -> Option<&FormatError> {
        match self {
            Self::Segment(error) => error.format(),
            Self::Manifest(error) => error.format(),
            _ => None,
        }
    }

    /// Whether there is no room left on the disk. Nothing is lost: make room and try again.
    pub fn is_out_of_space(&self) -> bool {
        self.fs().is_some_and(|error| error.kind == sutra_fs::ErrorKind::OutOfSpace)
    }

    /// Whether a file is not there.
    pub(crate) fn is_not_found(&self) -> bool {
        self.fs().is_some_and(|error| error.kind == sutra_fs::ErrorKind::NotFound)
    }

    /// Whether bytes on disk are not what was written.
    pub fn is_corruption(&self) -> bool {
        match self {
            Self::Inconsistent { .. } => true,
            Self::Manifest(_) | Self::Segment(_) | Self::Journal(_) => self.fs().is_none(),
            _ => false,
        }
    }
}

impl From<FsError> for LsmError {
    fn from(error: FsError) -> Self {
        Self::Fs(Arc::new(error))
    }
}

impl From<ManifestError> for LsmError {
    fn from(error: ManifestError) -> Self {
        Self::Manifest(Arc::new(error))
    }
}

impl From<SpaceError> for LsmError {
    fn from(error: SpaceError) -> Self {
        Self::Space(Box::new(error))
    }
}

impl From<SegmentError> for LsmError {
    fn from(error: SegmentError) -> Self {
        Self::Segment(Arc::new(error))
    }
}

impl From<Arc<JournalError>> for LsmError {
    fn from(error: Arc<JournalError>) -> Self {
        Self::Journal(error)
    }
}

impl From<JournalError> for LsmError {
    fn from(error: JournalError) -> Self {
        Self::Journal(Arc::new(error))
    }
}

fn not_kept(since: Option<u64>) -> String {
    match since {
        Some(since) => format!(
            "the store says what was only from {since} ms since the epoch on; ask for a later time"
        ),
        None => "the store keeps no history; set a retention, and it will from then on".to_owned(),
    }
}
