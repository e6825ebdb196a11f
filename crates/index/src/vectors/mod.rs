//! Vectors: the nearest of a named space, by codes in lists that merge by copying.
//!
//! A [`Space`] says which vectors may be compared. A segment has one [`Section`] for each space,
//! which [`build`] makes of vectors and [`merge`] of other sections; the vectors themselves stay
//! where they are and are asked for through [`Vectors`]. [`Centroids`] are shared by all segments
//! of a store, so that a merge copies codes from list to list and a query looks for its lists once.
//! [`Searcher`] answers from any number of sections at a time.
//!
//! The way of a query: turn it as all codes are turned, code it, rank the cells, scan the lists of
//! the best ones (signs first from 256 dimensions on), score what comes through exactly.
//!
//! Invariants:
//! * A code depends on its vector and the space alone. Sections depend on their vectors, rows and
//!   centroids alone, whatever was merged in which order.
//! * Estimates may differ from exact scores and only decide what is looked at; the scores in an
//!   answer are exact.
//! * Every path of instructions gives the same bits; see [`Level`].
//!
//! The bytes are described in [`layout`].

mod build;
mod candidates;
mod centroids;
mod code;
mod dispatch;
mod error;
mod exact;
mod geometry;
pub mod layout;
mod merge;
mod order;
mod packed;
mod plan;
mod portable;
mod ranking;
mod rotation;
mod rows;
mod scan;
mod search;
mod section;
mod signs;
mod space;
#[cfg(test)]
mod spec;
mod train;
mod write;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;

#[cfg(test)]
pub(crate) use spec::CONSTANTS as SPEC_CONSTANTS;

pub use build::build;
pub use centroids::{CELLS_MAX, Centroids, CentroidsBlob};
pub use code::Coder;
pub use dispatch::Level;
pub use error::VectorError;
pub use exact::{Scorer, score};
pub use layout::Form;
pub use merge::{GONE, MergeInput, merge};
pub use plan::Effort;
pub use rows::{Matrix, RowSet, Vectors};
pub use search::{Hit, Part, Query, Searcher};
pub use section::Section;
pub use space::{Metric, NAME_BYTES_MAX, Space};
pub use train::{LISTS_MIN, cells_for};
