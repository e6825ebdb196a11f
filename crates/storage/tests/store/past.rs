//! What was, through the interface of a store.

use std::time::{Duration, SystemTime};

use sutra_storage::{
    AssociationKind, Batch, Changed, ConceptId, ErrorKind, Filter, Hit, NewAssociation, NewConcept,
    Retention, Snapshot, Store,
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
fn the_past_is_searched_by_words_vectors_and_what_was_near() {
    let dir = tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    store.set_retention(Retention::Forever).unwrap();
    let mut before = Batch::new();
    before.put(NewConcept::with_key("a").content("a kettle").vector(&[1.0, 0.0])).unwrap();
    before.put(NewConcept::with_key("b").content("a teapot").vector(&[0.0, 1.0])).unwrap();
    let link = NewAssociation::new(key("a"), AssociationKind::CAUSAL, key("b"));
    before.associate(link.content("water for the pot")).unwrap();
    let then = store.commit(&before).unwrap().time;
    until_later();
    let mut after = Batch::new();
    after.put(NewConcept::with_key("a").content("a stove").vector(&[0.0, 2.0])).unwrap();
    after.delete(key("b"));
    store.commit(&after).unwrap();
    for _ in 0..2 {
        let (past, now) = (store.snapshot_at(then).unwrap(), store.snapshot());
        let words = |snapshot: &Snapshot, text: &str| {
            let hits = snapshot.search_text(text).collect().unwrap();
            let content = |hit: &Hit<'_>| hit.found.content().unwrap().unwrap().to_owned();
            hits.iter().map(content).collect::<Vec<_>>()
        };
        assert_eq!(words(&past, "kettle teapot pot stove").len(), 3);
        assert_eq!(words(&past, "water"), ["water for the pot"]);
        assert_eq!(words(&now, "kettle teapot pot stove"), ["a stove"]);
        let facts = Filter::new().of_kind(AssociationKind::CAUSAL);
        assert_eq!(past.search_text("pot").filter(facts).collect().unwrap().len(), 1);
        let nearest = |snapshot: &Snapshot| {
            let hits = snapshot.search_vector(&[1.0, 0.1]).collect().unwrap();
            hits.iter().map(|hit| hit.found.concept().id()).collect::<Vec<_>>()
        };
        assert_eq!((nearest(&past), nearest(&now)), (vec![key("a"), key("b")], vec![key("a")]));
        let found = past.retrieve().text("teapot", 1.0).near(&[key("a")], 1, 1.0);
        let best = &found.collect().unwrap()[0];
        assert_eq!((best.hit.found.concept().id(), best.reasons.len()), (key("b"), 2));
        store.compact().unwrap();
    }
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
    three(&store);
    store.close().unwrap();
    let store = Store::open_read_only(dir.path()).unwrap();
    assert_eq!(store.retention(), Retention::Forever);
    assert_eq!(kind(store.set_retention(Retention::Latest)), Some(ErrorKind::ReadOnly));
}

#[test]
fn a_time_before_history_is_refused_with_the_time_when_it_began() {
    let dir = tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let [one, ..] = three(&store);
    let since = |time| store.snapshot_at(time).err().expect("refused").kept_since();
    assert_eq!(since(one), None, "nothing is kept");
    store.flush().unwrap(); // What is in memory becomes history as a whole.
    store.set_retention(Retention::Forever).unwrap();
    let began = since(1).expect("a time");
    assert!(began >= one);
    assert!(store.snapshot_at(began).is_ok());
    assert_eq!(since(began - 1), Some(began));
}
