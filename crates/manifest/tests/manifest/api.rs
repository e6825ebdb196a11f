//! The manifest in memory: ids, segments, totals and kinds.

use crate::common::sample;
use sutra_format::AssociationKind;
use sutra_manifest::{KindError, Manifest, Problem, SegmentMetadata};

fn ids<'a>(segments: impl IntoIterator<Item = &'a SegmentMetadata>) -> Vec<u32> {
    segments.into_iter().map(|segment| segment.segment_id).collect()
}

#[test]
fn a_new_manifest_is_empty_and_like_no_other() {
    let (one, other) = (Manifest::new(), Manifest::new());
    assert!(one.segments().is_empty());
    assert_eq!((one.total_concepts(), one.total_size(), one.next_segment_id()), (0, 0, 0));
    assert_ne!(one.store_id, other.store_id);
    assert_ne!(one.hash_seed, other.hash_seed);
    assert!(one.to_bytes().is_ok());
}

#[test]
fn ids_rise_from_zero_and_skip_what_is_there() {
    let mut manifest = Manifest::new();
    assert_eq!([0; 3].map(|_| manifest.allocate_segment_id()), [0, 1, 2]);
    manifest.skip_segment_id(1);
    assert_eq!(manifest.allocate_segment_id(), 3);
    manifest.skip_segment_id(9);
    assert_eq!(manifest.allocate_segment_id(), 10);
}

#[test]
fn used_up_ids_never_repeat_and_are_an_error_when_written() {
    let mut manifest = Manifest::new();
    manifest.skip_segment_id(u32::MAX - 2);
    assert!(manifest.to_bytes().is_ok());
    assert_eq!(manifest.allocate_segment_id(), u32::MAX - 1);
    assert_eq!(manifest.allocate_segment_id(), u32::MAX);
    assert_eq!(manifest.allocate_segment_id(), u32::MAX);
    assert_eq!(manifest.to_bytes(), Err(Problem::IdsExhausted));
}

#[test]
fn segments_stand_by_level_then_newest_first() {
    let mut manifest = Manifest::new();
    for (id, level, max_seq) in [(0, 1, 5), (1, 0, 30), (2, 0, 40), (3, 2, 0), (4, 2, 0), (5, 1, 9)]
    {
        let mut segment = SegmentMetadata::new(id, format!("{id}").into(), level);
        segment.max_seq = max_seq;
        manifest.add_segment(segment);
    }
    assert_eq!(ids(manifest.segments()), [2, 1, 5, 0, 4, 3]);
    assert_eq!(ids(manifest.segments_at_level(1)), [5, 0]);
    assert!(manifest.segments_at_level(3).is_empty());
    assert!(manifest.update_segment(0, |segment| segment.max_seq = 10));
    assert!(!manifest.update_segment(7, |_| panic!("there is no segment 7")));
    assert_eq!(ids(manifest.segments_at_level(1)), [0, 5]);
    manifest.remove_segments(&[1, 3, 7]);
    assert_eq!(ids(manifest.segments()), [2, 0, 5, 4]);
    assert_eq!(manifest.segment(4).map(|segment| segment.level), Some(2));
    assert_eq!(manifest.segment(3), None);
}

#[test]
fn totals_leave_out_the_records_of_mere_homes_of_payload() {
    assert_eq!(sample().total_concepts(), 30 + 15);
    assert_eq!(sample().total_size(), 16_384 + 20_480 + 12_288);
}

#[test]
fn totals_of_absurd_numbers_do_not_overflow() {
    let mut manifest = sample();
    for id in [4, 5] {
        manifest.update_segment(id, |segment| {
            (segment.concept_count, segment.file_size) = (u64::MAX, u64::MAX);
        });
    }
    assert_eq!((manifest.total_concepts(), manifest.total_size()), (u64::MAX, u64::MAX));
}

#[test]
fn compactions_are_counted() {
    let mut manifest = Manifest::new();
    manifest.record_compaction(70);
    manifest.record_compaction(90);
    assert_eq!((manifest.last_compaction(), manifest.compaction_count()), (90, 2));
}

#[test]
fn kinds_follow_the_built_in_ones_and_keep_their_codes() {
    let mut manifest = Manifest::new();
    let five = manifest.register_kind("hypernym").unwrap();
    let six = manifest.register_kind("meronym").unwrap();
    assert_eq!((five.code(), six.code()), (5, 6));
    assert_eq!(manifest.register_kind("hypernym"), Ok(five));
    assert_eq!(manifest.register_kind("causal"), Ok(AssociationKind::CAUSAL));
    assert_eq!(manifest.association_kinds(), ["hypernym", "meronym"]);
    assert_eq!(manifest.kind_name(six), Some("meronym"));
    assert_eq!(manifest.kind_name(AssociationKind::COMPOSITIONAL), Some("compositional"));
    assert_eq!(manifest.kind_name(AssociationKind::from_code(7)), None);
    assert_eq!(manifest.kind_name(AssociationKind::from_code(u16::MAX)), None);
    assert_eq!(manifest.kind_code("meronym"), Some(six));
    assert_eq!(manifest.kind_code("temporal"), Some(AssociationKind::TEMPORAL));
    assert_eq!(manifest.kind_code("Temporal"), None);
}

#[test]
fn names_that_no_kind_can_have_are_refused() {
    let mut manifest = Manifest::new();
    assert_eq!(manifest.register_kind(""), Err(KindError::Length { length: 0 }));
    assert_eq!(manifest.register_kind(&"ä".repeat(128)), Err(KindError::Length { length: 256 }));
    for name in ["a\nb", "\u{1b}[1m", "a\u{7f}", "a\u{85}"] {
        let error = KindError::ControlCharacter { name: name.into() };
        assert_eq!(manifest.register_kind(name), Err(error));
    }
    assert!(manifest.register_kind(&"k".repeat(255)).is_ok());
    assert_eq!(manifest.association_kinds().len(), 1);
}

#[test]
fn the_last_code_is_never_given_to_a_kind() {
    let mut manifest = Manifest::new();
    for code in 5..u16::MAX {
        assert_eq!(manifest.register_kind(&format!("k{code}")).unwrap().code(), code);
    }
    assert_eq!(manifest.register_kind("one more"), Err(KindError::Full));
    assert_eq!(manifest.register_kind("k5").unwrap().code(), 5);
    let read = Manifest::from_bytes(&manifest.to_bytes().unwrap()).unwrap();
    assert_eq!(read.association_kinds().len(), 65_530);
}
