//! What a commit takes over from what is stored, and what goes with what it replaces.

use sutra_format::FactKey;
use sutra_storage::{
    AssociationKind, Batch, ConceptId, ConceptPut, Durability, ErrorKind, NewAssociation,
    NewConcept, Store, WriteBatch,
};
use zerocopy::IntoBytes;

const KIND: AssociationKind = AssociationKind::SEMANTIC;

fn id(key: &str) -> ConceptId {
    ConceptId::from_key(key)
}

fn store() -> (tempfile::TempDir, Store) {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(place.path().join("graph")).unwrap();
    (place, store)
}

fn commit(store: &Store, fill: impl FnOnce(&mut Batch)) {
    let mut batch = Batch::new();
    fill(&mut batch);
    store.commit(&batch).unwrap();
}

fn bare() -> NewAssociation<'static> {
    NewAssociation::new(id("a"), KIND, id("b"))
}

/// Whether the concept that carries the text of the association is there, seen by the engine.
#[track_caller]
fn check_fact(store: &Store, expected: Option<&str>) {
    let snapshot = store.engine().snapshot();
    let fact = snapshot.concept(&ConceptId::of_fact(id("a"), KIND, id("b"))).unwrap();
    assert_eq!(fact.and_then(|fact| fact.content().unwrap()), expected);
}

#[test]
fn a_concept_that_is_put_again_keeps_when_it_was_created() {
    let (_place, store) = store();
    let mut first = WriteBatch::new();
    first.put_concept(&ConceptPut { created_at: Some(1000), ..ConceptPut::new(id("a")) }).unwrap();
    store.engine().commit(first, Durability::Sync).unwrap();
    for _ in 0..2 {
        commit(&store, |batch| batch.put(NewConcept::with_key("a").content("new")).unwrap());
        let snapshot = store.snapshot();
        let record = *snapshot.concept(&id("a")).unwrap().unwrap().record();
        assert_eq!(record.created_at.get(), 1000);
        assert!(record.updated_at.get() > 1000);
    }
    // Deleted and put again, be it in one batch, it is a new one.
    commit(&store, |batch| {
        batch.delete(id("a"));
        batch.put(NewConcept::with_key("a")).unwrap();
    });
    let snapshot = store.snapshot();
    let record = *snapshot.concept(&id("a")).unwrap().unwrap().record();
    assert!(record.created_at.get() > 1000);
}

#[test]
fn a_concept_that_is_put_by_id_keeps_its_key() {
    let (_place, store) = store();
    let check = |content: &str| {
        let snapshot = store.snapshot();
        let concept = snapshot.concept(&id("a")).unwrap().unwrap();
        assert_eq!(concept.key().unwrap(), Some("a"));
        assert_eq!(concept.content().unwrap(), Some(content));
    };
    commit(&store, |batch| batch.put(NewConcept::with_key("a").content("1")).unwrap());
    commit(&store, |batch| batch.put(NewConcept::with_id(id("a")).content("2")).unwrap());
    check("2");
    commit(&store, |batch| {
        batch.delete(id("a"));
        batch.put(NewConcept::with_key("a")).unwrap();
        batch.put(NewConcept::with_id(id("a")).content("3")).unwrap();
    });
    check("3");
    commit(&store, |batch| {
        batch.delete(id("a"));
        batch.put(NewConcept::with_id(id("a"))).unwrap();
    });
    assert_eq!(store.snapshot().concept(&id("a")).unwrap().unwrap().key().unwrap(), None);
}

#[test]
fn an_id_that_holds_another_key_is_refused_and_nothing_of_the_batch_is_kept() {
    let (_place, store) = store();
    let mut foreign = WriteBatch::new();
    foreign.put_concept(&ConceptPut { key: b"other", ..ConceptPut::new(id("a")) }).unwrap();
    store.engine().commit(foreign, Durability::Sync).unwrap();
    let mut batch = Batch::new();
    batch.put(NewConcept::with_key("b")).unwrap();
    batch.put(NewConcept::with_key("a")).unwrap();
    let error = store.commit(&batch).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("holds the key \"other\""), "{error}");
    assert!(store.snapshot().concept(&id("b")).unwrap().is_none());
}

#[test]
fn an_association_takes_its_fact_with_it() {
    let (_place, store) = store();
    let with_text = |store: &Store| {
        commit(store, |batch| batch.associate(bare().content("text")).unwrap());
        check_fact(store, Some("text"));
    };
    with_text(&store);
    commit(&store, |batch| batch.associate(bare().attributes("{}")).unwrap());
    check_fact(&store, None); // It is there, without content.
    let record = store.snapshot().association(&id("a"), KIND, &id("b")).unwrap().unwrap();
    assert_eq!(store.snapshot().fact(&record).unwrap().unwrap().attributes().unwrap(), Some("{}"));

    with_text(&store);
    commit(&store, |batch| batch.associate(bare()).unwrap());
    check_fact(&store, None);
    let record = store.snapshot().association(&id("a"), KIND, &id("b")).unwrap().unwrap();
    assert!(store.snapshot().fact(&record).unwrap().is_none());

    with_text(&store);
    commit(&store, |batch| batch.dissociate(id("a"), KIND, id("b")));
    check_fact(&store, None);

    for end in ["a", "b"] {
        with_text(&store);
        commit(&store, |batch| batch.delete(id(end)));
        check_fact(&store, None);
    }
}

#[test]
fn a_fact_that_is_put_again_keeps_when_it_was_created() {
    let (_place, store) = store();
    let fact = ConceptId::of_fact(id("a"), KIND, id("b"));
    let created = |store: &Store| {
        let snapshot = store.engine().snapshot();
        snapshot.concept(&fact).unwrap().unwrap().record().created_at.get()
    };
    commit(&store, |batch| batch.associate(bare().content("1")).unwrap());
    let first = created(&store);
    let mut older = WriteBatch::new();
    let key = FactKey::new(id("a"), KIND, id("b"));
    let put = ConceptPut { fact: true, key: key.as_bytes(), ..ConceptPut::new(fact) };
    older.put_concept(&ConceptPut { created_at: Some(1000), ..put }).unwrap();
    store.engine().commit(older, Durability::Sync).unwrap();
    commit(&store, |batch| batch.associate(bare().content("2")).unwrap());
    assert_eq!(created(&store), 1000);
    commit(&store, |batch| {
        batch.dissociate(id("a"), KIND, id("b"));
        batch.associate(bare().content("3")).unwrap();
    });
    assert!(created(&store) >= first);
}

#[test]
fn facts_follow_the_order_of_the_changes_within_a_batch() {
    let (_place, store) = store();
    let with_text = || bare().content("text");
    commit(&store, |batch| {
        batch.associate(with_text()).unwrap();
        batch.associate(bare()).unwrap();
    });
    check_fact(&store, None);
    commit(&store, |batch| {
        batch.associate(bare()).unwrap();
        batch.associate(with_text()).unwrap();
    });
    check_fact(&store, Some("text"));
    commit(&store, |batch| {
        batch.delete(id("b"));
        batch.associate(with_text()).unwrap();
    });
    check_fact(&store, Some("text"));
    assert_eq!(store.snapshot().neighbors(&id("a")).collect().unwrap().len(), 1);
    commit(&store, |batch| {
        batch.dissociate(id("a"), KIND, id("b"));
        batch.associate(with_text()).unwrap();
        batch.delete(id("a"));
    });
    check_fact(&store, None);
    assert!(store.snapshot().neighbors(&id("b")).collect().unwrap().is_empty());
}

#[test]
fn the_id_of_a_fact_is_not_free_for_a_concept() {
    let (_place, store) = store();
    commit(&store, |batch| batch.associate(bare().content("text")).unwrap());
    let mut batch = Batch::new();
    batch.put(NewConcept::with_id(ConceptId::of_fact(id("a"), KIND, id("b")))).unwrap();
    assert_eq!(store.commit(&batch).unwrap_err().kind(), ErrorKind::InvalidInput);
    check_fact(&store, Some("text"));
}

#[test]
fn facts_survive_flushes_and_compaction() {
    let (_place, store) = store();
    commit(&store, |batch| batch.associate(bare().content("text")).unwrap());
    store.flush().unwrap();
    check_fact(&store, Some("text"));
    store.compact().unwrap();
    check_fact(&store, Some("text"));
    commit(&store, |batch| batch.associate(bare()).unwrap());
    store.compact().unwrap();
    check_fact(&store, None);
}
