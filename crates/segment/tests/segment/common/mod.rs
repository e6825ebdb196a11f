//! What the tests of segments share: rows with their payload as plain values, written as a
//! segment, and every question that can be asked of one.

#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of this")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use sutra_format::checksum::{crc32, page_seed};
use sutra_format::hash::placement;
use sutra_format::limits::VECTOR_DIMENSION_MAX;
use sutra_format::segment::vector_stride;
use sutra_format::{
    AssociationKind, AssociationRecord, ConceptFlags, ConceptId, ConceptRecord, PayloadHome,
    SegmentHeader, VertexTombstone,
};
use sutra_fs::{Dir, File, Name};
use sutra_segment::{
    Segment, SegmentError, SegmentPlan, SegmentSummary, SegmentWriter, VectorIndexPart,
};
use sutra_testkit::SimDir;
use zerocopy::{FromBytes, IntoBytes};

pub const SEGMENT_ID: u32 = 7;
pub const SEED: u64 = 0x0123_4567_89ab_cdef;

/// A concept and its payload.
#[derive(Clone, Debug)]
pub struct Concept {
    pub record: ConceptRecord,
    pub content: Option<String>,
    pub key: String,
    pub vector: Vec<f32>,
}

impl Concept {
    pub fn new(id: ConceptId) -> Self {
        let absent = ConceptRecord::ABSENT;
        let record = ConceptRecord::new(id, absent, 0, absent);
        Self { record, content: None, key: String::new(), vector: Vec::new() }
    }

    pub fn text(mut self, content: &str, key: &str) -> Self {
        self.content = Some(content.to_owned());
        self.key = key.to_owned();
        self
    }

    pub fn vector(mut self, values: &[f32]) -> Self {
        self.vector = values.to_vec();
        self
    }

    fn entries(&self) -> (Vec<u8>, u64) {
        let mut entries = Vec::new();
        let mut count = 0;
        let key = Some(self.key.as_bytes()).filter(|key| !key.is_empty());
        for text in [self.content.as_ref().map(String::as_bytes), key].into_iter().flatten() {
            entries.extend_from_slice(&(text.len() as u32).to_le_bytes());
            entries.extend_from_slice(text);
            count += 1;
        }
        (entries, count)
    }
}

/// The rows of a segment, in no order.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    pub concepts: BTreeMap<ConceptId, Concept>,
    pub associations: BTreeMap<(ConceptId, u16, ConceptId), AssociationRecord>,
    pub vertex_tombstones: BTreeMap<ConceptId, u64>,
    pub vector_index: Vec<VectorIndexPart>,
    pub seed: u64,
}

impl Rows {
    pub fn new() -> Self {
        Self { seed: SEED, ..Self::default() }
    }

    pub fn put(&mut self, concept: Concept) {
        self.concepts.insert(concept.record.id, concept);
    }

    pub fn associate(&mut self, source: ConceptId, kind: u16, target: ConceptId) {
        let kind_of = AssociationKind::from_code(kind);
        let record = AssociationRecord::new(source, target, kind_of, 0.5);
        self.associations.insert((source, kind, target), record);
    }

    pub fn hash(&self, id: &ConceptId) -> u64 {
        placement(self.seed, id)
    }

    pub fn sorted_concepts(&self) -> Vec<&Concept> {
        let mut concepts: Vec<_> = self.concepts.values().collect();
        concepts.sort_by_key(|concept| (self.hash(&concept.record.id), concept.record.id));
        concepts
    }

    pub fn sorted_associations(&self) -> Vec<&AssociationRecord> {
        let mut records: Vec<_> = self.associations.values().collect();
        records.sort_by_key(|r| (self.hash(&r.source), r.source, r.kind_code.get(), r.target));
        records
    }

    pub fn outgoing(&self, source: ConceptId) -> Vec<AssociationRecord> {
        let of = |record: &&&AssociationRecord| record.source == source;
        self.sorted_associations().iter().filter(of).map(|record| **record).collect()
    }

    pub fn incoming(&self, target: ConceptId) -> Vec<AssociationRecord> {
        let of = |record: &&&AssociationRecord| record.target == target;
        let all = self.sorted_associations();
        let mut records: Vec<_> = all.iter().filter(of).map(|record| **record).collect();
        records.sort_by_key(|r| (r.kind_code.get(), self.hash(&r.source), r.source));
        records
    }

    pub fn plan(&self) -> SegmentPlan {
        let stride = |concept: &Concept| vector_stride(concept.vector.len() as u32);
        SegmentPlan {
            segment_id: SEGMENT_ID,
            store_id: *b"a store of tests",
            hash_seed: self.seed,
            created_at: 1_700_000_000_000,
            compacted_at: 0,
            min_seq: 0,
            max_seq: 1 << 40,
            concepts: self.concepts.len() as u64,
            associations: self.associations.len() as u64,
            vector_bytes: self.concepts.values().map(stride).sum(),
            content_bytes: self.concepts.values().map(|c| c.entries().0.len() as u64).sum(),
            history: None,
        }
    }

    /// Writes the segment, and gives its bytes.
    pub fn write(&self) -> Vec<u8> {
        self.write_summed().0
    }

    pub fn write_summed(&self) -> (Vec<u8>, SegmentSummary) {
        let dir = SimDir::new();
        let name = Name::new("seg_00000007.dat").unwrap();
        let file = dir.create(&name).unwrap();
        let mut writer = SegmentWriter::new(&file, self.plan());
        let mut live = 0;
        for concept in self.sorted_concepts() {
            let record = self.push_payload(&mut writer, concept);
            live += record.text_bytes() + vector_stride(concept.vector.len() as u32);
            writer.push_concept(&record).unwrap();
        }
        for record in self.sorted_associations() {
            writer.push_association(record).unwrap();
        }
        let mut tombstones: Vec<_> = self.vertex_tombstones.iter().collect();
        tombstones.sort_by_key(|(id, _)| (self.hash(id), **id));
        for (id, seq) in tombstones {
            writer.push_vertex_tombstone(VertexTombstone { id: *id, seq: (*seq).into() });
        }
        if live > 0 {
            let segment_id = SEGMENT_ID.into();
            writer.push_home(PayloadHome {
                segment_id,
                reserved: 0.into(),
                live_bytes: live.into(),
            });
        }
        writer.set_vector_index(&self.vector_index);
        let summary = writer.finish().unwrap();
        let bytes = file.map().unwrap().as_ref().to_vec();
        (bytes, summary)
    }

    fn push_payload<F: File>(
        &self,
        writer: &mut SegmentWriter<'_, F>,
        concept: &Concept,
    ) -> ConceptRecord {
        let mut record = concept.record;
        let (entries, count) = concept.entries();
        if count > 0 {
            record.content_offset = writer.push_text(&entries, count).unwrap().into();
            record.content_segment = SEGMENT_ID.into();
            record.key_length = (concept.key.len() as u16).into();
        }
        if let Some(content) = &concept.content {
            record.flags = (record.flags.get() | ConceptFlags::HAS_CONTENT).into();
            record.content_length = (content.len() as u32).into();
        }
        if !concept.vector.is_empty() {
            record.vector_offset = writer.push_vector(&concept.vector).unwrap().into();
            record.vector_segment = SEGMENT_ID.into();
            record.vector_dimension = (concept.vector.len() as u32).into();
        }
        record
    }
}

/// An id from a number: all of them different, none of them special.
pub fn id(number: u64) -> ConceptId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    bytes[8..].copy_from_slice(&(number ^ 0x5555).to_be_bytes());
    ConceptId::from_bytes(bytes)
}

pub fn open(bytes: &[u8]) -> Result<Segment<&[u8]>, SegmentError> {
    Segment::open(bytes, "tests/sample.seg")
}

/// The ways in which the content and the vector of a concept come back.
#[track_caller]
pub fn check_payload<D: AsRef<[u8]>>(
    segment: &Segment<D>,
    record: &ConceptRecord,
    concept: &Concept,
) {
    if record.text_bytes() > 0 {
        let entries = segment.text(record.content_offset.get(), record.text_bytes()).unwrap();
        let text = record.split_text(entries).unwrap();
        assert_eq!(text.content, concept.content.as_deref());
        assert_eq!(text.key, concept.key.as_bytes());
    }
    if record.has_vector() {
        let dimension = record.vector_dimension.get();
        assert!(dimension as usize <= VECTOR_DIMENSION_MAX);
        for asked in [dimension, 0] {
            let values = segment.vector(record.vector_offset.get(), asked).unwrap();
            assert_eq!(values, concept.vector);
        }
    }
    assert_eq!(record.has_vector(), !concept.vector.is_empty());
    assert_eq!(record.has_content(), concept.content.is_some());
}

/// Asks everything of a sorted segment, and compares with the rows.
#[track_caller]
pub fn check_answers<D: AsRef<[u8]>>(
    segment: &Segment<D>,
    rows: &Rows,
    asked: impl IntoIterator<Item = ConceptId>,
) {
    let asked: Vec<_> = asked.into_iter().collect();
    let keys: Vec<_> = asked.iter().map(|id| (rows.hash(id), *id)).collect();
    let mut found = vec![None; keys.len()];
    segment.find_concepts(&keys, &mut found).unwrap();
    let (mut out, mut into) = (vec![&[][..]; keys.len()], vec![&[][..]; keys.len()]);
    segment.outgoing_of_all(&keys, &mut out).unwrap();
    segment.incoming_of_all(&keys, &mut into).unwrap();
    for (((hash, id), batched), ends) in keys.into_iter().zip(found).zip(out.iter().zip(into)) {
        let record = segment.find_concept(hash, &id).unwrap();
        assert_eq!(record, batched, "{id}");
        assert_eq!(record.is_some(), rows.concepts.contains_key(&id), "{id}");
        if let (Some(record), Some(concept)) = (record, rows.concepts.get(&id)) {
            assert_eq!(record.id, id);
            check_payload(segment, record, concept);
        }
        let outgoing = segment.outgoing(hash, &id).unwrap();
        assert_eq!(outgoing, rows.outgoing(id), "{id}");
        assert_eq!(outgoing, *ends.0, "{id}");
        let incoming = segment.incoming(hash, &id).unwrap();
        assert_eq!(incoming.len(), incoming.clone().count());
        assert_eq!(incoming.rows(), ends.1, "{id}");
        let incoming: Vec<_> = incoming.map(|record| *record.unwrap()).collect();
        assert_eq!(incoming, rows.incoming(id), "{id}");
        for n in [0, 1, incoming.len() / 2, incoming.len()] {
            let nth = segment.incoming(hash, &id).unwrap().nth(n).map(|row| *row.unwrap());
            assert_eq!(nth, incoming.get(n).copied(), "{id}: {n}");
        }
        let tombstone = segment.vertex_tombstone(hash, &id).unwrap();
        assert_eq!(tombstone, rows.vertex_tombstones.get(&id).copied(), "{id}");
    }
    for ((source, kind, target), record) in &rows.associations {
        let kind_of = AssociationKind::from_code(*kind);
        let find =
            |kind| segment.find_association(rows.hash(source), source, kind, target).unwrap();
        assert_eq!(find(kind_of), Some(record));
        let other = AssociationKind::from_code(kind ^ 0x4000);
        assert_eq!(find(other), None);
    }
}

/// Verifies, and checks that progress was told of every byte.
#[track_caller]
pub fn check_verify<D: AsRef<[u8]>>(segment: &Segment<D>) {
    let mut read = 0;
    segment.verify(&mut |bytes| read += bytes).unwrap();
    assert_eq!(read, segment.file_length());
}

/// A small segment that has everything a sorted one can have.
pub fn sample() -> Rows {
    let mut rows = Rows::new();
    for n in 0..6 {
        let text = "some text ".repeat(n as usize);
        rows.put(Concept::new(id(n)).text(&text, "a key").vector(&[0.5; 9][..n as usize + 3]));
        rows.associate(id(n), (n % 2) as u16, id((n + 1) % 4));
        rows.vertex_tombstones.insert(id(n + 20), n);
    }
    rows
}

/// Makes every sum right again, as far as the header still leads to the sums.
pub fn sum_again(bytes: &mut [u8]) {
    let mut header = SegmentHeader::read_from_prefix(bytes).unwrap().0;
    let part = |bytes: &[u8], offset: u64, length: u64| {
        let end = offset.checked_add(length)?;
        bytes.get(usize::try_from(offset).ok()?..usize::try_from(end).ok()?).map(<[u8]>::to_vec)
    };
    let table = (header.section_table_offset.get(), header.section_table_length.get());
    let entry_at = |index: u64| (table.0 + index * 32) as usize;
    let count = if table.1 < 1 << 20 { table.1 / 32 } else { 0 };
    for index in 0..count {
        let at = entry_at(index);
        let Some(entry) = part(bytes, at as u64, 32) else { continue };
        let field = |at: usize| u64::from_le_bytes(entry[at..at + 8].try_into().unwrap());
        let (offset, length) = (field(8), field(16));
        if entry[0] == 1 {
            for page in 1..offset / 4096 {
                let Some(sum) = part(bytes, page * 4096, 4096) else { break };
                let seed = page_seed(header.hash_seed.get(), header.segment_id.get(), page);
                let slot = (offset + page * 4) as usize;
                if let Some(slot) = bytes.get_mut(slot..slot + 4) {
                    slot.copy_from_slice(&crc32(seed, &sum).to_le_bytes());
                }
            }
        }
        if let Some(section) = part(bytes, offset, length) {
            let sum = header.part_sum(offset, &section);
            bytes[at + 24..at + 28].copy_from_slice(&sum.to_le_bytes());
        }
    }
    if let Some(entries) = part(bytes, table.0, table.1) {
        header.section_table_crc = header.part_sum(table.0, &entries).into();
    }
    let identity = header;
    let sum = |extent: sutra_format::BlockExtent| {
        part(bytes, extent.offset.get(), extent.length.get())
            .map_or(0, |block| identity.part_sum(extent.offset.get(), &block))
    };
    header.concepts_crc = sum(header.concepts).into();
    header.associations_crc = sum(header.associations).into();
    header.vectors_crc = sum(header.vectors).into();
    header.content_crc = sum(header.content).into();
    header.header_crc = header.sum().into();
    bytes[..SegmentHeader::BYTES].copy_from_slice(header.as_bytes());
}

/// Bytes that change when they are told to.
pub struct Switched<'a> {
    pub before: &'a [u8],
    pub after: &'a [u8],
    pub switch: &'a AtomicBool,
}

impl AsRef<[u8]> for Switched<'_> {
    fn as_ref(&self) -> &[u8] {
        if self.switch.load(Ordering::Relaxed) { self.after } else { self.before }
    }
}
