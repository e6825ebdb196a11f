//! Where the engine gets its locks, its threads, and the atomics that order its parts.
//!
//! In any build that ships these are the types of `parking_lot`, `arc_swap` and the standard
//! library, and this module is little but their names. With the feature `shuttle` they are types of
//! the same shape whose every operation lets a scheduler decide who goes on, so that
//! `tests/interleavings` can try orders that chance would not meet; such a build works within
//! those tests and nowhere else.
//!
//! Counters, and what the memtable has inside, do not come from here: the first order nothing, and
//! the second has one writer at a time and is published by `visible`, which does.

#[cfg(not(feature = "shuttle"))]
mod real;
#[cfg(feature = "shuttle")]
mod shuttled;

#[cfg(not(feature = "shuttle"))]
pub(crate) use real::*;
#[cfg(feature = "shuttle")]
pub(crate) use shuttled::*;
