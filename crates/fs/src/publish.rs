//! The one recipe of durability: a name is shown only once its bytes are on disk.
//!
//! Write under a staged name, sync the file, sync the directory, rename, sync the directory.
//! After a crash at any point there is the old file or the new one under the name, whole, and
//! perhaps a staged one, which the next writer removes. After an error the staged file is removed
//! at once where that is possible, so that a full disk gets its room back.

use std::io;

use crate::dir::{Dir, File};
use crate::error::{ErrorKind, FsError, Operation, Result};
use crate::name::Name;

/// What the names of staged files end in. A writer removes such files when it opens a directory.
pub const STAGED_SUFFIX: &str = ".tmp";

/// A file that is being written and has no durable name yet. Dropped without
/// [`publish`](Self::publish), it stays behind under its staged name.
pub struct Staged<F> {
    file: F,
    staged: Name,
    name: Name,
}

impl<F: File> Staged<F> {
    /// Makes an empty file that is to be called `name`, which must leave room for
    /// [`STAGED_SUFFIX`]. What an earlier attempt left is replaced.
    pub fn create<D: Dir<File = F>>(dir: &D, name: &Name) -> Result<Self> {
        let staged = staged_name(dir, name)?;
        let file = match dir.create(&staged) {
            Err(error) if error.kind == ErrorKind::AlreadyExists => {
                dir.remove(&staged)?;
                dir.create(&staged)?
            }
            other => other?,
        };
        Ok(Self { file, staged, name: name.clone() })
    }

    /// Gives the sealed file `name` of another directory a second name here, which is to be `name`,
    /// too. It can be published, and not be written to. Fails where the two directories cannot
    /// share a file, as on different file systems.
    pub fn link<D: Dir<File = F>>(dir: &D, from: &D, name: &Name) -> Result<Self> {
        let staged = staged_name(dir, name)?;
        match dir.link(from, name, &staged) {
            Err(error) if error.kind == ErrorKind::AlreadyExists => {
                dir.remove(&staged)?;
                dir.link(from, name, &staged)?;
            }
            other => other?,
        }
        let file = dir.open(&staged)?;
        Ok(Self { file, staged, name: name.clone() })
    }

    /// The file, to be written to.
    pub fn file(&self) -> &F {
        &self.file
    }

    /// Makes the bytes durable, then the name, and gives back the file. A file of that name is
    /// replaced in one step. After an error the old file may still be there, or the new one.
    pub fn publish<D: Dir<File = F>>(self, dir: &D) -> Result<F> {
        if let Err(error) = self.rename(dir) {
            let _ = self.discard(dir); // The first error is the one that tells.
            return Err(error);
        }
        dir.sync()?;
        Ok(self.file)
    }

    /// Removes the file: it is not wanted after all.
    pub fn discard<D: Dir<File = F>>(self, dir: &D) -> Result<()> {
        dir.remove(&self.staged)
    }

    fn rename<D: Dir<File = F>>(&self, dir: &D) -> Result<()> {
        self.file.sync()?;
        dir.sync()?; // The staged name first: a rename must never be all that is known of a file.
        dir.rename(&self.staged, &self.name)
    }
}

fn staged_name<D: Dir>(dir: &D, name: &Name) -> Result<Name> {
    Name::new(format!("{name}{STAGED_SUFFIX}")).map_err(|bad| {
        let source = io::Error::new(io::ErrorKind::InvalidInput, bad);
        FsError::new(Operation::Create, dir.path(name), source)
    })
}

/// Makes `bytes` durable under `name`; a file of that name is replaced in one step.
pub fn publish<D: Dir>(dir: &D, name: &Name, bytes: &[u8]) -> Result<()> {
    let staged = Staged::create(dir, name)?;
    match staged.file().write_at(0, bytes) {
        Ok(()) => staged.publish(dir).map(drop),
        Err(error) => {
            let _ = staged.discard(dir); // The first error is the one that tells.
            Err(error)
        }
    }
}
