//! What was, through the interface of a store.

use std::time::{Duration, SystemTime};

use sutra_storage::{
    AssociationKind, Batch, Changed, ConceptId, ErrorKind, NewAssociation, NewConcept, Retention,
    Store,
};
use tempfile::tempdir;

fn key(key: &str) -> ConceptId {
    ConceptId::from_key(key)
}

/// Returns once the clock shows another time than at the call.
fn until_later() {
    let begun = SystemTime::now();
    while begun.elapsed().is_ok_and(|since| since < Duration::from_millis(2)) {
        std::thread::yield_now();
    }
}

/// A store with three commits that follow one another in time.
fn three(store: &Store) -> [u64; 3] {
    let mut first = Batch::new();
    first.put(NewConcept::with_key("a").content("one")).unwrap();
    first.put(NewConcept::with_key("b")).unwrap();
    let link = NewAssociation::new(key("a"), AssociationKind::CAUSAL, key("b"));
    first.associate(link.content("since one")).unwrap();
    let mut second = Batch::new();
    second.put(NewConcept::with_key("a").content("two")).unwrap();
    let mut third = Batch::new();
    third.delete(key("b"));
    [first, second, third].map(|batch| {
        let time = store.commit(&batch).unwrap().time;
        until_later();
        time
    })
}

#[test]
fn a_snapshot_of_the_past_is_read_as_one_of_now() {
    let dir = tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    store.set_retention(Retention::Forever).unwrap();
    let [one, two, three] = three(&store);
    for _ in 0..2 {
        for (time, content, links) in [(one, "one", 1), (two, "two", 1), (three, "two", 0)] {
            let past = store.snapshot_at(time).unwrap();
            assert!(past.is_past());
            let concept = past.concept_of_key("a").unwrap().unwrap();
            assert_eq!(concept.content().unwrap(), Some(content));
            let found = past.neighbors(&key("a")).collect().unwrap();
            assert_eq!(found.len(), links);
            for neighbor in found {
                let fact = past.fact(&neighbor.association).unwrap().unwrap();
                assert_eq!(fact.content().unwrap(), Some("since one"));
            }
            assert_eq!(past.iter().unwrap().count(), 1 + links);
        }
        store.compact().unwrap();
    }
    assert!(!store.snapshot().is_past());
}

#[test]
fn versions_and_changes_say_what_became_of_what() {
    let dir = tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    store.set_retention(Retention::Forever).unwrap();
    let times = three(&store);
    let snapshot = store.snapshot();
    let versions = snapshot.history(&key("a")).unwrap();
    let told: Vec<_> = versions
        .iter()
        .map(|version| (version.time, version.concept.as_ref().unwrap().content().unwrap()))
        .collect();
    assert_eq!(told, [(times[1], Some("two")), (times[0], Some("one"))]);
    let gone = snapshot.history(&key("b")).unwrap();
    assert!(gone[0].concept.is_none() && gone[1].concept.is_some());
    let since = store.seq_at(times[0]).unwrap();
    let changes = store.changes(&snapshot, since, 10).unwrap();
    assert!(matches!(&changes[0].what, Changed::Put(concept) if concept.id() == key("a")));
    let last = changes.last().unwrap();
    assert!(matches!(last.what, Changed::Deleted(id) if id == key("b")));
    assert_eq!(last.time, times[2]);
    assert!(store.changes(&snapshot, last.seq, 10).unwrap().is_empty());
}

#[test]
fn what_cannot_be_told_of_the_past_is_refused_by_its_kind() {
    let dir = tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let kind = |result: Result<_, sutra_storage::Error>| result.err().map(|error| error.kind());
    assert_eq!(kind(store.snapshot_at(5).map(drop)), Some(ErrorKind::NotKept));
    store.set_retention(Retention::Forever).unwrap();
    let [one, ..] = three(&store);
    let past = store.snapshot_at(one).unwrap();
    let words = past.search_text("one").collect().map(drop);
    assert_eq!(kind(words), Some(ErrorKind::Unsupported));
    let vector = past.search_vector(&[1.0]).collect().map(drop);
    assert_eq!(kind(vector), Some(ErrorKind::Unsupported));
    drop(past);
    store.close().unwrap();
    let store = Store::open_read_only(dir.path()).unwrap();
    assert_eq!(store.retention(), Retention::Forever);
    assert_eq!(kind(store.set_retention(Retention::Latest)), Some(ErrorKind::ReadOnly));
}
