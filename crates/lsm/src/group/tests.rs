//! Tests of the queue as such: orders, limits, and what a panic leaves.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use super::*;

const LIMITS: GroupLimits = GroupLimits { items: 1_000, weight: 1_000_000 };

/// Leads alone until `release` is sent, so that others queue up behind.
fn hold<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    group: &'scope GroupCommit<usize, usize>,
    release: mpsc::Receiver<()>,
) -> thread::ScopedJoinHandle<'scope, usize> {
    let (leading, led) = mpsc::channel();
    let handle = scope.spawn(move || {
        let lead = |items: Vec<usize>| {
            leading.send(()).unwrap();
            release.recv().unwrap();
            items
        };
        group.submit(0, 0, lead).unwrap()
    });
    led.recv().unwrap();
    handle
}

fn waiting(group: &GroupCommit<usize, usize>) -> usize {
    group.queue.lock().waiting.iter().map(|batch| batch.size()).sum()
}

fn until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::yield_now();
    }
}

/// Queues items 1 to 9 behind a leader, one after the other, and gives the groups they came in.
fn groups_of_nine(limits: GroupLimits, weight: usize) -> Vec<Vec<usize>> {
    let group = GroupCommit::new(limits);
    let groups = Mutex::new(Vec::new());
    thread::scope(|scope| {
        let (release, released) = mpsc::channel();
        hold(scope, &group, released);
        for item in 1..10 {
            let (group, groups) = (&group, &groups);
            scope.spawn(move || {
                let lead = |items: Vec<usize>| {
                    groups.lock().push(items.clone());
                    items.into_iter().map(|item| item * 10).collect()
                };
                assert_eq!(group.submit(item, weight, lead), Ok(item * 10));
            });
            until(|| waiting(group) == item);
        }
        release.send(()).unwrap();
    });
    groups.into_inner()
}

#[test]
fn those_who_come_while_one_leads_share_the_next_group_in_their_order() {
    assert_eq!(groups_of_nine(LIMITS, 1), [(1..10).collect::<Vec<_>>()]);
}

#[test]
fn a_group_is_bounded_by_the_number_of_its_items() {
    let groups = groups_of_nine(GroupLimits { items: 4, ..LIMITS }, 1);
    assert_eq!(groups, [vec![1, 2, 3, 4], vec![5, 6, 7, 8], vec![9]]);
}

#[test]
fn a_group_is_bounded_by_its_weight_but_takes_one_item_of_any() {
    let groups = groups_of_nine(GroupLimits { weight: 9, ..LIMITS }, 3);
    assert_eq!(groups, [vec![1, 2, 3], vec![4, 5, 6], vec![7, 8, 9]]);
    let alone: Vec<Vec<usize>> = (1..10).map(|item| vec![item]).collect();
    assert_eq!(groups_of_nine(GroupLimits { weight: 9, ..LIMITS }, 100), alone);
}

#[test]
fn a_panic_of_the_leader_reaches_all_who_wait_and_all_who_come_later() {
    let group = GroupCommit::new(GroupLimits { items: 2, ..LIMITS });
    thread::scope(|scope| {
        let (release, released) = mpsc::channel();
        let first = hold(scope, &group, released);
        let told: Vec<_> = (1..10)
            .map(|item| {
                let group = &group;
                let handle = scope.spawn(move || {
                    catch_unwind(AssertUnwindSafe(|| {
                        group.submit(item, 1, |_| -> Vec<usize> { panic!("the disk is gone") })
                    }))
                });
                until(|| waiting(group) == item);
                handle
            })
            .collect();
        release.send(()).unwrap();
        assert_eq!(first.join().unwrap(), 0);
        let told: Vec<_> = told.into_iter().map(|handle| handle.join().unwrap()).collect();
        let panicked = told.iter().filter(|outcome| outcome.is_err()).count();
        assert_eq!(panicked, 1, "one leader unwinds");
        assert!(told.iter().flatten().all(|outcome| *outcome == Err(GroupPoisoned)));
    });
    assert_eq!(group.submit(1, 1, |items| items), Err(GroupPoisoned));
}

#[test]
fn a_leader_that_is_alone_and_panics_or_miscounts_poisons_the_queue() {
    for miscounts in [false, true] {
        let group = GroupCommit::<usize, usize>::new(LIMITS);
        let lead = |_| if miscounts { vec![1, 2] } else { panic!("the disk is gone") };
        assert!(catch_unwind(AssertUnwindSafe(|| group.submit(1, 1, lead))).is_err());
        assert_eq!(group.submit(1, 1, |items| items), Err(GroupPoisoned));
    }
}

#[test]
fn many_threads_each_get_their_own_result_and_never_two_leaders_at_once() {
    const THREADS: usize = 32;
    const ROUNDS: usize = 2_000;
    let group = Arc::new(GroupCommit::new(GroupLimits { items: 20, weight: 50 }));
    let (leading, done) = (AtomicBool::new(false), AtomicUsize::new(0));
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (group, leading, done, start) = (&group, &leading, &done, &start);
            scope.spawn(move || {
                start.wait();
                for round in 0..ROUNDS {
                    let item = thread * ROUNDS + round;
                    let lead = |items: Vec<usize>| {
                        assert!(!leading.swap(true, Ordering::SeqCst), "two leaders at once");
                        assert!(items.len() <= 20);
                        done.fetch_add(items.len(), Ordering::SeqCst);
                        if round % 7 == 0 {
                            thread::yield_now();
                        }
                        leading.store(false, Ordering::SeqCst);
                        items.into_iter().map(|item| item + 1).collect()
                    };
                    assert_eq!(group.submit(item, item % 5, lead), Ok(item + 1));
                }
            });
        }
    });
    assert_eq!(done.into_inner(), THREADS * ROUNDS);
    assert_eq!(waiting(&group), 0);
    assert!(!group.queue.lock().leading, "nobody leads when nobody is there");
}
