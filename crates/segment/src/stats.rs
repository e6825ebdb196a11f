//! [`SegmentStats`]: the size of a segment in numbers.

use sutra_format::SegmentHeader;

/// What a segment holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentStats {
    /// Which segment.
    pub segment_id: u32,
    /// Concept records, tombstones and deltas included.
    pub concept_count: u64,
    /// Association records, tombstones included.
    pub association_count: u64,
    /// Vectors in its own vector block.
    pub vector_count: u64,
    /// Bytes of its own content block.
    pub content_length: u64,
    /// Bytes of the file.
    pub file_size: u64,
    /// When it was written, in milliseconds.
    pub created_at: u64,
}

impl SegmentStats {
    pub(crate) fn new(header: &SegmentHeader, file_size: u64) -> Self {
        Self {
            segment_id: header.segment_id.get(),
            concept_count: header.concepts.count.get(),
            association_count: header.associations.count.get(),
            vector_count: header.vectors.count.get(),
            content_length: header.content.length.get(),
            file_size,
            created_at: header.created_at.get(),
        }
    }
}
