//! I/O without meaning: the one small seam through which every byte goes to disk.
//!
//! [`Dir`] and [`File`] are the contract, in prose; [`OsDir`] keeps it on a real file system, and
//! the test kit's `SimDir` keeps it in memory, where it can cut the power. Nothing else in the
//! engine touches `std::fs`. [`publish`] is the one recipe that makes bytes durable under a name.
#![deny(unsafe_code)]

mod dir;
mod error;
mod map;
mod name;
mod publish;
mod real;

pub use dir::{Dir, File};
pub use error::{ErrorKind, FsError, Operation, Result};
pub use map::Mapped;
pub use name::{BadName, Name};
pub use publish::{STAGED_SUFFIX, Staged, publish};
pub use real::{OsDir, OsFile, OsLock};
