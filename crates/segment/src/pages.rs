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

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: Identity = Identity { hash_seed: 5, segment_id: 7 };

    /// So many pages, each of other bytes, and their sums behind them.
    fn file_of(pages: u64) -> (Vec<u8>, Pages) {
        let sums_offset = pages * PAGE_BYTES;
        let mut bytes: Vec<u8> = (0..sums_offset).map(|at| (at / PAGE_BYTES + at) as u8).collect();
        for page in 0..pages {
            let start = (page * PAGE_BYTES) as usize;
            let sum = IDENTITY.page_sum(page, &bytes[start..start + PAGE_BYTES as usize]);
            bytes.extend_from_slice(&sum.to_le_bytes());
        }
        let sums = Place { offset: sums_offset, length: pages * 4 };
        (bytes, Pages::new(IDENTITY, sums))
    }

    #[test]
    fn a_range_is_checked_once_each_of_its_pages_is_and_not_before() {
        const COUNT: u64 = 3 * BITS + 9;
        let (bytes, pages) = file_of(COUNT);
        let mut checked = [false; COUNT as usize];
        checked[0] = true; // The header's.
        // Pages far from each other first, then what lies between them.
        for page in (0..COUNT).map(|n| n * 67 % COUNT) {
            for first in [0, 1, page, page.saturating_sub(3), BITS - 1, BITS, 2 * BITS + 5] {
                for last in [first, page, page + 1, first + 1, first + BITS, COUNT - 1] {
                    let last = last.clamp(first, COUNT - 1);
                    let (start, end) = (first * PAGE_BYTES, (last + 1) * PAGE_BYTES);
                    let missing = (first..=last).find(|page| !checked[*page as usize]);
                    assert_eq!(pages.missing(first, last), missing, "{first}..={last}");
                    for (start, end) in [(start, end), (start + 4095, end - 4095)] {
                        let said = pages.are_checked(start, end.max(start + 1));
                        assert_eq!(said, missing.is_none(), "{first}..={last} at {start}");
                    }
                }
            }
            pages.check_page(&bytes, page).unwrap();
            checked[page as usize] = true;
        }
    }

    #[test]
    fn what_is_checked_is_the_pages_of_the_range_and_no_others() {
        const COUNT: u64 = 2 * BITS + 3;
        for (first, last) in [(0, 0), (1, 1), (5, 70), (63, 64), (64, 127), (100, COUNT - 1)] {
            for inset in [0, 1] {
                let (bytes, pages) = file_of(COUNT);
                let (start, end) = (first * PAGE_BYTES + inset, (last + 1) * PAGE_BYTES - inset);
                pages.check(&bytes, start, end).unwrap();
                for page in 1..COUNT {
                    let at = page * PAGE_BYTES;
                    let is_in = (first..=last).contains(&page);
                    assert_eq!(pages.are_checked(at, at + 1), is_in, "{first}..={last}: {page}");
                }
            }
        }
        let (bytes, pages) = file_of(COUNT);
        let end = COUNT * PAGE_BYTES;
        let error = pages.check(&bytes, end - 1, end + 1).unwrap_err();
        assert_eq!(error, invalid(end - 1, "not covered by the page sums"));
    }
}
