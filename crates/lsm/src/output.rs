//! Writes what a merge leaves as one new segment: the common half of flush and compaction.
//!
//! The merge is read twice. The first pass decides what stays and adds up the blocks, so that
//! the second can write every byte once, to its final place, with bounded memory.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::Ordering;

use sutra_format::segment::vector_stride;
use sutra_format::{AssociationRecord, ConceptId, ConceptRecord, PayloadHome, VertexTombstone};
use sutra_fs::{Dir, File, Staged};
use sutra_segment::{OlderVersions, SegmentPlan, SegmentWriter};
use zerocopy::little_endian::{F32, U32, U64};

use crate::error::{LsmError, Result};
use crate::files::{SegmentFile, segment_name};
use crate::memtable::Memtable;
use crate::merge::{AssociationMerge, ConceptMerge, ConceptRow, Merged};
use crate::moves::Moves;
use crate::planted::{self, Bug};
use crate::readback::{Tally, Written};
use crate::snapshot::{Home, entries_of, vector_of};
use crate::sync::AtomicBool;
use crate::vectors::NewVectors;
use crate::version::Version;
use crate::words::NewWords;

/// The tables that become one segment, newest first.
pub(crate) struct Input<'a, D: Dir> {
    pub(crate) version: &'a Version<D>,
    pub(crate) memtable: Option<&'a Memtable>,
    pub(crate) segments: Vec<&'a SegmentFile<D>>,
    /// Whether nothing older exists, so that there is nothing left for a tombstone to hide.
    pub(crate) bottom: bool,
    /// Where the words of the new segment come from.
    pub(crate) words: Words,
    /// Set when the work is no longer wanted.
    pub(crate) cancel: &'a AtomicBool,
}

/// Where the words of a new segment come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    /// Of a memtable from the texts, of segments from their words.
    AsUsual,
    /// From the texts: what words there are is not to be trusted. Only for a merge of all segments.
    Afresh,
    /// The same, with all else that the old segments derived from their rows, and every payload moves:
    /// no byte of theirs may matter any more.
    Erasing,
    /// From nowhere: what the new segment hides is not known. Such a store is to be indexed afresh.
    Omitted,
}

/// What names and dates the new segment.
pub(crate) struct Label {
    pub(crate) segment_id: u32,
    pub(crate) store_id: [u8; 16],
    pub(crate) created_at: u64,
    pub(crate) compacted_at: u64,
    pub(crate) min_seq: u64,
    pub(crate) max_seq: u64,
}

/// What the first pass found.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    pub(crate) concepts: u64,
    pub(crate) associations: u64,
    /// Older versions of the same, if it becomes history.
    pub(crate) older: Option<OlderVersions>,
    /// Payload in memtables; it always moves.
    memory: Payload,
    /// Payload by the segment where it lies.
    pub(crate) homes: BTreeMap<u32, Payload>,
}

/// Bytes of payload, as they take up room in a segment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Payload {
    text: u64,
    vectors: u64,
}

impl Payload {
    pub(crate) fn bytes(self) -> u64 {
        self.text + self.vectors
    }
}

/// Why no segment came of it.
pub(crate) enum Stop {
    /// Something failed.
    Failed(LsmError),
    /// The work was called off: the store is closing.
    Cancelled,
}

impl<E: Into<LsmError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Rows that survive, and the deletions that decide it.
pub(crate) struct Filter<'a, D: Dir> {
    input: &'a Input<'a, D>,
    deleted: HashMap<ConceptId, u64>,
}

impl<'a, D: Dir> Filter<'a, D> {
    pub(crate) fn new(input: &'a Input<'a, D>) -> Result<Self> {
        let mut deleted = HashMap::new();
        let mut add = |tombstone: &VertexTombstone| {
            let newest = deleted.entry(tombstone.id).or_insert(0);
            *newest = tombstone.seq.get().max(*newest);
        };
        if let Some(memtable) = input.memtable {
            memtable.sorted_vertex_tombstones(u64::MAX).iter().for_each(&mut add);
        }
        for file in &input.segments {
            file.segment.vertex_tombstones()?.iter().for_each(&mut add);
        }
        Ok(Self { input, deleted })
    }

    fn is_deleted_after(&self, id: &ConceptId, seq: u64) -> bool {
        self.deleted.get(id).is_some_and(|deleted| *deleted > seq)
    }

    fn keeps_concept(&self, row: &ConceptRow<'_>) -> Result<bool> {
        let record = &row.record;
        if self.input.bottom && (record.is_tombstone() || record.is_delta()) {
            return Ok(false);
        }
        if record.is_fact() && !record.is_tombstone() && !self.deleted.is_empty() {
            let entries = entries_of(record, row.home, self.input.version)?;
            let key = record.split_text(entries).ok().and_then(|text| text.fact_key());
            if let Some(key) = key {
                let seq = record.seq.get();
                return Ok(!self.is_deleted_after(&key.source, seq)
                    && !self.is_deleted_after(&key.target, seq));
            }
        }
        Ok(true)
    }

    fn keeps_association(&self, record: &AssociationRecord) -> bool {
        let seq = record.seq.get();
        !(self.input.bottom && record.is_tombstone()
            || self.is_deleted_after(&record.source, seq)
            || self.is_deleted_after(&record.target, seq))
    }

    /// What the new segment must go on hiding in older ones.
    fn vertex_tombstones(&self) -> Vec<VertexTombstone> {
        if self.input.bottom {
            return Vec::new();
        }
        let mut rows: Vec<_> = self
            .deleted
            .iter()
            .map(|(id, seq)| VertexTombstone { id: *id, seq: U64::new(*seq) })
            .collect();
        rows.sort_unstable_by_key(|row| (self.input.version.hash(&row.id), row.id));
        rows
    }

    fn concepts(
        &self,
        mut each: impl FnMut(ConceptRow<'a>) -> Result<()>,
    ) -> std::result::Result<(), Stop> {
        let Input { version, memtable, segments, .. } = self.input;
        let (memtables, segments) = (memtable.iter().copied(), segments.iter().copied());
        let mut merge = ConceptMerge::new(version.hash_seed, memtables, segments, u64::MAX)?;
        let mut rows = 0;
        while let Some(row) = merge.next()? {
            if self.keeps_concept(&row)? {
                each(row)?;
            }
            self.go_on(&mut rows)?;
        }
        Ok(())
    }

    fn associations(
        &self,
        mut each: impl FnMut(AssociationRecord) -> Result<()>,
    ) -> std::result::Result<(), Stop> {
        let Input { version, memtable, segments, .. } = self.input;
        let (memtables, segments) = (memtable.iter().copied(), segments.iter().copied());
        let mut merge = AssociationMerge::new(version.hash_seed, memtables, segments, u64::MAX)?;
        let mut rows = 0;
        while let Some(Merged { record, .. }) = merge.next()? {
            if self.keeps_association(&record) {
                each(record)?;
            }
            self.go_on(&mut rows)?;
        }
        Ok(())
    }

    /// Looks now and then whether the work is still wanted.
    fn go_on(&self, rows: &mut u64) -> std::result::Result<(), Stop> {
        *rows += 1;
        if rows.is_multiple_of(1024) && self.input.cancel.load(Ordering::Relaxed) {
            return Err(Stop::Cancelled);
        }
        Ok(())
    }

    /// The first pass. What it lets through can be written: rows that rise and can be
    /// meant, and refer to no more than there is.
    pub(crate) fn survey(&self) -> std::result::Result<Survey, Stop> {
        let mut survey = Survey::default();
        let mut last = None;
        self.concepts(|row| {
            let record = &row.record;
            let key = Some((self.input.version.hash(&record.id), record.id));
            let dimension = !record.has_vector() || record.vector_dimension.get() > 0;
            if last >= key || !dimension || record.check().is_err() {
                return Err(damage(self.input.version));
            }
            last = key;
            survey.concepts += 1;
            survey.add(record, row.home, [false; 2]);
            Ok(())
        })?;
        let mut last = None;
        self.associations(|record| {
            let hash = self.input.version.hash(&record.source);
            let key = Some((hash, record.source, record.kind().code(), record.target));
            if last >= key || record.check().is_err() {
                return Err(damage(self.input.version));
            }
            last = key;
            survey.associations += 1;
            Ok(())
        })?;
        // Payload that records share would be written once for each.
        if survey.fits(self.input.version) {
            Ok(survey)
        } else {
            Err(damage(self.input.version).into())
        }
    }

    /// The second pass: writes and publishes the segment, carrying along the payload that lies
    /// in memory or in `moved`. `None` if nothing is left to be written.
    pub(crate) fn write(
        &self,
        dir: &D,
        label: &Label,
        survey: &Survey,
        moved: &BTreeSet<u32>,
    ) -> std::result::Result<Option<Written>, Stop> {
        let tombstones = self.vertex_tombstones();
        if survey.concepts == 0 && survey.associations == 0 && tombstones.is_empty() {
            return Ok(None);
        }
        let fill = |file: &D::File| self.fill(file, label, survey, moved, &tombstones);
        write_segment(dir, label.segment_id, fill).map(Some)
    }

    fn fill(
        &self,
        file: &D::File,
        label: &Label,
        survey: &Survey,
        moved: &BTreeSet<u32>,
        tombstones: &[VertexTombstone],
    ) -> std::result::Result<Written, Stop> {
        let plan = survey.plan(self.input.version.hash_seed, label, survey.own(moved));
        let mut writer = SegmentWriter::new(file, plan);
        let mut tally = Tally::default();
        let mut moves = Moves::new(&self.input.segments);
        let mut words = NewWords::new(self.input)?;
        let mut vectors = NewVectors::new(self.input);
        let (version, segment_id) = (self.input.version, label.segment_id);
        let carrier = Carrier { version, segment_id, moved };
        self.concepts(|row| {
            let new = moves.push(&row);
            words.push(&row, new)?;
            vectors.push(&row, new);
            let source = (&row.record, row.home);
            let record = carrier.carry(source, None, &mut writer, &mut tally)?;
            Ok(writer.push_concept(&record)?)
        })?;
        if let Some(section) = words.finish(&moves)? {
            writer.set_words(section);
        }
        writer.set_vector_index(&vectors.finish(&moves, label.segment_id)?);
        self.associations(|mut record| {
            tally.association(&record);
            if planted::is(Bug::AssociationChangedInMerge) {
                record.weight = F32::new(record.weight.get() + 1.0);
            }
            Ok(writer.push_association(&record)?)
        })?;
        for tombstone in tombstones {
            tally.deletion(tombstone);
            writer.push_vertex_tombstone(*tombstone);
        }
        survey.homes_after(moved, label.segment_id).into_iter().for_each(|h| writer.push_home(h));
        Ok(Written { summary: writer.finish()?, tally })
    }
}

/// Fills a new segment file and publishes it, or leaves nothing.
pub(crate) fn write_segment<D: Dir>(
    dir: &D,
    segment_id: u32,
    fill: impl FnOnce(&D::File) -> std::result::Result<Written, Stop>,
) -> std::result::Result<Written, Stop> {
    let staged = Staged::create(dir, &segment_name(segment_id))?;
    match fill(staged.file()) {
        Ok(written) => {
            staged.file().seal()?;
            staged.publish(dir)?;
            Ok(written)
        }
        Err(stop) => {
            let _ = staged.discard(dir); // Else the next writer removes it.
            Err(stop)
        }
    }
}

/// A segment that takes payload along with its rows.
pub(crate) struct Carrier<'a, D: Dir> {
    pub(crate) version: &'a Version<D>,
    pub(crate) segment_id: u32,
    /// The files whose payload moves; what lies in memory always does.
    pub(crate) moved: &'a BTreeSet<u32>,
}

impl<D: Dir> Carrier<'_, D> {
    /// Copies the payload of a row if it moves, and gives the record that refers to it. The tally
    /// takes both as they were before. What a row shares with the `newer` one before it, as that was
    /// written, is not copied again.
    pub(crate) fn carry(
        &self,
        (record, home): (&ConceptRecord, Home<'_>),
        newer: Option<(&ConceptRecord, [bool; 2])>,
        writer: &mut SegmentWriter<'_, D::File>,
        tally: &mut Tally,
    ) -> Result<ConceptRecord> {
        let is_in_memory = matches!(home, Home::Memtable(..));
        let moves = |segment: u32| is_in_memory || self.moved.contains(&segment);
        let (source, mut record, version) = (record, *record, self.version);
        let shared = |at: usize| newer.filter(|(_, shares)| shares[at]).map(|(newer, _)| newer);
        let text = (record.text_bytes() > 0 && moves(record.content_segment.get()))
            .then(|| entries_of(source, home, version))
            .transpose()?;
        let vector = (record.has_vector() && moves(record.vector_segment.get()))
            .then(|| vector_of(source, home, version))
            .transpose()?
            .map(Option::unwrap_or_default);
        tally.concept(&record, text, vector);
        if let Some(entries) = text {
            let entries = changed_if_planted(entries);
            let offset = match shared(0) {
                Some(newer) => newer.content_offset.get(),
                None => writer.push_text(&entries, entry_count(&record))?,
            };
            record.content_offset = U64::new(offset);
            record.content_segment = U32::new(self.segment_id);
        }
        if let Some(values) = vector {
            let offset = match shared(1) {
                Some(newer) => newer.vector_offset.get(),
                None => writer.push_vector(values).map_err(|error| match error.fs() {
                    None => damage(version),
                    Some(_) => error.into(),
                })?,
            };
            record.vector_offset = U64::new(offset);
            record.vector_segment = U32::new(self.segment_id);
        }
        if planted::is(Bug::RowChangedInMerge) {
            record.source_hash = U32::new(record.source_hash.get() ^ 1);
        }
        Ok(record)
    }
}

/// What is wrong with the first damaged file, after a row that no sound file can have. Sums do
/// not notice it in a file that somebody made.
#[cold]
pub(crate) fn damage<D: Dir>(version: &Version<D>) -> LsmError {
    let files = &version.files;
    let damage = files.iter().find_map(|file| file.segment.verify(&mut |_| {}).err());
    damage.map_or_else(
        || LsmError::Inconsistent {
            path: files.first().map_or_else(Default::default, |f| f.segment.path().into()),
            reason: "this segment or a newer one has rows that cannot be merged".into(),
        },
        LsmError::from,
    )
}

fn changed_if_planted(entries: &[u8]) -> Cow<'_, [u8]> {
    let mut entries = Cow::Borrowed(entries);
    if planted::is(Bug::TextChangedInMerge)
        && let Some(last) = entries.to_mut().last_mut()
    {
        *last ^= 1;
    }
    entries
}

impl Survey {
    /// Adds the payload of a row, but for text or vector that it shares with the one before.
    pub(crate) fn add(&mut self, record: &ConceptRecord, home: Home<'_>, shares: [bool; 2]) {
        let in_memory = matches!(home, Home::Memtable(..));
        if record.text_bytes() > 0 && !shares[0] {
            self.home(in_memory, record.content_segment.get()).text += record.text_bytes();
        }
        if record.has_vector() && !shares[1] {
            let stride = vector_stride(record.vector_dimension.get());
            self.home(in_memory, record.vector_segment.get()).vectors += stride;
        }
    }

    /// Whether no file is said to hold more payload than it can.
    pub(crate) fn fits<D: Dir>(&self, version: &Version<D>) -> bool {
        self.homes.iter().all(|(id, payload)| {
            let file = version.file(*id);
            file.is_some_and(|file| payload.bytes() <= file.segment.file_length())
        })
    }

    fn home(&mut self, in_memory: bool, segment: u32) -> &mut Payload {
        if in_memory { &mut self.memory } else { self.homes.entry(segment).or_default() }
    }

    /// The payload that the new segment will hold itself.
    pub(crate) fn own(&self, moved: &BTreeSet<u32>) -> Payload {
        let homes = self.homes.iter().filter(|(segment, _)| moved.contains(segment));
        homes.fold(self.memory, |sum, (_, home)| Payload {
            text: sum.text + home.text,
            vectors: sum.vectors + home.vectors,
        })
    }

    /// Where the payload lies once `moved` has moved into the segment `own_id`, by rising id.
    pub(crate) fn homes_after(&self, moved: &BTreeSet<u32>, own_id: u32) -> Vec<PayloadHome> {
        let stay = self.homes.iter().filter(|(segment, _)| !moved.contains(segment));
        let mut homes: Vec<(u32, u64)> = stay.map(|(id, home)| (*id, home.bytes())).collect();
        homes.push((own_id, self.own(moved).bytes()));
        homes.sort_unstable();
        homes
            .into_iter()
            .filter(|(_, bytes)| *bytes > 0)
            .map(|(id, bytes)| PayloadHome {
                segment_id: U32::new(id),
                reserved: U32::ZERO,
                live_bytes: U64::new(bytes),
            })
            .collect()
    }

    pub(crate) fn plan(&self, hash_seed: u64, label: &Label, own: Payload) -> SegmentPlan {
        SegmentPlan {
            segment_id: label.segment_id,
            store_id: label.store_id,
            hash_seed,
            created_at: label.created_at,
            compacted_at: label.compacted_at,
            min_seq: label.min_seq,
            max_seq: label.max_seq,
            concepts: self.concepts,
            associations: self.associations,
            vector_bytes: own.vectors,
            content_bytes: own.text,
            history: self.older,
        }
    }
}

/// How many text entries a record has.
fn entry_count(record: &ConceptRecord) -> u64 {
    u64::from(record.has_content())
        + u64::from(record.attributes_length.get() > 0)
        + u64::from(record.key_length.get() > 0)
}
