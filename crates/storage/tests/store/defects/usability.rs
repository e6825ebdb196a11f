//! What a caller needs and did not get.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use sutra_storage::{
    AssociationKind, Batch, CompactionConfig, ConceptId, ConceptRecord, Durability, ErrorKind,
    NewAssociation, NewConcept, Segment, Store, StoreOptions,
};

use crate::defects::{commit, content, everywhere, files, id, open, place};

/// Guards against opening that ends the process instead of saying what is wrong.
#[test]
fn what_cannot_be_opened_is_an_error_that_says_where() {
    let place = place();
    let path = place.path().join("file");
    fs::write(&path, "precious").unwrap();
    for beneath in [path.clone(), path.join("store")] {
        let error = Store::open(&beneath).unwrap_err();
        assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
        assert!(Store::open_read_only(&beneath).is_err());
    }
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    let compaction = CompactionConfig { compaction_threshold: 1, ..Default::default() };
    let options = StoreOptions { compaction, ..Default::default() };
    let error = options.open(place.path().join("store")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("compaction_threshold"), "{error}");
}

/// Guards against an interface without batches, where a reader meets the first half of a change.
#[test]
fn a_batch_is_seen_whole_or_not_at_all() {
    let place = place();
    let store = open(place.path());
    let write = |n: u32| {
        let text = n.to_string();
        let mut batch = Batch::new();
        for key in ["a", "b"] {
            batch.put(NewConcept::with_key(key).content(&text)).unwrap();
        }
        for turn in [n, n + 1] {
            let (end, kind) = (id(&(turn % 2).to_string()), AssociationKind::CAUSAL);
            match turn == n {
                true => batch.associate(NewAssociation::new(id("a"), kind, end)).unwrap(),
                false => batch.dissociate(id("a"), kind, end),
            }
        }
        store.commit_with(&batch, Durability::None).unwrap();
    };
    write(0);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            (1..2_000).for_each(write);
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            let snapshot = store.snapshot();
            let [a, b] = ["a", "b"].map(|key| {
                let concept = snapshot.concept_of_key(key).unwrap().unwrap();
                concept.content().unwrap().unwrap().parse::<u32>().unwrap()
            });
            assert_eq!(a, b);
            let ends = snapshot.neighbors(&id("a")).collect().unwrap();
            let ends: Vec<_> = ends.iter().map(|neighbor| neighbor.id).collect();
            assert_eq!(ends, [id(&(a % 2).to_string())], "at {a}");
        }
    });
}

/// Guards against reads that cannot be held to one moment, and against files that go while they
/// are read.
#[test]
fn a_snapshot_stays_what_it_was() {
    let place = place();
    let store = open(place.path());
    commit(&store, |batch| {
        batch.put(NewConcept::with_key("a").content("old").vector(&[1.0])).unwrap();
        batch.associate(NewAssociation::new(id("a"), AssociationKind::CAUSAL, id("b"))).unwrap();
    });
    let mut held = vec![store.snapshot()];
    store.flush().unwrap();
    held.push(store.snapshot());
    commit(&store, |batch| batch.delete(id("a")));
    store.compact().unwrap();
    commit(&store, |batch| batch.put(NewConcept::with_key("a").content("new")).unwrap());
    store.compact().unwrap();
    assert_eq!(content(&store, "a").as_deref(), Some("new"));
    drop(store);
    for snapshot in held {
        let concept = snapshot.concept_of_key("a").unwrap().unwrap();
        assert_eq!(concept.content().unwrap(), Some("old"));
        assert_eq!(concept.vector().unwrap(), Some(&[1.0][..]));
        assert_eq!(snapshot.neighbors(&id("a")).collect().unwrap().len(), 1);
        assert_eq!(snapshot.iter().unwrap().count(), 1);
    }
}

/// Guards against listing in an order that changes from call to call, so that no one can go on
/// where he stopped.
#[test]
fn all_concepts_come_once_and_always_in_the_same_order() {
    let place = place();
    let store = open(place.path());
    for round in 0..3 {
        commit(&store, |batch| {
            for n in round * 50..round * 50 + 100 {
                batch.put(NewConcept::with_key(&n.to_string())).unwrap();
            }
        });
        store.flush().unwrap();
    }
    commit(&store, |batch| batch.put(NewConcept::with_key("last")).unwrap());
    let list = |store: &Store| -> Vec<ConceptId> {
        store.snapshot().iter().unwrap().map(|concept| concept.unwrap().id()).collect()
    };
    let expected = list(&store);
    assert_eq!(expected.len(), 201);
    assert!((0..200).all(|n: u32| expected.contains(&id(&n.to_string()))));
    everywhere(&place, store, |store, state| assert_eq!(list(store), expected, "{state}"));
}

/// Guards against several formats in one library, each with a mark of its own, of which one is
/// written and another one read.
#[test]
fn segments_of_the_engine_and_segments_made_by_hand_are_of_one_format() {
    let place = place();
    let store = open(place.path());
    commit(&store, |batch| batch.put(NewConcept::with_key("a").content("text")).unwrap());
    store.close().unwrap();
    let mine = place.path().join("mine.seg");
    let mut segment = Segment::create(&mine, 0).unwrap();
    segment
        .append_concept(ConceptRecord::new(
            id("a"),
            ConceptRecord::ABSENT,
            0,
            ConceptRecord::ABSENT,
        ))
        .unwrap();
    segment.close().unwrap();
    let all = files(place.path());
    let is_segment = |name: &str| name.starts_with("seg_") || name == "mine.seg";
    let segments: Vec<_> = all.iter().filter(|(name, _)| is_segment(name)).collect();
    assert_eq!(segments.len(), 2);
    for (name, bytes) in &segments {
        assert_eq!(bytes[..12], segments[0].1[..12], "{name}: magic and version");
        let segment = Segment::open_read(place.path().join(name)).unwrap();
        let ids: Vec<_> = segment.iter_concepts().unwrap().map(|record| record.id).collect();
        assert_eq!(ids, [id("a")], "{name}");
    }
    let report = Store::open_read_only(place.path()).unwrap().verify(&mut |_| {}).unwrap();
    assert_eq!(report.foreign, ["mine.seg"], "every other file has a role");
}
