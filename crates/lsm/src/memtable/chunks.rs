//! [`Chunks`]: a list that grows by chunks, none of which ever moves.
//!
//! Invariants:
//! * The directory has its full length from the start and a chunk is set once, so a reference
//!   into the list stays good while readers and the applier go on.
//! * Only the applier grows the list. A reader asks for nothing that was not published to it.

use std::sync::OnceLock;

/// The most items in a chunk: few enough that a fresh chunk is no burden, many enough that the
/// directory stays in the cache.
const CHUNK_ITEMS_MAX: usize = 1024;
/// A list has about this many chunks at least, so that a short one allocates what it needs.
const CHUNKS_AIM: usize = 8;

/// A list of at most as many items as it was made for.
#[derive(Debug)]
pub(super) struct Chunks<T> {
    directory: Box<[OnceLock<Box<[T]>>]>,
    shift: u32,
}

impl<T> Chunks<T> {
    /// Room for `items` items, none of them allocated.
    pub(super) fn with_capacity(items: usize) -> Self {
        let chunk = (items / CHUNKS_AIM).next_power_of_two().clamp(1, CHUNK_ITEMS_MAX);
        let directory = (0..items.div_ceil(chunk)).map(|_| OnceLock::new()).collect();
        Self { directory, shift: chunk.trailing_zeros() }
    }

    /// Item `index`, if its chunk is there.
    pub(super) fn get(&self, index: usize) -> Option<&T> {
        let chunk = self.directory.get(index >> self.shift)?.get()?;
        chunk.get(index & (self.chunk_items() - 1))
    }

    /// Item `index`; `make` gives its chunk if it is the first of it. `None` beyond the capacity.
    pub(super) fn grow(&self, index: usize, make: fn(usize) -> Box<[T]>) -> Option<&T> {
        let chunk = self.directory.get(index >> self.shift)?;
        let chunk = chunk.get_or_init(|| make(self.chunk_items()));
        chunk.get(index & (self.chunk_items() - 1))
    }

    /// Bytes of the directory and of the chunks that hold the first `used` items.
    pub(super) fn owned_bytes(&self, used: usize) -> u64 {
        let chunks = used.div_ceil(self.chunk_items()) * self.chunk_items() * size_of::<T>();
        (size_of_val::<[_]>(&self.directory) + chunks) as u64
    }

    fn chunk_items(&self) -> usize {
        1 << self.shift
    }
}
