//! Several threads that change the same things: no update is ever lost.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use sutra_storage::{
    AssociationKind, Batch, ConceptId, ErrorKind, Existing, NewAssociation, NewConcept, Store,
    Transaction,
};

use super::open;

const THREADS: usize = 6;
const ROUNDS: usize = 60;
const KIND: AssociationKind = AssociationKind::SEMANTIC;

/// Runs `work` in every thread, and something that flushes and merges beside them.
fn run(store: &Store, work: impl Fn(usize) + Sync) {
    let (start, left) = (Barrier::new(THREADS + 1), AtomicU64::new(THREADS as u64));
    thread::scope(|scope| {
        for worker in 0..THREADS {
            let (start, left, work) = (&start, &left, &work);
            scope.spawn(move || {
                start.wait();
                work(worker);
                left.fetch_sub(1, Ordering::Release);
            });
        }
        start.wait();
        while left.load(Ordering::Acquire) > 0 {
            store.flush().unwrap();
            store.compact().unwrap();
        }
    });
}

fn number(transaction: &Transaction<'_>, key: &str) -> i64 {
    let concept = transaction.concept_of_key(key).unwrap();
    concept.map_or(0, |concept| concept.content().unwrap().unwrap().parse().unwrap())
}

fn set(transaction: &mut Transaction<'_>, key: &str, number: i64) {
    transaction.put(NewConcept::with_key(key).content(&number.to_string())).unwrap();
}

/// Tries until it goes through; says how often it did not.
fn insist(store: &Store, attempt: impl Fn(&mut Transaction<'_>)) -> u64 {
    let mut conflicts = 0;
    loop {
        let mut transaction = store.transaction();
        attempt(&mut transaction);
        match transaction.commit() {
            Ok(_) => return conflicts,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict, "{error}"),
        }
        conflicts += 1;
    }
}

#[test]
fn counters_that_all_threads_raise_lose_nothing() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    let (conflicts, attempts) = (AtomicU64::new(0), AtomicU64::new(0));
    run(&store, |worker| {
        for round in 0..ROUNDS {
            // One that all want, and one of which two threads want each.
            let keys = ["all".to_owned(), format!("some {}", (worker + round) % 3)];
            let lost = insist(&store, |transaction| {
                attempts.fetch_add(1, Ordering::Relaxed);
                for key in &keys {
                    let next = number(transaction, key) + 1;
                    set(transaction, key, next);
                }
            });
            conflicts.fetch_add(lost, Ordering::Relaxed);
        }
    });
    let commits = (THREADS * ROUNDS) as u64;
    assert_eq!(attempts.into_inner(), commits + conflicts.into_inner());
    let transaction = store.transaction();
    assert_eq!(number(&transaction, "all"), i64::try_from(commits).unwrap());
    let some = (0..3).map(|n| number(&transaction, &format!("some {n}"))).sum::<i64>();
    assert_eq!(some, i64::try_from(commits).unwrap());
}

#[test]
fn what_holds_for_two_together_is_never_broken() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    insist(&store, |transaction| {
        set(transaction, "x", 60);
        set(transaction, "y", 60);
    });
    let taken = AtomicU64::new(0);
    run(&store, |worker| {
        let key = if worker % 2 == 0 { "x" } else { "y" };
        for _ in 0..ROUNDS {
            let took = AtomicU64::new(0);
            insist(&store, |transaction| {
                // Each may go below zero; their sum may not.
                let (x, y) = (number(transaction, "x"), number(transaction, "y"));
                took.store(u64::from(x + y > 0), Ordering::Relaxed);
                if x + y > 0 {
                    let left = if key == "x" { x } else { y };
                    set(transaction, key, left - 1);
                }
            });
            taken.fetch_add(took.into_inner(), Ordering::Relaxed);
        }
    });
    let transaction = store.transaction();
    assert_eq!(
        (number(&transaction, "x") + number(&transaction, "y"), taken.into_inner()),
        (0, 120)
    );
}

#[test]
fn of_all_who_create_a_concept_one_is_told_that_it_is_new() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    let new = AtomicU64::new(0);
    run(&store, |worker| {
        for round in 0..ROUNDS {
            let keys: Vec<String> = (0..4).map(|n| format!("{}", round * 2 + n)).collect();
            let text = worker.to_string();
            let concepts: Vec<_> =
                keys.iter().map(|key| NewConcept::with_key(key).content(&text)).collect();
            let upserted = store.upsert_batch(&concepts, Existing::Keep).unwrap();
            let is_new = upserted.iter().filter(|upserted| upserted.is_new).count();
            new.fetch_add(is_new as u64, Ordering::Relaxed);
        }
    });
    let there = store.snapshot().iter().unwrap().count();
    assert_eq!((there, new.into_inner()), (ROUNDS * 2 + 2, there as u64));
}

#[test]
fn no_association_is_lost_to_a_merge() {
    for _ in 0..3 {
        let place = tempfile::tempdir().unwrap();
        let store = open(place.path());
        let keys: Vec<String> = (0..=THREADS).map(|n| format!("alias {n}")).collect();
        let id = |n: usize| ConceptId::from_key(&format!("alias {n}"));
        let mut batch = Batch::new();
        keys.iter().for_each(|key| batch.put(NewConcept::with_key(key)).unwrap());
        store.commit(&batch).unwrap();
        run(&store, |worker| {
            for round in 0..20 {
                if round == 10 {
                    store.merge_concepts(id(0), id(worker + 1)).unwrap();
                }
                let other = ConceptId::from_key(&format!("{worker} {round}"));
                insist(&store, |transaction| {
                    let alias =
                        (1..=THREADS).find(|n| transaction.concept(&id(*n)).unwrap().is_some());
                    let alias = id(alias.unwrap_or(0));
                    transaction.associate(NewAssociation::new(alias, KIND, other)).unwrap();
                });
            }
        });
        let snapshot = store.snapshot();
        assert_eq!(snapshot.neighbors(&id(0)).collect().unwrap().len(), THREADS * 20);
    }
}
