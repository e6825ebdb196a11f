//! Readers beside the applier: what is visible is complete, what is not does not shine through.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use sutra_format::{AssociationKind, ConceptRecord};
use zerocopy::little_endian::{F32, U32, U64};

use super::{ALL, BUDGET, SEED, apply, at, bare, edge, hash, id, incoming, outgoing};
use crate::journal::Payload;
use crate::memtable::{Found, Memtable};

/// Commits of one run.
const COMMITS: u64 = 3_000;
/// Concepts that each commit puts again.
const RENEWED: u64 = 6;
/// Records of one commit: the renewed concepts, then a renewed and a new association.
const RECORDS: u64 = RENEWED + 2;

/// Commit `number` (from 1 on) marks everything that it writes with its number.
fn commit(table: &Memtable, number: u64) {
    let mut payload = Payload::default();
    let concepts: Vec<_> = (0..RENEWED)
        .map(|concept| {
            let mut record = at(concept, bare(concept));
            record.source_hash = U32::new(mark(number));
            record.content_offset = U64::new(payload.push_entry(&number.to_le_bytes()));
            record
        })
        .collect();
    let mut renewed = edge(RENEWED, 0, 0, 1);
    renewed.weight = F32::new(mark(number) as f32);
    let new = edge(RENEWED + 1, 0, 1, 100 + number);
    table.apply(first_seq(number), &concepts, &[renewed, new], payload).unwrap();
}

fn first_seq(number: u64) -> u64 {
    1 + (number - 1) * RECORDS
}

fn mark(number: u64) -> u32 {
    u32::try_from(number).unwrap()
}

fn check_whole(table: &Memtable, found: &Found) -> u64 {
    let ConceptRecord { content_offset, source_hash, seq, .. } = found.record;
    let start = content_offset.get() as usize + 4;
    let text: [u8; 8] = table.payload(found.payload)[start..start + 8].try_into().unwrap();
    let number = u64::from_le_bytes(text);
    assert_eq!(source_hash.get(), mark(number), "record and payload are of one commit");
    assert_eq!((seq.get() - 1) / RECORDS + 1, number, "seq is of the same commit");
    number
}

/// All that commit `number` and none that a later one wrote is seen at its last seq.
fn check_at(table: &Memtable, number: u64, with_lists: bool) {
    let upto = first_seq(number) + RECORDS - 1;
    for concept in (0..RENEWED).map(id) {
        let found = table.concept(hash(&concept), &concept, upto).expect("put by every commit");
        assert_eq!(check_whole(table, &found), number);
    }
    let (source, kind) = (id(0), AssociationKind::SEMANTIC);
    let renewed = table.association(hash(&source), &source, kind, &id(1), upto).unwrap();
    assert_eq!(renewed.weight.get(), mark(number) as f32);
    let newest = id(100 + number);
    let kind = AssociationKind::from_code(1);
    assert!(table.association(hash(&source), &source, kind, &newest, upto).is_some());
    assert!(table.association(hash(&source), &source, kind, &newest, upto - 1).is_none());
    assert_eq!(incoming(table, 100 + number, upto).len(), 1);
    if with_lists {
        assert_eq!(outgoing(table, 0, upto).len() as u64, number + 1);
        assert_eq!(table.sorted_associations(upto).len() as u64, number + 1);
        assert_eq!(table.sorted_concepts(upto).len() as u64, RENEWED);
    }
}

#[test]
fn a_reader_finds_all_of_what_is_visible_and_nothing_else() {
    let (table, visible) = (Memtable::new(SEED, 64 * BUDGET), AtomicU64::new(0));
    thread::scope(|scope| {
        for reader in 0..3 {
            let (table, visible) = (&table, &visible);
            scope.spawn(move || {
                let mut rounds = 0_u64;
                loop {
                    let number = visible.load(Ordering::Acquire);
                    if number > 0 {
                        check_at(table, number, rounds % 64 == reader);
                        check_at(table, 1 + rounds % number, false);
                        let newest = table.concept(hash(&id(0)), &id(0), ALL).unwrap();
                        assert!(check_whole(table, &newest) >= number);
                    }
                    rounds += 1;
                    if number == COMMITS {
                        return;
                    }
                }
            });
        }
        for number in 1..=COMMITS {
            commit(&table, number);
            visible.store(number, Ordering::Release);
        }
    });
    check_at(&table, COMMITS, true);
}

#[test]
fn appliers_in_different_threads_take_turns() {
    const THREADS: u64 = 4;
    const STEPS: u64 = 10_000;
    let (table, start) = (Memtable::new(SEED, 64 * BUDGET), Barrier::new(THREADS as usize));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (table, start) = (&table, &start);
            scope.spawn(move || {
                start.wait();
                for number in (0..STEPS).map(|step| thread * STEPS + step) {
                    apply(table, 1, &[at(number, bare(number))], &[edge(number, 1, 0, number)]);
                }
            });
        }
    });
    let all = THREADS * STEPS;
    assert_eq!(table.sorted_concepts(ALL).len() as u64, all);
    assert_eq!(outgoing(&table, 1, ALL).len() as u64, all);
    assert_eq!((table.min_seq(), table.max_seq()), (Some(1), Some(all)));
}
