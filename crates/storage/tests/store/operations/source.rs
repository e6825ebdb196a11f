//! Deleting what came from one source.

use sutra_storage::{
    AssociationKind, Batch, ConceptId, ErrorKind, NewAssociation, NewConcept, SourceDeletion,
};

use super::{check, open};

#[test]
fn all_of_a_source_goes_and_nothing_else() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    let key = |n: u32| format!("{n}");
    let id = |n: u32| ConceptId::from_key(&key(n));
    let mut batch = Batch::new();
    for n in 0..5000 {
        batch.put(NewConcept::with_key(&key(n)).source_hash(n % 2 + 7)).unwrap();
        let next = NewAssociation::new(id(n), AssociationKind::TEMPORAL, id((n + 2) % 5000));
        batch.associate(next.content("next")).unwrap();
    }
    batch.put(NewConcept::with_key("of none")).unwrap();
    store.commit(&batch).unwrap();
    store.flush().unwrap();
    let deleted = store.delete_by_source(7).unwrap();
    assert_eq!(deleted, SourceDeletion { concepts: 2500, commits: 3 });
    let snapshot = store.snapshot();
    assert_eq!(snapshot.iter().unwrap().count(), 2501);
    assert_eq!(snapshot.iter_associations().unwrap().count(), 2500);
    assert!(snapshot.concept(&id(0)).unwrap().is_none());
    assert_eq!(snapshot.neighbors(&id(1)).collect().unwrap().len(), 2);
    assert_eq!(store.delete_by_source(7).unwrap(), SourceDeletion::default());
    check(store.delete_by_source(0), ErrorKind::InvalidInput, &["source 0", "one by one"]);
}
