//! [`Sink`]: where an export goes. A file appears under its name when it is whole, or not at all.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::Failure;
use crate::terminal::Terminal;

/// Takes lines.
pub(crate) enum Sink<'t> {
    /// Standard output.
    Terminal(&'t mut Terminal),
    /// A file that replaces the one at the path when it is finished.
    Staged(BufWriter<NamedTempFile>, PathBuf),
    /// A pipe or a device, which cannot be replaced.
    Direct(BufWriter<fs::File>, PathBuf),
}

impl<'t> Sink<'t> {
    /// A file, or standard output if there is no path or it is `-`.
    pub(crate) fn open(path: Option<&Path>, terminal: &'t mut Terminal) -> Result<Self, Failure> {
        let Some(path) = path.filter(|path| *path != Path::new("-")) else {
            return Ok(Self::Terminal(terminal));
        };
        let is_special = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        let open = || -> io::Result<Self> {
            if is_special {
                let file = OpenOptions::new().write(true).open(path)?;
                return Ok(Self::Direct(buffered(file), path.to_path_buf()));
            }
            // A link keeps leading where it led: what it leads to is replaced.
            let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let permissions = match fs::metadata(&path) {
                Ok(metadata) => metadata.permissions(),
                Err(_) => Permissions::from_mode(0o666), // Less what the umask takes away.
            };
            let file = tempfile::Builder::new()
                .prefix(".sutra-export-")
                .permissions(permissions)
                .tempfile_in(parent.unwrap_or(Path::new(".")))?;
            Ok(Self::Staged(buffered(file), path))
        };
        open().map_err(Failure::file(path))
    }

    /// Makes all that was written appear.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Terminal(terminal) => Ok(terminal.flush()?),
            Self::Direct(mut file, path) => file.flush().map_err(Failure::file(&path)),
            Self::Staged(file, path) => {
                let publish = || -> io::Result<()> {
                    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                    file.as_file().sync_all()?;
                    file.persist(&path)?;
                    Ok(())
                };
                publish().map_err(Failure::file(&path))
            }
        }
    }

    /// Wraps an error of writing: it names the file, or is standard output's.
    pub(crate) fn failure(&self, error: io::Error) -> Failure {
        match self {
            Self::Terminal(_) => Failure::Output(error),
            Self::Staged(_, path) | Self::Direct(_, path) => Failure::file(path)(error),
        }
    }
}

fn buffered<W: Write>(file: W) -> BufWriter<W> {
    BufWriter::with_capacity(1 << 16, file)
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Terminal(terminal) => terminal.write(bytes),
            Self::Staged(file, _) => file.write(bytes),
            Self::Direct(file, _) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Terminal(terminal) => terminal.flush(),
            Self::Staged(file, _) => file.flush(),
            Self::Direct(file, _) => file.flush(),
        }
    }
}
