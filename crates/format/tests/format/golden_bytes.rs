//! The bytes of version 1. A change of the format fails here, and is made by changing these files
//! on purpose, together with FORMAT.md and, once version 1 is released, with the version.

use crate::common::{HASH_SEED, extent, golden, golden_fields, golden_value};
use sutra_format::checksum::PLAIN_SEED;
use sutra_format::journal::{
    FrameHeader, FrameKind, JOURNAL_MAGIC, JOURNAL_VERSION, JournalHeader,
};
use sutra_format::segment::{MAGIC, SegmentFlags, VERSION};
use sutra_format::time::pack_48;
use sutra_format::{
    AssociationFlags, AssociationKind, AssociationRecord, ConceptFlags, ConceptId, ConceptRecord,
    FactKey, Moment, PayloadHome, SectionEntry, SectionKind, SegmentHeader, TagLine,
    VectorIndexEntry, VectorRun, VertexTombstone,
};
use zerocopy::little_endian::{F32, I64, U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

const STORE_ID: [u8; 16] = rising(0x80);
const A: ConceptId = ConceptId::from_bytes(rising(0x10));
const B: ConceptId = ConceptId::from_bytes(rising(0x20));

const fn rising(first: u8) -> [u8; 16] {
    (first as u128 * 0x0101_0101_0101_0101_0101_0101_0101_0101
        + 0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f)
        .to_be_bytes()
}

/// The golden bytes mean `value`, and `value` is written as the golden bytes.
#[track_caller]
fn check<T>(name: &str, value: &T)
where
    T: FromBytes + IntoBytes + KnownLayout + Immutable + PartialEq + std::fmt::Debug,
{
    let mut offset = 0;
    for (field, bytes) in golden_fields(name) {
        let end = offset + bytes.len();
        assert_eq!(value.as_bytes()[offset..end], bytes, "{name}: {field} at byte {offset}");
        offset = end;
    }
    assert_eq!(offset, size_of::<T>(), "{name} has the length of its type");
    assert_eq!(golden_value::<T>(name), *value, "{name}");
}

fn journal_header() -> JournalHeader {
    let mut header = JournalHeader {
        magic: JOURNAL_MAGIC,
        version: U32::new(JOURNAL_VERSION),
        journal_id: U32::new(6),
        store_id: STORE_ID,
        hash_seed: U64::new(HASH_SEED),
        first_seq: U64::new(257),
        created_at: U64::new(1_700_000_000_002),
        reserved: U32::ZERO,
        header_crc: U32::ZERO,
    };
    header.header_crc = U32::new(header.sum());
    header
}

fn commit_frame() -> FrameHeader {
    let mut frame = FrameHeader {
        magic: U32::new(FrameHeader::MAGIC),
        kind: U16::new(FrameKind::Commit as u16),
        flags: U16::ZERO,
        first_seq: U64::new(257),
        commit_time: U64::new(1_700_000_000_003),
        synced_upto: U64::new(4096),
        concept_count: U32::new(1),
        association_count: U32::new(2),
        payload_length: U32::new(21),
        body_crc: U32::new(0xa5a6_a7a8),
        previous_crc: journal_header().header_crc,
        next_journal: U32::ZERO,
        reserved: U32::ZERO,
        header_crc: U32::ZERO,
    };
    frame.header_crc = U32::new(frame.sum(HASH_SEED, 6, 4096));
    frame
}

#[test]
fn concept_records_keep_their_bytes() {
    let mut record = ConceptRecord::new(A, 0x1112_1314_1516_1718, 0x2122_2324, 0);
    record.seq = U64::new(0x0102_0304_0506_0708);
    record.created_at = U64::new(1_700_000_000_000);
    record.updated_at = U64::new(1_700_000_000_001);
    record.accessed_at = U64::new(1_700_000_000_002);
    record.valid_from = I64::new(-1);
    record.content_segment = U32::new(0x3132_3334);
    record.attributes_length = U32::new(0x4142_4344);
    record.key_length = U16::new(0x5152);
    record.vector_space = U16::new(0x6162);
    record.vector_offset = U64::new(0x7172_7374_7576_7778);
    record.vector_segment = U32::new(0x8182_8384);
    record.vector_dimension = U32::new(384);
    record.strength = F32::new(0.5);
    record.confidence = F32::new(0.25);
    record.access_count = U32::new(0x9192_9394);
    record.source_hash = U32::new(0xa1a2_a3a4);
    record.flags = U32::new(record.flags.get() | ConceptFlags::FACT);
    check("concept_record.hex", &record);

    let mut tombstone = ConceptRecord::tombstone(A);
    tombstone.seq = U64::new(9);
    check("concept_tombstone.hex", &tombstone);
}

#[test]
fn association_records_and_fact_keys_keep_their_bytes() {
    let mut record = AssociationRecord::new(A, B, AssociationKind::CAUSAL, 0.75);
    record.seq = U64::new(0x0102_0304_0506_0708);
    record.valid_from_48 = pack_48(-86_400_000);
    record.weight = F32::new(2.0);
    record.flags = U16::new(AssociationFlags::HAS_FACT);
    check("association_record.hex", &record);
    check("fact_key.hex", &FactKey::new(A, AssociationKind::from_code(0x0105), B));
}

#[test]
fn text_entries_keep_their_bytes() {
    let mut record = ConceptRecord::new(A, 0, 6, ConceptRecord::ABSENT);
    record.attributes_length = U32::new(7);
    record.key_length = U16::new(5);
    let bytes = golden("text_entries.hex");
    let text = record.split_text(&bytes).unwrap();
    assert_eq!(text.content, Some("naïve"));
    assert_eq!(text.attributes, br#"{"a":1}"#);
    assert_eq!(text.key_text(), Some("Sutra"));
}

#[test]
fn segment_headers_keep_their_bytes_and_sums() {
    let mut header = SegmentHeader {
        magic: MAGIC,
        version: U32::new(VERSION),
        segment_id: U32::new(7),
        concepts: extent(4096, 256, 2),
        associations: extent(8192, 64, 1),
        vectors: extent(12_288, 128, 2),
        content: extent(16_384, 0, 0),
        created_at: U64::new(1_700_000_000_000),
        compacted_at: U64::new(1_700_000_000_001),
        concepts_crc: U32::new(0xc1c2_c3c4),
        associations_crc: U32::new(0xd1d2_d3d4),
        vectors_crc: U32::new(0xe1e2_e3e4),
        content_crc: U32::new(0xf1f2_f3f4),
        min_seq: U64::new(255),
        max_seq: U64::new(256),
        hash_seed: U64::new(HASH_SEED),
        store_id: STORE_ID,
        section_table_offset: U64::new(20_504),
        section_table_length: U64::new(64),
        section_table_crc: U32::ZERO,
        flags: U32::new(SegmentFlags::SORTED),
        concept_tombstones: U64::new(1),
        association_tombstones: U64::ZERO,
        reserved: [0; 28],
        header_crc: U32::ZERO,
    };
    let table = golden("section_table.hex");
    header.section_table_crc = U32::new(header.part_sum(20_504, &table));
    header.header_crc = U32::new(header.sum());
    check("segment_header.hex", &header);

    let bytes = golden("segment_header.hex");
    let decoded = SegmentHeader::decode(&bytes, 20_568).expect("the golden header holds");
    let entries = decoded.sections(&table).expect("the golden section table holds");
    let kinds: Vec<_> =
        entries.iter().map(|entry| SectionKind::from_code(entry.kind.get())).collect();
    assert_eq!(kinds, [Some(SectionKind::ConceptLines), Some(SectionKind::PageSums)]);
    assert_eq!((entries[0].crc.get(), entries[0].flags.get()), (0xa1a2_a3a4, 0));
    assert_eq!(
        (entries[1].crc.get(), entries[1].flags.get()),
        (0xb1b2_b3b4, SectionEntry::REQUIRED)
    );
}

#[test]
fn rows_of_sections_keep_their_bytes() {
    let tags = std::array::from_fn(|at| U16::new(0x100 + at as u16));
    check("tag_line.hex", &TagLine { tags, base: U32::new(0x0102_0304), count: U32::new(28) });
    check("vertex_tombstone.hex", &VertexTombstone { id: A, seq: U64::new(0x0102_0304_0506_0708) });
    let (offset, dimension) = (U64::new(0x0102_0304_0506_0740), U32::new(384));
    check("vector_run.hex", &VectorRun { offset, count: U32::new(3), dimension });
    let (segment_id, reserved) = (U32::new(7), U32::ZERO);
    let live_bytes = U64::new(0x0102_0304_0506_0708);
    let (seq, time) = (U64::new(0x0102_0304_0506_0708), U64::new(0x1112_1314_1516_1718));
    check("moment.hex", &Moment { seq, time });
    check("payload_home.hex", &PayloadHome { segment_id, reserved, live_bytes });
    let (space, reserved) = (U16::new(0x0102), U16::ZERO);
    let (epoch, offset) = (U64::new(0x1112_1314_1516_1718), U64::new(0x2122_2324_2526_2740));
    let (dimension, length) = (U32::new(384), U64::new(0x3132_3334_3536_3738));
    let entry = VectorIndexEntry { space, reserved, dimension, epoch, offset, length };
    check("vector_index_entry.hex", &entry);
}

#[test]
fn journals_keep_their_bytes_and_sums() {
    check("journal_header.hex", &journal_header());
    assert_eq!(JournalHeader::decode(&golden("journal_header.hex")), Ok(&journal_header()));

    let commit = commit_frame();
    check("commit_frame.hex", &commit);
    assert!(commit.holds(HASH_SEED, 6, 4096));
    assert_eq!(commit.check(6, 4096), Ok(()));

    let offset = 4096 + commit.frame_bytes().unwrap();
    let mut sealed = FrameHeader {
        kind: U16::new(FrameKind::Sealed as u16),
        first_seq: U64::new(260),
        commit_time: U64::ZERO,
        synced_upto: U64::new(offset),
        concept_count: U32::ZERO,
        association_count: U32::ZERO,
        payload_length: U32::ZERO,
        body_crc: U32::new(PLAIN_SEED),
        previous_crc: commit.header_crc,
        next_journal: U32::new(8),
        ..commit
    };
    sealed.header_crc = U32::new(sealed.sum(HASH_SEED, 6, offset));
    check("sealed_frame.hex", &sealed);
    assert_eq!(sealed.check(6, offset), Ok(()));
}
