//! [`Met`]: what forward push knows of the vertices that it met.

use std::collections::VecDeque;
use std::hash::Hash;
use std::ops::ControlFlow;

use super::adjacency::DegreeBounds;
use super::limits::Meter;
use super::numbers::{Hashed, Numbers};

/// What is known of a vertex.
pub(super) struct Mass<V> {
    pub(super) key: V,
    pub(super) waiting: f64,
    pub(super) settled: f64,
    /// Edges that it has at least. More than fit are as good as that many.
    least: u32,
    /// Edges that it has at most; [`UNKNOWN`] until that was asked for.
    most: u32,
    queued: bool,
}

const UNKNOWN: u32 = u32::MAX;

/// Whether so much may not wait at a vertex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Enough {
    No,
    /// It depends on what is not known of its degree.
    Perhaps,
    Yes,
}

impl<V> Mass<V> {
    fn new(key: V) -> Self {
        Self { key, waiting: 0.0, settled: 0.0, least: 0, most: UNKNOWN, queued: false }
    }

    pub(super) fn is_unasked(&self) -> bool {
        self.most == UNKNOWN
    }

    pub(super) fn learn(&mut self, degree: DegreeBounds) {
        let fit = |degree: u64| u32::try_from(degree).unwrap_or(UNKNOWN).min(UNKNOWN - 1);
        (self.least, self.most) = (fit(degree.least), fit(degree.most));
    }

    /// Edges that it has at most.
    pub(super) fn most(&self) -> usize {
        self.most as usize
    }

    /// Whether more waits than `epsilon` allows for each edge, or for one if there is none.
    #[inline]
    pub(super) fn is_enough(&self, epsilon: f64) -> Enough {
        let is_more = |degree: u32| self.waiting > epsilon * f64::from(degree.max(1));
        match (is_more(self.least), is_more(self.most)) {
            (false, _) => Enough::No,
            (true, false) => Enough::Perhaps,
            (true, true) => Enough::Yes,
        }
    }
}

/// The vertices that were met, numbered in that order, and whose turn it is.
pub(super) struct Met<V> {
    pub(super) numbers: Numbers,
    pub(super) masses: Vec<Mass<V>>,
    pub(super) queue: VecDeque<u32>,
    epsilon: f64,
}

impl<V: Copy + Eq + Hash> Met<V> {
    pub(super) fn new(epsilon: f64) -> Self {
        Self {
            numbers: Numbers::new(),
            masses: Vec::with_capacity(ROOM),
            queue: VecDeque::new(),
            epsilon,
        }
    }

    /// The number of a vertex; a new one if it was not met before and there is room.
    #[inline]
    pub(super) fn meet(
        &mut self,
        vertex: V,
        hashed: Hashed,
        meter: &mut Meter,
    ) -> ControlFlow<(), u32> {
        let masses = &mut self.masses;
        let known = self.numbers.find(hashed, |number| masses[number as usize].key == vertex);
        if let Some(number) = known {
            return ControlFlow::Continue(number);
        }
        meter.vertex(masses.len())?;
        let number = self.numbers.add(hashed).expect("memory ends before the numbers do");
        masses.push(Mass::new(vertex));
        ControlFlow::Continue(number)
    }

    /// Adds to what waits at a vertex, which gets a turn if that may be enough.
    #[inline]
    pub(super) fn give(&mut self, to: u32, mass: f64) {
        let target = &mut self.masses[to as usize];
        target.waiting += mass;
        if !target.queued && target.is_enough(self.epsilon) != Enough::No {
            target.queued = true;
            self.queue.push_back(to);
        }
    }

    /// The next whose turn it is, and what is known of it.
    pub(super) fn next(&mut self) -> Option<(u32, &mut Mass<V>)> {
        let number = self.queue.pop_front()?;
        let mass = &mut self.masses[number as usize];
        mass.queued = false;
        Some((number, mass))
    }
}

/// How many vertices there is room for at first.
const ROOM: usize = 1024;
