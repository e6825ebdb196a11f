//! [`SegmentPlan`]: what a segment will hold, known before its first row is written.

use sutra_format::limits::{PAGE_BYTES, ROWS_MAX};
use sutra_format::{AssociationRecord, ConceptRecord, TagLine};

/// What a segment will hold, to the byte: it fixes where each block starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentPlan {
    /// Unique in its store, for ever.
    pub segment_id: u32,
    /// The store that the file belongs to.
    pub store_id: [u8; 16],
    /// The seed of the placement hash.
    pub hash_seed: u64,
    /// Now, in milliseconds.
    pub created_at: u64,
    /// When the compaction that writes it began, in milliseconds; zero for a flush.
    pub compacted_at: u64,
    /// The lowest sequence number that the file accounts for.
    pub min_seq: u64,
    /// The highest sequence number that the file accounts for.
    pub max_seq: u64,
    /// Concept records.
    pub concepts: u64,
    /// Association records.
    pub associations: u64,
    /// Of a history segment: the older versions of its rows. None otherwise.
    pub history: Option<OlderVersions>,
    /// Bytes of vectors, each rounded up to a multiple of 64
    /// ([`vector_stride`](sutra_format::segment::vector_stride)).
    pub vector_bytes: u64,
    /// Bytes of text entries, length prefixes included.
    pub content_bytes: u64,
}

/// How many versions a history segment holds beside the newest of each row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OlderVersions {
    /// Of concepts.
    pub concepts: u64,
    /// Of associations.
    pub associations: u64,
}

/// Where the parts whose size follows from the plan start.
pub(crate) struct Starts {
    pub(crate) concepts: u64,
    pub(crate) associations: u64,
    pub(crate) vectors: u64,
    pub(crate) content: u64,
    pub(crate) concept_lines: u64,
    pub(crate) concept_versions: u64,
    pub(crate) association_versions: u64,
    pub(crate) concept_version_seqs: u64,
    pub(crate) association_version_seqs: u64,
}

impl SegmentPlan {
    /// # Panics
    /// If the plan has more rows than a segment may have.
    pub(crate) fn starts(&self) -> Starts {
        assert!(self.concepts <= ROWS_MAX, "a segment has at most {ROWS_MAX} concepts");
        assert!(self.associations <= ROWS_MAX, "a segment has at most {ROWS_MAX} associations");
        let behind = |start: u64, bytes: u64| (start + bytes).next_multiple_of(PAGE_BYTES);
        let concepts = PAGE_BYTES;
        let associations = behind(concepts, self.concepts * ConceptRecord::BYTES as u64);
        let vectors = behind(associations, self.associations * AssociationRecord::BYTES as u64);
        let content = behind(vectors, self.vector_bytes);
        let concept_lines = behind(content, self.content_bytes);
        let lines = TagLine::lines(self.concepts) * TagLine::BYTES as u64;
        let concept_versions = behind(concept_lines, lines);
        let older = self.history.unwrap_or_default();
        assert!(older.concepts <= ROWS_MAX, "a segment has at most {ROWS_MAX} versions");
        assert!(older.associations <= ROWS_MAX, "a segment has at most {ROWS_MAX} versions");
        let association_versions =
            behind(concept_versions, older.concepts * ConceptRecord::BYTES as u64);
        let concept_version_seqs =
            behind(association_versions, older.associations * AssociationRecord::BYTES as u64);
        let association_version_seqs = behind(concept_version_seqs, older.concepts * 8);
        Starts {
            concepts,
            associations,
            vectors,
            content,
            concept_lines,
            concept_versions,
            association_versions,
            concept_version_seqs,
            association_version_seqs,
        }
    }
}
