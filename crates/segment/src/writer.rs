//! [`SegmentWriter`]: a sorted segment, streamed.
//!
//! Every block has a cursor of its own, so rows, vectors and texts may be pushed in turns; each
//! byte is written once, and memory does not grow with the segment but for what
//! [`directories`](crate::directories) says.

use sutra_format::hash::placement;
use sutra_format::limits::VECTOR_DIMENSION_MAX;
use sutra_format::segment::{SegmentFlags, vector_stride};
use sutra_format::{
    AssociationRecord, ConceptId, ConceptRecord, Moment, PayloadHome, SectionKind, SegmentHeader,
    VectorRun, VertexTombstone,
};
use sutra_fs::File;
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromZeros, IntoBytes};

use crate::assembly::{Assembly, Blocks, SegmentSummary};
use crate::cursor::{Cursor, Identity, Part};
use crate::directories::{Associations, Ends, write_targets};
use crate::error::{Result, SegmentError};
use crate::lines::LineBuilder;
use crate::passes::{IncomingKey, PASS_KEYS, Pass};
use crate::plan::SegmentPlan;
use crate::vector_index::{self, VectorIndexPart};

/// Streams sorted rows and their payload into a new file.
///
/// The file must be empty, and is sealed by [`finish`](Self::finish); publishing it is left to
/// the caller. A writer that was dropped, or failed, leaves a file that is no segment.
pub struct SegmentWriter<'a, F> {
    file: &'a F,
    plan: SegmentPlan,
    identity: Identity,
    concepts: Cursor<'a, F>,
    associations: Cursor<'a, F>,
    vectors: Cursor<'a, F>,
    content: Cursor<'a, F>,
    concept_lines: Cursor<'a, F>,
    lines: LineBuilder,
    last_concept: Option<(u64, ConceptId)>,
    last_association: Option<(u64, AssociationRecord)>,
    association_count: u32,
    sources: Ends,
    incoming: Pass,
    texts: u64,
    concept_tombstones: u64,
    association_tombstones: u64,
    runs: Vec<VectorRun>,
    vertex_tombstones: Vec<VertexTombstone>,
    homes: Vec<PayloadHome>,
    words: Vec<u8>,
    vector_index: Vec<u8>,
    concept_versions: Older<'a, F>,
    association_versions: Older<'a, F>,
    timeline: Vec<Moment>,
}

/// Older versions of rows that are being written.
struct Older<'a, F> {
    rows: Cursor<'a, F>,
    seqs: Cursor<'a, F>,
    count: u32,
    /// For each row the number of versions before its own.
    starts: Vec<U32>,
}

impl<'a, F: File> Older<'a, F> {
    fn new(rows: Cursor<'a, F>, seqs: Cursor<'a, F>) -> Self {
        Self { rows, seqs, count: 0, starts: Vec::new() }
    }

    /// Notes that a row begins.
    fn row(&mut self, is_history: bool) {
        if is_history {
            self.starts.push(U32::new(self.count));
        }
    }

    fn push(&mut self, record: &[u8], seq: U64) -> Result<()> {
        self.count += 1;
        self.rows.write(record)?;
        Ok(self.seqs.write(seq.as_bytes())?)
    }

    /// Versions, their sequence numbers, and the starts, if any row has versions.
    fn finish(mut self) -> Result<(Part, Part, Vec<U32>)> {
        self.starts.push(U32::new(self.count));
        let starts = if self.count == 0 { Vec::new() } else { self.starts };
        Ok((self.rows.finish()?, self.seqs.finish()?, starts))
    }
}

impl<'a, F: File> SegmentWriter<'a, F> {
    /// Begins a segment in the empty `file`.
    ///
    /// # Panics
    /// If the plan has more rows than [`ROWS_MAX`](sutra_format::limits::ROWS_MAX).
    pub fn new(file: &'a F, plan: SegmentPlan) -> Self {
        let starts = plan.starts();
        let identity = Identity { hash_seed: plan.hash_seed, segment_id: plan.segment_id };
        let cursor = |start| Cursor::new(file, identity, start);
        Self {
            file,
            plan,
            identity,
            concepts: cursor(starts.concepts),
            associations: cursor(starts.associations),
            vectors: cursor(starts.vectors),
            content: cursor(starts.content),
            concept_lines: cursor(starts.concept_lines),
            lines: LineBuilder::new(plan.concepts),
            last_concept: None,
            last_association: None,
            association_count: 0,
            sources: Ends::default(),
            incoming: Pass::first(plan.associations, PASS_KEYS),
            texts: 0,
            concept_tombstones: 0,
            association_tombstones: 0,
            runs: Vec::new(),
            vertex_tombstones: Vec::new(),
            homes: Vec::new(),
            words: Vec::new(),
            vector_index: Vec::new(),
            concept_versions: Older::new(
                cursor(starts.concept_versions),
                cursor(starts.concept_version_seqs),
            ),
            association_versions: Older::new(
                cursor(starts.association_versions),
                cursor(starts.association_version_seqs),
            ),
            timeline: Vec::new(),
        }
    }

    /// Adds the next concept.
    ///
    /// # Panics
    /// If it does not stand behind the one before by (placement, id).
    pub fn push_concept(&mut self, record: &ConceptRecord) -> Result<()> {
        debug_assert_eq!(record.check(), Ok(()), "{record:?}");
        let key = (placement(self.plan.hash_seed, &record.id), record.id);
        assert!(self.last_concept.is_none_or(|last| last < key), "concepts rise strictly");
        self.last_concept = Some(key);
        self.concept_versions.row(self.plan.history.is_some());
        self.concept_tombstones += u64::from(record.is_tombstone());
        self.lines.push(key.0, |line| self.concept_lines.write(line.as_bytes()))?;
        Ok(self.concepts.write(record.as_bytes())?)
    }

    /// Adds the next association.
    ///
    /// # Panics
    /// If it does not stand behind the one before by (placement of the source, source, kind,
    /// target).
    pub fn push_association(&mut self, record: &AssociationRecord) -> Result<()> {
        debug_assert_eq!(record.check(), Ok(()), "{record:?}");
        let seed = self.plan.hash_seed;
        let row = self.association_count;
        let within = |record: &AssociationRecord| (record.kind_code.get(), record.target);
        let hash = match &self.last_association {
            Some((hash, last)) if last.source == record.source => {
                assert!(within(last) < within(record), "associations rise strictly");
                *hash
            }
            last => {
                let hash = placement(seed, &record.source);
                let rises = |(before, last): &(u64, AssociationRecord)| {
                    (*before, last.source) < (hash, record.source)
                };
                assert!(last.as_ref().is_none_or(rises), "associations rise strictly");
                self.sources.push(hash, row);
                hash
            }
        };
        self.last_association = Some((hash, *record));
        self.association_versions.row(self.plan.history.is_some());
        self.incoming.push(IncomingKey::new(placement(seed, &record.target), record, row));
        self.association_count += 1;
        self.association_tombstones += u64::from(record.is_tombstone());
        Ok(self.associations.write(record.as_bytes())?)
    }

    /// Adds the next older version of the concept that was pushed last.
    pub fn push_concept_version(&mut self, record: &ConceptRecord) -> Result<()> {
        debug_assert_eq!(record.check(), Ok(()), "{record:?}");
        self.concept_versions.push(record.as_bytes(), record.seq)
    }

    /// Adds the next older version of the association that was pushed last.
    pub fn push_association_version(&mut self, record: &AssociationRecord) -> Result<()> {
        debug_assert_eq!(record.check(), Ok(()), "{record:?}");
        self.association_versions.push(record.as_bytes(), record.seq)
    }

    /// Sets when the commits of a history segment were made: moments that rise strictly, the last
    /// with the highest sequence number of the plan.
    pub fn set_timeline(&mut self, moments: Vec<Moment>) {
        self.timeline = moments;
    }

    /// Adds a vector, and says at which offset of the vector block.
    pub fn push_vector(&mut self, values: &[f32]) -> Result<u64> {
        let dimension = check_vector(values)?;
        let offset = self.vectors.length();
        extend_runs(&mut self.runs, offset, dimension);
        self.vectors.write(bytemuck::cast_slice(values))?;
        let padding = vector_stride(dimension) as usize - size_of_val(values);
        self.vectors.write(&[0; 64][..padding])?;
        Ok(offset)
    }

    /// Adds `count` text entries, each with its length before it, and says at which offset of
    /// the content block the first of them is.
    pub fn push_text(&mut self, entries: &[u8], count: u64) -> Result<u64> {
        let offset = self.content.length();
        self.content.write(entries)?;
        self.texts += count;
        Ok(offset)
    }

    /// Adds the next deleted concept.
    ///
    /// # Panics
    /// If it does not stand behind the one before by (placement, id).
    pub fn push_vertex_tombstone(&mut self, tombstone: VertexTombstone) {
        let key = |id: ConceptId| (placement(self.plan.hash_seed, &id), id);
        let rises = |last: &VertexTombstone| key(last.id) < key(tombstone.id);
        assert!(self.vertex_tombstones.last().is_none_or(rises), "vertex tombstones rise strictly");
        self.vertex_tombstones.push(tombstone);
    }

    /// Adds the next segment that holds payload of the records of this one.
    ///
    /// # Panics
    /// If its id is not higher than that of the one before.
    pub fn push_home(&mut self, home: PayloadHome) {
        let rises = |last: &PayloadHome| last.segment_id.get() < home.segment_id.get();
        assert!(self.homes.last().is_none_or(rises), "payload homes rise strictly");
        self.homes.push(home);
    }

    /// Sets the words of the concepts: a section of [`sutra_index::words`] over as many rows as
    /// there are concepts. Without it the segment says that nobody looked at its words.
    pub fn set_words(&mut self, section: Vec<u8>) {
        self.words = section;
    }

    /// Sets the index of the vectors, of these parts by rising (space, dimension, epoch).
    ///
    /// # Panics
    /// If the parts do not rise.
    pub fn set_vector_index(&mut self, parts: &[VectorIndexPart]) {
        self.vector_index = vector_index::assemble(parts);
    }

    /// Writes the directories and all that stands around the blocks, and seals the file.
    ///
    /// # Panics
    /// If what was pushed is not what was planned.
    pub fn finish(self) -> Result<SegmentSummary> {
        let plan = self.plan;
        let concepts = self.concepts.length() / ConceptRecord::BYTES as u64;
        let associations = self.associations.length() / AssociationRecord::BYTES as u64;
        let pushed = (concepts, associations, self.vectors.length(), self.content.length());
        let planned = (plan.concepts, plan.associations, plan.vector_bytes, plan.content_bytes);
        assert_eq!(pushed, planned, "concepts, associations, bytes of vectors and of texts");
        let older = plan.history.unwrap_or_default();
        let pushed = (self.concept_versions.count, self.association_versions.count);
        assert_eq!(
            (u64::from(pushed.0), u64::from(pushed.1)),
            (older.concepts, older.associations),
            "older versions"
        );
        let header = self.header();
        let vectors = self.runs.iter().map(|run| u64::from(run.count.get())).sum();
        let blocks = Blocks {
            concepts: (self.concepts.finish()?, concepts),
            associations: (self.associations.finish()?, associations),
            vectors: (self.vectors.finish()?, vectors),
            content: (self.content.finish()?, self.texts),
        };
        let block = Associations {
            file: self.file,
            hash_seed: plan.hash_seed,
            offset: blocks.associations.0.offset,
            count: associations,
        };
        let mut assembly = Assembly::new(self.file, self.identity, header, &blocks);
        let mut lines = self.concept_lines;
        self.lines.finish(|line| lines.write(line.as_bytes()))?;
        assembly.add(SectionKind::ConceptLines, &lines.finish()?);
        let (rows, concept_seqs, concept_starts) = self.concept_versions.finish()?;
        assembly.add(SectionKind::ConceptVersions, &rows);
        let (rows, association_seqs, association_starts) = self.association_versions.finish()?;
        assembly.add(SectionKind::AssociationVersions, &rows);
        assembly.add(SectionKind::ConceptVersionSeqs, &concept_seqs);
        assembly.add(SectionKind::AssociationVersionSeqs, &association_seqs);
        let (source_lines, starts) = (SectionKind::SourceLines, SectionKind::SourceStarts);
        self.sources.write(&mut assembly, source_lines, starts, associations)?;
        write_targets(&mut assembly, &block, self.incoming)?;
        assembly.write(SectionKind::VertexTombstones, self.vertex_tombstones.as_bytes())?;
        assembly.write(SectionKind::VectorRuns, self.runs.as_bytes())?;
        assembly.write(SectionKind::PayloadHomes, self.homes.as_bytes())?;
        assembly.write(SectionKind::Words, &self.words)?;
        assembly.write(SectionKind::VectorIndex, &self.vector_index)?;
        assembly.write(SectionKind::ConceptVersionStarts, concept_starts.as_bytes())?;
        assembly.write(SectionKind::AssociationVersionStarts, association_starts.as_bytes())?;
        assembly.write(SectionKind::Timeline, self.timeline.as_bytes())?;
        assembly.finish()
    }

    /// The header, but for what follows from the parts.
    fn header(&self) -> SegmentHeader {
        let plan = &self.plan;
        let mut header = SegmentHeader::new_zeroed();
        header.created_at = U64::new(plan.created_at);
        header.compacted_at = U64::new(plan.compacted_at);
        header.min_seq = U64::new(plan.min_seq);
        header.max_seq = U64::new(plan.max_seq);
        header.store_id = plan.store_id;
        let history = if plan.history.is_some() { SegmentFlags::HISTORY } else { 0 };
        header.flags = U32::new(SegmentFlags::SORTED | history);
        header.concept_tombstones = U64::new(self.concept_tombstones);
        header.association_tombstones = U64::new(self.association_tombstones);
        header
    }
}

/// The dimension of a vector that may be stored.
pub(crate) fn check_vector(values: &[f32]) -> Result<u32> {
    if values.is_empty() {
        return Err(SegmentError::EmptyVector);
    }
    if values.len() > VECTOR_DIMENSION_MAX {
        return Err(SegmentError::TooLarge {
            what: "dimension of a vector",
            size: values.len() as u64,
            limit: VECTOR_DIMENSION_MAX as u64,
        });
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(SegmentError::NotFinite { index, value: values[index] }),
        None => Ok(values.len() as u32),
    }
}

/// Notes that a vector of this dimension was written at `offset`, behind all others.
pub(crate) fn extend_runs(runs: &mut Vec<VectorRun>, offset: u64, dimension: u32) {
    match runs.last_mut() {
        Some(run) if run.dimension.get() == dimension && run.count.get() < u32::MAX => {
            run.count += 1;
        }
        _ => runs.push(VectorRun {
            offset: U64::new(offset),
            count: U32::new(1),
            dimension: U32::new(dimension),
        }),
    }
}
