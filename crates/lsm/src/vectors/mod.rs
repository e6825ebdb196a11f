//! Vectors: what [`sutra_index::vectors`] knows of rows, brought together over all tables of a store.
//!
//! A segment has for each space its rows, and from a certain size on codes in lists; a merge copies
//! codes. The centroids of the lists are in the segment whose writing trained them, and go along when
//! it merges. The vectors of a memtable are compared one by one (`recent`, `memtables`), and so
//! are those of the past that changed since (`past`).
//!
//! Invariants:
//! * Every vector of a sorted segment that can be in its space is in the index of the segment, or the
//!   segment has none for the space and all of its vectors are compared.
//! * Centroids are trained once for each epoch, and epochs are numbered by segments, so one number
//!   never means two sets of centroids. Lists whose centroids are not at hand are compared one by one.

mod memtables;
mod output;
mod past;
mod recent;
mod search;
mod segments;
mod space;

pub(crate) use output::NewVectors;
pub(crate) use past::PastVectors;
pub(crate) use recent::RecentVectors;
pub use search::{VectorHit, VectorQuery};
pub(crate) use space::{SQUARED_LENGTH_MAX, SpaceKey, Spaces, squared_length};
