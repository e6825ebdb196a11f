//! Group commit: whoever comes first does the work of all who come while it is being done.
//!
//! [`GroupCommit::submit`] gives an item to a leader and waits for its result. While one leader
//! works, those who come queue up in batches; when it is done, one of the first batch leads that
//! batch. A sync that is under way is the window in which a group gathers: there is no timer. A
//! thread that is alone leads its own item and pays for two uncontended locks.
//!
//! Invariants:
//! * At most one leader works at a time, and batches are led in the order in which they began.
//! * A batch is closed by taking it from the queue, under the lock under which items are added.
//! * Whenever there is a batch in the queue, somebody leads, or has been told to.
//! * A leader that panics leaves nobody waiting: all who wait, and all who come later, are told.

mod batch;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;

use batch::{Batch, Turn};

use crate::sync::{Mutex, thread};

/// A leader panicked. What it had done is not known, so nothing is submitted any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a commit panicked while it was written, so it is not known what was written")]
pub struct GroupPoisoned;

/// How large a group can get. An item that is larger alone makes a group of its own.
#[derive(Clone, Copy, Debug)]
pub struct GroupLimits {
    /// Items.
    pub items: usize,
    /// The sum of their weights, whatever the unit.
    pub weight: usize,
}

/// The queue of those who want items of type `T` done, each for a result of type `R`.
pub struct GroupCommit<T, R> {
    limits: GroupLimits,
    queue: Mutex<Queue<T, R>>,
}

struct Queue<T, R> {
    /// Whether somebody leads, or has been told to.
    leading: bool,
    poisoned: bool,
    /// The batches that nobody has begun with. Only the last one still grows.
    waiting: VecDeque<Arc<Batch<T, R>>>,
}

/// Where a newcomer finds itself.
enum Entry<T, R> {
    Leads(T),
    Waits { batch: Arc<Batch<T, R>>, index: usize },
}

impl<T, R> GroupCommit<T, R> {
    /// A queue that nobody is in.
    pub fn new(limits: GroupLimits) -> Self {
        let queue = Queue { leading: false, poisoned: false, waiting: VecDeque::new() };
        Self { limits, queue: Mutex::new(queue) }
    }

    /// Has `item` done and gives its result. Either `lead` is called, once, with this item and
    /// those of others, in the order in which they came, or somebody else's `lead` does it. It
    /// runs outside of every lock of the queue, never twice at a time, and must give as many
    /// results as it got items, in their order.
    ///
    /// # Panics
    /// If `lead` does, or gives a wrong number of results; all others get [`GroupPoisoned`].
    pub fn submit(
        &self,
        item: T,
        weight: usize,
        lead: impl FnOnce(Vec<T>) -> Vec<R>,
    ) -> Result<R, GroupPoisoned> {
        match self.enter(item, weight)? {
            Entry::Leads(item) => Ok(self.lead_alone(item, lead)),
            Entry::Waits { batch, index } => match batch.wait(index) {
                Turn::Done(result) => Ok(result),
                Turn::Poisoned => Err(GroupPoisoned),
                Turn::Lead => {
                    // Those of the group before, who have just been woken, can still join this one:
                    // else they always miss it by a hair, and groups are half as large. To have
                    // all yield before they sleep helps where others want the processors too, and
                    // makes groups a quarter as large where nobody does.
                    thread::yield_now();
                    Ok(self.lead(&batch, index, lead))
                }
            },
        }
    }

    fn enter(&self, item: T, weight: usize) -> Result<Entry<T, R>, GroupPoisoned> {
        let mut queue = self.queue.lock();
        if queue.poisoned {
            return Err(GroupPoisoned);
        }
        if !queue.leading {
            queue.leading = true;
            return Ok(Entry::Leads(item));
        }
        let batch = match queue.waiting.back().filter(|last| last.has_room(weight, self.limits)) {
            Some(last) => last.clone(),
            None => {
                let batch = Arc::new(Batch::new());
                queue.waiting.push_back(batch.clone());
                batch
            }
        };
        let index = batch.add(item, weight);
        Ok(Entry::Waits { batch, index })
    }

    fn lead_alone(&self, item: T, lead: impl FnOnce(Vec<T>) -> Vec<R>) -> R {
        let unwinding = PoisonOnUnwind { group: self, batch: None };
        let mut results = lead(vec![item]);
        assert!(results.len() == 1, "a leader gives one result for each item");
        let result = results.swap_remove(0);
        unwinding.disarm();
        self.hand_over();
        result
    }

    fn lead(&self, batch: &Batch<T, R>, index: usize, lead: impl FnOnce(Vec<T>) -> Vec<R>) -> R {
        self.queue.lock().waiting.pop_front(); // Only the first one is ever told to lead.
        let unwinding = PoisonOnUnwind { group: self, batch: Some(batch) };
        let items = batch.take_items();
        let count = items.len();
        let results = lead(items);
        assert!(results.len() == count, "a leader gives one result for each item");
        let result = batch.publish(results, index);
        unwinding.disarm();
        self.hand_over();
        result
    }

    /// Tells the next batch to go on, or that nobody leads.
    fn hand_over(&self) {
        let mut queue = self.queue.lock();
        let next = queue.waiting.front().cloned();
        queue.leading = next.is_some();
        drop(queue);
        if let Some(next) = next {
            next.elect();
        }
    }

    fn poison(&self) {
        let mut queue = self.queue.lock();
        queue.poisoned = true;
        let waiting = std::mem::take(&mut queue.waiting);
        drop(queue);
        for batch in waiting {
            batch.poison();
        }
    }
}

/// Tells everybody when the leader unwinds.
struct PoisonOnUnwind<'a, T, R> {
    group: &'a GroupCommit<T, R>,
    batch: Option<&'a Batch<T, R>>,
}

impl<T, R> PoisonOnUnwind<'_, T, R> {
    fn disarm(self) {
        std::mem::forget(self);
    }
}

impl<T, R> Drop for PoisonOnUnwind<'_, T, R> {
    fn drop(&mut self) {
        self.group.poison();
        if let Some(batch) = self.batch {
            batch.poison();
        }
    }
}
