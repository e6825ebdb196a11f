//! The file alone: appended to in any order, synced again and again, read by offset.

use std::fs;

use crate::common::{check_verify, id};
use sutra_format::limits::{CONTENT_BYTES_MAX, VECTOR_DIMENSION_MAX};
use sutra_format::{AssociationKind, AssociationRecord, ConceptId, ConceptRecord};
use sutra_fs::{Dir, ErrorKind, File, Name};
use sutra_segment::{Segment, SegmentAppender, SegmentError};
use sutra_testkit::{CrashPlan, Fault, Profile, SimDir, Times};

fn concept(number: u64) -> ConceptRecord {
    ConceptRecord::new(id(number), ConceptRecord::ABSENT, 0, ConceptRecord::ABSENT)
}

#[test]
fn a_second_sync_keeps_what_the_first_wrote() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data.seg");
    let mut segment = Segment::create(&path, 3).unwrap();
    let first = segment.append_concept(concept(1)).unwrap();
    segment.sync().unwrap();
    let second = segment.append_concept(concept(2)).unwrap();
    segment.sync().unwrap();
    let segment = Segment::open_read(&path).unwrap();
    assert_eq!(segment.read_concept(first).unwrap().id, id(1));
    assert_eq!(segment.read_concept(second).unwrap().id, id(2));
    check_verify(&segment);
}

#[test]
fn payload_before_and_between_records_disturbs_neither() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data.seg");
    let mut segment = Segment::create(&path, 0).unwrap();
    let (content, length) = segment.append_content("Hello, Sutra!").unwrap(); // 13 bytes: odd.
    let (vector, dimension) = segment.append_vector(&[1.0, 2.0, 3.0, 4.0]).unwrap();
    let record = ConceptRecord::new(id(1), content, length, vector);
    let offset = segment.append_concept(record).unwrap();
    let (longer, _) = segment.append_vector(&[0.5; 33]).unwrap();
    let arrow = AssociationRecord::new(id(1), id(2), AssociationKind::CAUSAL, 0.25);
    let arrow_offset = segment.append_association(arrow).unwrap();
    let (empty, _) = segment.append_content("").unwrap();
    assert_eq!((length, dimension), (13, 4));
    assert_eq!(segment.read_content(content).unwrap(), "Hello, Sutra!");
    assert_eq!(segment.read_vector(longer).unwrap(), [0.5; 33]);
    segment.close().unwrap();

    let segment = Segment::open_read(&path).unwrap();
    assert_eq!(segment.read_content(content).unwrap(), "Hello, Sutra!");
    assert_eq!(segment.read_content(empty).unwrap(), "");
    assert_eq!(segment.read_vector(vector).unwrap(), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(segment.read_vector(longer).unwrap(), [0.5; 33]);
    assert_eq!(segment.read_association(arrow_offset).unwrap(), &arrow);
    let read = segment.read_concept(offset).unwrap();
    assert_eq!(read, &record);
    assert_eq!(segment.vector(read.vector_offset.get(), 4).unwrap(), [1.0, 2.0, 3.0, 4.0]);
    let ids: Vec<_> = segment.iter_concepts().unwrap().map(|record| record.id).collect();
    assert_eq!(ids, [id(1)]);
    assert_eq!(segment.iter_associations().unwrap().count(), 1);
    check_verify(&segment);
}

#[test]
fn the_header_says_where_everything_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data.seg");
    let mut segment = Segment::create(&path, 9).unwrap();
    for number in 0..40 {
        segment.append_concept(concept(number)).unwrap();
        segment.append_content("four").unwrap();
        segment.append_vector(&[1.0; 17]).unwrap();
    }
    let before = segment.stats();
    segment.sync().unwrap();
    let stats = Segment::open_read(&path).unwrap().stats();
    assert_eq!((stats.segment_id, stats.concept_count, stats.vector_count), (9, 40, 40));
    assert_eq!((stats.association_count, stats.content_length), (0, 40 * 8));
    assert_eq!(stats.file_size, fs::metadata(&path).unwrap().len());
    assert_eq!(stats, segment.stats());
    assert_eq!(before.concept_count, 40);
    assert!(stats.created_at > 1_600_000_000_000, "milliseconds: {}", stats.created_at);
    let segment = Segment::open_read(&path).unwrap();
    let header = segment.header();
    let extents = [header.concepts, header.associations, header.vectors, header.content];
    let ranges = extents.map(|extent| (extent.offset.get(), extent.length.get()));
    assert_eq!(ranges, [(4096, 5120), (12288, 0), (12288, 5120), (20480, 320)]);
}

#[test]
fn an_existing_file_is_refused_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data.seg");
    fs::write(&path, b"precious").unwrap();
    let error = Segment::create(&path, 0).unwrap_err();
    let SegmentError::Fs(source) = &error else { panic!("{error}") };
    assert_eq!(source.kind, ErrorKind::AlreadyExists);
    assert!(error.to_string().contains("data.seg"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn what_was_created_is_a_segment_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data.seg");
    drop(Segment::create(&path, 0).unwrap());
    assert_eq!(Segment::open_read(&path).unwrap().stats().concept_count, 0);
}

#[test]
fn a_reader_keeps_what_it_opened() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data.seg");
    let mut segment = Segment::create(&path, 0).unwrap();
    segment.append_concept(concept(1)).unwrap();
    segment.sync().unwrap();
    let reader = Segment::open_read(&path).unwrap();
    segment.append_concept(concept(2)).unwrap();
    segment.sync().unwrap();
    assert_eq!(reader.iter_concepts().unwrap().count(), 1);
    check_verify(&reader);
}

#[test]
fn what_no_segment_can_hold_is_refused_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data.seg");
    let mut segment = Segment::create(&path, 0).unwrap();
    let nan = segment.append_vector(&[1.0, f32::NAN]).unwrap_err();
    assert!(matches!(nan, SegmentError::NotFinite { index: 1, .. }), "{nan}");
    let infinite = segment.append_vector(&[f32::INFINITY]).unwrap_err();
    assert!(matches!(infinite, SegmentError::NotFinite { index: 0, .. }), "{infinite}");
    let empty = segment.append_vector(&[]).unwrap_err();
    assert!(matches!(empty, SegmentError::EmptyVector), "{empty}");
    let wide = segment.append_vector(&vec![0.0; VECTOR_DIMENSION_MAX + 1]).unwrap_err();
    assert!(matches!(wide, SegmentError::TooLarge { size: 65_537, limit: 65_536, .. }), "{wide}");
    let long = segment.append_content(&"x".repeat(CONTENT_BYTES_MAX + 1)).unwrap_err();
    assert!(matches!(long, SegmentError::TooLarge { .. }), "{long}");
    let mut weak = concept(1);
    weak.strength = f32::NAN.into();
    let weak = segment.append_concept(weak).unwrap_err();
    assert!(matches!(weak, SegmentError::BadRecord(_)), "{weak}");
    let before = segment.stats();
    segment.sync().unwrap();
    assert_eq!(segment.stats(), before, "what was refused left nothing behind");
    assert_eq!((before.vector_count, before.content_length, before.concept_count), (0, 0, 0));
}

#[test]
fn a_path_that_is_no_plain_name_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let long = "x".repeat(61);
    for name in ["Data.seg", "..", ".hidden", "a b", long.as_str()] {
        let error = Segment::create(dir.path().join(name), 0).unwrap_err();
        assert!(matches!(error, SegmentError::BadName { .. }), "{name}: {error}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn an_offset_that_no_append_returned_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data.seg");
    let mut segment = Segment::create(&path, 0).unwrap();
    segment.append_concept(concept(1)).unwrap();
    segment
        .append_association(AssociationRecord::tombstone(id(1), id(2), AssociationKind::CAUSAL))
        .unwrap();
    segment.append_content("text").unwrap();
    segment.append_vector(&[1.0; 20]).unwrap();
    segment.sync().unwrap();
    let reader = Segment::open_read(&path).unwrap();
    for offset in [1, 64, 127, 4096, u64::MAX - 1, u64::MAX] {
        for error in [
            segment.read_concept(offset).unwrap_err(),
            reader.read_concept(offset).unwrap_err(),
            segment.read_association(offset).unwrap_err(),
            reader.read_association(offset).unwrap_err(),
            segment.read_vector(offset).unwrap_err(),
            reader.read_vector(offset).unwrap_err(),
            segment.read_content(offset).unwrap_err(),
            reader.read_content(offset).unwrap_err(),
        ] {
            let SegmentError::OutOfRange { offset: named, .. } = error else { panic!("{error}") };
            assert!(named == offset || named == offset.saturating_add(4), "{error}");
        }
    }
}

#[test]
fn what_was_appended_is_read_and_counted_before_it_is_synced() {
    let dir = SimDir::new();
    let mut segment = SegmentAppender::create_in(dir.clone(), name(), 1).unwrap();
    assert_eq!(segment.path(), dir.path(&name()));
    let arrow = |n: u64| AssociationRecord::new(id(n), id(n + 1), AssociationKind::CAUSAL, 0.5);
    for n in 0..3 {
        assert_eq!(segment.append_concept(concept(n)).unwrap(), n * ConceptRecord::BYTES as u64);
        let offset = segment.append_association(arrow(n)).unwrap();
        assert_eq!(offset, n * AssociationRecord::BYTES as u64);
    }
    let vectors = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]];
    let offsets = vectors.map(|vector| segment.append_vector(&vector).unwrap().0);
    segment.append_content("text").unwrap();
    for n in 0..3 {
        let at = n * ConceptRecord::BYTES as u64;
        assert_eq!(segment.read_concept(at).unwrap(), &concept(n));
        let at = n * AssociationRecord::BYTES as u64;
        assert_eq!(segment.read_association(at).unwrap(), &arrow(n));
    }
    for (vector, offset) in vectors.iter().zip(offsets) {
        assert_eq!(segment.read_vector(offset).unwrap(), vector);
    }
    assert!(segment.iter_concepts().eq(&[concept(0), concept(1), concept(2)]));
    assert!(segment.iter_associations().eq(&[arrow(0), arrow(1), arrow(2)]));
    let (stride, last) = (offsets[1] - offsets[0], offsets[2]);
    for offset in [1, 4, stride - 4, last + 4, last + stride, last + 2 * stride] {
        segment.read_vector(offset).expect_err("no vector starts there");
    }
    let stats = segment.stats();
    assert_eq!((stats.concept_count, stats.association_count), (3, 3));
    assert_eq!((stats.vector_count, stats.content_length), (3, 4 + 4));
}

#[test]
fn a_name_leaves_room_for_that_of_the_staged_file() {
    for (length, fits) in [(Name::BYTES_MAX - 4, true), (Name::BYTES_MAX - 3, false)] {
        let name = Name::new("n".repeat(length)).unwrap();
        let made = SegmentAppender::create_in(SimDir::new(), name, 1);
        match made {
            Err(SegmentError::BadName { .. }) => assert!(!fits, "{length}"),
            other => assert!(other.is_ok() && fits, "{length}: {other:?}"),
        }
    }
}

#[test]
fn the_longest_text_is_taken_and_a_longer_one_is_not() {
    let mut segment = SegmentAppender::create_in(SimDir::new(), name(), 1).unwrap();
    let longest = "t".repeat(CONTENT_BYTES_MAX);
    let (offset, length) = segment.append_content(&longest).unwrap();
    assert_eq!((offset, length as usize), (0, CONTENT_BYTES_MAX));
    let error = segment.append_content(&format!("{longest}t")).unwrap_err();
    assert!(matches!(error, SegmentError::TooLarge { .. }), "{error}");
}

#[test]
fn nothing_can_be_looked_up_where_nothing_is_sorted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data.seg");
    Segment::create(&path, 0).unwrap().close().unwrap();
    let segment = Segment::open_read(&path).unwrap();
    let unsorted = |error: SegmentError| matches!(error, SegmentError::Unsorted { .. });
    let kind = AssociationKind::SEMANTIC;
    assert!(unsorted(segment.find_concept(0, &id(1)).unwrap_err()));
    assert!(unsorted(segment.find_concepts(&[], &mut []).unwrap_err()));
    assert!(unsorted(segment.outgoing(0, &id(1)).unwrap_err()));
    assert!(unsorted(segment.incoming(0, &id(1)).err().unwrap()));
    assert!(unsorted(segment.outgoing_of_all(&[], &mut []).unwrap_err()));
    assert!(unsorted(segment.incoming_of_all(&[], &mut []).unwrap_err()));
    assert!(unsorted(segment.find_association(0, &id(1), kind, &id(2)).unwrap_err()));
}

fn name() -> Name {
    Name::new("data.seg").unwrap()
}

/// The ids in the file, if there is a segment under the name.
fn ids(dir: &SimDir) -> Option<Vec<ConceptId>> {
    let map = dir.open(&name()).ok()?.map().unwrap();
    let segment = Segment::open(map, "data.seg").ok()?;
    check_verify(&segment);
    Some(segment.iter_concepts().unwrap().map(|record| record.id).collect())
}

#[test]
fn a_power_cut_leaves_one_whole_state_and_none_older_than_promised() {
    let dir = SimDir::new();
    let mut segment = SegmentAppender::create_in(dir.clone(), name(), 1).unwrap();
    let created = dir.op_count();
    segment.append_concept(concept(1)).unwrap();
    segment.sync().unwrap();
    let first = dir.op_count();
    segment.append_concept(concept(2)).unwrap();
    segment.sync().unwrap();
    let second = dir.op_count();
    let states = [vec![], vec![id(1)], vec![id(1), id(2)]];
    for crash in dir.crashes(&CrashPlan::new(Profile::PosixWeak)) {
        let found = ids(&SimDir::from_image(&crash.image));
        let done = [created, first, second].iter().filter(|op| **op <= crash.at_op).count();
        let Some(found) = found else {
            assert_eq!(done, 0, "after {} operations there is no segment", crash.at_op);
            continue;
        };
        let state = states.iter().position(|state| *state == found).expect("a whole state");
        assert!(state + 1 >= done && state <= done, "state {state} after {done} syncs");
    }
}

#[test]
fn after_a_failure_the_last_state_stands_and_the_next_sync_succeeds() {
    let run = |fail_at: Option<usize>| {
        let dir = SimDir::new();
        let mut segment = SegmentAppender::create_in(dir.clone(), name(), 1).unwrap();
        segment.append_concept(concept(1)).unwrap();
        segment.sync().unwrap();
        let start = dir.op_count();
        if let Some(op) = fail_at {
            dir.fail_at(start + op, Fault::Eio, Times::Once);
        }
        segment.append_concept(concept(2)).unwrap();
        let result = segment.sync();
        (dir, segment, result, start)
    };
    let (dir, _, result, start) = run(None);
    result.unwrap();
    for op in 0..dir.op_count() - start {
        let (dir, mut segment, result, _) = run(Some(op));
        assert!(matches!(result, Err(SegmentError::Fs(_))), "operation {op}: {result:?}");
        let found = ids(&dir).expect("there is a segment at every moment");
        assert_eq!(found[0], id(1), "operation {op}");
        segment.sync().unwrap();
        assert_eq!(ids(&dir), Some(vec![id(1), id(2)]), "operation {op}");
    }
}

#[test]
fn a_creation_that_fails_takes_no_name() {
    let count = {
        let dir = SimDir::new();
        SegmentAppender::create_in(dir.clone(), name(), 1).unwrap();
        dir.op_count()
    };
    for op in 0..count {
        let dir = SimDir::new();
        dir.fail_at(op, Fault::Eio, Times::Once);
        SegmentAppender::create_in(dir.clone(), name(), 1).unwrap_err();
        SegmentAppender::create_in(dir.clone(), name(), 1).unwrap();
        assert_eq!(ids(&dir), Some(vec![]), "operation {op}");
    }
}
