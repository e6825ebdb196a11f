//! [`Rewrite`]: a segment of what is left of a damaged one.
//!
//! Rows stay in their order. Payload of files that are whole stays where it is; that of damaged
//! ones goes along, as far as it can be read.

use std::collections::BTreeMap;

use sutra_format::hash::placement;
use sutra_format::segment::vector_stride;
use sutra_format::{AssociationRecord, ConceptFlags, ConceptRecord, PayloadHome, VertexTombstone};
use sutra_fs::{Dir, Staged};
use sutra_segment::{SegmentPlan, SegmentSummary, SegmentWriter};
use zerocopy::little_endian::{U16, U32, U64};

use super::doubt::Doubt;
use super::raw::RawSegment;
use super::report::{Link, Loss, Lost};
use crate::error::Result;
use crate::files::segment_name;

/// What is left of one concept.
struct Kept {
    record: ConceptRecord,
    /// Text entries that go along, and how many.
    text: Option<(Vec<u8>, u64)>,
    vector: Option<Vec<f32>>,
}

/// What a segment becomes, and why.
pub(super) struct Rewrite<'a, D: Dir> {
    pub(super) dir: &'a D,
    pub(super) name: &'a sutra_fs::Name,
    pub(super) raw: &'a RawSegment<D>,
    /// Every file that has payload, and whether it is copied as it is.
    pub(super) homes: &'a BTreeMap<u32, &'a RawSegment<D>>,
    /// What is not known of newer segments.
    pub(super) newer: &'a [Doubt<'a, D>],
    /// Whether what is in doubt is taken all the same.
    pub(super) older: bool,
}

/// What the first pass found.
#[derive(Default)]
pub(super) struct Survey {
    concepts: u64,
    associations: u64,
    /// Bytes of payload that goes along.
    content_bytes: u64,
    vector_bytes: u64,
    /// Bytes of payload that stays where it is, by segment.
    pub(super) homes: BTreeMap<u32, u64>,
    /// Whether anything differs from the file as it is.
    pub(super) differs: bool,
}

impl<D: Dir> Rewrite<'_, D> {
    /// Finds out what is left, and reports what is not.
    pub(super) fn survey(&self, losses: &mut Vec<Loss>) -> Survey {
        let mut survey = Survey { differs: !self.raw.is_intact, ..Survey::default() };
        for row in 0..self.raw.concept_rows() {
            let Some(record) = self.raw.concept(row) else { continue };
            let offset = self.raw.header.concepts.offset.get() + row * ConceptRecord::BYTES as u64;
            let mut report = |what| losses.push(self.loss(offset, what));
            match self.concept(&record, &mut report) {
                Some(kept) => survey.add(&record, &kept),
                None => survey.differs = true,
            }
        }
        for row in 0..self.raw.association_rows() {
            let Some(record) = self.raw.association(row) else { continue };
            if self.keeps(&record) {
                survey.associations += 1;
                continue;
            }
            survey.differs = true;
            if !record.is_tombstone() {
                let block = self.raw.header.associations.offset.get();
                let offset = block + row * AssociationRecord::BYTES as u64;
                let what = Lost::DoubtfulAssociation(Link::of(&record));
                losses.push(self.loss(offset, what));
            }
        }
        survey
    }

    /// Writes what is left into `to`; `None` if nothing is.
    pub(super) fn write(
        &self,
        to: &D,
        id: u32,
        store_id: [u8; 16],
        survey: &Survey,
    ) -> Result<Option<SegmentSummary>> {
        let tombstones = self.tombstones();
        if survey.concepts + survey.associations == 0 && tombstones.is_empty() {
            return Ok(None);
        }
        let staged = Staged::create(to, &segment_name(id))?;
        match self.fill(staged.file(), id, store_id, survey, tombstones) {
            Ok(summary) => {
                sutra_fs::File::seal(staged.file())?;
                staged.publish(to)?;
                Ok(Some(summary))
            }
            Err(error) => {
                let _ = staged.discard(to); // The first error is the one that tells.
                Err(error)
            }
        }
    }

    fn fill(
        &self,
        file: &D::File,
        id: u32,
        store_id: [u8; 16],
        survey: &Survey,
        tombstones: Vec<VertexTombstone>,
    ) -> Result<SegmentSummary> {
        let header = &self.raw.header;
        let plan = SegmentPlan {
            segment_id: id,
            store_id,
            hash_seed: header.hash_seed.get(),
            created_at: header.created_at.get(),
            compacted_at: header.compacted_at.get(),
            min_seq: header.min_seq.get(),
            max_seq: header.max_seq.get(),
            concepts: survey.concepts,
            associations: survey.associations,
            vector_bytes: survey.vector_bytes,
            content_bytes: survey.content_bytes,
            history: None,
        };
        let mut writer = SegmentWriter::new(file, plan);
        for row in 0..self.raw.concept_rows() {
            let record = self.raw.concept(row);
            let Some(kept) = record.and_then(|record| self.concept(&record, &mut |_| {})) else {
                continue;
            };
            let Kept { mut record, text, vector } = kept;
            if let Some((entries, count)) = text {
                record.content_offset = U64::new(writer.push_text(&entries, count)?);
                record.content_segment = U32::new(id);
            }
            if let Some(values) = vector {
                record.vector_offset = U64::new(writer.push_vector(&values)?);
                record.vector_segment = U32::new(id);
            }
            writer.push_concept(&record)?;
        }
        let associations = (0..self.raw.association_rows()).filter_map(|n| self.raw.association(n));
        for record in associations.filter(|record| self.keeps(record)) {
            writer.push_association(&record)?;
        }
        tombstones.into_iter().for_each(|tombstone| writer.push_vertex_tombstone(tombstone));
        let mut homes = survey.homes.clone();
        let own_bytes = survey.content_bytes + survey.vector_bytes;
        if own_bytes > 0 {
            homes.insert(id, own_bytes);
        }
        for (id, bytes) in homes {
            let (segment_id, live_bytes) = (U32::new(id), U64::new(bytes));
            writer.push_home(PayloadHome { segment_id, reserved: U32::ZERO, live_bytes });
        }
        Ok(writer.finish()?)
    }

    /// What is left of a concept; nothing if it is in doubt.
    fn concept(&self, record: &ConceptRecord, report: &mut dyn FnMut(Lost)) -> Option<Kept> {
        if !self.older && self.newer.iter().any(|newer| newer.about_concept(&record.id)) {
            if !record.is_tombstone() && !record.is_delta() {
                report(Lost::DoubtfulConcept(record.id));
            }
            return None;
        }
        let mut kept = Kept { record: *record, text: None, vector: None };
        let is_whole = |id: u32| self.homes.get(&id).is_some_and(|home| home.is_intact);
        if record.text_bytes() > 0 && !is_whole(record.content_segment.get()) {
            let (entries, count, is_all) = self.text(&mut kept.record);
            if !is_all {
                report(Lost::Text(record.id));
            }
            if record.is_fact() && kept.record.key_length.get() == 0 {
                return None; // Nobody knows any more which association it belongs to.
            }
            kept.text = (count > 0).then_some((entries, count));
        }
        if record.has_vector() && !is_whole(record.vector_segment.get()) {
            let (offset, dimension) = (record.vector_offset.get(), record.vector_dimension.get());
            let home = self.homes.get(&record.vector_segment.get());
            kept.vector = home.filter(|_| dimension > 0).and_then(|h| h.vector(offset, dimension));
            if kept.vector.is_none() {
                report(Lost::Vector(record.id));
                kept.record.vector_offset = U64::new(ConceptRecord::ABSENT);
                kept.record.vector_segment = U32::ZERO;
                kept.record.vector_dimension = U32::ZERO;
            }
        }
        Some(kept)
    }

    /// The text entries that can be read. The record loses the others.
    fn text(&self, record: &mut ConceptRecord) -> (Vec<u8>, u64, bool) {
        let home = self.homes.get(&record.content_segment.get());
        let content = record.has_content().then_some(record.content_length.get());
        let attributes = Some(record.attributes_length.get()).filter(|length| *length > 0);
        let key = Some(u32::from(record.key_length.get())).filter(|length| *length > 0);
        let (mut at, mut entries, mut count) = (record.content_offset.get(), Vec::new(), 0);
        let mut read = |length: Option<u32>, is_text: bool| -> Option<bool> {
            let length = length?;
            let bytes = home.and_then(|home| home.text(at, 4 + u64::from(length)));
            at = at.saturating_add(4 + u64::from(length));
            let bytes = bytes.filter(|bytes| {
                bytes[..4] == length.to_le_bytes()
                    && (!is_text || std::str::from_utf8(&bytes[4..]).is_ok())
            });
            entries.extend_from_slice(bytes.unwrap_or_default());
            count += u64::from(bytes.is_some());
            Some(bytes.is_some())
        };
        let is_key_text = !record.is_fact();
        let found = [read(content, true), read(attributes, false), read(key, is_key_text)];
        if found[0] == Some(false) {
            record.flags = U32::new(record.flags.get() & !ConceptFlags::HAS_CONTENT);
            record.content_length = U32::ZERO;
        }
        if found[1] == Some(false) {
            record.attributes_length = U32::ZERO;
        }
        if found[2] == Some(false) {
            record.key_length = U16::ZERO;
        }
        if count == 0 {
            record.content_offset = U64::new(ConceptRecord::ABSENT);
            record.content_segment = U32::ZERO;
        }
        (entries, count, !found.contains(&Some(false)))
    }

    fn keeps(&self, record: &AssociationRecord) -> bool {
        self.older || !self.newer.iter().any(|newer| newer.about_association(record))
    }

    /// The deletions, or those that the rows still tell.
    fn tombstones(&self) -> Vec<VertexTombstone> {
        if let Some(tombstones) = &self.raw.tombstones {
            return tombstones.clone();
        }
        let seed = self.raw.header.hash_seed.get();
        let rows = (0..self.raw.concept_rows()).filter_map(|row| self.raw.concept(row));
        let deleted = rows.filter(|record| record.is_tombstone() && !record.is_fact());
        let mut rows: Vec<VertexTombstone> =
            deleted.map(|record| VertexTombstone { id: record.id, seq: record.seq }).collect();
        rows.sort_unstable_by_key(|row| (placement(seed, &row.id), row.id));
        rows
    }

    fn loss(&self, offset: u64, what: Lost) -> Loss {
        Loss { path: self.dir.path(self.name), offset: Some(offset), what }
    }
}

impl Survey {
    fn add(&mut self, old: &ConceptRecord, kept: &Kept) {
        self.concepts += 1;
        self.differs |= kept.record != *old || kept.text.is_some() || kept.vector.is_some();
        match &kept.text {
            Some((entries, _)) => self.content_bytes += entries.len() as u64,
            None if kept.record.text_bytes() > 0 => {
                let home = self.homes.entry(kept.record.content_segment.get()).or_default();
                *home += kept.record.text_bytes();
            }
            None => {}
        }
        match &kept.vector {
            Some(values) => {
                self.vector_bytes += vector_stride(old.vector_dimension.get());
                debug_assert_eq!(values.len(), old.vector_dimension.get() as usize);
            }
            None if kept.record.has_vector() => {
                let home = self.homes.entry(kept.record.vector_segment.get()).or_default();
                *home += vector_stride(kept.record.vector_dimension.get());
            }
            None => {}
        }
    }
}
