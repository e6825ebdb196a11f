//! [`Error`]: the one error of this crate, with a kind that says what the caller can do.

use std::fmt;
use std::path::Path;

use sutra_format::{ConceptId, FormatError};
use sutra_fs::FsError;
use sutra_lsm::LsmError;
use sutra_manifest::ManifestError;
use sutra_segment::SegmentError;

/// The result of every call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call failed. Printed, it says what, where, and what to do; [`Error::kind`] says the
/// last to a program.
#[derive(Clone)]
pub struct Error(Box<Cause>);

/// What a caller can do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no such store or file: check the path, or open the store for writing to make it.
    /// Or no such concept or association: check its name.
    NotFound,
    /// The store does not say what was then: ask for a later time, or have it keep history.
    NotKept,
    /// A value cannot be stored: correct it. Nothing was changed.
    InvalidInput,
    /// More than one commit can take: do it in parts. Nothing was changed.
    TooLarge,
    /// What a transaction read was changed by another commit: read again and try again. Nothing was
    /// changed.
    Conflict,
    /// Bytes on disk are not what was written: restore the file that is named from a copy.
    Corrupt,
    /// Another writer has the store open: wait, or open it for reading.
    Locked,
    /// The disk is full: make room and try again. Nothing is lost.
    OutOfSpace,
    /// Not allowed: check owner and permissions.
    PermissionDenied,
    /// The store is open for reading only: open it for writing.
    ReadOnly,
    /// An earlier failure stopped all writing: close the store and open it again.
    Poisoned,
    /// Written by a newer version, or by other means than this crate: use those.
    Unsupported,
    /// Anything else that the operating system refuses, or the machine gets wrong: the message
    /// tells.
    Io,
}

#[derive(Clone, Debug)]
enum Cause {
    Engine(LsmError),
    Own { kind: ErrorKind, message: String },
}

impl Error {
    /// What the caller can do.
    pub fn kind(&self) -> ErrorKind {
        match &*self.0 {
            Cause::Engine(error) => kind_of(error),
            Cause::Own { kind, .. } => *kind,
        }
    }

    /// The file that the error is about, if it is about one.
    pub fn path(&self) -> Option<&Path> {
        match &*self.0 {
            Cause::Engine(error) => error.path(),
            Cause::Own { .. } => None,
        }
    }

    /// Where in that file the damage is, if that is known.
    pub fn offset(&self) -> Option<u64> {
        match &*self.0 {
            Cause::Engine(error) => error.offset(),
            Cause::Own { .. } => None,
        }
    }

    /// From when on the store says what was, in milliseconds since the epoch, if it was asked for an
    /// earlier time and keeps history.
    pub fn kept_since(&self) -> Option<u64> {
        match &*self.0 {
            Cause::Engine(LsmError::NotKept { since }) => *since,
            _ => None,
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::own(ErrorKind::InvalidInput, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::own(ErrorKind::NotFound, message)
    }

    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::own(ErrorKind::TooLarge, message)
    }

    pub(crate) fn no_space(name: &str) -> Self {
        Self::invalid(format!(
            "no vector space is named {name:?}; register it with register_vector_space"
        ))
    }

    pub(crate) fn no_time(time: i64) -> Self {
        Self::invalid(format!("{time} ms is no time for an association; it has 48 bits for each"))
    }

    pub(crate) fn other_key(new: &str, id: ConceptId, old: &str) -> Self {
        Self::invalid(format!(
            "key {new:?}: its id {id} already holds the key {old:?}; choose another key"
        ))
    }

    pub(crate) fn belongs_to_fact(id: ConceptId) -> Self {
        Self::invalid(format!("id {id} belongs to the text of an association; choose another id"))
    }

    pub(crate) fn foreign_attributes(id: ConceptId) -> Self {
        let message = format!(
            "attributes of concept {id} are not UTF-8; read them with the engine that wrote them"
        );
        Self::own(ErrorKind::Unsupported, message)
    }

    fn own(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Cause::Own { kind, message: message.into() }))
    }
}

fn kind_of(error: &LsmError) -> ErrorKind {
    use FormatError::{UnknownSection, UnknownVersion};
    if let Some(error) = error.fs() {
        return kind_of_fs(error);
    }
    match error {
        LsmError::NoStore { .. } => ErrorKind::NotFound,
        LsmError::Invalid { .. }
        | LsmError::Unfit { .. }
        | LsmError::UnknownSpace { .. }
        | LsmError::OtherDimension { .. }
        | LsmError::OtherAnalyser { .. }
        | LsmError::Space(_) => ErrorKind::InvalidInput,
        LsmError::NotKept { .. } => ErrorKind::NotKept,
        LsmError::Conflict { .. } => ErrorKind::Conflict,
        LsmError::Poisoned { .. } => ErrorKind::Poisoned,
        LsmError::ReadOnly => ErrorKind::ReadOnly,
        LsmError::Miswritten { .. } | LsmError::NotErased { .. } => ErrorKind::Io,
        LsmError::NotIndexed { .. } | LsmError::UnknownAnalyser { .. } => ErrorKind::Unsupported,
        LsmError::Segment(error) if is_misuse(error) => ErrorKind::InvalidInput,
        LsmError::Manifest(error) if !matches!(**error, ManifestError::Unusable { .. }) => {
            ErrorKind::InvalidInput
        }
        _ => match error.format() {
            Some(UnknownVersion { .. } | UnknownSection { .. }) => ErrorKind::Unsupported,
            _ => ErrorKind::Corrupt,
        },
    }
}

fn kind_of_fs(error: &FsError) -> ErrorKind {
    match error.kind {
        sutra_fs::ErrorKind::NotFound => ErrorKind::NotFound,
        sutra_fs::ErrorKind::AlreadyExists | sutra_fs::ErrorKind::NotAFile => {
            ErrorKind::InvalidInput
        }
        sutra_fs::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
        sutra_fs::ErrorKind::OutOfSpace => ErrorKind::OutOfSpace,
        sutra_fs::ErrorKind::Locked => ErrorKind::Locked,
        _ => ErrorKind::Io,
    }
}

/// Whether a segment was asked for what it cannot do, and is sound.
fn is_misuse(error: &SegmentError) -> bool {
    !matches!(
        error,
        SegmentError::Corrupt { .. }
            | SegmentError::Words { .. }
            | SegmentError::Vectors { .. }
            | SegmentError::Fs(_)
    )
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Cause::Engine(error) => error.fmt(f),
            Cause::Own { message, .. } => f.write_str(message),
        }
    }
}

/// What [`fmt::Display`] gives, with the kind in front: errors of `main` are shown this way.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.kind())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.0 {
            Cause::Engine(error) => error.source(),
            Cause::Own { .. } => None,
        }
    }
}

impl From<LsmError> for Error {
    fn from(error: LsmError) -> Self {
        Self(Box::new(Cause::Engine(error)))
    }
}

impl From<SegmentError> for Error {
    fn from(error: SegmentError) -> Self {
        LsmError::from(error).into()
    }
}

impl From<ManifestError> for Error {
    fn from(error: ManifestError) -> Self {
        LsmError::from(error).into()
    }
}
