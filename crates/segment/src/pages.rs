//! [`Pages`]: which pages of a file have been checked.
//!
//! One bit for each page. The bytes never change, so a bit orders nothing and is relaxed; two
//! threads that touch a page for the first time both check it, and both set the bit.

use std::sync::atomic::{AtomicU64, Ordering};

use sutra_format::FormatError;
use sutra_format::limits::PAGE_BYTES;

use crate::cursor::Identity;
use crate::sections::{Place, invalid};

const BITS: u64 = u64::BITS as u64;

/// The pages that the page sums cover.
#[derive(Debug)]
pub(crate) struct Pages {
    identity: Identity,
    /// Offset of the sums, which is where the covered pages end.
    sums_offset: u64,
    checked: Box<[AtomicU64]>,
}

impl Pages {
    /// All pages before the sums at `sums`, none of them checked but the first: it holds the
    /// header, which was checked as such.
    pub(crate) fn new(identity: Identity, sums: Place) -> Self {
        let words = (sums.offset / PAGE_BYTES).div_ceil(BITS);
        let checked: Box<[AtomicU64]> = (0..words).map(|_| AtomicU64::new(0)).collect();
        if let Some(first) = checked.first() {
            first.store(1, Ordering::Relaxed);
        }
        Self { identity, sums_offset: sums.offset, checked }
    }

    /// Whether all pages of the range have been checked; the range is not empty.
    #[inline]
    pub(crate) fn are_checked(&self, start: u64, end: u64) -> bool {
        let (first, last) = (start / PAGE_BYTES, (end - 1) / PAGE_BYTES);
        if first != last {
            return self.missing(first, last).is_none();
        }
        let word = self.checked.get((first / BITS) as usize);
        word.is_some_and(|word| word.load(Ordering::Relaxed) >> (first % BITS) & 1 != 0)
    }

    /// Checks those pages of the range that have not been; the range is not empty.
    pub(crate) fn check(&self, bytes: &[u8], start: u64, end: u64) -> Result<(), FormatError> {
        if end > self.sums_offset {
            return Err(invalid(start, "not covered by the page sums"));
        }
        let (mut first, last) = (start / PAGE_BYTES, (end - 1) / PAGE_BYTES);
        while let Some(page) = self.missing(first, last) {
            self.check_page(bytes, page)?;
            first = page;
        }
        Ok(())
    }

    /// Checks a page, whether or not it has been.
    pub(crate) fn check_page(&self, bytes: &[u8], page: u64) -> Result<(), FormatError> {
        let offset = page * PAGE_BYTES;
        let slot = (self.sums_offset + page * 4) as usize;
        let short = FormatError::TooShort { length: bytes.len() as u64, needed: self.sums_offset };
        let page_bytes = bytes.get(offset as usize..(offset + PAGE_BYTES) as usize).ok_or(short)?;
        let stored = bytes.get(slot..).and_then(|slot| slot.first_chunk()).ok_or(short)?;
        let stored = u32::from_le_bytes(*stored);
        match self.identity.page_sum(page, page_bytes) {
            computed if computed == stored => {
                if let Some(word) = self.checked.get((page / BITS) as usize) {
                    word.fetch_or(1 << (page % BITS), Ordering::Relaxed);
                }
                Ok(())
            }
            computed => Err(FormatError::Checksum { offset, part: "page", stored, computed }),
        }
    }

    /// The first page of the range that has not been checked. What lies beyond the last covered
    /// page counts as such.
    #[inline(never)]
    fn missing(&self, first: u64, last: u64) -> Option<u64> {
        for index in first / BITS..=last / BITS {
            let from = u64::MAX << (first.max(index * BITS) % BITS);
            let to = u64::MAX >> (BITS - 1 - last.min(index * BITS + BITS - 1) % BITS);
            let word = self.checked.get(index as usize).map_or(0, |w| w.load(Ordering::Relaxed));
            let missing = from & to & !word;
            if missing != 0 {
                return Some(index * BITS + u64::from(missing.trailing_zeros()));
            }
        }
        None
    }
}
