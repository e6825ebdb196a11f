//! The bytes of the file: what is written is read back, is what it was in version 1, and
//! anything else is refused.

use crate::common::{forged, refused, sample, sealed};
use proptest::prelude::*;
use sutra_format::FormatError;
use sutra_manifest::{Manifest, Problem, SegmentMetadata};

const GOLDEN: &str = include_str!("../golden/manifest.v1.json");

#[test]
fn version_1_is_written_as_it_always_was() {
    let bytes = sample().to_bytes().unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), GOLDEN);
}

#[test]
fn version_1_is_read_as_it_always_was() {
    assert_eq!(Manifest::from_bytes(GOLDEN.as_bytes()).unwrap(), sample());
}

#[test]
fn segments_in_any_order_are_put_in_the_order_of_reading() {
    let (head, rest) = GOLDEN.split_once("    {\n").unwrap();
    let (segments, tail) = rest.split_once("\n    }\n").unwrap();
    let mut segments: Vec<&str> = segments.split("\n    },\n    {\n").collect();
    assert_eq!(segments.len(), 3);
    segments.reverse();
    let segments = segments.join("\n    },\n    {\n");
    let text = format!("{head}    {{\n{segments}\n    }}\n{tail}");
    assert_eq!(Manifest::from_bytes(&sealed(&text)).unwrap(), sample());
}

#[test]
fn the_example_in_the_documentation_is_a_manifest() {
    let text: String = include_str!("../../src/lib.rs")
        .lines()
        .skip_while(|line| *line != "//! ```json")
        .skip(1)
        .take_while(|line| *line != "//! ```")
        .map(|line| format!("{}\n", &line["//! ".len()..]))
        .collect();
    let manifest = Manifest::from_bytes(text.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(manifest.to_bytes().unwrap()).unwrap(), text);
}

#[test]
fn every_flipped_bit_is_noticed() {
    let bytes = sample().to_bytes().unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(Manifest::from_bytes(&flipped).is_err(), "bit {bit}");
    }
}

#[test]
fn every_cut_is_noticed() {
    let bytes = sample().to_bytes().unwrap();
    for length in 0..bytes.len() {
        assert_eq!(refused(&bytes[..length]), Problem::NoChecksum, "cut to {length} bytes");
    }
}

#[test]
fn bytes_after_the_end_are_noticed() {
    let bytes = sample().to_bytes().unwrap();
    for extra in ["\n", "}", " ", "\0"] {
        assert_eq!(refused(&[&bytes, extra.as_bytes()].concat()), Problem::NoChecksum, "{extra:?}");
    }
}

#[test]
fn the_checksum_line_has_one_form() {
    let text = String::from_utf8(forged("\"last_seq\": 40", "\"last_seq\": 41")).unwrap();
    let at = text.rfind("\"\n}\n").unwrap() - 8;
    let digits = &text[at..at + 8];
    for other in [digits.to_uppercase(), format!("+{}", &digits[1..]), digits.replace('0', " ")] {
        if other != digits {
            let changed = text.replace(digits, &other);
            assert_eq!(refused(changed.as_bytes()), Problem::NoChecksum, "{other}");
        }
    }
}

#[test]
fn a_wrong_checksum_is_told_with_both_sums() {
    let mut bytes = sample().to_bytes().unwrap();
    bytes[20] ^= 1;
    match refused(&bytes) {
        Problem::Format(FormatError::Checksum { stored, computed, .. }) => {
            assert_ne!(stored, computed);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_newer_version_is_told_from_damage_whatever_else_it_has() {
    let newer = Problem::Format(FormatError::UnknownVersion { version: 2 });
    assert_eq!(refused(&forged("\"version\": 1", "\"version\": 2")), newer);
    assert_eq!(refused(&sealed("{\n  \"shards\": [[{}]],\n  \"version\": 2,\n")), newer);
}

#[test]
fn version_0_never_was() {
    assert_eq!(field_of(&forged("\"version\": 1", "\"version\": 0")), "version");
}

#[test]
fn what_is_too_long_is_not_even_looked_at() {
    let bytes = vec![b' '; Manifest::BYTES_MAX + 1];
    assert_eq!(refused(&bytes), Problem::TooLong { length: bytes.len() as u64 });
    assert_eq!(refused(&bytes[1..]), Problem::NoChecksum, "and the longest one is");
}

#[test]
fn what_would_be_too_long_to_be_read_is_not_written() {
    let mut manifest = sample();
    manifest.skip_segment_id(200_000);
    for id in (100..200_000).rev() {
        let path = format!("{id:050}").into();
        manifest.add_segment(SegmentMetadata::new(id, path, SegmentMetadata::LEVEL_MAX));
    }
    assert!(matches!(manifest.to_bytes(), Err(Problem::TooLong { .. })));
}

#[track_caller]
fn field_of(bytes: &[u8]) -> String {
    match refused(bytes) {
        Problem::Invalid { field, .. } => field,
        other => panic!("{other:?}"),
    }
}

prop_compose! {
    fn segments()(rows in proptest::collection::vec(
        (any::<[u32; 3]>(), any::<[u64; 3]>(), any::<bool>(), 1u64..1000, 0u32..3), 0..20,
    )) -> Vec<SegmentMetadata> {
        let mut segments = Vec::new();
        let (mut seq, mut level) = (u64::MAX / 2, 0);
        for (id, ([concepts, associations, crc], [size, created, compacted], home, length, down)) in
            (0..).zip(rows)
        {
            level = (level + down).min(SegmentMetadata::LEVEL_MAX);
            segments.push(SegmentMetadata {
                concept_count: u64::from(concepts).saturating_sub(2),
                association_count: u64::from(associations).saturating_sub(2),
                file_size: size,
                created_at: created,
                compacted_at: compacted,
                min_seq: seq - length,
                max_seq: seq,
                header_crc: crc,
                payload_only: home,
                ..SegmentMetadata::new(id, format!("seg_{id:08}.dat").into(), level)
            });
            seq -= length + 1;
        }
        segments
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        (store_id, hash_seed, time) in any::<([u8; 16], u64, u64)>(),
        kinds in proptest::collection::vec("\\PC{1,20}", 0..5),
        segments in segments(),
        spare in 0u32..5,
        floor in proptest::option::of(0u32..10),
    ) {
        let mut manifest = Manifest::for_store(store_id, hash_seed);
        manifest.skip_segment_id(segments.len() as u32 + spare);
        manifest.last_seq = u64::MAX / 2;
        manifest.journal_floor = floor.filter(|floor| *floor < manifest.next_segment_id());
        for kind in &kinds {
            manifest.register_kind(kind).unwrap();
        }
        for segment in segments {
            manifest.add_segment(segment);
        }
        manifest.record_compaction(time);
        let bytes = manifest.to_bytes().unwrap();
        let read = Manifest::from_bytes(&bytes).unwrap();
        prop_assert_eq!(&read, &manifest);
        prop_assert_eq!(read.to_bytes().unwrap(), bytes);
    }

    #[test]
    fn no_text_under_a_right_checksum_makes_it_panic(text in "[{}\\[\\]\":,a-z0-9 .\n-]{0,200}") {
        let _ = Manifest::from_bytes(&sealed(&text));
    }

    #[test]
    fn no_change_of_the_sample_under_a_right_checksum_makes_it_panic(
        at in any::<prop::sample::Index>(),
        length in 0usize..20,
        instead in "[{}\\[\\]\":,a-z0-9 \n-]{0,8}",
    ) {
        let mut text = GOLDEN.to_owned();
        let from = text.floor_char_boundary(at.index(text.len()));
        let to = text.floor_char_boundary(text.len().min(from + length));
        text.replace_range(from..to, &instead);
        if let Ok(manifest) = Manifest::from_bytes(&sealed(&text)) {
            prop_assert!(manifest.to_bytes().is_ok());
        }
    }
}
