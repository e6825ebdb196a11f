//! I/O without meaning: the one small seam through which every byte goes to disk.
//!
//! [`Dir`] and [`File`] are the contract, in prose; [`OsDir`] keeps it on a real file system, and
//! the test kit's `SimDir` keeps it in memory, where it can cut the power. Nothing else in the
//! engine touches `std::fs`. [`publish`] is the one recipe that makes bytes durable under a name.
//!
//! ```
//! use sutra_fs::{Dir, File, Name, OsDir, publish};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let place = tempfile::tempdir()?;
//! let dir = OsDir::create(place.path().join("store"))?;
//! let name = Name::new("greeting")?;
//! publish(&dir, &name, b"hello")?; // Survives a power cut from here on.
//! assert_eq!(dir.open(&name)?.map()?.as_ref(), b"hello");
//! # Ok(())
//! # }
//! ```
//!
//! # Maps
//!
//! A segment is read straight from the page cache, through a map of its file. That is sound because
//! a mapped file is never changed: it is synced, sealed (its mode forbids writing), and replaced
//! only under another name. Removing or replacing the name of a mapped file is harmless: the map
//! keeps the old bytes until it is dropped.
//!
//! What no map can prevent is another program that changes the file in place, against its mode.
//! If it overwrites bytes, they change under the reader's eyes, after they were checked. If it cuts
//! the file, or the device fails to read a page, the system ends the process with `SIGBUS` at the
//! first touch of a page that is gone. Nothing that was promised is lost by that: the store on disk
//! is as after any other kill. So keep the directory of a store to the store; where that cannot be
//! had, copy the store, or read its files instead of mapping them
//! ([`File::read_at`] returns errors).
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
