//! Mapped files: the one place of the engine that is `unsafe`. And what stands in for a map where the
//! files are not trusted: a copy.

#![expect(unsafe_code, reason = "a map of a file cannot be made in safe Rust")]

use std::fs;
use std::io;
use std::os::unix::fs::FileExt;

/// The bytes of a sealed file, read straight from the page cache, or a copy of them.
#[derive(Debug)]
pub struct Mapped(memmap2::Mmap);

impl Mapped {
    /// Maps the whole of `file`, which may be empty.
    pub(crate) fn of(file: &fs::File) -> io::Result<Self> {
        // SAFETY: `MmapOptions::map` asks that the file not be changed or cut while it is mapped.
        // By the contract of `File::map` it is sealed: Sutra never writes to it, cuts it or maps
        // it for writing again, it is replaced only under a new name, and its mode forbids writing
        // to others. What another program does to it against that mode is outside of what any map
        // can promise, and documented as such (the documentation of this crate, "Maps").
        let map = unsafe { memmap2::MmapOptions::new().map(file)? };
        Ok(Self(map))
    }

    /// Copies the whole of `file` into memory of the process, where nobody else can change it.
    pub(crate) fn copy_of(file: &fs::File) -> io::Result<Self> {
        let length = usize::try_from(file.metadata()?.len())
            .map_err(|_| io::Error::new(io::ErrorKind::OutOfMemory, "longer than memory"))?;
        let mut copy = memmap2::MmapMut::map_anon(length)?;
        file.read_exact_at(&mut copy, 0)?;
        Ok(Self(copy.make_read_only()?))
    }
}

impl AsRef<[u8]> for Mapped {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
