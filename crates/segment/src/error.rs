//! [`SegmentError`]: what went wrong with a segment, in which file, and what to do.

use std::path::{Path, PathBuf};

use sutra_format::FormatError;
use sutra_fs::FsError;
use sutra_index::vectors::VectorError;
use sutra_index::words::WordsError;

/// The result of the calls of this crate.
pub(crate) type Result<T> = std::result::Result<T, SegmentError>;

/// Why a segment could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// The bytes are not what was written.
    #[error("{}: {source}{}", path.display(), advice(source))]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        source: FormatError,
    },
    /// The words of the concepts are not what was written.
    #[error("{}: {source}", path.display())]
    Words {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        source: WordsError,
    },
    /// The index of the vectors is not what was written.
    #[error("{}: {source}; restore the file from a copy", path.display())]
    Vectors {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        source: VectorError,
    },
    /// The file system refused.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The caller asked for something that the segment does not hold.
    #[error("{}: no {what} at {offset}; ask for what a record or an append gave", path.display())]
    OutOfRange {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        what: &'static str,
        /// The offset in the block, or the row.
        offset: u64,
    },
    /// The records lie in the order in which they were appended: there is nothing to look up by.
    #[error("{}: not sorted, so nothing can be looked up; read it by offset", path.display())]
    Unsorted {
        /// The file.
        path: PathBuf,
    },
    /// Vectors are served where they lie, and the bytes do not start on a multiple of 4.
    #[error("{}: held in memory at an odd address; map it, or align the buffer", path.display())]
    Misaligned {
        /// The file.
        path: PathBuf,
    },
    /// A record has a field that no record may have.
    #[error("the record cannot be stored: {0}")]
    BadRecord(#[source] FormatError),
    /// A vector has a value that is not a finite number.
    #[error("value {index} of the vector is {value}; only finite numbers can be compared")]
    NotFinite {
        /// Which value.
        index: usize,
        /// The value.
        value: f32,
    },
    /// A vector without values.
    #[error("a vector needs at least one value; for none, refer to ConceptRecord::ABSENT")]
    EmptyVector,
    /// More than the format, or memory, has room for.
    #[error("{what} of {size} is beyond the limit of {limit}; split it")]
    TooLarge {
        /// What is too large, with its unit.
        what: &'static str,
        /// How large it is.
        size: u64,
        /// How large it may be.
        limit: u64,
    },
    /// The path does not end in a name that a segment may have.
    #[error(
        "{}: a segment's file name has at most 60 of a-z, 0-9, '.', '_', '-', no dot first; \
         choose another",
        path.display()
    )]
    BadName {
        /// The path.
        path: PathBuf,
    },
}

impl SegmentError {
    /// The file system's error, if it is one.
    pub fn fs(&self) -> Option<&FsError> {
        match self {
            Self::Fs(error) => Some(error),
            _ => None,
        }
    }

    /// What is wrong with the bytes, if that is what is wrong.
    pub fn format(&self) -> Option<&FormatError> {
        match self {
            Self::Corrupt { source, .. } => Some(source),
            _ => None,
        }
    }

    /// The file, if it is about one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Fs(error) => Some(&error.path),
            Self::Corrupt { path, .. }
            | Self::Words { path, .. }
            | Self::Vectors { path, .. }
            | Self::OutOfRange { path, .. }
            | Self::Unsorted { path }
            | Self::Misaligned { path }
            | Self::BadName { path } => Some(path),
            _ => None,
        }
    }
}

/// What to do, where the error itself does not say so.
fn advice(error: &FormatError) -> &'static str {
    match error {
        FormatError::UnknownVersion { .. } | FormatError::UnknownSection { .. } => "",
        _ => "; the file is damaged, restore it from a copy",
    }
}
