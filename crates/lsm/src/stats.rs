//! Counters of the engine, and what is computed from them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sutra_fs::Dir;

use crate::error::Result;
use crate::plan;
use crate::tree::LsmTree;

/// How often a sync took less than 2 to the power of its index, in microseconds, and not less
/// than half of that; the last one has all that took longer.
pub const SYNC_BUCKETS: usize = 24;

/// Counted since the store was opened.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    commits: AtomicU64,
    groups: AtomicU64,
    user_bytes: AtomicU64,
    journal_bytes: AtomicU64,
    zero_bytes: AtomicU64,
    flushes: AtomicU64,
    flush_bytes: AtomicU64,
    compactions: AtomicU64,
    compaction_read: AtomicU64,
    compaction_written: AtomicU64,
    stalls: AtomicU64,
    stall_micros: AtomicU64,
    stall_micros_max: AtomicU64,
    syncs: [AtomicU64; SYNC_BUCKETS],
}

fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Counters {
    pub(crate) fn commits(&self, commits: u64, user_bytes: u64, journal_bytes: u64) {
        add(&self.commits, commits);
        add(&self.groups, 1);
        add(&self.user_bytes, user_bytes);
        add(&self.journal_bytes, journal_bytes);
    }

    pub(crate) fn sync(&self, time: Duration) {
        let bucket = (u64::BITS - micros(time).leading_zeros()) as usize;
        add(&self.syncs[bucket.min(SYNC_BUCKETS - 1)], 1);
    }

    pub(crate) fn zeros(&self, bytes: u64) {
        add(&self.zero_bytes, bytes);
    }

    pub(crate) fn flush(&self, bytes: u64) {
        add(&self.flushes, 1);
        add(&self.flush_bytes, bytes);
    }

    pub(crate) fn compaction(&self, read: u64, written: u64) {
        add(&self.compactions, 1);
        add(&self.compaction_read, read);
        add(&self.compaction_written, written);
    }

    pub(crate) fn stall(&self, time: Duration) {
        add(&self.stalls, 1);
        add(&self.stall_micros, micros(time));
        self.stall_micros_max.fetch_max(micros(time), Ordering::Relaxed);
    }
}

/// What a store holds, and what it cost since it was opened. Bytes and microseconds.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct LsmStats {
    /// Segments that are searched.
    pub total_segments: usize,
    /// Segments of which only text and vectors are still used.
    pub payload_only_segments: usize,
    /// Segments that are read for what was.
    pub history_segments: usize,
    /// Concept records in segments and memory: facts, replaced versions, and tombstones included.
    pub total_concepts: u64,
    /// Association records in segments and memory, replaced versions and tombstones included.
    pub total_associations: u64,
    /// Bytes of all segment files.
    pub file_bytes: u64,
    /// Bytes of records and payload in them that are in use.
    pub live_bytes: u64,
    /// Bytes that are mapped; the system's page cache holds them, not the engine.
    pub mapped_bytes: u64,
    /// Bytes of memory that the memtables own.
    pub owned_bytes: u64,
    /// Bytes in levels that are due for compaction.
    pub debt_bytes: u64,
    /// Sequence number of the last visible record.
    pub last_seq: u64,
    /// Commits, and groups of commits that shared a write.
    pub commits: u64,
    /// Groups of commits that shared a write.
    pub groups: u64,
    /// Bytes of records, text and vectors that were committed.
    pub user_bytes: u64,
    /// Bytes of frames in journals.
    pub journal_bytes: u64,
    /// Bytes of zeros written ahead of them.
    pub zero_bytes: u64,
    /// Memtables flushed.
    pub flushes: u64,
    /// Bytes of the segments that they became.
    pub flush_bytes: u64,
    /// Merges.
    pub compactions: u64,
    /// Bytes of the segments that they read.
    pub compaction_read_bytes: u64,
    /// Bytes of the segments that they wrote.
    pub compaction_written_bytes: u64,
    /// How often a writer was held up.
    pub stalls: u64,
    /// For how long, in all.
    pub stall_micros: u64,
    /// The longest.
    pub stall_micros_max: u64,
    /// How long syncs of the journal took, see [`SYNC_BUCKETS`].
    pub sync_histogram: [u64; SYNC_BUCKETS],
}

impl LsmStats {
    /// Bytes written for each byte committed, zeros included; zero before the first commit.
    pub fn write_amplification(&self) -> f64 {
        let written =
            self.journal_bytes + self.zero_bytes + self.flush_bytes + self.compaction_written_bytes;
        ratio(written, self.user_bytes)
    }

    /// Bytes of segment files for each byte in use; zero when there is none.
    pub fn space_amplification(&self) -> f64 {
        ratio(self.file_bytes, self.live_bytes)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
fn ratio(a: u64, b: u64) -> f64 {
    if b == 0 { 0.0 } else { a as f64 / b as f64 }
}

/// One segment of a level, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentInfo {
    /// Its id.
    pub segment_id: u32,
    /// Its level.
    pub level: u32,
    /// Whether only its text and vectors are still used.
    pub payload_only: bool,
    /// Whether it is read for what was.
    pub history: bool,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Concept records.
    pub concepts: u64,
    /// Association records.
    pub associations: u64,
    /// Concept and association tombstones.
    pub tombstones: u64,
    /// Bytes of vectors.
    pub vector_bytes: u64,
    /// Bytes of text.
    pub content_bytes: u64,
    /// Its lowest sequence number.
    pub min_seq: u64,
    /// Its highest sequence number.
    pub max_seq: u64,
    /// When it was written, in milliseconds.
    pub created_at: u64,
    /// The name of the file.
    pub file: String,
}

impl<D: Dir> LsmTree<D> {
    /// What the store holds, and what it cost since it was opened.
    pub fn stats(&self) -> LsmStats {
        let inner = &self.inner;
        let counters = &inner.counters;
        let version = inner.version.load_full();
        let counts: Vec<_> = version.memtables.iter().map(|memtable| memtable.counts()).collect();
        let (file_bytes, live_bytes) = version.space().unwrap_or_default();
        let concepts = |file: &crate::files::SegmentFile<D>| u64::from(file.concept_rows());
        let associations = |file: &crate::files::SegmentFile<D>| u64::from(file.association_rows());
        LsmStats {
            total_segments: version.segments.len(),
            payload_only_segments: version.files.len()
                - version.segments.len()
                - version.history.len(),
            history_segments: version.history.len(),
            total_concepts: version.segments.iter().map(concepts).sum::<u64>()
                + counts.iter().map(|counts| counts.concepts as u64).sum::<u64>(),
            total_associations: version.segments.iter().map(associations).sum::<u64>()
                + counts.iter().map(|counts| counts.associations as u64).sum::<u64>(),
            file_bytes,
            live_bytes,
            mapped_bytes: file_bytes,
            owned_bytes: version.memtables.iter().map(|memtable| memtable.owned_bytes()).sum(),
            debt_bytes: plan::debt(&version.level_sizes(), &inner.config),
            last_seq: inner.visible.load(Ordering::Acquire),
            commits: get(&counters.commits),
            groups: get(&counters.groups),
            user_bytes: get(&counters.user_bytes),
            journal_bytes: get(&counters.journal_bytes),
            zero_bytes: get(&counters.zero_bytes),
            flushes: get(&counters.flushes),
            flush_bytes: get(&counters.flush_bytes),
            compactions: get(&counters.compactions),
            compaction_read_bytes: get(&counters.compaction_read),
            compaction_written_bytes: get(&counters.compaction_written),
            stalls: get(&counters.stalls),
            stall_micros: get(&counters.stall_micros),
            stall_micros_max: get(&counters.stall_micros_max),
            sync_histogram: std::array::from_fn(|bucket| get(&counters.syncs[bucket])),
        }
    }

    /// All segment files, by level, newest first.
    pub fn segments(&self) -> Result<Vec<SegmentInfo>> {
        let version = self.inner.version.load_full();
        let mut segments: Vec<_> =
            version.files.iter().map(crate::files::SegmentFile::info).collect();
        segments.sort_by_key(|info| (info.level, std::cmp::Reverse(info.max_seq), info.segment_id));
        Ok(segments)
    }
}

impl<D: Dir> crate::files::SegmentFile<D> {
    fn info(&self) -> SegmentInfo {
        let header = self.segment.header();
        SegmentInfo {
            segment_id: self.segment.id(),
            level: self.level,
            payload_only: self.role == crate::files::Role::Payload,
            history: self.role == crate::files::Role::History,
            file_bytes: self.segment.file_length(),
            concepts: header.concepts.count.get(),
            associations: header.associations.count.get(),
            tombstones: header.concept_tombstones.get() + header.association_tombstones.get(),
            vector_bytes: header.vectors.length.get(),
            content_bytes: header.content.length.get(),
            min_seq: header.min_seq.get(),
            max_seq: header.max_seq.get(),
            created_at: header.created_at.get(),
            file: crate::files::segment_name(self.segment.id()).to_string(),
        }
    }
}
