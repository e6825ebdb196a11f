//! [`Failure`]: why a command gives up, and the exit code that says so.

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sutra_storage::ErrorKind;

use crate::past;

/// What the exit codes mean, for `--help`.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the answer is no: no such concept, no history so far back, damage found, lines not
     imported
  2  wrong use of the command
  3  a file or a store is not there, not allowed, or not readable
  4  the store is damaged; `verify` says where, and exits with 1
  5  another writer has the store open
  6  the disk is full";

/// The answer is no.
pub(crate) const NEGATIVE: u8 = 1;

/// The result of a command: its exit code, or why there is none.
pub(crate) type Outcome = Result<ExitCode, Failure>;

/// Says something on standard error. If nobody listens there, nobody is told.
pub(crate) fn complain(message: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "sutra: {message}");
}

/// Why a command gave up.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments do not go together.
    Usage(String),
    /// The store said so.
    Store(sutra_storage::Error),
    /// A file that is not the store's.
    File { path: PathBuf, source: io::Error },
    /// Whoever read the output has gone, or it cannot be written.
    Output(io::Error),
    /// Something in the store cannot be told in the form that was asked for.
    Untellable(String),
}

impl Failure {
    /// For `map_err` on operations with the file at `path`.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { path, source }
    }

    /// Whether it is only that nobody reads the output any more.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        let full = |error: &io::Error| error.kind() == io::ErrorKind::StorageFull;
        let code = match self {
            Self::Usage(_) => 2,
            Self::Store(error) => match error.kind() {
                ErrorKind::NotKept => NEGATIVE,
                ErrorKind::Corrupt => 4,
                ErrorKind::Locked => 5,
                ErrorKind::OutOfSpace => 6,
                _ => 3,
            },
            Self::File { source, .. } | Self::Output(source) if full(source) => 6,
            Self::File { .. } | Self::Output(_) | Self::Untellable(_) => 3,
        };
        ExitCode::from(code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Untellable(message) => f.write_str(message),
            Self::Store(error) => match error.kept_since() {
                Some(since) => write!(
                    f,
                    "the store says what was only from {} on; ask for a later time",
                    past::shown(since)
                ),
                None => error.fmt(f),
            },
            Self::File { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Output(error) => write!(f, "standard output: {error}"),
        }
    }
}

impl From<sutra_storage::Error> for Failure {
    fn from(error: sutra_storage::Error) -> Self {
        Self::Store(error)
    }
}

/// Every other file is wrapped by [`Failure::file`], so a bare I/O error is standard output's.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
