//! [`fold`] against a model that knows a concept as a list of changes, applied one by one.

use proptest::prelude::*;
use sutra_format::{ConceptFlags, ConceptId, ConceptRecord, fold};
use zerocopy::little_endian::{F32, U32, U64};

/// One change to a concept.
#[derive(Clone, Debug)]
enum Change {
    Put { strength: f32, created_at: u64 },
    Delete,
    Touch { accesses: u32, at: u64, strength: Option<f32>, confidence: Option<f32> },
}

/// What a user knows of a concept that exists.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    seq: u64,
    created_at: u64,
    accesses: u32,
    accessed_at: u64,
    strength: f32,
    confidence: f32,
}

fn changes() -> impl Strategy<Value = Change> {
    let accesses = prop_oneof![0u32..5, (u32::MAX - 3)..=u32::MAX];
    let set = || prop::option::of(prop::sample::select(vec![0.0f32, 0.5, 1.0, 2.0]));
    prop_oneof![
        2 => (0u8..4, 0u64..10).prop_map(|(strength, created_at)| {
            Change::Put { strength: strength.into(), created_at }
        }),
        1 => Just(Change::Delete),
        6 => (accesses, 0u64..20, set(), set()).prop_map(|(accesses, at, strength, confidence)| {
            Change::Touch { accesses, at, strength, confidence }
        }),
    ]
}

fn record(change: &Change, seq: u64) -> ConceptRecord {
    let id = ConceptId::from_bytes([7; 16]);
    let mut record = match *change {
        Change::Delete => ConceptRecord::tombstone(id),
        Change::Put { strength, created_at } => {
            let mut put = ConceptRecord::new(id, seq, 3, 64 * seq);
            put.strength = F32::new(strength);
            put.created_at = U64::new(created_at);
            put
        }
        Change::Touch { accesses, at, strength, confidence } => {
            let mut delta = ConceptRecord::new(id, ConceptRecord::ABSENT, 0, ConceptRecord::ABSENT);
            let mut flags = ConceptFlags::DELTA;
            if let Some(strength) = strength {
                delta.strength = F32::new(strength);
                flags |= ConceptFlags::SETS_STRENGTH;
            }
            if let Some(confidence) = confidence {
                delta.confidence = F32::new(confidence);
                flags |= ConceptFlags::SETS_CONFIDENCE;
            }
            delta.flags = U32::new(flags);
            delta.access_count = U32::new(accesses);
            delta.accessed_at = U64::new(at);
            delta
        }
    };
    record.seq = U64::new(seq);
    assert_eq!(record.check(), Ok(()), "{change:?}");
    record
}

/// What a user knows after all changes, the first of which is the oldest.
fn model(changes: &[Change]) -> Option<Known> {
    let mut known: Option<Known> = None;
    for (seq, change) in (1..).zip(changes) {
        match (change, &mut known) {
            (Change::Delete, known) => *known = None,
            (&Change::Put { strength, created_at }, known) => {
                let (accesses, accessed_at, confidence) = (0, 0, 1.0);
                let new = Known { seq, created_at, accesses, accessed_at, strength, confidence };
                *known = Some(new);
            }
            (Change::Touch { .. }, None) => {}
            (&Change::Touch { accesses, at, strength, confidence }, Some(known)) => {
                known.seq = seq;
                known.accesses = known.accesses.saturating_add(accesses);
                known.accessed_at = known.accessed_at.max(at);
                known.strength = strength.unwrap_or(known.strength);
                known.confidence = confidence.unwrap_or(known.confidence);
            }
        }
    }
    known
}

/// What a user reads from a record.
fn known(record: &ConceptRecord) -> Option<Known> {
    let exists = !record.is_tombstone() && !record.is_delta();
    exists.then(|| Known {
        seq: record.seq.get(),
        created_at: record.created_at.get(),
        accesses: record.access_count.get(),
        accessed_at: record.accessed_at.get(),
        strength: record.strength.get(),
        confidence: record.confidence.get(),
    })
}

fn folded(records: &[ConceptRecord]) -> ConceptRecord {
    let (first, newer) = records.split_first().expect("at least one record");
    let mut base = *first;
    newer.iter().for_each(|record| fold(&mut base, record));
    base
}

fn records(changes: &[Change]) -> Vec<ConceptRecord> {
    (1..).zip(changes).map(|(seq, change)| record(change, seq)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_folded_concept_is_what_its_changes_made_of_it(
        changes in prop::collection::vec(changes(), 1..12),
    ) {
        let found = folded(&records(&changes));
        prop_assert_eq!(known(&found), model(&changes));
        prop_assert_eq!(found.check(), Ok(()), "what is folded can be stored");
    }

    #[test]
    fn it_does_not_matter_which_neighbours_are_folded_first(
        changes in prop::collection::vec(changes(), 3..12), cuts in any::<[usize; 2]>(),
    ) {
        let records = records(&changes);
        let [mut a, mut b] = cuts.map(|cut| 1 + cut % (records.len() - 1));
        if a > b {
            (a, b) = (b, a);
        }
        let parts = [&records[..a], &records[a..b], &records[b..]];
        let merged: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).map(folded).collect();
        prop_assert_eq!(folded(&merged), folded(&records));
    }

    #[test]
    fn a_delta_touches_neither_text_nor_vector_nor_dates(
        changes in prop::collection::vec(changes(), 1..12),
    ) {
        let put = record(&Change::Put { strength: 3.0, created_at: 5 }, 1);
        let mut base = put;
        for (seq, change) in (2..).zip(&changes) {
            if let Change::Touch { .. } = change {
                fold(&mut base, &record(change, seq));
            }
        }
        // All that a delta may change is taken back; the rest must be as it was.
        base.seq = put.seq;
        base.access_count = put.access_count;
        base.accessed_at = put.accessed_at;
        base.strength = put.strength;
        base.confidence = put.confidence;
        prop_assert_eq!(base, put);
    }
}

#[test]
fn a_delta_leaves_a_tombstone_as_it_was() {
    let tombstone = record(&Change::Delete, 5);
    let (accesses, at) = (3, 9);
    let touch = Change::Touch { accesses, at, strength: Some(2.0), confidence: Some(2.0) };
    let mut base = tombstone;
    fold(&mut base, &record(&touch, 6));
    assert_eq!(base, tombstone);
}

#[test]
fn a_delta_takes_over_what_a_newer_one_sets_and_no_other_flag() {
    let set = |strength, confidence| Change::Touch { accesses: 1, at: 1, strength, confidence };
    let mut newer = record(&set(None, Some(0.5)), 2);
    newer.flags = U32::new(newer.flags.get() | ConceptFlags::FACT);
    let mut base = record(&set(Some(2.0), None), 1);
    fold(&mut base, &newer);
    let both = ConceptFlags::SETS_STRENGTH | ConceptFlags::SETS_CONFIDENCE;
    assert_eq!(base.flags.get(), ConceptFlags::DELTA | both);
    assert_eq!((base.strength.get(), base.confidence.get(), base.seq.get()), (2.0, 0.5, 2));
}
