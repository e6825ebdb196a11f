//! Tag lines: how a directory is built, and how one line is searched.

use sutra_format::TagLine;
use sutra_format::hash::{range_of, tag};
use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromZeros, IntoBytes};

/// Builds the lines of a directory from hashes that come in rising order.
pub(crate) struct LineBuilder {
    lines: u64,
    current: u64,
    line: TagLine,
    items: u32,
}

impl LineBuilder {
    /// For a directory over `items` items.
    pub(crate) fn new(items: u64) -> Self {
        Self { lines: TagLine::lines(items), current: 0, line: TagLine::new_zeroed(), items: 0 }
    }

    /// Takes the next item, and gives `emit` every line that is complete by that.
    #[inline]
    pub(crate) fn push<E>(
        &mut self,
        hash: u64,
        mut emit: impl FnMut(&TagLine) -> Result<(), E>,
    ) -> Result<(), E> {
        let wanted = range_of(hash, self.lines);
        while self.current < wanted {
            self.next(&mut emit)?;
        }
        let count = self.line.count.get();
        if let Some(slot) = self.line.tags.get_mut(count as usize) {
            *slot = U16::new(tag(hash));
        }
        self.line.count = U32::new(count + 1);
        self.items += 1;
        Ok(())
    }

    /// Gives `emit` the lines that are left.
    pub(crate) fn finish<E>(
        mut self,
        mut emit: impl FnMut(&TagLine) -> Result<(), E>,
    ) -> Result<(), E> {
        while self.current < self.lines {
            self.next(&mut emit)?;
        }
        Ok(())
    }

    fn next<E>(&mut self, emit: &mut impl FnMut(&TagLine) -> Result<(), E>) -> Result<(), E> {
        emit(&self.line)?;
        self.current += 1;
        self.line = TagLine { base: U32::new(self.items), ..TagLine::new_zeroed() };
        Ok(())
    }
}

/// The slots of a line whose tag is the one looked for.
///
/// Four tags are compared at once in a 64-bit word: seven words, no branch, and nothing that a
/// target would have to support. Bit `16 * lane + word` stands for slot `4 * word + lane`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slots(u64);

impl Slots {
    #[inline]
    pub(crate) fn matching(line: &TagLine, hash: u64) -> Self {
        const ONES: u64 = 0x0001_0001_0001_0001;
        const LOW: u64 = 0x7fff * ONES;
        let wanted = u64::from(tag(hash)) * ONES;
        let mut slots = 0;
        for (word, bytes) in line.tags.as_bytes().as_chunks::<8>().0.iter().enumerate() {
            let difference = u64::from_le_bytes(*bytes) ^ wanted;
            // The top bit of a lane stays clear exactly if all 16 bits of it are zero.
            let equal = !(((difference & LOW) + LOW) | difference | LOW);
            slots |= equal >> (15 - word);
        }
        Self(slots)
    }
}

impl Iterator for Slots {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        if self.0 == 0 {
            return None;
        }
        let bit = self.0.trailing_zeros();
        self.0 &= self.0 - 1;
        Some(bit % 16 * 4 + bit / 16)
    }
}
