//! [`Kept`]: which of the values of a block are kept.

use std::ops::Range;

use super::super::pack::BLOCK;

/// Which of at most 128 values are kept: their places rise.
pub(super) struct Kept {
    count: usize,
    places: [u8; BLOCK],
}

impl Default for Kept {
    fn default() -> Self {
        Self { count: 0, places: [0; BLOCK] }
    }
}

impl Kept {
    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// One more, if it is good; what is given for one that is not is overwritten by the next.
    #[inline]
    pub(super) fn push(&mut self, at: u8, is_good: bool) {
        self.places[self.count % BLOCK] = at;
        self.count += usize::from(is_good);
    }

    /// Those of a range that are good. Without a branch: which ones are cannot be foreseen.
    #[inline]
    pub(super) fn add(&mut self, range: Range<usize>, is_good: impl Fn(usize) -> bool) {
        for at in range {
            self.push(at as u8, is_good(at));
        }
    }

    #[inline]
    pub(super) fn places(&self) -> &[u8] {
        &self.places[..self.count]
    }

    /// Moves the kept values to the front.
    #[inline]
    pub(super) fn keep<T: Copy>(&self, values: &mut [T; BLOCK]) {
        for (to, from) in self.places().iter().enumerate() {
            values[to] = values[usize::from(*from) % BLOCK];
        }
    }
}
