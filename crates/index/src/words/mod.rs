//! Words: BM25 over postings, exact under any history of updates and merges.
//!
//! A section holds the terms of the texts of a segment's rows, and what it takes back: the terms of
//! rows in other sections that its own rows hide. So the number of live rows, their terms, and the
//! rows that have a term are sums over all sections, exact without looking at a single text, and a
//! score is to the last bit what one section over the live rows alone would give.
//!
//! Reading order: [`analyser`] (texts to terms), [`score`], then the layout of a section from its
//! header down to the packed blocks, then who writes sections (building, merging, the memory index),
//! then the search.

pub mod analyser;
mod build;
mod check;
mod dictionary;
mod error;
mod gathered;
mod impact;
mod layout;
mod lengths;
mod memory;
mod merge;
mod pack;
mod postings;
pub mod score;
pub mod search;
mod section;
#[cfg(test)]
mod spec;
mod varint;
mod writer;

#[cfg(test)]
pub(crate) use spec::CONSTANTS as SPEC_CONSTANTS;

pub use analyser::{Analyser, Language, Purpose, Scratch};
pub use build::SectionBuilder;
pub use error::WordsError;
pub use layout::VERSION;
pub use memory::{Hidden, MemoryReader, MemoryView, MemoryWords};
pub use merge::{GONE, MergeInput, merge};
pub use score::Statistics;
pub use search::{Clause, Hit, Query, Source, search};
pub use section::Section;
