//! Work that grows with the store instead of with the change. No clock decides here: what is
//! counted is bytes, syncs and pages.

use std::fs;
use std::sync::Barrier;
use std::thread;

use sutra_storage::{
    AssociationKind, Batch, BlockExtent, Durability, ErrorKind, LsmStats, NewAssociation,
    NewConcept, Segment, Store, Touch,
};

use crate::defects::{commit, content, files, id, open, place};

const KIND: AssociationKind = AssociationKind::CAUSAL;

fn syncs(stats: &LsmStats) -> u64 {
    stats.sync_histogram.iter().sum()
}

/// Concepts `0` to `count`, with texts of about 1 KiB.
fn fill(store: &Store, count: usize) {
    commit(store, |batch| {
        for n in 0..count {
            let text = format!("{n} {}", "x".repeat(1 << 10));
            batch.put(NewConcept::with_key(&n.to_string()).content(&text)).unwrap();
        }
    });
}

/// Guards against a batch that is a loop over single writes, each with a sync of its own.
#[test]
fn a_batch_costs_one_write_and_one_sync_however_much_is_in_it() {
    let place = place();
    let store = open(place.path());
    fill(&store, 1);
    let before = store.stats();
    fill(&store, 500);
    let after = store.stats();
    assert_eq!((after.commits - before.commits, after.groups - before.groups), (1, 1));
    assert_eq!(syncs(&after) - syncs(&before), 1);
}

/// Guards against one sync after the other under one lock, so that many writers are no faster
/// than one.
#[test]
fn commits_that_wait_together_share_a_sync() {
    let place = place();
    let store = open(place.path());
    let (threads, rounds_max) = (8, 500);
    for round in 0..rounds_max {
        let start = Barrier::new(threads);
        thread::scope(|scope| {
            for n in 0..threads {
                let (store, start) = (&store, &start);
                scope.spawn(move || {
                    let mut batch = Batch::new();
                    batch.put(NewConcept::with_key(&format!("{round} {n}"))).unwrap();
                    start.wait();
                    store.commit(&batch).unwrap();
                });
            }
        });
        let stats = store.stats();
        assert_eq!(stats.commits, (round + 1) * threads as u64);
        assert!(syncs(&stats) <= stats.groups);
        if stats.groups < stats.commits {
            return;
        }
    }
    panic!("{rounds_max} times {threads} commits at once, and no two shared a sync");
}

/// Guards against changes that wait for a background thread, which looks at all concepts each
/// time and falls behind as they become more.
#[test]
fn a_commit_is_visible_when_it_returns() {
    let place = place();
    let store = open(place.path());
    for n in 0..300 {
        let (key, text) = ((n % 7).to_string(), n.to_string());
        let mut batch = Batch::new();
        batch.put(NewConcept::with_key(&key).content(&text)).unwrap();
        let info = store.commit_with(&batch, Durability::None).unwrap();
        assert_eq!(store.snapshot().seq(), info.last_seq);
        assert_eq!(content(&store, &key), Some(text));
    }
}

/// Guards against copying a concept with all of its neighbours for each one that is added, so
/// that a hub costs the square of its degree.
#[test]
fn the_last_association_of_a_hub_costs_what_the_first_one_cost() {
    let place = place();
    let store = open(place.path());
    commit(&store, |batch| batch.put(NewConcept::with_key("hub")).unwrap());
    let add = |range: std::ops::Range<u64>| {
        let mut batch = Batch::new();
        for n in range {
            let (hub, other) = (id("hub"), id(&n.to_string()));
            let (from, to) = if n % 2 == 0 { (hub, other) } else { (other, hub) };
            batch.associate(NewAssociation::new(from, KIND, to)).unwrap();
        }
        let before = store.stats();
        store.commit_with(&batch, Durability::None).unwrap();
        let after = store.stats();
        let owned = after.owned_bytes.saturating_sub(before.owned_bytes);
        (after.journal_bytes - before.journal_bytes, owned)
    };
    let (first, _) = add(0..1); // Its tables are allocated whole.
    let (_, early) = add(1..4_000);
    let (_, late) = add(4_000..8_000);
    let (last, _) = add(8_000..8_001);
    assert_eq!(last, first, "bytes in the journal");
    assert!(early < 4_000 * 160 && late < 4_000 * 160, "{early} and {late} bytes of memory");
    store.flush().unwrap();
    let stats = store.stats();
    assert_eq!(stats.total_associations, 8_001);
    assert!(stats.file_bytes < 8_001 * 160, "{} bytes of file", stats.file_bytes);
    let found = store.snapshot().neighbors(&id("hub")).collect().unwrap();
    assert_eq!(found.len(), 8_001);
}

/// Guards against the same vector in a record, in a map and in an index, and against reads that
/// copy it once more.
#[test]
fn a_vector_is_kept_once_and_read_where_it_lies() {
    let place = place();
    let store = open(place.path());
    let vector = vec![0.5; 1_024];
    commit(&store, |batch| batch.put(NewConcept::with_key("first")).unwrap());
    let before = store.stats().owned_bytes; // Its tables are allocated whole.
    commit(&store, |batch| {
        for n in 0..500 {
            batch.put(NewConcept::with_key(&n.to_string()).vector(&vector)).unwrap();
        }
    });
    let bytes = 500 * 4_096;
    let owned = store.stats().owned_bytes - before;
    assert!((bytes..bytes * 3 / 2).contains(&owned), "{owned} bytes of memory for {bytes}");
    let check_place = || {
        let (one, two) = (store.snapshot(), store.snapshot());
        let [one, two] = [&one, &two].map(|snapshot| {
            snapshot.concept_of_key("7").unwrap().unwrap().vector().unwrap().unwrap()
        });
        assert!(std::ptr::eq(one, two));
    };
    check_place();
    store.flush().unwrap();
    check_place();
    let stats = store.stats();
    assert!(stats.owned_bytes < bytes / 10, "{} bytes of memory after a flush", stats.owned_bytes);
    assert!(stats.file_bytes < bytes * 5 / 4, "{} bytes of file", stats.file_bytes);
}

/// Guards against reading the whole store into memory before it can be used, which takes as long
/// as the store is large and needs as much memory.
#[test]
fn opening_reads_no_record_and_takes_no_memory_for_them() {
    let place = place();
    let store = open(place.path());
    fill(&store, 600);
    store.close().unwrap();
    let mut segments = files(place.path()).into_iter().filter(|(name, _)| name.starts_with("seg_"));
    let (name, mut bytes) = segments.next().unwrap();
    let path = place.path().join(name);
    let header = *Segment::open_read(&path).unwrap().header();
    // Not in the same share of both: the texts lie in the order of the records.
    let at = |block: BlockExtent, share| block.offset.get() + block.length.get() / share;
    for place in [at(header.concepts, 2), at(header.content, 4)] {
        bytes[usize::try_from(place).unwrap()] ^= 1;
    }
    fs::remove_file(&path).unwrap();
    fs::write(&path, bytes).unwrap();

    let store = open(place.path());
    assert!(store.stats().owned_bytes < 64 << 10, "{:?}", store.stats());
    let snapshot = store.snapshot();
    let (mut lost_records, mut lost_texts) = (0, 0);
    for n in 0..600 {
        match snapshot.concept_of_key(&n.to_string()) {
            Ok(concept) => match concept.unwrap().content() {
                Ok(text) => assert!(text.unwrap().starts_with(&format!("{n} "))),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Corrupt);
                    lost_texts += 1;
                }
            },
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Corrupt);
                lost_records += 1;
            }
        }
    }
    assert!((1..=64).contains(&lost_records), "{lost_records} records of 600");
    assert!((1..=64).contains(&lost_texts), "{lost_texts} texts of 600");
}

/// Guards against a flush that writes the whole store again, a deletion that builds all maps
/// anew, and counters whose every change rewrites the text.
#[test]
fn a_small_change_writes_little_however_large_the_store_is() {
    let place = place();
    let store = open(place.path());
    fill(&store, 2_000);
    commit(&store, |batch| {
        for n in 0..2_000 {
            let (source, target) = (id(&n.to_string()), id(&(n / 2).to_string()));
            batch.associate(NewAssociation::new(source, KIND, target)).unwrap();
        }
    });
    store.flush().unwrap();
    let old = files(place.path());
    let old = old.iter().filter(|(name, _)| name.starts_with("seg_"));
    let before = store.stats();
    assert!(before.file_bytes > 2 << 20);
    for change in 0..3 {
        commit(&store, |batch| match change {
            0 => batch.delete(id("7")),
            1 => batch.touch(Touch::new(id("8"))).unwrap(),
            _ => batch.put(NewConcept::with_key("new")).unwrap(),
        });
        let stats = store.stats();
        assert!(stats.journal_bytes - before.journal_bytes < 2_048, "{change}: {stats:?}");
    }
    store.flush().unwrap();
    let stats = store.stats();
    assert!(stats.flush_bytes - before.flush_bytes < 64 << 10, "{stats:?}");
    assert_eq!(stats.compactions, 0);
    let now = files(place.path());
    for (name, bytes) in old {
        assert!(now[name] == *bytes, "{name} was written again");
    }
    assert_eq!((content(&store, "7"), content(&store, "8").is_some()), (None, true));
}
