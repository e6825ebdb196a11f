//! What is refused, with what words, and that it changes nothing.

use sutra_storage::{
    AssociationKind, Batch, ConceptId, Durability, ErrorKind, Existing, NewAssociation, NewConcept,
    Store, Touch, time,
};

use super::{check, open};

const KIND: AssociationKind = AssociationKind::CAUSAL;

fn id(key: &str) -> ConceptId {
    ConceptId::from_key(key)
}

#[test]
fn values_that_cannot_be_stored_are_refused_by_a_transaction() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    let mut transaction = store.transaction();
    let invalid = ErrorKind::InvalidInput;
    check(transaction.put(NewConcept::with_key("")), invalid, &["the key is empty"]);
    let nan = NewConcept::with_key("a").strength(f32::NAN);
    check(transaction.put(nan), invalid, &["strength", "not a finite number"]);
    check(transaction.put(NewConcept::with_key("a").vector(&[f32::NAN])), invalid, &["vector"]);
    let heavy = NewAssociation::new(id("a"), KIND, id("b")).weight(f32::INFINITY);
    check(transaction.associate(heavy), invalid, &["weight is not finite"]);
    let touch = Touch { strength: Some(f32::NAN), ..Touch::new(id("a")) };
    check(transaction.touch(touch), invalid, &["finite"]);
    let long = "x".repeat(1025);
    check(transaction.put(NewConcept::with_key(&long)), invalid, &["key", "1025 bytes", "1024"]);
    let seq = store.snapshot().seq();
    transaction.commit().unwrap();
    assert_eq!(store.snapshot().seq(), seq, "nothing of it was kept");
    let mut transaction = store.transaction();
    let unnamed = AssociationKind::from_code(999);
    transaction.associate(NewAssociation::new(id("a"), unnamed, id("b"))).unwrap();
    check(transaction.commit(), invalid, &["kind 999", "register_kind"]);
}

#[test]
fn an_upsert_checks_also_what_it_does_not_put() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    let invalid = ErrorKind::InvalidInput;
    let good = NewConcept::with_key("a").content("first");
    assert!(store.upsert_batch(&[good], Existing::Keep).unwrap()[0].is_new);
    for bad in [NewConcept::with_key("a").confidence(f32::NAN), NewConcept::with_key("")] {
        let batch = [NewConcept::with_key("b"), bad];
        check(store.upsert_batch(&batch, Existing::Keep), invalid, &[]);
        assert!(store.snapshot().concept_of_key("b").unwrap().is_none());
    }
    let mut batch = Batch::new();
    batch.associate(NewAssociation::new(id("a"), KIND, id("a")).content("fact")).unwrap();
    store.commit(&batch).unwrap();
    let fact = ConceptId::of_fact(id("a"), KIND, id("a"));
    let taken = [NewConcept::with_id(fact)];
    check(store.upsert_batch(&taken, Existing::Keep), invalid, &["text of an association"]);
    let seq = store.snapshot().seq();
    let kept = store.upsert_batch(&[NewConcept::with_key("a").content("x")], Existing::Keep);
    assert!(!kept.unwrap()[0].is_new);
    assert_eq!(store.snapshot().seq(), seq, "nothing to put, nothing written");
}

#[test]
fn an_end_of_validity_must_follow_the_start() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    let mut batch = Batch::new();
    let association = NewAssociation::new(id("a"), KIND, id("b")).valid(Some(100), None);
    batch.associate(association.weight(0.5).content("why")).unwrap();
    store.commit(&batch).unwrap();
    let invalidate = |target: &str, at| store.invalidate(id("a"), KIND, id(target), at);
    check(invalidate("c", 200), ErrorKind::NotFound, &["no association of kind 1", "check"]);
    check(invalidate("b", 99), ErrorKind::InvalidInput, &["99 ms", "from 100 ms on"]);
    for at in [time::OPEN_END, time::OPEN_START, 1 << 47, -(1 << 47)] {
        check(invalidate("b", at), ErrorKind::InvalidInput, &["48 bits"]);
    }
    for at in [100, 200, 150] {
        assert_eq!(invalidate("b", at).unwrap().valid_to(), at);
        let snapshot = store.snapshot();
        let record = snapshot.association(&id("a"), KIND, &id("b")).unwrap().unwrap();
        assert_eq!((record.valid_from(), record.valid_to(), record.weight.get()), (100, at, 0.5));
        assert_eq!((record.holds_at(at - 1), record.holds_at(at)), (at > 100, false));
        let fact = snapshot.fact(&record).unwrap().unwrap();
        assert_eq!(fact.content().unwrap(), Some("why"));
    }
}

#[test]
fn a_merge_needs_two_concepts_that_are_there() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    store.upsert_batch(&[NewConcept::with_key("a")], Existing::Keep).unwrap();
    let merge = |into: &str, from: &str| store.merge_concepts(id(into), id(from));
    check(merge("a", "a"), ErrorKind::InvalidInput, &["into itself"]);
    let missing = id("b").to_string();
    check(merge("a", "b"), ErrorKind::NotFound, &["no concept", &missing]);
    check(merge("b", "a"), ErrorKind::NotFound, &["no concept", &missing]);
}

#[test]
fn a_transaction_that_no_commit_can_take_says_so_and_writes_nothing() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    let text = "x".repeat(12 << 20);
    let keys = ["a", "b", "c"];
    let concepts = keys.map(|key| NewConcept::with_key(key).content(&text));
    let error = store.upsert_batch(&concepts, Existing::Keep);
    check(error, ErrorKind::TooLarge, &["bytes in one transaction", "in parts"]);
    assert_eq!(store.snapshot().seq(), 0);
    store.upsert_batch(&concepts[..2], Existing::Keep).unwrap();
}

#[test]
fn a_merge_of_more_associations_than_a_commit_takes_is_refused_before_anything_is_written() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    hub(&store, Batch::BYTES_MAX / 64 + 1);
    let seq = store.snapshot().seq();
    let error = store.merge_concepts(id("into"), id("hub"));
    check(error, ErrorKind::TooLarge, &["524289 associations", "nothing was changed", "in parts"]);
    assert_eq!(store.snapshot().seq(), seq);
    let mut transaction = store.transaction();
    assert!(transaction.merge_concepts(id("into"), id("hub")).is_err());
    transaction.commit().unwrap();
    assert_eq!(store.snapshot().seq(), seq, "nor is a part of it in the transaction");
}

/// Concepts `into` and `hub`, the latter with so many associations.
fn hub(store: &Store, associations: usize) {
    let concepts = ["into", "hub"].map(NewConcept::with_key);
    store.upsert_batch(&concepts, Existing::Keep).unwrap();
    let mut batch = Batch::new();
    for n in 0..associations as u128 {
        let other = ConceptId::from_bytes(n.to_le_bytes());
        batch.associate(NewAssociation::new(id("hub"), KIND, other)).unwrap();
        if batch.len() == 100_000 || n + 1 == associations as u128 {
            store.commit_with(&batch, Durability::None).unwrap();
            batch.clear();
        }
    }
}
