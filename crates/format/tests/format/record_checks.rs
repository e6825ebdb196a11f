//! Every rule of `check` refuses what breaks it, and names the field.

use sutra_format::limits::{
    ATTRIBUTES_BYTES_MAX, CONTENT_BYTES_MAX, KEY_BYTES_MAX, VECTOR_DIMENSION_MAX,
};
use sutra_format::time::{OPEN_END, OPEN_START, pack_48};
use sutra_format::{
    AssociationFlags, AssociationKind, AssociationRecord, ConceptFlags, ConceptId, ConceptRecord,
    FormatError,
};
use zerocopy::little_endian::{F32, I64, U16, U32, U64};

const ID: ConceptId = ConceptId::from_bytes([1; 16]);

fn full() -> ConceptRecord {
    let mut record = ConceptRecord::new(ID, 0, 5, 64);
    record.vector_dimension = U32::new(3);
    record
}

fn delta() -> ConceptRecord {
    let mut record = ConceptRecord::new(ID, ConceptRecord::ABSENT, 0, ConceptRecord::ABSENT);
    record.flags = U32::new(ConceptFlags::DELTA | ConceptFlags::SETS_STRENGTH);
    record
}

fn association() -> AssociationRecord {
    AssociationRecord::new(ID, ID, AssociationKind::CAUSAL, 1.0)
}

fn flag(record: &mut ConceptRecord, flags: u32) {
    record.flags = U32::new(record.flags.get() | flags);
}

#[track_caller]
fn check(found: Result<(), FormatError>, field: u64) {
    match found {
        Err(FormatError::Invalid { offset, .. }) => assert_eq!(offset, field, "{found:?}"),
        other => panic!("{other:?}, where byte {field} is wrong"),
    }
}

#[test]
fn records_as_they_are_made_hold() {
    let mut fact = full();
    flag(&mut fact, ConceptFlags::FACT);
    fact.key_length = U16::new(34);
    let mut tombstone_of_fact = ConceptRecord::tombstone(ID);
    flag(&mut tombstone_of_fact, ConceptFlags::FACT);
    let bare = ConceptRecord::new(ID, ConceptRecord::ABSENT, 0, ConceptRecord::ABSENT);
    let seed_example = ConceptRecord::new(ID, 0, 0, 0);
    let tombstone = ConceptRecord::tombstone(ID);
    for record in [full(), delta(), fact, tombstone_of_fact, bare, seed_example, tombstone] {
        assert_eq!(record.check(), Ok(()), "{record:?}");
    }
    let mut fact = association();
    fact.flags = U16::new(AssociationFlags::HAS_FACT);
    let tombstone = AssociationRecord::tombstone(ID, ID, AssociationKind::CAUSAL);
    for record in [association(), fact, tombstone] {
        assert_eq!(record.check(), Ok(()), "{record:?}");
    }
}

#[test]
fn concept_flags_that_are_unknown_or_disagree_are_refused() {
    for bit in 6..32 {
        let mut record = full();
        flag(&mut record, 1 << bit);
        check(record.check(), 120);
    }
    let (tombstone, delta) = (ConceptFlags::TOMBSTONE, ConceptFlags::DELTA);
    for flags in [
        tombstone | delta,
        ConceptFlags::SETS_STRENGTH,
        ConceptFlags::SETS_CONFIDENCE,
        tombstone | ConceptFlags::SETS_CONFIDENCE,
    ] {
        let mut record = ConceptRecord::tombstone(ID);
        record.flags = U32::new(flags);
        check(record.check(), 120);
    }
}

#[test]
fn tombstones_and_deltas_with_payload_are_refused() {
    for record in [ConceptRecord::tombstone(ID), delta()] {
        let mut with = record;
        flag(&mut with, ConceptFlags::HAS_CONTENT);
        with.content_offset = U64::ZERO;
        check(with.check(), 64);
        let mut with = record;
        (with.key_length, with.content_offset) = (U16::new(1), U64::ZERO);
        check(with.check(), 64);
        let mut with = record;
        (with.attributes_length, with.content_offset) = (U32::new(1), U64::ZERO);
        check(with.check(), 64);
        let mut with = record;
        with.vector_offset = U64::ZERO;
        check(with.check(), 88);
    }
}

#[test]
fn an_offset_without_text_and_text_without_an_offset_are_refused() {
    let mut record = full();
    record.content_offset = U64::new(ConceptRecord::ABSENT);
    check(record.check(), 64);
    let mut record = ConceptRecord::new(ID, ConceptRecord::ABSENT, 0, ConceptRecord::ABSENT);
    record.content_offset = U64::ZERO;
    check(record.check(), 64);
    record.attributes_length = U32::new(2);
    assert_eq!(record.check(), Ok(()), "attributes alone have an offset");
    record.content_length = U32::new(1);
    check(record.check(), 72);
}

#[test]
fn lengths_above_their_limits_are_refused_and_at_them_are_not() {
    type Set = fn(&mut ConceptRecord, usize);
    let limits: [(Set, usize, u64); 4] = [
        (|r, n| r.content_length = U32::new(n as u32), CONTENT_BYTES_MAX, 72),
        (|r, n| r.attributes_length = U32::new(n as u32), ATTRIBUTES_BYTES_MAX, 80),
        (|r, n| r.key_length = U16::new(n as u16), KEY_BYTES_MAX, 84),
        (|r, n| r.vector_dimension = U32::new(n as u32), VECTOR_DIMENSION_MAX, 100),
    ];
    for (set, limit, field) in limits {
        let mut record = full();
        set(&mut record, limit);
        assert_eq!(record.check(), Ok(()), "{limit}");
        set(&mut record, limit + 1);
        check(record.check(), field);
    }
}

#[test]
fn a_fact_without_the_key_of_its_association_is_refused() {
    for length in [0, 33, 35] {
        let mut record = full();
        flag(&mut record, ConceptFlags::FACT);
        record.key_length = U16::new(length);
        check(record.check(), 84);
    }
}

#[test]
fn vectors_that_cannot_be_read_are_refused() {
    for offset in [1, 2, 3, 65] {
        let mut record = full();
        record.vector_offset = U64::new(offset);
        check(record.check(), 88);
    }
    let mut record = full();
    record.vector_offset = U64::new(ConceptRecord::ABSENT);
    check(record.check(), 100);
    record.vector_dimension = U32::ZERO;
    assert_eq!(record.check(), Ok(()));
}

#[test]
fn numbers_that_are_not_finite_are_refused() {
    for wrong in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut record = full();
        record.strength = F32::new(wrong);
        check(record.check(), 104);
        let mut record = full();
        record.confidence = F32::new(wrong);
        check(record.check(), 108);
        let mut record = association();
        record.weight = F32::new(wrong);
        check(record.check(), 52);
        let mut record = association();
        record.confidence = F32::new(wrong);
        check(record.check(), 56);
    }
    let mut record = association();
    record.weight = F32::new(-f32::MAX);
    assert_eq!(record.check(), Ok(()), "any finite number may be a weight");
}

#[test]
fn validity_that_ends_before_it_starts_is_refused() {
    for (from, to, holds) in [
        (OPEN_START, OPEN_END, true),
        (-1, 0, true),
        (5, 5, true),
        (6, 5, false),
        (0, -1, false),
        (OPEN_END, OPEN_START, false),
    ] {
        let mut record = full();
        (record.valid_from, record.valid_to) = (I64::new(from), I64::new(to));
        let mut arrow = association();
        (arrow.valid_from_48, arrow.valid_to_48) = (pack_48(from), pack_48(to));
        if holds {
            assert_eq!((record.check(), arrow.check()), (Ok(()), Ok(())));
        } else {
            check(record.check(), 48);
            check(arrow.check(), 40);
        }
    }
}

#[test]
fn association_flags_that_are_unknown_or_disagree_are_refused() {
    for bit in 2..16 {
        let mut record = association();
        record.flags = U16::new(1 << bit);
        check(record.check(), 62);
    }
    let mut record = association();
    record.flags = U16::new(AssociationFlags::TOMBSTONE | AssociationFlags::HAS_FACT);
    check(record.check(), 62);
}

#[test]
fn reserved_bytes_that_are_not_zero_are_refused() {
    let mut record = full();
    record.reserved = U32::new(1);
    check(record.check(), 124);
}

#[test]
fn errors_say_where_in_the_file_they_are() {
    let invalid = FormatError::Invalid { offset: 120, reason: "unknown flag" };
    assert_eq!(invalid.at(4096), FormatError::Invalid { offset: 4216, reason: "unknown flag" });
    assert_eq!(invalid.at(4096).to_string(), "at byte 4216: unknown flag");
    let sum = FormatError::Checksum { offset: 8, part: "page", stored: 1, computed: 0xabc };
    let text =
        "checksum of the page at byte 18446744073709551615 is 0x00000abc, stored is 0x00000001";
    assert_eq!(sum.at(u64::MAX).to_string(), text);
    assert_eq!(FormatError::BadMagic.at(9), FormatError::BadMagic);
}
