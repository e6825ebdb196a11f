//! Two transactions at a time, or one and a plain commit: which ones fail, and which do not.

use sutra_storage::{
    AssociationKind, Batch, ConceptId, ErrorKind, NewAssociation, NewConcept, Store, Touch,
    Transaction,
};

use super::{check, open};

const KIND: AssociationKind = AssociationKind::CAUSAL;

fn id(key: &str) -> ConceptId {
    ConceptId::from_key(key)
}

/// Concepts a to d, and a -> b, c -> a.
fn filled(dir: &std::path::Path) -> Store {
    let store = open(dir);
    let mut batch = Batch::new();
    for key in ["a", "b", "c", "d"] {
        batch.put(NewConcept::with_key(key).content(key)).unwrap();
    }
    batch.associate(NewAssociation::new(id("a"), KIND, id("b")).content("why")).unwrap();
    batch.associate(NewAssociation::new(id("c"), KIND, id("a"))).unwrap();
    store.commit(&batch).unwrap();
    store
}

type Change = fn(&mut Batch);
type Read = fn(&Transaction<'_>);

const READS: [(&str, Read); 4] = [
    ("concept", |t| drop(t.concept(&id("a")).unwrap())),
    ("association", |t| assert!(t.association(&id("a"), KIND, &id("b")).unwrap().is_some())),
    ("neighbors", |t| drop(t.neighbors(&id("a")).unwrap())),
    ("absent", |t| drop(t.concept(&id("absent")).unwrap())),
];

/// What another one commits, and which of the reads it takes the ground from.
const CHANGES: [(&str, Change, [bool; 4]); 9] = [
    ("put", |b| b.put(NewConcept::with_key("a")).unwrap(), [true, false, false, false]),
    ("touch", |b| b.touch(Touch::new(id("a"))).unwrap(), [true, false, false, false]),
    ("delete", |b| b.delete(id("a")), [true, true, true, false]),
    ("delete its neighbour", |b| b.delete(id("c")), [false, false, true, false]),
    ("delete its target", |b| b.delete(id("b")), [false, true, true, false]),
    (
        "replace the association",
        |b| b.associate(NewAssociation::new(id("a"), KIND, id("b"))).unwrap(),
        [false, true, true, false],
    ),
    (
        "one association more",
        |b| b.associate(NewAssociation::new(id("d"), KIND, id("a"))).unwrap(),
        [false, false, true, false],
    ),
    ("dissociate", |b| b.dissociate(id("c"), KIND, id("a")), [false, false, true, false]),
    ("make", |b| b.put(NewConcept::with_key("absent")).unwrap(), [false, false, false, true]),
];

#[test]
fn what_was_read_and_changed_makes_a_conflict_and_nothing_else_does() {
    for (what, change, conflicts) in CHANGES {
        for ((read_name, read), conflicts) in READS.iter().zip(conflicts) {
            for settle in [
                |_: &Store| {},
                |s: &Store| s.flush().unwrap(),
                |s: &Store| {
                    s.compact().unwrap();
                },
            ] {
                let place = tempfile::tempdir().unwrap();
                let store = filled(place.path());
                let mut transaction = store.transaction();
                read(&transaction);
                transaction.put(NewConcept::with_key("result")).unwrap();
                let mut batch = Batch::new();
                change(&mut batch);
                store.commit(&batch).unwrap();
                settle(&store);
                let result = transaction.commit();
                let wrote = store.snapshot().concept_of_key("result").unwrap().is_some();
                assert_eq!(wrote, !conflicts, "{what} after reading {read_name}");
                if conflicts {
                    let parts = ["was changed by another commit", "nothing was written", "again"];
                    check(result, ErrorKind::Conflict, &parts);
                } else {
                    result.unwrap();
                }
            }
        }
    }
}

#[test]
fn flushes_and_merges_of_segments_are_no_conflict() {
    let place = tempfile::tempdir().unwrap();
    let store = filled(place.path());
    store.flush().unwrap();
    let mut transaction = store.transaction();
    READS.iter().for_each(|(_, read)| read(&transaction));
    transaction.put(NewConcept::with_key("a")).unwrap();
    let mut batch = Batch::new();
    batch.put(NewConcept::with_key("unrelated")).unwrap();
    batch.touch(Touch::new(id("b"))).unwrap();
    store.commit(&batch).unwrap();
    store.compact().unwrap();
    transaction.commit().unwrap();
}

#[test]
fn what_is_written_over_counts_as_read() {
    let place = tempfile::tempdir().unwrap();
    let store = filled(place.path());
    let writes: [fn(&mut Transaction<'_>); 4] = [
        |t| t.put(NewConcept::with_key("a")).unwrap(),
        |t| t.associate(NewAssociation::new(id("a"), KIND, id("b"))).unwrap(),
        |t| t.dissociate(id("a"), KIND, id("b")),
        |t| t.delete(id("a")),
    ];
    for write in writes {
        let [mut first, mut second] = [store.transaction(), store.transaction()];
        write(&mut first);
        write(&mut second);
        first.commit().unwrap();
        check(second.commit(), ErrorKind::Conflict, &["changed by another commit"]);
        // As it was.
        let mut batch = Batch::new();
        batch.put(NewConcept::with_key("a")).unwrap();
        batch.associate(NewAssociation::new(id("a"), KIND, id("b")).content("why")).unwrap();
        store.commit(&batch).unwrap();
    }
}

#[test]
fn one_that_only_reads_never_fails_and_writes_nothing() {
    let place = tempfile::tempdir().unwrap();
    let store = filled(place.path());
    let transaction = store.transaction();
    READS.iter().for_each(|(_, read)| read(&transaction));
    let mut batch = Batch::new();
    batch.delete(id("a"));
    store.commit(&batch).unwrap();
    let before = store.snapshot().seq();
    assert!(transaction.concept(&id("a")).unwrap().is_some(), "it reads its own moment");
    transaction.commit().unwrap();
    assert_eq!(store.snapshot().seq(), before);
}

#[test]
fn transact_begins_again_after_a_conflict_and_not_after_an_error() {
    let place = tempfile::tempdir().unwrap();
    let store = filled(place.path());
    let mut attempts = 0;
    let (content, _) = store
        .transact(|transaction| {
            attempts += 1;
            let content = transaction.concept(&id("a"))?.unwrap().content()?.unwrap().to_owned();
            transaction.put(NewConcept::with_key("copy").content(&content))?;
            if attempts == 1 {
                let mut batch = Batch::new();
                batch.put(NewConcept::with_key("a").content("new"))?;
                store.commit(&batch)?;
            }
            Ok(content)
        })
        .unwrap();
    assert_eq!((attempts, &*content), (2, "new"));
    let copy = store.snapshot();
    assert_eq!(copy.concept_of_key("copy").unwrap().unwrap().content().unwrap(), Some("new"));
    let mut attempts = 0;
    let refused = store.transact(|transaction| {
        attempts += 1;
        transaction.put(NewConcept::with_key("x"))?;
        transaction.put(NewConcept::with_key(""))
    });
    check(refused, ErrorKind::InvalidInput, &["the key is empty"]);
    assert_eq!(attempts, 1);
    assert!(store.snapshot().concept_of_key("x").unwrap().is_none());
}
