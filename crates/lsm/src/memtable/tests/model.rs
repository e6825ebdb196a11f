//! Random commits, read at random seqs, against a list of everything that ever happened.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sutra_format::fold::fold;
use sutra_format::{AssociationKind, AssociationRecord, ConceptFlags, ConceptId, ConceptRecord};
use zerocopy::little_endian::{F32, U32, U64};

use super::{SEED, bare, edge, hash, id, no_edge, touch};
use crate::journal::Payload;
use crate::memtable::{Found, Memtable};

const CONCEPTS: u64 = 8;
const KINDS: u16 = 2;

#[derive(Clone, Debug)]
enum Change {
    Put(u64, Option<String>),
    Delete(u64, bool),
    Touch(u64, u32, Option<f32>),
    Associate(u64, u16, u64, f32),
    Dissociate(u64, u16, u64),
}

fn change() -> impl Strategy<Value = Change> {
    let (concept, other, kind) = (0..CONCEPTS, 0..CONCEPTS, 0..KINDS);
    prop_oneof![
        4 => (concept.clone(), proptest::option::of("[a-z]{0,9}")).prop_map(|(c, t)| Change::Put(c, t)),
        1 => (concept.clone(), any::<bool>()).prop_map(|(c, fact)| Change::Delete(c, fact)),
        4 => (concept.clone(), 0..9_u32, proptest::option::of(0.0..1.0_f32))
            .prop_map(|(c, n, s)| Change::Touch(c, n, s)),
        6 => (concept.clone(), kind.clone(), other.clone(), 0.0..1.0_f32)
            .prop_map(|(s, k, t, w)| Change::Associate(s, k, t, w)),
        2 => (concept, kind, other).prop_map(|(s, k, t)| Change::Dissociate(s, k, t)),
    ]
}

/// Everything that happened, oldest first.
#[derive(Default)]
struct Model {
    concepts: Vec<(ConceptRecord, Option<String>)>,
    associations: Vec<AssociationRecord>,
}

/// A commit as the journal has it: relative seqs, offsets into the payload.
#[derive(Default)]
struct Commit {
    concepts: Vec<ConceptRecord>,
    associations: Vec<AssociationRecord>,
    payload: Payload,
}

impl Commit {
    fn add(&mut self, seq: u64, change: &Change) {
        let mut record = match *change {
            Change::Put(number, _) => bare(number),
            Change::Delete(number, _) => ConceptRecord::tombstone(id(number)),
            Change::Touch(number, accesses, strength) => touch(number, accesses, strength),
            Change::Associate(source, kind, target, weight) => {
                let weight = F32::new(weight);
                let edge = edge(seq, source, kind, target);
                return self.associations.push(AssociationRecord { weight, ..edge });
            }
            Change::Dissociate(source, kind, target) => {
                return self.associations.push(no_edge(seq, source, kind, target));
            }
        };
        if let Change::Put(_, Some(text)) = change {
            record.content_offset = U64::new(self.payload.push_entry(text.as_bytes()));
            record.content_length = U32::new(u32::try_from(text.len()).unwrap());
            record.flags = U32::new(ConceptFlags::HAS_CONTENT);
        }
        if matches!(change, Change::Delete(_, true)) {
            record.flags = U32::new(ConceptFlags::TOMBSTONE | ConceptFlags::FACT);
        }
        record.seq = U64::new(seq);
        self.concepts.push(record);
    }
}

impl Model {
    fn add(&mut self, first: u64, commit: &Commit, changes: &[Change]) {
        let seq = |relative: U64| U64::new(first + relative.get());
        for record in &commit.concepts {
            let text = match &changes[record.seq.get() as usize] {
                Change::Put(_, text) => text.clone(),
                _ => None,
            };
            self.concepts.push((ConceptRecord { seq: seq(record.seq), ..*record }, text));
        }
        let absolute = |r: &AssociationRecord| AssociationRecord { seq: seq(r.seq), ..*r };
        self.associations.extend(commit.associations.iter().map(absolute));
    }

    fn concept(&self, id: ConceptId, upto: u64) -> Option<(ConceptRecord, Option<String>)> {
        let mut state: Option<(ConceptRecord, Option<String>)> = None;
        let seen = |(record, _): &&(ConceptRecord, _)| record.id == id && record.seq.get() <= upto;
        for (record, text) in self.concepts.iter().filter(seen) {
            match &mut state {
                Some((base, _)) if record.is_delta() => fold(base, record),
                _ => state = Some((*record, text.clone())),
            }
        }
        state
    }

    fn tombstone(&self, id: ConceptId, upto: u64) -> Option<u64> {
        let deletes = |r: &ConceptRecord| r.id == id && r.is_tombstone() && !r.is_fact();
        let seqs = self.concepts.iter().filter(|(r, _)| deletes(r)).map(|(r, _)| r.seq.get());
        seqs.filter(|seq| *seq <= upto).max()
    }

    /// The newest version of each association by (source number, kind, target number).
    fn associations(&self, upto: u64) -> BTreeMap<(ConceptId, u16, ConceptId), AssociationRecord> {
        let seen = self.associations.iter().filter(|record| record.seq.get() <= upto);
        seen.map(|r| ((r.source, r.kind_code.get(), r.target), *r)).collect()
    }
}

fn text(table: &Memtable, found: &Found) -> Option<String> {
    if !found.record.has_content() {
        return None;
    }
    let start = found.record.content_offset.get() as usize + 4;
    let end = start + found.record.content_length.get() as usize;
    Some(String::from_utf8(table.payload(found.payload)[start..end].to_vec()).unwrap())
}

fn check_concepts(table: &Memtable, model: &Model, upto: u64) {
    let mut sorted = Vec::new();
    let mut tombstones = Vec::new();
    for id in (0..CONCEPTS).map(id) {
        let expected = model.concept(id, upto);
        let found = table.concept(hash(&id), &id, upto);
        assert_eq!(found.map(|f| (f.record, text(table, &f))), expected, "concept upto {upto}");
        assert!(found.is_none_or(|f| f.complete != f.record.is_delta()));
        sorted.extend(expected.map(|(record, text)| (hash(&id), id, record, text)));
        let tombstone = model.tombstone(id, upto);
        assert_eq!(table.vertex_tombstone(hash(&id), &id, upto), tombstone, "upto {upto}");
        tombstones.extend(tombstone.map(|seq| (hash(&id), id, seq)));
    }
    sorted.sort_by_key(|row| (row.0, row.1));
    let rows = table.sorted_concepts(upto).into_iter().map(|row| {
        let found = table.concept_row(row);
        (row.hash, found.record.id, found.record, text(table, &found))
    });
    assert_eq!(rows.collect::<Vec<_>>(), sorted, "sorted concepts upto {upto}");
    tombstones.sort_unstable();
    let rows = table.sorted_vertex_tombstones(upto);
    let rows: Vec<_> = rows.iter().map(|t| (hash(&t.id), t.id, t.seq.get())).collect();
    assert_eq!(rows, tombstones, "sorted vertex tombstones upto {upto}");
}

fn check_associations(table: &Memtable, model: &Model, upto: u64) {
    let expected = model.associations(upto);
    for (source, target) in (0..CONCEPTS).flat_map(|s| (0..CONCEPTS).map(move |t| (id(s), id(t)))) {
        for kind in 0..KINDS {
            let code = AssociationKind::from_code(kind);
            let found = table.association(hash(&source), &source, code, &target, upto);
            assert_eq!(found.as_ref(), expected.get(&(source, kind, target)), "upto {upto}");
        }
    }
    for end in (0..CONCEPTS).map(id) {
        let mut out: Vec<_> = expected.values().filter(|r| r.source == end).copied().collect();
        out.sort_by_key(|r| (r.kind_code.get(), r.target));
        let mut found = Vec::new();
        table.outgoing(hash(&end), &end, upto, &mut found);
        assert_eq!(found, out, "outgoing upto {upto}");
        let mut into: Vec<_> = expected.values().filter(|r| r.target == end).copied().collect();
        into.sort_by_key(|r| (r.kind_code.get(), hash(&r.source), r.source));
        found.clear();
        table.incoming(hash(&end), &end, upto, &mut found);
        assert_eq!(found, into, "incoming upto {upto}");
    }
    let mut all: Vec<_> = expected.into_values().collect();
    all.sort_by_key(|r| (hash(&r.source), r.source, r.kind_code.get(), r.target));
    let rows = table.sorted_associations(upto);
    assert!(rows.iter().zip(&all).all(|(row, r)| row.source_hash == hash(&r.source)));
    let rows: Vec<_> = rows.into_iter().map(|row| table.association_row(row)).collect();
    assert_eq!(rows, all, "sorted associations upto {upto}");
}

proptest! {
    #[test]
    fn every_seq_reads_like_a_list_of_all_changes(
        commits in proptest::collection::vec(proptest::collection::vec(change(), 1..12), 1..12),
        budget in prop_oneof![Just(0_u64), Just(1 << 14), Just(1 << 20)],
        gaps in 0..3_u64,
        readers in proptest::collection::vec(any::<prop::sample::Index>(), 6),
    ) {
        let table = Memtable::new(SEED, budget);
        let mut model = Model::default();
        let mut next = 1 + gaps;
        for changes in &commits {
            let mut commit = Commit::default();
            for (seq, change) in (0..).zip(changes) {
                commit.add(seq, change);
            }
            let Commit { concepts, associations, payload } = &commit;
            if table.apply(next, concepts, associations, payload.clone()).is_ok() {
                model.add(next, &commit, changes);
            }
            next += changes.len() as u64 + gaps;
        }
        let some = readers.iter().map(|reader| reader.index(next as usize) as u64);
        for upto in some.chain([next, u64::MAX]) {
            check_concepts(&table, &model, upto);
            check_associations(&table, &model, upto);
        }
    }
}
