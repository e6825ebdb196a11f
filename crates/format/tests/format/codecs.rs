//! Any bytes are some value or a typed error, and every value comes back as it was written.

use crate::common::{HASH_SEED, golden, golden_value, sample_header, summed};
use proptest::prelude::*;
use sutra_format::journal::{FrameHeader, JournalHeader};
use sutra_format::time::{OPEN_END, OPEN_START, fits_48_bits, pack_48, unpack_48};
use sutra_format::{
    AssociationRecord, ConceptRecord, Moment, PayloadHome, SectionEntry, SegmentHeader, TagLine,
    VectorIndexEntry, VectorRun, VertexTombstone,
};
use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The bytes are a value, which is written as the same bytes, wherever in memory they lie.
fn check_codec<T: FromBytes + IntoBytes + KnownLayout + Immutable>(bytes: &[u8]) {
    for shift in 0..2 {
        let bytes = &bytes[shift..shift + size_of::<T>()];
        assert_eq!(T::read_from_bytes(bytes).expect("any bytes are a value").as_bytes(), bytes);
    }
}

/// A time near one of the places where packing could go wrong, or any.
fn times() -> impl Strategy<Value = i64> {
    let edges = [i64::MIN, -(1 << 48), -(1 << 47), -1, 0, (1 << 47) - 1, 1 << 47, i64::MAX];
    let near = (prop::sample::select(edges.to_vec()), -3i64..4);
    prop_oneof![near.prop_map(|(edge, by)| edge.saturating_add(by)), any::<i64>()]
}

proptest! {
    #[test]
    fn any_bytes_are_a_record_and_are_written_as_they_were_read(
        bytes in prop::collection::vec(any::<u8>(), 257..300),
    ) {
        check_codec::<ConceptRecord>(&bytes);
        check_codec::<AssociationRecord>(&bytes);
        check_codec::<SegmentHeader>(&bytes);
        check_codec::<SectionEntry>(&bytes);
        check_codec::<TagLine>(&bytes);
        check_codec::<VertexTombstone>(&bytes);
        check_codec::<VectorRun>(&bytes);
        check_codec::<PayloadHome>(&bytes);
        check_codec::<Moment>(&bytes);
        check_codec::<VectorIndexEntry>(&bytes);
        check_codec::<JournalHeader>(&bytes);
        check_codec::<FrameHeader>(&bytes);
    }

    #[test]
    fn nothing_panics_on_arbitrary_bytes(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        numbers in any::<[u64; 3]>(),
    ) {
        let [a, b, c] = numbers;
        let _ = SegmentHeader::decode(&bytes, a);
        let _ = JournalHeader::decode(&bytes);
        if let Ok((header, rest)) = SegmentHeader::read_from_prefix(&bytes) {
            let header = summed(SegmentHeader { magic: *b"SUTRA\0\0\0", version: U32::new(1), ..header });
            let _ = SegmentHeader::decode(header.as_bytes(), b);
            let _ = header.sections(rest);
        }
        if let Ok((frame, _)) = FrameHeader::read_from_prefix(&bytes) {
            let _ = (frame.check(a as u32, b), frame.body_bytes(), frame.frame_bytes());
            prop_assert!(!frame.holds(a, b as u32, c), "random bytes are no frame");
        }
        if let Ok((record, rest)) = ConceptRecord::read_from_prefix(&bytes) {
            let _ = (record.check(), record.split_text(rest), record.text_bytes());
        }
        if let Ok((record, _)) = AssociationRecord::read_from_prefix(&bytes) {
            let _ = (record.check(), record.fact_id(), record.valid_from());
        }
        if let Ok((run, _)) = VectorRun::read_from_prefix(&bytes) {
            prop_assert!(run.stride() >= 4 * u64::from(run.dimension.get()));
        }
    }

    #[test]
    fn a_header_with_extents_from_nowhere_is_refused_or_consistent(
        fields in any::<[u64; 14]>(), shifts in any::<[u8; 14]>(), length in any::<u64>(),
    ) {
        let mut header = sample_header();
        let mut numbers = fields.into_iter().zip(shifts).map(|(field, by)| field >> (by % 64));
        let mut next = || zerocopy::little_endian::U64::new(numbers.next().expect("14 numbers"));
        for block in [&mut header.concepts, &mut header.associations, &mut header.vectors, &mut header.content] {
            (block.offset, block.length, block.count) = (next(), next(), next());
        }
        (header.section_table_offset, header.section_table_length) = (next(), next());
        if SegmentHeader::decode(summed(header).as_bytes(), length).is_ok() {
            prop_assert!(header.content.end().is_some_and(|end| end <= length));
        }
    }

    #[test]
    fn a_changed_section_table_is_refused_or_keeps_its_order(
        at in 0usize..64, byte in any::<u8>(),
    ) {
        let mut header: SegmentHeader = golden_value("segment_header.hex");
        let mut table = golden("section_table.hex");
        table[at] = byte;
        header.section_table_crc = U32::new(header.part_sum(header.section_table_offset.get(), &table));
        if let Ok([first, second]) = header.sections(&table) {
            prop_assert!(first.offset.get() + first.length.get() <= second.offset.get());
            prop_assert!(second.offset.get() + second.length.get() <= header.section_table_offset.get());
        }
    }

    #[test]
    fn times_of_48_bits_come_back(ms in times()) {
        let back = unpack_48(pack_48(ms));
        if fits_48_bits(ms) {
            prop_assert_eq!(back, ms);
        } else {
            prop_assert_eq!(back, if ms < 0 { OPEN_START } else { OPEN_END }, "clamped");
        }
    }

    #[test]
    fn packing_keeps_the_order_of_times(a in times(), b in times()) {
        if a <= b {
            prop_assert!(unpack_48(pack_48(a)) <= unpack_48(pack_48(b)));
        }
    }

    #[test]
    fn any_six_bytes_are_a_time_that_is_packed_as_them(bytes in any::<[u8; 6]>()) {
        let time = unpack_48(bytes);
        prop_assert!(fits_48_bits(time));
        prop_assert_eq!(pack_48(time), bytes);
    }
}

#[test]
fn the_least_and_the_largest_finite_times_of_48_bits_are_themselves() {
    let (least, largest) = (-(1 << 47) + 1, (1 << 47) - 2);
    for (time, fits) in [
        (least, true),
        (least - 1, false),
        (largest, true),
        (largest + 1, false),
        (OPEN_START, true),
        (OPEN_START + 1, false),
        (OPEN_END, true),
        (OPEN_END - 1, false),
        (0, true),
        (-1, true),
    ] {
        assert_eq!(fits_48_bits(time), fits, "{time}");
        assert_eq!(unpack_48(pack_48(time)) == time, fits, "{time}");
    }
}

#[test]
fn a_frame_is_as_long_as_its_parts_and_never_longer_than_a_commit() {
    let mut frame: FrameHeader = golden_value("commit_frame.hex");
    assert_eq!(frame.body_bytes(), Some(128 + 2 * 64 + 21));
    assert_eq!(frame.frame_bytes(), Some(64 + 280), "padded to a multiple of 8");
    assert_eq!(frame.record_count(), 3);
    for (payload, padded) in [(16, 272), (17, 280), (20, 280), (24, 280), (25, 288)] {
        frame.payload_length = U32::new(payload);
        assert_eq!(frame.frame_bytes(), Some(64 + padded), "{payload} bytes of payload");
    }
    for (count, expected) in [((32 << 20) / 128, Some(32 << 20)), ((32 << 20) / 128 + 1, None)] {
        frame.concept_count = U32::new(count);
        (frame.association_count, frame.payload_length) = (U32::ZERO, U32::ZERO);
        assert_eq!(frame.body_bytes(), expected);
    }
    let most = U32::new(u32::MAX);
    (frame.concept_count, frame.association_count, frame.payload_length) = (most, most, most);
    assert_eq!((frame.body_bytes(), frame.frame_bytes()), (None, None));
    assert_eq!(frame.record_count(), 2 * u64::from(u32::MAX));
    assert!(!frame.holds(HASH_SEED, 6, 4096));
}
