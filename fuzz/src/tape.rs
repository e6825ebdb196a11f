//! [`Tape`]: bytes as a row of choices. Behind the end there are zeros, so that every tape means
//! something, and a tape that is cut means nearly the same.

/// Bytes that are read from front to back.
#[derive(Clone, Debug)]
pub(super) struct Tape<'a>(&'a [u8]);

impl<'a> Tape<'a> {
    /// A tape of these bytes.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether nothing but zeros is left.
    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// The next two bytes as a number.
    pub(super) fn short(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// The next eight bytes as a number.
    pub(super) fn long(&mut self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }

    /// A number below `bound`, or zero if that is zero. Takes three bytes.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let drawn = usize::from(self.short()) | usize::from(self.byte()) << 16;
        drawn.checked_rem(bound).unwrap_or(0)
    }

    /// One of `items`, of which there are 1 to 256.
    pub(super) fn pick<'b, T>(&mut self, items: &'b [T]) -> &'b T {
        &items[usize::from(self.byte()) % items.len()]
    }

    /// At most `most` bytes as they are; how many is the next byte.
    pub(super) fn bytes(&mut self, most: u8) -> &'a [u8] {
        let count = usize::from(self.byte().min(most)).min(self.0.len());
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    /// All that is left.
    pub(super) fn rest(self) -> &'a [u8] {
        self.0
    }
}
