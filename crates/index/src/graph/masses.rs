//! [`Met`]: what forward push knows of the vertices that it met.

use std::collections::VecDeque;
use std::hash::Hash;
use std::ops::ControlFlow;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::limits::Meter;

/// What is known of a vertex.
pub(super) struct Mass {
    pub(super) waiting: f64,
    pub(super) settled: f64,
    /// [`UNKNOWN`] until it was asked for.
    pub(super) degree: u32,
    pub(super) queued: bool,
}

/// More edges than that are as good as that many.
pub(super) const UNKNOWN: u32 = u32::MAX;

/// The vertices that were met, numbered in that order.
pub(super) struct Met<V> {
    numbers: HashMap<V, u32, RandomState>,
    pub(super) keys: Vec<V>,
    pub(super) masses: Vec<Mass>,
}

impl Mass {
    /// Whether more waits than may. Until the degree is known, it is taken for one.
    pub(super) fn is_enough(&self, epsilon: f64) -> bool {
        let degree = if self.degree == UNKNOWN { 1 } else { self.degree.max(1) };
        self.waiting > epsilon * f64::from(degree)
    }
}

#[inline]
pub(super) fn give(
    masses: &mut [Mass],
    queue: &mut VecDeque<u32>,
    to: u32,
    mass: f64,
    epsilon: f64,
) {
    let target = &mut masses[to as usize];
    target.waiting += mass;
    if !target.queued && target.is_enough(epsilon) {
        target.queued = true;
        queue.push_back(to);
    }
}

impl<V: Copy + Eq + Hash> Met<V> {
    pub(super) fn new() -> Self {
        let numbers = HashMap::with_capacity_and_hasher(ROOM, RandomState::default());
        Self { numbers, keys: Vec::with_capacity(ROOM), masses: Vec::with_capacity(ROOM) }
    }

    /// The number of a vertex; a new one if it was not met before and there is room.
    #[inline]
    pub(super) fn meet(&mut self, vertex: V, meter: &mut Meter) -> ControlFlow<(), u32> {
        match self.numbers.entry(vertex) {
            Entry::Occupied(known) => ControlFlow::Continue(*known.get()),
            Entry::Vacant(vacant) => {
                meter.vertex(self.keys.len())?;
                let number = u32::try_from(self.keys.len());
                let number = number.expect("memory ends before the numbers do");
                self.keys.push(vertex);
                self.masses.push(Mass {
                    waiting: 0.0,
                    settled: 0.0,
                    degree: UNKNOWN,
                    queued: false,
                });
                ControlFlow::Continue(*vacant.insert(number))
            }
        }
    }
}

/// How many vertices there is room for at first.
const ROOM: usize = 1024;
