//! Manifests on disk: read whole, replaced in one step, the one before kept beside.

use std::path::{Path, PathBuf};

use sutra_format::FormatError;
use sutra_fs::{BadName, Dir, ErrorKind, File, FsError, Name, OsDir, STAGED_SUFFIX, publish};

use crate::envelope::check_length;
use crate::error::{ManifestError, Problem};
use crate::manifest::Manifest;

impl Manifest {
    /// The name of a store's manifest.
    pub const NAME: &str = "manifest.json";

    /// The name under which the one before is kept.
    pub const PREVIOUS_NAME: &str = "manifest.prev.json";

    /// [`Self::NAME`] as a name.
    pub fn name() -> Name {
        Name::new(Self::NAME).expect("a plain name")
    }

    /// Reads a manifest by its path.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ManifestError> {
        let (dir, name) = split(path.as_ref())?;
        Self::load_from(&OsDir::open(dir)?, &name)
    }

    /// Publishes the manifest under a path, as [`Self::publish`] does. The one before is kept
    /// under the same name with `.prev` put before the extension `.json`, or else at its end.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ManifestError> {
        let (dir, name) = split(path.as_ref())?;
        let previous = previous_of(&name)
            .map_err(|reason| ManifestError::Path { path: path.as_ref().into(), reason })?;
        self.publish_as(&OsDir::open(dir)?, &name, &previous)
    }

    /// Reads a manifest from a directory.
    ///
    /// If its writer was killed in the middle of [`Self::publish`], its name may not be durable
    /// yet. Who removes files because of it syncs the directory first, or publishes again.
    pub fn load_from<D: Dir>(dir: &D, name: &Name) -> Result<Self, ManifestError> {
        let bytes = read(dir, name)?;
        Self::from_bytes(&bytes).map_err(|problem| unusable(dir, name, problem))
    }

    /// Makes this the manifest of the store, durably. All that it names must be durable already,
    /// and what it no longer names must stay until this has returned.
    ///
    /// The one that was there is first kept as `manifest.prev.json`, unless it is damaged: then
    /// the last good one stays there. After an error or a crash the directory has the one before
    /// or this one, whole.
    pub fn publish<D: Dir>(&self, dir: &D) -> Result<(), ManifestError> {
        let previous = Name::new(Self::PREVIOUS_NAME).expect("a plain name");
        self.publish_as(dir, &Self::name(), &previous)
    }

    fn publish_as<D: Dir>(
        &self,
        dir: &D,
        name: &Name,
        previous: &Name,
    ) -> Result<(), ManifestError> {
        let bytes = self
            .to_bytes()
            .map_err(|problem| ManifestError::Refused { path: dir.path(name), problem })?;
        match good(dir, name)? {
            Some(old) if old != bytes => publish(dir, previous, &old)?,
            _ => {}
        }
        Ok(publish(dir, name, &bytes)?)
    }
}

/// The bytes of a manifest that is worth keeping. One of a newer version is not to be replaced.
fn good<D: Dir>(dir: &D, name: &Name) -> Result<Option<Vec<u8>>, ManifestError> {
    let bytes = match read(dir, name) {
        Ok(bytes) => bytes,
        Err(ManifestError::Fs(FsError { kind: ErrorKind::NotFound, .. })) => return Ok(None),
        Err(ManifestError::Unusable { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    match Manifest::from_bytes(&bytes) {
        Ok(_) => Ok(Some(bytes)),
        Err(problem @ Problem::Format(FormatError::UnknownVersion { .. })) => {
            Err(unusable(dir, name, problem))
        }
        Err(_) => Ok(None),
    }
}

/// The bytes of a file, if they are not more than a manifest may have.
fn read<D: Dir>(dir: &D, name: &Name) -> Result<Vec<u8>, ManifestError> {
    let file = dir.open(name)?;
    let length = file.length()?;
    check_length(length).map_err(|problem| unusable(dir, name, problem))?;
    let length = usize::try_from(length).expect("bounded by what a manifest may have");
    let mut bytes = vec![0; length];
    file.read_at(0, &mut bytes)?;
    Ok(bytes)
}

fn unusable<D: Dir>(dir: &D, name: &Name, problem: Problem) -> ManifestError {
    ManifestError::Unusable { path: dir.path(name), problem }
}

/// The directory and the name of a path.
fn split(path: &Path) -> Result<(PathBuf, Name), ManifestError> {
    let last = path.file_name().unwrap_or_default().to_string_lossy();
    let name = Name::new(last)
        .map_err(|reason| ManifestError::Path { path: path.to_path_buf(), reason })?;
    match path.parent() {
        Some(parent) if parent != Path::new("") => Ok((parent.to_path_buf(), name)),
        _ => Ok((PathBuf::from("."), name)),
    }
}

/// The name for the one before. It leaves room for the suffix of a staged file.
fn previous_of(name: &Name) -> Result<Name, BadName> {
    let previous = match name.as_str().strip_suffix(".json") {
        Some(stem) => format!("{stem}.prev.json"),
        None => format!("{name}.prev"),
    };
    Name::new(format!("{previous}{STAGED_SUFFIX}")).and_then(|_| Name::new(previous))
}
