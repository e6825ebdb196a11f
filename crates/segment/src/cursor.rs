//! [`Cursor`]: writes one block or section from its first page on, and sums it on the way.
//!
//! Invariants:
//! * A cursor starts on a page, and its buffer is written at multiples of the page size only, so
//!   that every page is summed once, when it is complete.
//! * What is left of its last page is never written: a gap of a new file reads as zeros, and is
//!   summed as zeros.

use sutra_format::checksum::{crc32, page_seed, part_seed};
use sutra_format::limits::PAGE_BYTES;
use sutra_fs::{File, FsError};

/// Bytes that a cursor collects before it writes.
const BUFFER_BYTES: usize = 256 << 10;
const _: () = assert!((BUFFER_BYTES as u64).is_multiple_of(PAGE_BYTES));

pub(crate) const ZEROS: [u8; PAGE_BYTES as usize] = [0; PAGE_BYTES as usize];

/// What the seeds of a segment's sums are made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity {
    pub(crate) hash_seed: u64,
    pub(crate) segment_id: u32,
}

impl Identity {
    /// The sum of page `page`, of which `bytes` are the first and all others zero.
    pub(crate) fn page_sum(self, page: u64, bytes: &[u8]) -> u32 {
        let sum = crc32(page_seed(self.hash_seed, self.segment_id, page), bytes);
        crc32(sum, &ZEROS[bytes.len()..])
    }

    /// The sum of the part that starts at `offset`.
    pub(crate) fn part_sum(self, offset: u64, bytes: &[u8]) -> u32 {
        crc32(part_seed(self.hash_seed, self.segment_id, offset), bytes)
    }
}

/// A block or section that has been written.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) offset: u64,
    pub(crate) length: u64,
    pub(crate) crc: u32,
    /// The sums of its pages.
    pub(crate) sums: Vec<u32>,
}

impl Part {
    /// Where the next part may start.
    pub(crate) fn next_page(&self) -> u64 {
        (self.offset + self.length).next_multiple_of(PAGE_BYTES)
    }
}

/// A part that is being written.
#[derive(Debug)]
pub(crate) struct Cursor<'a, F> {
    file: &'a F,
    identity: Identity,
    offset: u64,
    written: u64,
    buffer: Vec<u8>,
    crc: u32,
    sums: Vec<u32>,
}

impl<'a, F: File> Cursor<'a, F> {
    pub(crate) fn new(file: &'a F, identity: Identity, offset: u64) -> Self {
        assert!(offset.is_multiple_of(PAGE_BYTES), "a part starts on a page");
        let crc = identity.part_sum(offset, &[]);
        Self { file, identity, offset, written: 0, buffer: Vec::new(), crc, sums: Vec::new() }
    }

    /// Bytes so far.
    #[inline]
    pub(crate) fn length(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    #[inline]
    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<(), FsError> {
        while !bytes.is_empty() {
            let room = BUFFER_BYTES - self.buffer.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.buffer.extend_from_slice(now);
            if self.buffer.len() == BUFFER_BYTES {
                self.flush()?;
            }
            bytes = later;
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<Part, FsError> {
        if !self.buffer.is_empty() {
            self.flush()?;
        }
        Ok(Part { offset: self.offset, length: self.written, crc: self.crc, sums: self.sums })
    }

    fn flush(&mut self) -> Result<(), FsError> {
        let start = self.offset + self.written;
        for (page, bytes) in (start / PAGE_BYTES..).zip(self.buffer.chunks(PAGE_BYTES as usize)) {
            self.sums.push(self.identity.page_sum(page, bytes));
        }
        self.crc = crc32(self.crc, &self.buffer); // A sum is the seed of what follows.
        self.file.write_at(start, &self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}
