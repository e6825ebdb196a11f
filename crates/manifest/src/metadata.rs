//! [`SegmentMetadata`]: what the manifest knows of one segment.

use std::cmp::Reverse;
use std::path::PathBuf;

use sutra_fs::{BadName, Name};

/// One segment of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentMetadata {
    /// Its number, unique among the segments and journals of the store.
    pub segment_id: u32,
    /// Its file, in the directory of the manifest: a plain file name, anything else is refused.
    pub path: PathBuf,
    /// Rows of its concept table.
    pub concept_count: u64,
    /// Rows of its association table.
    pub association_count: u64,
    /// Length of the file in bytes.
    pub file_size: u64,
    /// When it was written, in milliseconds since the epoch.
    pub created_at: u64,
    /// When a compaction wrote it, in milliseconds since the epoch; zero if a flush did.
    pub compacted_at: u64,
    /// Its level; zero is the newest.
    pub level: u32,
    /// The lowest sequence number that it accounts for.
    pub min_seq: u64,
    /// The highest sequence number that it accounts for; zero when there is none, since the
    /// first one of a store is 1.
    pub max_seq: u64,
    /// The checksum in its header, written as 8 hexadecimal digits.
    pub header_crc: u32,
    /// Its records were merged into other segments, and only their payload is still read here.
    pub payload_only: bool,
    /// Its records are read for what was, and not for what is.
    pub history: bool,
}

impl SegmentMetadata {
    /// The highest level that a segment may be at.
    pub const LEVEL_MAX: u32 = 31;

    /// An empty segment; counts, times and the rest are zero and for the caller to set.
    pub fn new(segment_id: u32, path: PathBuf, level: u32) -> Self {
        Self {
            segment_id,
            path,
            concept_count: 0,
            association_count: 0,
            file_size: 0,
            created_at: 0,
            compacted_at: 0,
            level,
            min_seq: 0,
            max_seq: 0,
            header_crc: 0,
            payload_only: false,
            history: false,
        }
    }

    /// The path as a name in the directory of the store. Fails for nothing that was loaded.
    pub fn name(&self) -> Result<Name, BadName> {
        match self.path.to_str() {
            Some(text) => Name::new(text),
            None => Err(BadName(self.path.to_string_lossy().into_owned())),
        }
    }

    /// Whether its records are read for what is: it is neither a mere home of payload nor history.
    pub fn is_live(&self) -> bool {
        !self.payload_only && !self.history
    }

    /// The order of reading: level up, then newest first.
    pub(crate) fn order(&self) -> impl Ord + use<> {
        (self.level, Reverse(self.max_seq), Reverse(self.segment_id))
    }
}
