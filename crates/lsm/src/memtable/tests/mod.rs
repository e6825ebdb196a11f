//! Tests of the memtable, and what they share.

mod capacity;
mod concurrent;
mod model;
mod semantics;

use sutra_format::hash::{mix, placement};
use sutra_format::{AssociationKind, AssociationRecord, ConceptFlags, ConceptId, ConceptRecord};
use zerocopy::little_endian::{F32, U32, U64};

use super::Memtable;
use crate::journal::Payload;

const SEED: u64 = 0x0123_4567_89ab_cdef;
const BUDGET: u64 = 1 << 20;
/// A reader that sees everything.
const ALL: u64 = u64::MAX;

/// The id with this number. Each even one has the placement of the odd one behind it.
fn id(number: u64) -> ConceptId {
    let low = mix(number + 1);
    let key = SEED.rotate_left(32);
    let sum = mix(number / 2 + 1_000_000);
    let high = sum.wrapping_sub(mix(low ^ SEED)) ^ key;
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&low.to_le_bytes());
    bytes[8..].copy_from_slice(&high.to_le_bytes());
    ConceptId::from_bytes(bytes)
}

fn hash(id: &ConceptId) -> u64 {
    placement(SEED, id)
}

fn at(seq: u64, mut record: ConceptRecord) -> ConceptRecord {
    record.seq = U64::new(seq);
    record
}

fn bare(number: u64) -> ConceptRecord {
    ConceptRecord::new(id(number), ConceptRecord::ABSENT, 0, ConceptRecord::ABSENT)
}

fn touch(number: u64, accesses: u32, strength: Option<f32>) -> ConceptRecord {
    let mut record = bare(number);
    let sets = strength.map_or(0, |_| ConceptFlags::SETS_STRENGTH);
    record.flags = U32::new(ConceptFlags::DELTA | sets);
    record.access_count = U32::new(accesses);
    record.strength = F32::new(strength.unwrap_or(1.0));
    record
}

fn edge(seq: u64, source: u64, kind: u16, target: u64) -> AssociationRecord {
    let kind = AssociationKind::from_code(kind);
    let mut record = AssociationRecord::new(id(source), id(target), kind, 1.0);
    record.seq = U64::new(seq);
    record
}

fn no_edge(seq: u64, source: u64, kind: u16, target: u64) -> AssociationRecord {
    let kind = AssociationKind::from_code(kind);
    let mut record = AssociationRecord::tombstone(id(source), id(target), kind);
    record.seq = U64::new(seq);
    record
}

fn outgoing(table: &Memtable, source: u64, upto: u64) -> Vec<AssociationRecord> {
    let mut found = Vec::new();
    table.outgoing(hash(&id(source)), &id(source), upto, &mut found);
    found
}

fn incoming(table: &Memtable, target: u64, upto: u64) -> Vec<AssociationRecord> {
    let mut found = Vec::new();
    table.incoming(hash(&id(target)), &id(target), upto, &mut found);
    found
}

/// Applies a commit without payload.
fn apply(table: &Memtable, first: u64, concepts: &[ConceptRecord], edges: &[AssociationRecord]) {
    table.apply(first, concepts, edges, Payload::default()).unwrap();
}

#[test]
fn test_ids_collide_in_pairs() {
    assert_eq!(hash(&id(0)), hash(&id(1)));
    assert_ne!(id(0), id(1));
    assert_ne!(hash(&id(1)), hash(&id(2)));
}
