//! [`Content`]: the bytes of one file, in pages that copies share.
//!
//! Invariants:
//! * There is a page, or `None` for one of zeros, for every started [`PAGE_BYTES`] of the length.
//! * Whoever changes bytes forgets the hash and the flat copy that were made of them.
//! * What a page holds beyond the length is zero, so that growing a file shows no old bytes.

use std::sync::{Arc, OnceLock};

use crate::rng::mix;

/// Small enough that changing a few bytes of a copy is cheap.
pub(crate) const PAGE_BYTES: usize = 1024;

const ZEROS: [u8; PAGE_BYTES] = [0; PAGE_BYTES];

/// A map of a real file starts on a page of memory; casts in the engine rely on less than this.
const MAP_ALIGNMENT: usize = 64;

/// A page with its hash, found when it is first asked for.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    bytes: [u8; PAGE_BYTES],
    hash: OnceLock<u64>,
}

impl Page {
    /// A page of these bytes, or `None` if they are all zero.
    pub(crate) fn new(bytes: &[u8; PAGE_BYTES]) -> Option<Arc<Self>> {
        (*bytes != ZEROS).then(|| Arc::new(Self { bytes: *bytes, hash: OnceLock::new() }))
    }

    pub(crate) fn bytes(&self) -> &[u8; PAGE_BYTES] {
        &self.bytes
    }

    /// Zero for a page of zeros, as if it were not there.
    fn hash(&self) -> u64 {
        *self.hash.get_or_init(|| {
            if self.bytes == ZEROS {
                return 0;
            }
            let (words, _) = self.bytes.as_chunks::<8>();
            let fold = |hash: u64, word: &[u8; 8]| {
                (hash ^ u64::from_le_bytes(*word))
                    .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                    .rotate_left(29)
            };
            mix(words.iter().fold(PAGE_BYTES as u64, fold))
        })
    }
}

/// All bytes in one piece, aligned as a map is.
#[derive(Debug)]
pub(crate) struct Flat {
    buffer: Vec<u8>,
    start: usize,
}

impl Flat {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..]
    }
}

/// The bytes of a file; a clone shares them until one of the two is changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content(Arc<Inner>);

#[derive(Clone, Debug, Default)]
struct Inner {
    length: usize,
    pages: Vec<Option<Arc<Page>>>,
    hash: OnceLock<u64>,
    flat: OnceLock<Arc<Flat>>,
}

impl Content {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut content = Self::default();
        content.write(0, bytes);
        content
    }

    pub(crate) fn length(&self) -> usize {
        self.0.length
    }

    /// Equal contents have equal hashes, however they came about.
    pub(crate) fn hash(&self) -> u64 {
        *self.0.hash.get_or_init(|| {
            let hashed = |(index, page): (usize, &Option<Arc<Page>>)| {
                page.as_ref().map_or(0, |page| match page.hash() {
                    0 => 0,
                    hash => mix(hash.wrapping_add(index as u64)),
                })
            };
            let sum = self.0.pages.iter().enumerate().map(hashed).fold(0, u64::wrapping_add);
            mix(sum ^ (self.0.length as u64))
        })
    }

    /// Copies `buffer.len()` bytes from `offset` on; false if there are not as many.
    pub(crate) fn read(&self, offset: usize, buffer: &mut [u8]) -> bool {
        let Some(end) = offset.checked_add(buffer.len()).filter(|&end| end <= self.0.length) else {
            return false;
        };
        let mut at = offset;
        while at < end {
            let (page, within) = (at / PAGE_BYTES, at % PAGE_BYTES);
            let count = (PAGE_BYTES - within).min(end - at);
            let part = &mut buffer[at - offset..at - offset + count];
            let source = self.0.pages[page].as_deref().map_or(&ZEROS, Page::bytes);
            part.copy_from_slice(&source[within..within + count]);
            at += count;
        }
        true
    }

    pub(crate) fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.0.length];
        self.read(0, &mut bytes);
        bytes
    }

    /// All bytes in one piece, made once for all that share this content.
    pub(crate) fn flat(&self) -> Arc<Flat> {
        let make = || {
            let mut buffer = vec![0; self.0.length + MAP_ALIGNMENT];
            let start = buffer.as_ptr().align_offset(MAP_ALIGNMENT).min(MAP_ALIGNMENT);
            buffer.truncate(start + self.0.length);
            self.read(0, &mut buffer[start..]);
            Arc::new(Flat { buffer, start })
        };
        Arc::clone(self.0.flat.get_or_init(make))
    }

    /// Writes `bytes` at `offset`; the file grows as needed, a gap is zeros.
    pub(crate) fn write(&mut self, offset: usize, bytes: &[u8]) {
        let mut at = 0;
        while at < bytes.len() {
            let within = (offset + at) % PAGE_BYTES;
            let count = (PAGE_BYTES - within).min(bytes.len() - at);
            let part = &bytes[at..at + count];
            match <&[u8; PAGE_BYTES]>::try_from(part) {
                Ok(whole) => self.set_page(offset + at, Page::new(whole)),
                Err(_) => self.change_page(offset + at, |page| page.copy_from_slice(part), count),
            }
            at += count;
        }
    }

    /// Writes `count` zeros at `offset`.
    pub(crate) fn write_zeros(&mut self, offset: usize, count: usize) {
        let end = offset + count;
        let mut at = offset;
        while at < end {
            let within = at % PAGE_BYTES;
            let part = (PAGE_BYTES - within).min(end - at);
            if part == PAGE_BYTES {
                self.set_page(at, None);
            } else if self.0.pages.get(at / PAGE_BYTES).is_some_and(Option::is_some) {
                self.change_page(at, |page| page.fill(0), part);
            }
            at += part;
        }
        self.grow(end);
    }

    /// Puts a whole page at `offset`, which is a multiple of [`PAGE_BYTES`].
    pub(crate) fn set_page(&mut self, offset: usize, page: Option<Arc<Page>>) {
        self.grow(offset + PAGE_BYTES);
        Arc::make_mut(&mut self.0).pages[offset / PAGE_BYTES] = page;
    }

    /// Cuts or extends with zeros.
    pub(crate) fn resize(&mut self, length: usize) {
        if length < self.0.length {
            let whole = length.next_multiple_of(PAGE_BYTES);
            self.write_zeros(length, whole.min(self.0.length) - length);
            let inner = Arc::make_mut(&mut self.0);
            inner.pages.truncate(length.div_ceil(PAGE_BYTES));
            inner.length = length;
            (inner.hash, inner.flat) = (OnceLock::new(), OnceLock::new());
        }
        self.grow(length);
    }

    /// Extends with zeros to `length`, if it is shorter, and forgets what was derived.
    fn grow(&mut self, length: usize) {
        let inner = Arc::make_mut(&mut self.0);
        if inner.length < length {
            inner.pages.resize(length.div_ceil(PAGE_BYTES), None);
            inner.length = length;
        }
        (inner.hash, inner.flat) = (OnceLock::new(), OnceLock::new());
    }

    /// Changes `count` bytes at `offset`, which lie in one page.
    fn change_page(&mut self, offset: usize, change: impl FnOnce(&mut [u8]), count: usize) {
        self.grow(offset + count);
        let slot = &mut Arc::make_mut(&mut self.0).pages[offset / PAGE_BYTES];
        let page =
            slot.get_or_insert_with(|| Arc::new(Page { bytes: ZEROS, hash: OnceLock::new() }));
        let page = Arc::make_mut(page);
        page.hash = OnceLock::new();
        let within = offset % PAGE_BYTES;
        change(&mut page.bytes[within..within + count]);
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        let bytes = |page: &Option<Arc<Page>>| page.as_deref().map_or(ZEROS, |page| page.bytes);
        let same = |(a, b): (&Option<Arc<Page>>, &Option<Arc<Page>>)| match (a, b) {
            (None, None) => true,
            (Some(a), Some(b)) if Arc::ptr_eq(a, b) => true,
            (a, b) => bytes(a) == bytes(b),
        };
        Arc::ptr_eq(&self.0, &other.0)
            || (self.0.length == other.0.length
                && self.0.pages.iter().zip(&other.0.pages).all(same))
    }
}

impl Eq for Content {}
