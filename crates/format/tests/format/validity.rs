//! When records hold: from their start on, before their end.

use sutra_format::time::{OPEN_END, OPEN_START, pack_48};
use sutra_format::{AssociationKind, AssociationRecord, ConceptId, ConceptRecord};
use zerocopy::little_endian::I64;

const ID: ConceptId = ConceptId::from_bytes([1; 16]);

#[track_caller]
fn check(from: i64, to: i64, holds: &[i64], not: &[i64]) {
    let mut concept = ConceptRecord::new(ID, ConceptRecord::ABSENT, 0, ConceptRecord::ABSENT);
    (concept.valid_from, concept.valid_to) = (I64::new(from), I64::new(to));
    let mut association = AssociationRecord::new(ID, ID, AssociationKind::CAUSAL, 1.0);
    (association.valid_from_48, association.valid_to_48) = (pack_48(from), pack_48(to));
    for (times, expected) in [(holds, true), (not, false)] {
        for time in times {
            let found = (concept.holds_at(*time), association.holds_at(*time));
            assert_eq!(found, (expected, expected), "{from}..{to} at {time}");
        }
    }
}

#[test]
fn the_start_is_within_and_the_end_is_not() {
    check(-5, 7, &[-5, 0, 6], &[i64::MIN, -6, 7, i64::MAX]);
    check(3, 3, &[], &[2, 3, 4]);
}

#[test]
fn an_open_end_has_no_time_beyond_it() {
    check(OPEN_START, OPEN_END, &[i64::MIN, 0, i64::MAX], &[]);
    check(OPEN_START, 0, &[i64::MIN, -1], &[0, i64::MAX]);
    check(0, OPEN_END, &[0, i64::MAX], &[i64::MIN, -1]);
}
