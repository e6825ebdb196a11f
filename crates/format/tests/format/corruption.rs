//! Damage is enumerated, not sampled: every bit and every length of every header, and extents at
//! every boundary, under sums that hold.

use std::num::NonZeroU64;

use crate::common::{
    HASH_SEED, SAMPLE_LENGTH, extent, flips, golden, golden_value, sample_header, summed,
};
use sutra_format::journal::{FrameHeader, JournalHeader};
use sutra_format::{BlockExtent, FormatError, SectionEntry, SegmentHeader};
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, IntoBytes};

fn decode(header: &SegmentHeader) -> Result<(), FormatError> {
    SegmentHeader::decode(header.as_bytes(), SAMPLE_LENGTH).map(drop)
}

#[test]
fn every_bit_flip_of_a_segment_header_is_refused() {
    assert_eq!(decode(&sample_header()), Ok(()), "the sample holds");
    for (bit, bytes) in flips(sample_header().as_bytes()) {
        assert!(SegmentHeader::decode(&bytes, SAMPLE_LENGTH).is_err(), "bit {bit}");
    }
}

#[test]
fn every_cut_of_a_segment_header_is_refused() {
    let header = sample_header();
    for length in 0..SegmentHeader::BYTES {
        let expected = FormatError::TooShort { length: length as u64, needed: 256 };
        let found = SegmentHeader::decode(&header.as_bytes()[..length], SAMPLE_LENGTH);
        assert_eq!(found, Err(expected));
    }
}

#[test]
fn a_file_of_any_other_length_is_refused() {
    let header = sample_header();
    for length in (0..2 * SAMPLE_LENGTH).chain([u64::MAX]) {
        let holds = SegmentHeader::decode(header.as_bytes(), length).is_ok();
        assert_eq!(holds, length == SAMPLE_LENGTH, "{length} bytes");
    }
}

/// What FORMAT.md demands of the four blocks, in numbers that cannot overflow.
fn blocks_hold(blocks: [BlockExtent; 4]) -> bool {
    let mut behind = 256;
    for (place, block) in blocks.into_iter().enumerate() {
        let [offset, length, count] =
            [block.offset, block.length, block.count].map(|field| u128::from(field.get()));
        let counted = match place {
            0 => count * 128 == length && count < u128::from(u32::MAX),
            1 => count * 64 == length && count < u128::from(u32::MAX),
            _ => count * 4 <= length,
        };
        if offset % 4096 != 0 || offset < behind || !counted {
            return false;
        }
        behind = offset + length;
    }
    behind <= u128::from(SAMPLE_LENGTH - 64)
}

#[test]
fn every_extent_at_a_boundary_is_judged_as_the_format_says() {
    let around = |values: &[u64]| -> Vec<u64> {
        let near = values.iter().flat_map(|v| [v.wrapping_sub(1), *v, v.wrapping_add(1)]);
        near.collect()
    };
    let row = NonZeroU64::new(128).unwrap();
    let offsets = around(&[0, 256, 4096, 8192, 16_384, SAMPLE_LENGTH, 1 << 63, u64::MAX - 4095]);
    let lengths = around(&[0, 64, 128, 4096, 8192, SAMPLE_LENGTH - 64, 1 << 63, u64::MAX - 128]);
    let counts = around(&[0, 2, 64, 1 << 32, u64::MAX / row, (1 << 57) + 1, 1 << 58, 1 << 63]);
    let (mut held, mut refused) = (0, 0);
    for place in 0..4 {
        for (&offset, &length, &count) in product(&offsets, &lengths, &counts) {
            let mut header = sample_header();
            let mut blocks = [header.concepts, header.associations, header.vectors, header.content];
            blocks[place] = extent(offset, length, count);
            [header.concepts, header.associations, header.vectors, header.content] = blocks;
            let expected = blocks_hold(blocks);
            let found = decode(&summed(header)).is_ok();
            assert_eq!(found, expected, "block {place}: {offset}, {length}, {count}");
            if found { held += 1 } else { refused += 1 }
        }
    }
    assert!(held > 10 && refused > 10_000, "both verdicts occur: {held}, {refused}");
}

fn product<'a, T>(
    a: &'a [T],
    b: &'a [T],
    c: &'a [T],
) -> impl Iterator<Item = (&'a T, &'a T, &'a T)> {
    a.iter().flat_map(move |a| b.iter().flat_map(move |b| c.iter().map(move |c| (a, b, c))))
}

#[test]
fn every_rule_of_the_segment_header_is_enforced() {
    type Change = fn(&mut SegmentHeader);
    let changes: [(Change, u64); 14] = [
        (|h| h.content = extent(16_384, SAMPLE_LENGTH, 0), 88),
        (|h| h.vectors = extent(12_288, u64::MAX - 12_287, 0), 64),
        (|h| h.section_table_offset = U64::new(SAMPLE_LENGTH), 184),
        (|h| h.section_table_offset = U64::new(u64::MAX - 63), 184),
        (|h| h.section_table_length = U64::new(u64::MAX), 184),
        (|h| h.content = extent(16_384, SAMPLE_LENGTH - 64 - 16_383, 0), 184),
        (|h| h.flags = U32::new(2), 204),
        (|h| h.flags = U32::new(1 << 31), 204),
        (|h| h.min_seq = U64::new(257), 144),
        (|h| h.concept_tombstones = U64::new(3), 208),
        (|h| h.association_tombstones = U64::new(u64::MAX), 216),
        (|h| h.reserved[0] = 1, 224),
        (|h| h.reserved[27] = 0x80, 224),
        (|h| h.concepts.count = U64::new(1), 16),
    ];
    for (at, (change, field)) in changes.into_iter().enumerate() {
        let mut header = sample_header();
        change(&mut header);
        match decode(&summed(header)) {
            Err(FormatError::Invalid { offset, .. }) => assert_eq!(offset, field, "change {at}"),
            other => panic!("change {at} gives {other:?}"),
        }
    }
}

#[test]
fn a_section_table_of_a_wrong_size_is_refused() {
    for (length, field) in [(32, 184), (63, 192), (65, 192), (96, 184), (257 * 32, 192)] {
        let mut header = sample_header();
        header.section_table_length = U64::new(length);
        // Such a file would end with such a table.
        let file = if field == 192 { SAMPLE_LENGTH - 64 + length } else { SAMPLE_LENGTH };
        match SegmentHeader::decode(summed(header).as_bytes(), file) {
            Err(FormatError::Invalid { offset, .. }) => assert_eq!(offset, field, "{length}"),
            other => panic!("{length} bytes give {other:?}"),
        }
    }
    let mut header = sample_header();
    header.section_table_offset = U64::new(SAMPLE_LENGTH - 60);
    let found = SegmentHeader::decode(summed(header).as_bytes(), SAMPLE_LENGTH + 4).map(drop);
    let reason = "section table is not aligned";
    assert_eq!(found, Err(FormatError::Invalid { offset: 184, reason }));
}

#[test]
fn a_header_of_another_file_or_version_says_so() {
    let mut header = sample_header();
    header.magic[7] = 1;
    assert_eq!(decode(&summed(header)), Err(FormatError::BadMagic));
    let mut header = sample_header();
    header.version = U32::new(2);
    assert_eq!(decode(&summed(header)), Err(FormatError::UnknownVersion { version: 2 }));
}

/// The golden header and its table, once changed and summed anew.
fn sections_of(change: impl FnOnce(&mut [SectionEntry])) -> Result<usize, FormatError> {
    let mut header: SegmentHeader = golden_value("segment_header.hex");
    let mut table = golden("section_table.hex");
    change(<[SectionEntry]>::mut_from_bytes(&mut table).expect("whole entries"));
    let offset = header.section_table_offset.get();
    header.section_table_crc = U32::new(header.part_sum(offset, &table));
    header.sections(&table).map(<[SectionEntry]>::len)
}

#[test]
fn every_bit_flip_and_every_cut_of_a_section_table_is_refused() {
    let header: SegmentHeader = golden_value("segment_header.hex");
    let table = golden("section_table.hex");
    assert_eq!(header.sections(&table).map(<[SectionEntry]>::len), Ok(2));
    for (bit, bytes) in flips(&table) {
        let found = header.sections(&bytes);
        assert!(matches!(found, Err(FormatError::Checksum { offset: 20_504, .. })), "bit {bit}");
    }
    for length in 0..table.len() {
        let expected = FormatError::TooShort { length: length as u64, needed: 64 };
        assert_eq!(header.sections(&table[..length]), Err(expected));
    }
    let longer = [&table[..], &[0; 32]].concat();
    assert!(header.sections(&longer).is_err(), "a longer table is another one");
}

#[test]
fn every_rule_of_the_section_table_is_enforced() {
    type Change = fn(&mut [SectionEntry]);
    // Which entry, and which field of it, is to blame.
    let changes: [(Change, u64); 10] = [
        (|t| t[0].flags = U32::new(2), 4),
        (|t| t[0].offset = U64::new(16_385), 8),
        (|t| t[0].offset = U64::new(12_288), 8),
        (|t| t[0].length = U64::new(4097), 32 + 8),
        (|t| t[1].length = U64::new(25), 32 + 8),
        (|t| t[1].length = U64::new(u64::MAX), 32 + 8),
        (|t| t[1].offset = U64::new(u64::MAX - 4095), 32 + 8),
        (|t| t[1].reserved = U32::new(1), 32 + 28),
        (|t| t[1].kind = t[0].kind, 32),
        (|t| t.swap(0, 1), 32 + 8),
    ];
    for (at, (change, field)) in changes.into_iter().enumerate() {
        match sections_of(change) {
            Err(FormatError::Invalid { offset, .. }) => {
                assert_eq!(offset, 20_504 + field, "change {at}");
            }
            other => panic!("change {at} gives {other:?}"),
        }
    }
}

#[test]
fn an_unknown_section_is_skipped_unless_it_is_required() {
    assert_eq!(sections_of(|table| table[0].kind = U32::new(4711)), Ok(2));
    let required = sections_of(|table| {
        table[0].kind = U32::new(4711);
        table[0].flags = U32::new(SectionEntry::REQUIRED);
    });
    assert_eq!(required, Err(FormatError::UnknownSection { kind: 4711 }));
}

#[test]
fn every_bit_flip_and_every_cut_of_a_journal_header_is_refused() {
    let bytes = golden("journal_header.hex");
    assert!(JournalHeader::decode(&bytes).is_ok());
    for (bit, flipped) in flips(&bytes) {
        assert!(JournalHeader::decode(&flipped).is_err(), "bit {bit}");
    }
    for length in 0..bytes.len() {
        let expected = FormatError::TooShort { length: length as u64, needed: 64 };
        assert_eq!(JournalHeader::decode(&bytes[..length]), Err(expected));
    }
    let mut header = JournalHeader::read_from_bytes(&bytes).unwrap();
    header.reserved = U32::new(1);
    header.header_crc = U32::new(header.sum());
    let reason = "reserved bytes are not zero";
    assert_eq!(
        JournalHeader::decode(header.as_bytes()),
        Err(FormatError::Invalid { offset: 56, reason })
    );
}

#[test]
fn a_frame_holds_in_its_own_place_only_and_with_no_bit_flipped() {
    let bytes = golden("commit_frame.hex");
    let frame = FrameHeader::read_from_bytes(&bytes).unwrap();
    assert!(frame.holds(HASH_SEED, 6, 4096));
    for (bit, flipped) in flips(&bytes) {
        let frame = FrameHeader::read_from_bytes(&flipped).unwrap();
        assert!(!frame.holds(HASH_SEED, 6, 4096), "bit {bit}");
    }
    for offset in (0..1 << 16).step_by(8).filter(|offset| *offset != 4096) {
        assert!(!frame.holds(HASH_SEED, 6, offset), "at {offset}");
    }
    for bit in 0..64 {
        assert!(!frame.holds(HASH_SEED ^ 1 << bit, 6, 4096), "in another store");
        assert!(bit >= 32 || !frame.holds(HASH_SEED, 6 ^ 1 << bit, 4096), "in another journal");
    }
}

#[test]
fn every_rule_of_the_frame_header_is_enforced() {
    type Change = fn(&mut FrameHeader);
    let seal: Change = |f| {
        f.kind = U16::new(3);
        (f.concept_count, f.association_count) = (U32::ZERO, U32::ZERO);
        (f.payload_length, f.next_journal) = (U32::ZERO, U32::new(7));
    };
    let frame: FrameHeader = golden_value("commit_frame.hex");
    let mut sealed = frame;
    seal(&mut sealed);
    assert_eq!((frame.check(6, 4096), sealed.check(6, 4096)), (Ok(()), Ok(())));
    let changes: [(FrameHeader, Change, u64); 12] = [
        (frame, |f| f.kind = U16::new(4), 4),
        (frame, |f| f.flags = U16::new(1), 6),
        (frame, |f| f.first_seq = U64::new(u64::MAX - 2), 8),
        (frame, |f| f.synced_upto = U64::new(4097), 24),
        (frame, |f| f.concept_count = U32::new(u32::MAX), 40),
        (frame, |f| f.association_count = U32::new((32 << 20) / 64), 40),
        (frame, |f| f.payload_length = U32::new((32 << 20) - 255), 40),
        (frame, |f| f.kind = U16::new(2), 32),
        (frame, |f| f.next_journal = U32::new(7), 52),
        (frame, |f| f.reserved = U32::new(1), 56),
        (sealed, |f| f.next_journal = U32::new(6), 52),
        (sealed, |f| f.payload_length = U32::new(1), 32),
    ];
    for (at, (mut frame, change, field)) in changes.into_iter().enumerate() {
        change(&mut frame);
        match frame.check(6, 4096) {
            Err(FormatError::Invalid { offset, .. }) => assert_eq!(offset, field, "change {at}"),
            other => panic!("change {at} gives {other:?}"),
        }
    }
}
