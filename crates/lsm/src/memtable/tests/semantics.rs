//! What each operation does to what was there, one rule a test.

use sutra_format::{AssociationKind, ConceptFlags, ConceptRecord};
use zerocopy::little_endian::U32;

use super::{
    ALL, BUDGET, SEED, apply, at, bare, edge, hash, id, incoming, no_edge, outgoing, touch,
};
use crate::journal::Payload;
use crate::memtable::arena::Arena;
use crate::memtable::association_slot::{Version, first_version};
use crate::memtable::associations::Key;
use crate::memtable::{Memtable, PayloadId};

fn concept(table: &Memtable, number: u64, upto: u64) -> Option<(u64, ConceptRecord, bool)> {
    let found = table.concept(hash(&id(number)), &id(number), upto)?;
    Some((found.record.seq.get(), found.record, found.complete))
}

fn tombstone(table: &Memtable, number: u64, upto: u64) -> Option<u64> {
    table.vertex_tombstone(hash(&id(number)), &id(number), upto)
}

#[test]
fn an_empty_memtable_knows_nothing() {
    let table = Memtable::new(SEED, BUDGET);
    assert!(table.is_empty() && !table.is_full() && !table.has_vertex_tombstones());
    assert_eq!((table.min_seq(), table.max_seq()), (None, None));
    assert_eq!(concept(&table, 0, ALL), None);
    assert!(outgoing(&table, 0, ALL).is_empty() && table.sorted_associations(ALL).is_empty());
    assert_eq!(table.payload(PayloadId::NONE), &[] as &[u8]);
}

#[test]
fn a_reader_sees_the_version_of_its_time() {
    let table = Memtable::new(SEED, BUDGET);
    apply(&table, 10, &[at(0, bare(1))], &[]);
    apply(&table, 11, &[at(0, bare(2)), at(1, bare(1))], &[]);
    assert_eq!(concept(&table, 1, 9), None);
    assert_eq!(concept(&table, 1, 10).unwrap().0, 10);
    assert_eq!(concept(&table, 1, 11).unwrap().0, 10);
    assert_eq!(concept(&table, 1, 12).unwrap().0, 12);
    assert_eq!((table.min_seq(), table.max_seq()), (Some(10), Some(12)));
}

#[test]
fn a_delta_is_folded_into_the_record_and_keeps_its_payload() {
    let table = Memtable::new(SEED, BUDGET);
    let mut payload = Payload::default();
    let mut record = bare(1);
    record.content_offset = payload.push_entry(b"text").into();
    table.apply(1, &[record], &[], payload).unwrap();
    apply(&table, 2, &[touch(1, 3, None), at(1, touch(1, 4, Some(0.5)))], &[]);
    let found = table.concept(hash(&id(1)), &id(1), ALL).unwrap();
    assert!(found.complete && !found.record.is_delta());
    assert_eq!((found.record.access_count.get(), found.record.strength.get()), (7, 0.5));
    assert_eq!(&table.payload(found.payload)[4..], b"text");
    assert_eq!(concept(&table, 1, 2).unwrap().1.access_count.get(), 3);
}

#[test]
fn deltas_without_a_base_become_one_delta() {
    let table = Memtable::new(SEED, BUDGET);
    apply(&table, 1, &[touch(1, 3, Some(0.5)), at(1, touch(1, 4, None))], &[]);
    let (seq, record, complete) = concept(&table, 1, ALL).unwrap();
    assert!(!complete && record.has(ConceptFlags::SETS_STRENGTH));
    assert_eq!((seq, record.access_count.get(), record.strength.get()), (2, 7, 0.5));
}

#[test]
fn a_delta_over_a_tombstone_is_void_but_its_seq_counts() {
    let table = Memtable::new(SEED, BUDGET);
    let tombstone = ConceptRecord::tombstone(id(1));
    apply(&table, 1, &[bare(1), at(1, tombstone), at(2, touch(1, 1, None))], &[]);
    let (seq, record, complete) = concept(&table, 1, ALL).unwrap();
    assert!(record.is_tombstone() && complete);
    assert_eq!(seq, 2);
    assert_eq!((table.max_seq(), table.counts().concept_versions), (Some(3), 2));
}

#[test]
fn a_vertex_tombstone_outlives_the_next_put() {
    let table = Memtable::new(SEED, BUDGET);
    let tombstone_of = |number| ConceptRecord::tombstone(id(number));
    apply(&table, 1, &[bare(1)], &[]);
    assert_eq!(tombstone(&table, 1, ALL), None);
    apply(&table, 5, &[tombstone_of(1), at(1, bare(1)), at(2, touch(1, 1, None))], &[]);
    apply(&table, 8, &[tombstone_of(1), at(1, bare(1))], &[]);
    let seen: Vec<_> = [4, 5, 7, 8, ALL].map(|upto| tombstone(&table, 1, upto)).into();
    assert_eq!(seen, [None, Some(5), Some(5), Some(8), Some(8)]);
    assert!(!concept(&table, 1, ALL).unwrap().1.is_tombstone());
    let all = table.sorted_vertex_tombstones(7);
    assert_eq!(all.iter().map(|t| (t.id, t.seq.get())).collect::<Vec<_>>(), [(id(1), 5)]);
}

#[test]
fn the_tombstone_of_a_fact_hides_no_association() {
    let table = Memtable::new(SEED, BUDGET);
    let mut fact = ConceptRecord::tombstone(id(1));
    fact.flags = U32::new(ConceptFlags::TOMBSTONE | ConceptFlags::FACT);
    apply(&table, 1, &[fact], &[]);
    assert!(!table.has_vertex_tombstones());
    assert_eq!(tombstone(&table, 1, ALL), None);
    assert!(concept(&table, 1, ALL).unwrap().1.is_tombstone());
    assert!(table.sorted_vertex_tombstones(ALL).is_empty());
}

#[test]
fn the_tombstone_of_a_fact_keeps_an_older_vertex_tombstone() {
    let table = Memtable::new(SEED, BUDGET);
    let mut fact = ConceptRecord::tombstone(id(1));
    fact.flags = U32::new(ConceptFlags::TOMBSTONE | ConceptFlags::FACT);
    apply(&table, 1, &[ConceptRecord::tombstone(id(1)), at(1, fact)], &[]);
    assert_eq!(tombstone(&table, 1, ALL), Some(1));
}

#[test]
fn a_changed_association_is_listed_once_from_either_end() {
    let table = Memtable::new(SEED, BUDGET);
    apply(&table, 1, &[], &[edge(0, 1, 0, 2), edge(1, 1, 0, 3), edge(2, 1, 0, 2)]);
    apply(&table, 4, &[], &[no_edge(0, 1, 0, 3), edge(1, 1, 0, 2)]);
    for (upto, seqs) in [(1, vec![1]), (2, vec![1, 2]), (3, vec![2, 3]), (ALL, vec![4, 5])] {
        let mut found: Vec<_> = outgoing(&table, 1, upto).iter().map(|e| e.seq.get()).collect();
        found.sort_unstable();
        assert_eq!(found, seqs, "upto {upto}");
    }
    assert_eq!(incoming(&table, 2, ALL), [edge(5, 1, 0, 2)]);
    assert!(incoming(&table, 3, ALL)[0].is_tombstone());
    assert_eq!(table.counts().associations, 2);
    assert_eq!(table.counts().association_versions, 5);
}

#[test]
fn associations_of_different_kind_and_loops_are_distinct() {
    let table = Memtable::new(SEED, BUDGET);
    apply(&table, 1, &[], &[edge(0, 1, 7, 1), edge(1, 1, 0, 1), edge(2, 1, 0, 0)]);
    let kinds = |records: Vec<sutra_format::AssociationRecord>| {
        records.iter().map(|e| (e.kind_code.get(), e.seq.get())).collect::<Vec<_>>()
    };
    assert_eq!(kinds(incoming(&table, 1, ALL)), [(0, 2), (7, 1)]);
    let out = kinds(outgoing(&table, 1, ALL));
    assert_eq!((out.len(), out[2]), (3, (7, 1)));
}

#[test]
fn a_version_is_of_its_source_kind_and_target_alone() {
    let arena = Arena::with_capacity(1);
    let slot = arena.push(&first_version(&edge(1, 1, 5, 2), None, None));
    let is = |source: u64, kind, target: u64| {
        let (source_hash, source, target) = (hash(&id(source)), &id(source), &id(target));
        let kind = AssociationKind::from_code(kind);
        Version(arena.slot(slot)).is(&Key { source_hash, source, kind, target })
    };
    assert!(is(1, 5, 2));
    assert!(!is(0, 5, 2) && !is(1, 4, 2) && !is(1, 5, 3));
}
