//! [`Batch`]: items that are led together, and those who wait for their results.

// `notify_all` of the standard library is one call to the system, that of parking_lot wakes one
// waiter after the other: 5.6 against 12 us of CPU for each of 64 commits.
#![cfg_attr(
    not(feature = "shuttle"),
    expect(clippy::disallowed_types, reason = "parking_lot wakes more slowly, as said above")
)]

use std::sync::PoisonError;

use super::GroupLimits;
use crate::sync::std_sync::{Condvar, Mutex, MutexGuard};

/// One group.
pub(super) struct Batch<T, R> {
    state: Mutex<State<T, R>>,
    changed: Condvar,
}

struct State<T, R> {
    phase: Phase,
    items: Vec<T>,
    weight: usize,
    /// In the order of the items; each is taken by who waits for it.
    results: Vec<Option<R>>,
}

enum Phase {
    /// Nobody has begun with it, or somebody is at it.
    Pending,
    /// One of those who wait is to lead.
    Electing,
    Done,
    Poisoned,
}

/// What a waiter is told.
pub(super) enum Turn<R> {
    Lead,
    Done(R),
    Poisoned,
}

impl<T, R> Batch<T, R> {
    pub(super) fn new() -> Self {
        let state =
            State { phase: Phase::Pending, items: Vec::new(), weight: 0, results: Vec::new() };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Whether an item of this weight can be added.
    pub(super) fn has_room(&self, weight: usize, limits: GroupLimits) -> bool {
        let state = self.lock();
        state.items.len() < limits.items && state.weight.saturating_add(weight) <= limits.weight
    }

    /// Adds an item; gives its number.
    pub(super) fn add(&self, item: T, weight: usize) -> usize {
        let mut state = self.lock();
        state.items.push(item);
        state.weight = state.weight.saturating_add(weight);
        state.items.len() - 1
    }

    /// How many items it has.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.lock().items.len()
    }

    /// Waits for the result of item `index`, or for the order to lead.
    pub(super) fn wait(&self, index: usize) -> Turn<R> {
        let mut state = self.lock();
        loop {
            match state.phase {
                Phase::Pending => {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                Phase::Electing => {
                    state.phase = Phase::Pending;
                    return Turn::Lead;
                }
                Phase::Done => return state.take(index).map_or(Turn::Poisoned, Turn::Done),
                Phase::Poisoned => return Turn::Poisoned,
            }
        }
    }

    /// Tells one of those who wait, or who are about to, to lead.
    pub(super) fn elect(&self) {
        self.lock().phase = Phase::Electing;
        self.changed.notify_one();
    }

    /// Takes the items, for the leader.
    pub(super) fn take_items(&self) -> Vec<T> {
        std::mem::take(&mut self.lock().items)
    }

    /// Hands out the results, one of which is the leader's own.
    pub(super) fn publish(&self, results: Vec<R>, own: usize) -> R {
        let mut state = self.lock();
        state.results = results.into_iter().map(Some).collect();
        state.phase = Phase::Done;
        let result = state.take(own).expect("the leader's item is one of them");
        drop(state);
        self.changed.notify_all();
        result
    }

    /// Tells all who wait that their items are lost.
    pub(super) fn poison(&self) {
        let mut state = self.lock();
        state.phase = Phase::Poisoned;
        let items = std::mem::take(&mut state.items);
        drop(state);
        self.changed.notify_all();
        drop(items); // Not under the lock: it is foreign code.
    }

    fn lock(&self) -> MutexGuard<'_, State<T, R>> {
        // Nothing that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, R> State<T, R> {
    fn take(&mut self, index: usize) -> Option<R> {
        self.results.get_mut(index).and_then(Option::take)
    }
}
