//! Segments that an earlier build wrote: they open for ever, and are written as they were.

use std::fs;
use std::path::PathBuf;

use crate::common::{Concept, Rows, check_answers, check_verify, id, open};
use sutra_format::{AssociationKind, AssociationRecord, ConceptFlags, ConceptRecord};
use sutra_segment::Segment;

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1").join(name)
}

/// The rows of the sorted sample.
fn rows() -> Rows {
    let mut rows = Rows::new();
    for n in 0..20 {
        let mut concept = Concept::new(id(n));
        concept.record.seq = (n + 1).into();
        concept.record.created_at = (1_600_000_000_000 + n).into();
        match n % 4 {
            0 => concept = concept.text("what is known of it", "a name").vector(&[0.5, -1.0, 2.0]),
            1 => concept = concept.vector(&[1.0; 20]),
            2 => concept.record.flags = ConceptFlags::TOMBSTONE.into(),
            _ => concept = concept.text("", ""),
        }
        rows.put(concept);
        rows.associate(id(n), (n % 5) as u16, id(n * 3 % 20));
        rows.associate(id(n), 5, id(1));
    }
    rows.vertex_tombstones.insert(id(2), 3);
    rows
}

#[test]
fn a_sorted_segment_of_version_1_answers() {
    let bytes = fs::read(golden("sorted.seg")).unwrap();
    let segment = open(&bytes).unwrap();
    check_verify(&segment);
    check_answers(&segment, &rows(), (0..30).map(id));
    assert_eq!(segment.stats().created_at, 1_700_000_000_000);
}

#[test]
fn the_same_rows_are_the_same_bytes() {
    let bytes = fs::read(golden("sorted.seg")).unwrap();
    let written = rows().write();
    let differs = bytes.iter().zip(&written).position(|(before, now)| before != now);
    assert_eq!(differs, None, "the first byte that differs");
    assert_eq!(bytes.len(), written.len());
}

#[test]
fn an_appended_segment_of_version_1_is_read() {
    let segment = Segment::open_read(golden("appended.seg")).unwrap();
    check_verify(&segment);
    let concepts: Vec<_> = segment.iter_concepts().unwrap().collect();
    assert_eq!(concepts.len(), 2);
    for (record, number) in concepts.into_iter().zip([9, 4]) {
        assert_eq!(record.id, id(number));
        let offset = record.content_offset.get();
        assert_eq!(segment.read_content(offset).unwrap(), format!("text of {number}"));
        let vector = segment.read_vector(record.vector_offset.get()).unwrap();
        assert_eq!(vector, vec![number as f32; number as usize]);
    }
    let arrows: Vec<_> = segment.iter_associations().unwrap().copied().collect();
    assert_eq!(arrows, [arrow()]);
}

fn arrow() -> AssociationRecord {
    AssociationRecord::new(id(9), id(4), AssociationKind::TEMPORAL, 0.75)
}

/// Run by hand, once for each version of the format, before its first release.
#[test]
#[ignore = "writes the samples that the other tests read"]
fn write_the_samples() {
    fs::create_dir_all(golden("")).unwrap();
    fs::write(golden("sorted.seg"), rows().write()).unwrap();
    let mut segment = Segment::create(golden("appended.seg"), 7).unwrap();
    for number in [9, 4] {
        let (content, length) = segment.append_content(&format!("text of {number}")).unwrap();
        let (vector, _) = segment.append_vector(&vec![number as f32; number as usize]).unwrap();
        segment.append_concept(ConceptRecord::new(id(number), content, length, vector)).unwrap();
    }
    segment.append_association(arrow()).unwrap();
    segment.close().unwrap();
}
