//! [`ManifestError`]: which file, and what to do; [`Problem`]: what is wrong with it, and where.

use std::path::{Path, PathBuf};

use sutra_format::FormatError;
use sutra_fs::{BadName, FsError};
use thiserror::Error;

use crate::manifest::Manifest;

/// Why a manifest was not read or written. The text is the whole story: there is no further
/// source to print, except what the system said to the file system's.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The file system refused; a manifest that is not there is `NotFound`.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The file is there, and is no manifest that can be used.
    #[error("{}: {problem}{}", path.display(), problem.advice())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: Problem,
    },
    /// What was to be written breaks a rule. The file is as it was.
    #[error("{}: not written: {problem}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What is wrong with the manifest.
        problem: Problem,
    },
    /// A path that cannot be that of a manifest.
    #[error("{}: {reason}", path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// What is wrong with its last part.
        reason: BadName,
    },
}

impl ManifestError {
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
            Self::Unusable { problem: Problem::Format(error), .. } => Some(error),
            _ => None,
        }
    }

    /// The file.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Fs(error) => Some(&error.path),
            Self::Unusable { path, .. } | Self::Refused { path, .. } | Self::Path { path, .. } => {
                Some(path)
            }
        }
    }
}

/// What is wrong with a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// It is longer than any manifest may be.
    #[error("{length} bytes are more than the {} that a manifest may have", Manifest::BYTES_MAX)]
    TooLong {
        /// Bytes of the file.
        length: u64,
    },
    /// It does not end as every manifest does.
    #[error("the checksum at its end is missing or cut: it is damaged, or was edited by hand")]
    NoChecksum,
    /// Its checksum does not hold, or it is of a newer version.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// It is no JSON, or not with the fields of a manifest.
    #[error("line {line}, column {column}: {message}")]
    Json {
        /// The line, counted from 1.
        line: usize,
        /// The column in bytes, counted from 1.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// A field has a value that it cannot have.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field, as in `segments[3].path`; segments are counted in the order of reading.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Every id for a segment or a journal was used once.
    #[error("all segment ids are used up: export the store and import it into a new one")]
    IdsExhausted,
}

impl Problem {
    pub(crate) fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), reason: reason.into() }
    }

    pub(crate) fn json(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let place = format!(" at line {line} column {column}");
        let message = text.strip_suffix(&place).unwrap_or(&text);
        Self::Json { line, column, message: readable(message) }
    }

    fn advice(&self) -> &'static str {
        match self {
            Self::Format(FormatError::UnknownVersion { .. }) | Self::IdsExhausted => "",
            _ => {
                "; restore it from a backup, or put the previous one, manifest.prev.json, \
                 in its place if all files that it names are still there"
            }
        }
    }
}

/// The parser quotes the file, which may hold anything of any length.
fn readable(message: &str) -> String {
    const CHARACTERS_MAX: usize = 200;
    let mut short: String = message
        .chars()
        .take(CHARACTERS_MAX)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if message.chars().nth(CHARACTERS_MAX).is_some() {
        short.push_str("...");
    }
    short
}
