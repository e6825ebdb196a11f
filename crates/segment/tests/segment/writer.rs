//! What a writer asks of its caller, and what it does when the disk lets it down.

use crate::common::{Rows, id};
use sutra_format::{
    AssociationKind, AssociationRecord, ConceptRecord, PayloadHome, VertexTombstone,
};
use sutra_fs::{Dir, ErrorKind, Name, OsDir};
use sutra_segment::{SegmentError, SegmentPlan, SegmentWriter};
use sutra_testkit::{Fault, SimDir, SimFile, Times};

fn name() -> Name {
    Name::new("seg_00000007.dat").unwrap()
}

/// Writes into a file of its own what `push` pushes.
fn write(concepts: u64, associations: u64, push: impl FnOnce(&mut SegmentWriter<'_, SimFile>)) {
    let plan = SegmentPlan { concepts, associations, ..Rows::new().plan() };
    let file = SimDir::new().create(&name()).unwrap();
    let mut writer = SegmentWriter::new(&file, plan);
    push(&mut writer);
    writer.finish().unwrap();
}

/// The numbers of two ids, the lower placement first.
fn in_order() -> [u64; 2] {
    let rows = Rows::new();
    if rows.hash(&id(1)) < rows.hash(&id(2)) { [1, 2] } else { [2, 1] }
}

fn concept(number: u64) -> ConceptRecord {
    ConceptRecord::new(id(number), ConceptRecord::ABSENT, 0, ConceptRecord::ABSENT)
}

fn association(source: u64, target: u64) -> AssociationRecord {
    AssociationRecord::new(id(source), id(target), AssociationKind::CAUSAL, 1.0)
}

fn push_concepts(numbers: [u64; 2]) {
    write(2, 0, |writer| {
        for number in numbers {
            writer.push_concept(&concept(number)).unwrap();
        }
    });
}

fn push_associations(ends: [(u64, u64); 2]) {
    write(0, 2, |writer| {
        for (source, target) in ends {
            writer.push_association(&association(source, target)).unwrap();
        }
    });
}

#[test]
fn rows_in_order_are_taken() {
    let [low, high] = in_order();
    push_concepts([low, high]);
    push_associations([(low, 9), (high, 1)]);
    push_associations([(low, 1), (low, 9)]);
}

#[test]
#[should_panic(expected = "concepts rise strictly")]
fn a_concept_below_the_last_is_a_mistake() {
    let [low, high] = in_order();
    push_concepts([high, low]);
}

#[test]
#[should_panic(expected = "concepts rise strictly")]
fn a_concept_twice_is_a_mistake() {
    push_concepts([1, 1]);
}

#[test]
#[should_panic(expected = "associations rise strictly")]
fn a_source_below_the_last_is_a_mistake() {
    let [low, high] = in_order();
    push_associations([(high, 1), (low, 9)]);
}

#[test]
#[should_panic(expected = "associations rise strictly")]
fn a_target_below_the_last_is_a_mistake() {
    push_associations([(1, 9), (1, 2)]);
}

#[test]
#[should_panic(expected = "vertex tombstones rise strictly")]
fn a_vertex_tombstone_twice_is_a_mistake() {
    let tombstone = VertexTombstone { id: id(1), seq: 1.into() };
    write(0, 0, |writer| [1, 2].into_iter().for_each(|_| writer.push_vertex_tombstone(tombstone)));
}

#[test]
#[should_panic(expected = "payload homes rise strictly")]
fn a_payload_home_below_the_last_is_a_mistake() {
    let home = |segment: u32| PayloadHome {
        segment_id: segment.into(),
        reserved: 0.into(),
        live_bytes: 1.into(),
    };
    write(0, 0, |writer| [2, 1].into_iter().for_each(|n| writer.push_home(home(n))));
}

#[test]
#[should_panic(expected = "concepts, associations, bytes of vectors and of texts")]
fn less_than_was_planned_is_a_mistake() {
    write(2, 0, |writer| writer.push_concept(&concept(1)).unwrap());
}

#[test]
#[should_panic(expected = "at most 4294967294 concepts")]
fn more_rows_than_there_are_numbers_for_is_a_mistake() {
    write(u64::from(u32::MAX), 0, |_| ());
}

#[test]
fn a_finished_file_is_sealed() {
    let place = tempfile::tempdir().unwrap();
    let dir = OsDir::open(place.path()).unwrap();
    let file = dir.create(&name()).unwrap();
    let plan = SegmentPlan { concepts: 0, ..Rows::new().plan() };
    let summary = SegmentWriter::new(&file, plan).finish().unwrap();
    let metadata = std::fs::metadata(dir.path(&name())).unwrap();
    assert!(metadata.permissions().readonly());
    assert_eq!(metadata.len(), summary.file_length);
}

#[test]
fn a_full_or_failing_disk_is_an_error_that_names_the_file() {
    let write = |dir: &SimDir| {
        let file = dir.create(&name()).unwrap();
        let plan = SegmentPlan { concepts: 4000, ..Rows::new().plan() };
        let mut writer = SegmentWriter::new(&file, plan);
        let rows = Rows::new();
        let mut numbers: Vec<_> = (0..4000).collect();
        numbers.sort_by_key(|number| rows.hash(&id(*number)));
        numbers.into_iter().try_for_each(|number| writer.push_concept(&concept(number)))?;
        writer.finish().map(drop)
    };
    let check = |result: Result<(), SegmentError>, kind: ErrorKind| {
        let error = result.unwrap_err();
        assert_eq!(error.fs().unwrap().kind, kind, "{error}");
        assert!(error.to_string().contains("seg_00000007.dat"), "{error}");
    };
    let dir = SimDir::new();
    write(&dir).unwrap();
    let operations = dir.op_count();
    assert!(operations > 5);
    for op in 1..operations {
        let dir = SimDir::new();
        dir.fail_at(op, Fault::Eio, Times::Once);
        check(write(&dir), ErrorKind::Other);
    }
    let dir = SimDir::new();
    dir.set_capacity(Some(300_000));
    check(write(&dir), ErrorKind::OutOfSpace);
}
