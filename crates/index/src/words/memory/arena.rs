//! Numbers that one writer appends and changes while readers look on, without locks.
//!
//! Invariants:
//! * What was given room never moves and is never taken back.
//! * A reader sees everything that was written before the count of events it has read was published.
//!   What is written later it may see or not; who reads has to recognise that by its event.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::super::error::WordsError;

/// Numbers of a chunk: 256 KiB.
const CHUNK: usize = 1 << 16;

/// Chunks at most: 1 GiB together.
const CHUNKS_MAX: usize = 1 << 12;

/// Chunks of numbers, each made when the first number in it is needed.
#[derive(Debug)]
pub(super) struct Arena {
    chunks: Box<[OnceLock<Box<[AtomicU32]>>]>,
}

impl Arena {
    pub(super) fn new() -> Self {
        Self { chunks: (0..CHUNKS_MAX).map(|_| OnceLock::new()).collect() }
    }

    /// Makes room for `count` numbers, all zero, and returns where the first one is.
    pub(super) fn room(&self, used: &mut u32, count: usize) -> Result<u32, WordsError> {
        let start = *used;
        let end = start as usize + count;
        if end > CHUNK * CHUNKS_MAX {
            return Err(WordsError::TooLarge { what: "texts in memory" });
        }
        for chunk in start as usize / CHUNK..end.div_ceil(CHUNK) {
            self.chunks[chunk].get_or_init(|| (0..CHUNK).map(|_| AtomicU32::new(0)).collect());
        }
        *used = end as u32;
        Ok(start)
    }

    fn slot(&self, index: u32) -> Option<&AtomicU32> {
        self.chunks.get(index as usize / CHUNK)?.get()?.get(index as usize % CHUNK)
    }

    /// The number there; 0 where none was ever.
    #[inline]
    pub(super) fn get(&self, index: u32) -> u32 {
        self.slot(index).map_or(0, |slot| slot.load(Ordering::Relaxed))
    }

    /// Sets the number there. Only the writer does.
    #[inline]
    pub(super) fn set(&self, index: u32, value: u32) {
        if let Some(slot) = self.slot(index) {
            slot.store(value, Ordering::Relaxed);
        }
    }
}
