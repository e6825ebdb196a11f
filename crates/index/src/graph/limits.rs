//! [`Limits`]: what a search may read and remember, and [`Outcome`]: whether it was enough.

use std::ops::ControlFlow;

use super::adjacency::{Adjacency, Direction};

/// What one search may cost. A search that meets a limit stops there and tells what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Vertices that it may remember. Each costs some 40 to 150 bytes, as the search needs.
    pub vertices: usize,
    /// Edges that it may be told. This is what bounds the time, hubs and all.
    pub edges: u64,
}

impl Default for Limits {
    /// A million vertices, ten million edges.
    fn default() -> Self {
        Self { vertices: 1_000_000, edges: 10_000_000 }
    }
}

impl Limits {
    /// None but memory and time. For graphs that are known.
    pub const NONE: Self = Self { vertices: usize::MAX, edges: u64::MAX };
}

/// A limit that was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::vertices`].
    Vertices,
    /// [`Limits::edges`].
    Edges,
    /// The number of paths asked for.
    Paths,
}

/// Whether an answer is all there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an answer may have been cut short"]
pub enum Outcome {
    /// It is.
    Complete,
    /// There may be more: this limit was met first.
    LimitReached(Limit),
}

impl Outcome {
    /// Whether the answer is all there is.
    pub fn is_complete(self) -> bool {
        self == Self::Complete
    }
}

/// How a search moves: along which edges, and how far at most.
#[derive(Debug)]
pub struct Walk<'f, A: Adjacency + ?Sized> {
    /// Along which edges of a vertex.
    pub direction: Direction,
    /// Which of them, in the words of the graph.
    pub filter: &'f A::Filter,
    /// What it may cost.
    pub limits: Limits,
}

impl<'f, A: Adjacency> Walk<'f, A> {
    /// A walk with the usual limits.
    pub fn new(direction: Direction, filter: &'f A::Filter) -> Self {
        Self { direction, filter, limits: Limits::default() }
    }

    /// The same walk with these limits.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

impl<A: Adjacency + ?Sized> Clone for Walk<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: Adjacency + ?Sized> Copy for Walk<'_, A> {}

/// Counts what a search costs against its limits.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    limits: Limits,
    edges: u64,
    met: Option<Limit>,
}

impl Meter {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, edges: 0, met: None }
    }

    /// Counts an edge that was told. Breaks at the first one beyond the limit.
    #[inline]
    pub(super) fn edge(&mut self) -> ControlFlow<()> {
        if self.edges >= self.limits.edges {
            return self.stop(Limit::Edges);
        }
        self.edges += 1;
        ControlFlow::Continue(())
    }

    /// Asks for room for one vertex more, when `held` are remembered.
    #[inline]
    pub(super) fn vertex(&mut self, held: usize) -> ControlFlow<()> {
        if held >= self.limits.vertices {
            return self.stop(Limit::Vertices);
        }
        ControlFlow::Continue(())
    }

    /// Asks whether so many vertices may be remembered.
    pub(super) fn vertices(&mut self, held: usize) -> ControlFlow<()> {
        if held > self.limits.vertices {
            return self.stop(Limit::Vertices);
        }
        ControlFlow::Continue(())
    }

    pub(super) fn stop(&mut self, limit: Limit) -> ControlFlow<()> {
        self.met = Some(limit);
        ControlFlow::Break(())
    }

    pub(super) fn outcome(&self) -> Outcome {
        self.met.map_or(Outcome::Complete, Outcome::LimitReached)
    }
}
