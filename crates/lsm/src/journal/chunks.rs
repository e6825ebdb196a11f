//! [`Chunks`]: reads a file from front to back in large pieces, whatever pieces are asked for.

use sutra_fs::{File, FsError};

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 1 << 20;

/// A file, with the part of it that was read last.
pub(crate) struct Chunks<'a, F> {
    file: &'a F,
    length: u64,
    chunk_bytes: usize,
    read: u64,
    start: u64,
    buffer: Vec<u8>,
}

impl<'a, F: File> Chunks<'a, F> {
    pub(crate) fn new(file: &'a F) -> Result<Self, FsError> {
        Self::of(file, CHUNK_BYTES)
    }

    /// Reads about so many bytes at once, but no more than usual.
    pub(crate) fn of(file: &'a F, chunk_bytes: usize) -> Result<Self, FsError> {
        let chunk_bytes = chunk_bytes.min(CHUNK_BYTES);
        Ok(Self {
            file,
            length: file.length()?,
            chunk_bytes,
            read: 0,
            start: 0,
            buffer: Vec::new(),
        })
    }

    /// Bytes that were read so far.
    pub(crate) fn read(&self) -> u64 {
        self.read
    }

    /// Reads no more at once from now on than is asked for.
    pub(crate) fn read_little(&mut self) {
        self.chunk_bytes = 0;
    }

    /// The length of the file.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// `count` bytes from `offset` on, which the caller has checked against the length of the file.
    pub(crate) fn bytes(&mut self, offset: u64, count: usize) -> Result<&[u8], FsError> {
        if !self.holds(offset, count) {
            let left = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX);
            let wanted = count.max(self.chunk_bytes.min(left));
            // Not what was read before: a buffer that grows is not to be copied.
            self.buffer.clear();
            self.buffer.resize(wanted, 0);
            self.start = offset;
            self.read += wanted as u64;
            self.file.read_at(offset, &mut self.buffer)?;
        }
        let from = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        Ok(&self.buffer[from..from + count])
    }

    /// A piece from `offset` on of the size that is read at once, or what is left of the file.
    pub(crate) fn piece(&mut self, offset: u64) -> Result<&[u8], FsError> {
        let left = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX);
        self.bytes(offset, left.min(self.chunk_bytes))
    }

    /// Whether these bytes were read already.
    pub(crate) fn holds(&self, offset: u64, count: usize) -> bool {
        let end = self.start + self.buffer.len() as u64;
        self.start <= offset && offset + count as u64 <= end
    }
}
