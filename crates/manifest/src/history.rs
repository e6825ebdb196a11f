//! [`History`]: what a store keeps of what was.

/// From when on a store can say what was, and how long it keeps that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// The lowest sequence number as of which it can be read.
    pub since_seq: u64,
    /// When that was committed, in milliseconds since the epoch, or when history began.
    pub since_time: u64,
    /// How many milliseconds back it can be read, at least. None: as far as it goes.
    pub window: Option<u64>,
    /// How many versions of each row are kept beyond what is: at least 1, and not with a window.
    /// None: the number does not matter.
    pub versions: Option<u32>,
}
