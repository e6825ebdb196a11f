//! Lost data.

use std::collections::BTreeSet;
use std::fs;
use std::thread;

use sutra_storage::{
    AssociationKind, Batch, Durability, Manifest, NewAssociation, NewConcept, Store, Touch,
};

use crate::defects::{commit, content, crashed, everywhere, files, id, open, open_with, place};

const KIND: AssociationKind = AssociationKind::CAUSAL;

/// Commits one concept with a text of so many bytes.
fn put(store: &Store, key: &str, bytes: usize, durability: Durability) {
    let mut batch = Batch::new();
    batch.put(NewConcept::with_key(key).content(&"x".repeat(bytes))).unwrap();
    store.commit_with(&batch, durability).unwrap();
}

/// Guards against a journal that says that something was written but not what, one that leaves
/// out some sorts of changes, and a recovery that reads it and applies nothing.
#[test]
fn an_acknowledged_change_of_every_sort_survives_a_crash() {
    let place = place();
    let store = open(place.path());
    commit(&store, |batch| {
        for key in ["a", "b", "c"] {
            batch.put(NewConcept::with_key(key).content("old").vector(&[1.0, 2.0])).unwrap();
        }
        batch.associate(NewAssociation::new(id("a"), KIND, id("b"))).unwrap();
        batch.associate(NewAssociation::new(id("a"), KIND, id("c"))).unwrap();
    });
    store.flush().unwrap();
    commit(&store, |batch| {
        batch.put(NewConcept::with_key("a").content("new").vector(&[3.0])).unwrap();
        batch.touch(Touch { strength: Some(0.5), ..Touch::new(id("b")) }).unwrap();
        batch.delete(id("c"));
        batch.dissociate(id("a"), KIND, id("b"));
        batch.associate(NewAssociation::new(id("b"), KIND, id("a")).weight(0.25)).unwrap();
    });
    let copy = crashed(place.path());
    let store = open(copy.path());
    let snapshot = store.snapshot();
    assert_eq!(
        ["a", "b", "c"].map(|key| content(&store, key).unwrap_or_default()),
        ["new", "old", ""]
    );
    let [a, b] = ["a", "b"].map(|key| snapshot.concept_of_key(key).unwrap().unwrap());
    assert_eq!(
        (a.vector().unwrap(), b.vector().unwrap()),
        (Some(&[3.0][..]), Some(&[1.0, 2.0][..]))
    );
    assert_eq!((b.record().access_count.get(), b.record().strength.get()), (1, 0.5));
    let rows: Vec<_> = snapshot.iter_associations().unwrap().map(|row| row.unwrap()).collect();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].source, rows[0].target, rows[0].weight.get()), (id("b"), id("a"), 0.25));
}

/// Guards against a numbering that begins again at each opening or after each flush, so that old
/// and new cannot be told apart.
#[test]
fn sequence_numbers_go_on_where_they_stopped() {
    let mut copy = place();
    let mut last = 0;
    for round in 0..6 {
        let store = open(copy.path());
        assert_eq!(store.snapshot().seq(), last);
        let mut batch = Batch::new();
        batch.put(NewConcept::with_key("a")).unwrap();
        let info = store.commit(&batch).unwrap();
        assert_eq!(info.first_seq, last + 1);
        last = info.last_seq;
        match round % 3 {
            0 => copy = crashed(copy.path()),
            1 => store.flush().unwrap(),
            _ => store.compact().unwrap(),
        }
    }
}

/// Guards against a full queue that drops what it has acknowledged, and against limits of memory
/// that can be set and that nothing looks at.
#[test]
fn a_writer_that_is_faster_than_the_disk_waits_and_loses_nothing() {
    let place = place();
    let store = open_with(place.path(), 256 << 10);
    thread::scope(|scope| {
        for thread in 0..4 {
            let store = &store;
            scope.spawn(move || {
                for n in 0..32 {
                    put(store, &format!("{thread} {n}"), 16 << 10, Durability::None);
                }
            });
        }
    });
    assert!(store.stats().flushes >= 4, "nobody asked for a flush: {:?}", store.stats());
    store.flush().unwrap(); // So that nothing goes on beside the copies.
    everywhere(&place, store, |store, state| {
        let snapshot = store.snapshot();
        for (thread, n) in (0..4).flat_map(|thread| (0..32).map(move |n| (thread, n))) {
            let found = snapshot.concept_of_key(&format!("{thread} {n}")).unwrap().expect(state);
            assert_eq!(found.content().unwrap().map(str::len), Some(16 << 10), "{state}");
        }
    });
}

/// Guards against a flush that saves what was applied so far and then forgets the journal of
/// everything, what came meanwhile included.
#[test]
fn a_flush_beside_commits_forgets_none_of_them() {
    let place = place();
    let store = open_with(place.path(), 64 << 10);
    for n in 0..64 {
        put(&store, &n.to_string(), 8 << 10, Durability::None);
        // It reads what a restart would read: segments, and the journals that are still named.
        let reader = Store::open_read_only(place.path()).unwrap();
        for n in 0..=n {
            assert!(content(&reader, &n.to_string()).is_some(), "{n}");
        }
    }
    assert!(store.stats().flushes > 0, "nothing was flushed: {:?}", store.stats());
}

/// Guards against a store that keeps on disk only what an explicit flush put there: a program
/// that just ends would lose the rest.
#[test]
fn a_store_that_is_dropped_keeps_what_was_never_synced_or_flushed() {
    for durability in [Durability::None, Durability::Buffered, Durability::Sync] {
        let place = place();
        let store = open(place.path());
        put(&store, "a", 10, durability);
        assert_eq!(store.stats().flushes, 0);
        drop(store);
        assert!(content(&open(place.path()), "a").is_some(), "{durability:?}");
    }
}

/// Guards against taking a damaged store for none: it is opened empty, and the next flush puts
/// the empty one in its place. Guards as well against opening with the half that can be read.
#[test]
fn a_store_that_cannot_be_read_is_refused_and_left_as_it_is() {
    let place = place();
    let store = open(place.path());
    put(&store, "a", 10_000, Durability::Sync);
    store.close().unwrap();
    let sound = files(place.path());
    let segment = sound.keys().find(|name| name.starts_with("seg_")).unwrap().clone();
    let half = |name: &str| Some(sound[name][..sound[name].len() / 2].to_vec());
    let flipped = |name: &str| {
        let mut bytes = sound[name].clone();
        bytes[3] ^= 1;
        Some(bytes)
    };
    let manifest = Manifest::NAME;
    for (name, damage) in [
        (manifest, None),
        (manifest, Some(Vec::new())),
        (manifest, half(manifest)),
        (manifest, flipped(manifest)),
        (&segment, None),
        (&segment, half(&segment)),
        (&segment, flipped(&segment)),
    ] {
        let copy = crashed(place.path());
        let path = copy.path().join(name);
        match damage {
            Some(bytes) => fs::write(path, bytes).unwrap(),
            None => fs::remove_file(path).unwrap(),
        }
        let before = files(copy.path());
        for _ in 0..2 {
            let error = Store::open(copy.path()).expect_err(name);
            assert!(error.to_string().contains(name), "{error}");
            assert!(Store::open_read_only(copy.path()).is_err(), "{name}");
        }
        assert!(files(copy.path()) == before, "{name}");
    }
}

/// Guards against files that nobody names and nobody removes, and against removing too much.
#[test]
fn what_a_crash_left_half_made_is_removed_by_the_next_writer_and_nothing_else() {
    let place = place();
    let store = open(place.path());
    put(&store, "a", 10, Durability::Sync);
    store.close().unwrap();
    let sound = files(place.path());
    let (_, segment) = sound.iter().find(|(name, _)| name.starts_with("seg_")).unwrap();
    for left in ["seg_00000777.dat", "seg_00000778.dat.tmp", "manifest.json.tmp"] {
        fs::write(place.path().join(left), segment).unwrap();
    }
    fs::write(place.path().join("notes.txt"), "mine").unwrap();
    drop(Store::open_read_only(place.path()).unwrap());
    assert_eq!(files(place.path()).len(), sound.len() + 4, "a reader removes nothing");
    drop(open(place.path()));
    let mut expected: BTreeSet<_> = sound.into_keys().collect();
    expected.insert("notes.txt".to_owned());
    assert_eq!(files(place.path()).into_keys().collect::<BTreeSet<_>>(), expected);
    assert!(content(&open(place.path()), "a").is_some());
}

/// Guards against blocks of a fixed size within one file: the first record too many is written
/// over the start of the next block.
#[test]
fn a_block_grows_as_far_as_its_records_need() {
    let place = place();
    let store = open_with(place.path(), 4 << 10);
    let keys: Vec<_> = (0..3_000).map(|n| format!("key {n}")).collect();
    commit(&store, |batch| {
        for (n, key) in keys.iter().enumerate() {
            let vector = [n as f32; 5];
            batch.put(NewConcept::with_key(key).content(key).vector(&vector)).unwrap();
            for kind in [KIND, AssociationKind::TEMPORAL] {
                batch.associate(NewAssociation::new(id(key), kind, id(&keys[n / 2]))).unwrap();
            }
        }
    });
    everywhere(&place, store, |store, state| {
        let snapshot = store.snapshot();
        for (n, key) in keys.iter().enumerate() {
            let found = snapshot.concept_of_key(key).unwrap().expect(state);
            assert_eq!(found.content().unwrap(), Some(&**key), "{state}");
            assert_eq!(found.vector().unwrap(), Some(&[n as f32; 5][..]), "{state}");
            let out = snapshot.neighbors(&id(key)).outgoing().collect().unwrap();
            assert_eq!(out.iter().map(|n| n.id).collect::<Vec<_>>(), [id(&keys[n / 2]); 2]);
        }
    });
}
