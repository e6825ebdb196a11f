//! Room, budget and what a full memtable costs.

use sutra_format::hash::mix;
use sutra_format::limits::COMMIT_BYTES_MAX;
use sutra_format::{AssociationRecord, ConceptRecord};

use super::{ALL, SEED, apply, at, bare, edge, hash, incoming, outgoing};
use crate::journal::Payload;
use crate::memtable::arena::Slot;
use crate::memtable::table::Table;
use crate::memtable::{Full, Memtable};

fn concepts(count: usize) -> Vec<ConceptRecord> {
    (0..count as u64).map(|number| at(number, bare(number))).collect()
}

fn edges(count: usize) -> Vec<AssociationRecord> {
    (0..count as u64).map(|number| edge(number, number / 4, 0, number)).collect()
}

#[test]
fn an_empty_memtable_takes_any_legal_commit_however_small_its_budget() {
    let (most_concepts, most_edges) = (COMMIT_BYTES_MAX / 128, COMMIT_BYTES_MAX / 64);
    let table = Memtable::new(SEED, 1024);
    apply(&table, 1, &concepts(most_concepts), &[]);
    assert_eq!(table.sorted_concepts(ALL).len(), most_concepts);
    assert!(table.is_full() && !table.has_room(1, 0, 0));

    let table = Memtable::new(SEED, 1024);
    assert!(!table.has_room(0, most_edges + 1, 0));
    apply(&table, 1, &[], &edges(most_edges));
    assert_eq!(table.counts().associations, most_edges);
    assert!(table.owned_bytes() < 54 << 20, "{} bytes", table.owned_bytes());
    let last = most_edges as u64 - 1;
    assert_eq!(incoming(&table, last, ALL), [edge(last + 1, last / 4, 0, last)]);
}

#[test]
fn a_commit_without_room_leaves_no_trace() {
    let table = Memtable::new(SEED, 0);
    assert!(!table.is_full(), "there is nothing to flush");
    apply(&table, 1, &concepts(10), &edges(10));
    let before = (table.counts(), table.max_seq(), table.owned_bytes());
    let full = Full { concepts: 10, associations: 1, payload_bytes: 8 };
    let mut payload = Payload::default();
    payload.push_entry(b"text");
    let refused = table.apply(100, &concepts(10), &edges(1), payload);
    assert_eq!(refused, Err(full));
    assert_eq!((table.counts(), table.max_seq(), table.owned_bytes()), before);
    assert!(full.to_string().contains("10 concepts, 1 associations and 8 bytes"), "{full}");
}

/// A commit of 3 concepts, 5 associations and 100,004 bytes, in a buffer that has grown and is
/// larger than that.
fn apply_part(table: &Memtable, number: u64) -> Result<(), Full> {
    let mut payload = Payload::copy_of(&[7; 70_000]);
    payload.push_entry(&[7; 30_000]);
    assert!(payload.memory() > payload.len() + 1_000);
    table.apply(number * 8, &concepts(3), &edges(5), payload)
}

#[test]
fn what_has_room_together_is_applied_in_parts() {
    let table = Memtable::new(SEED, 0);
    assert!(table.has_room(300, 500, 100 * 100_004));
    assert_eq!((0..100).try_for_each(|number| apply_part(&table, number)), Ok(()));
    assert!(!table.has_room(1, 0, 0) && !table.has_room(0, 1, 0));

    let table = Memtable::new(SEED, 1 << 20);
    assert_eq!((0..60).try_for_each(|number| apply_part(&table, number)), Ok(()));
    assert!(table.has_room(240 * 3, 240 * 5, 240 * 100_004));
    assert_eq!((60..300).try_for_each(|number| apply_part(&table, number)), Ok(()));
}

#[test]
fn a_memtable_gets_full_at_its_budget() {
    for budget in [1 << 14, 1 << 18, 4 << 20] {
        let (by_concepts, by_edges) = (Memtable::new(SEED, budget), Memtable::new(SEED, budget));
        let mut number = 0;
        while !by_concepts.is_full() {
            apply(&by_concepts, number, &[bare(number)], &[]);
            number += 1;
        }
        assert!(number > budget / 200, "{number} concepts in {budget} bytes");
        number = 0;
        while !by_edges.is_full() {
            apply(&by_edges, number, &[], &[edge(0, number, 0, number)]);
            number += 1;
        }
        assert!(number > budget / 150, "{number} associations in {budget} bytes");
        for table in [by_concepts, by_edges] {
            let owned = table.owned_bytes();
            assert!(owned < budget + budget / 4 + 4096, "{owned} bytes owned of {budget}");
        }
    }
}

#[test]
fn payload_fills_the_budget_and_overshoots_by_one_commit_at_most() {
    let table = Memtable::new(SEED, 3 << 20);
    let payload = Payload::copy_of(&vec![7; 4 << 20]);
    let mut number = 0;
    while table.has_room(1, 0, payload.len()) {
        table.apply(number, &[bare(number)], &[], payload.clone()).unwrap();
        number += 1;
        assert!(table.is_full());
        assert!(table.owned_bytes() > number * (4 << 20));
    }
    assert_eq!(number, 8);
    assert!(table.owned_bytes() <= (3 << 20) + COMMIT_BYTES_MAX as u64);
}

#[test]
fn payload_that_nothing_refers_to_is_not_kept() {
    let table = Memtable::new(SEED, 1 << 20);
    apply(&table, 1, &[bare(1)], &[]);
    let before = table.owned_bytes();
    let payload = Payload::copy_of(&[7; 10_000]);
    table.apply(2, &[super::touch(1, 1, None)], &[], payload.clone()).unwrap();
    table.apply(3, &[], &[], payload).unwrap();
    assert!(table.owned_bytes() < before + 1_000);
}

#[test]
fn owned_bytes_are_those_of_slots_tables_and_payload() {
    let table = Memtable::new(SEED, 4 << 20);
    let payload = Payload::copy_of(&[7; 100_000]);
    let (versions, keys) = (10_000, 10_000);
    table.apply(1, &concepts(versions), &edges(keys), payload).unwrap();
    let slots = versions * 144 + keys * 80;
    let tables = (4 << 20) / 152 * 8 + 3 * ((4 << 20) / 104 * 8);
    let expected = (slots + tables + 100_000) as f64;
    let owned = table.owned_bytes() as f64;
    assert!((owned / expected - 1.0).abs() < 0.06, "{owned} owned, {expected} expected");
}

#[test]
fn a_hub_of_100_000_associations_is_read_whole_from_either_end() {
    let table = Memtable::new(SEED, 64 << 20);
    let degree = 100_000;
    for round in 0..2 {
        let out: Vec<_> = (0..degree).map(|number| edge(number, 1, 0, number)).collect();
        apply(&table, 1 + round * degree, &[], &out);
    }
    let into: Vec<_> = (0..degree).map(|number| edge(number, number, 1, 2)).collect();
    apply(&table, 1 + 2 * degree, &[], &into);
    let out = outgoing(&table, 1, 2 * degree);
    assert_eq!(out.len() as u64, degree);
    assert!(out.iter().all(|record| record.seq.get() > degree));
    assert!(out.is_sorted_by_key(|record| record.target));
    let into = incoming(&table, 2, ALL);
    assert_eq!(into.len() as u64, degree + 1, "and one from the hub");
    assert!(into[1..].is_sorted_by_key(|record| hash(&record.source)));
    assert_eq!(table.sorted_associations(ALL).len() as u64, 2 * degree);
}

#[test]
fn probes_of_a_full_table_are_short() {
    let keys: u64 = 100_000;
    let table = Table::with_capacity(keys as usize);
    let mut looked_at = 0;
    for key in 0..keys {
        let place = table.place(mix(key), |_| false);
        table.publish(&place, Slot::from_link(key as u32 + 1).unwrap());
    }
    for key in 0..keys {
        let asked = std::cell::Cell::new(0);
        let wanted = Slot::from_link(key as u32 + 1);
        let found = table.find(mix(key), |slot| {
            asked.set(asked.get() + 1);
            Some(slot) == wanted
        });
        assert_eq!(found, wanted);
        looked_at += asked.get();
    }
    assert!(looked_at < keys + keys / 1_000, "{looked_at} slots for {keys} keys");
    assert_eq!(table.slots().count() as u64, keys);
}

#[test]
fn a_table_wraps_around_its_end() {
    let table = Table::with_capacity(4);
    for link in 1..=4 {
        let place = table.place(u64::MAX, |_| false);
        table.publish(&place, Slot::from_link(link).unwrap());
    }
    for link in 1..=4 {
        let wanted = Slot::from_link(link);
        assert_eq!(table.find(u64::MAX, |slot| Some(slot) == wanted), wanted);
    }
    assert_eq!(table.find(u64::MAX, |_| false), None);
}
