//! Payload: the text and the vectors of commits, each kept in the buffer in which it came.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::chunks::Chunks;
use crate::journal::Payload;

/// Which payload the references of a record point into. Only its own memtable understands it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadId(pub(super) u32);

impl PayloadId {
    /// No payload: what tombstones, deltas and bare concepts refer to.
    pub const NONE: Self = Self(u32::MAX);
}

/// An append-only list of payloads.
#[derive(Debug)]
pub(super) struct Payloads {
    list: Chunks<OnceLock<Payload>>,
    used: AtomicU32,
    bytes: AtomicU64,
}

impl Payloads {
    /// Room for `count` payloads.
    pub(super) fn with_capacity(count: usize) -> Self {
        let (used, bytes) = (AtomicU32::new(0), AtomicU64::new(0));
        Self { list: Chunks::with_capacity(count), used, bytes }
    }

    /// Keeps a payload. The caller publishes the id with the records that refer to it, and has
    /// made sure that there is room.
    pub(super) fn push(&self, payload: Payload) -> PayloadId {
        let used = self.used.load(Ordering::Relaxed);
        let vacant = |count| (0..count).map(|_| OnceLock::new()).collect();
        let place = self.list.grow(used as usize, vacant).expect("the applier checked for room");
        self.bytes.fetch_add(payload.memory() as u64, Ordering::Relaxed);
        place.get_or_init(|| payload);
        self.used.store(used + 1, Ordering::Relaxed);
        PayloadId(used)
    }

    /// The bytes of a payload; none for [`PayloadId::NONE`].
    pub(super) fn get(&self, id: PayloadId) -> &[u8] {
        let payload = self.list.get(id.0 as usize).and_then(OnceLock::get);
        payload.map_or(&[], Payload::bytes)
    }

    /// Bytes allocated.
    pub(super) fn owned_bytes(&self) -> u64 {
        let used = self.used.load(Ordering::Relaxed) as usize;
        self.list.owned_bytes(used) + self.bytes.load(Ordering::Relaxed)
    }
}
