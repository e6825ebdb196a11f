//! The bytes of a Sutra store, and nothing else: no file is opened here, nothing is allocated.
//!
//! The written specification is `FORMAT.md` beside this crate; `tests/format/spec_matches_code.rs`
//! holds it against the types field by field. Reading order: [`ids`] and [`limits`], then
//! [`concept`] and [`association`] (the two records), [`mod@text`] and
//! [`mod@fold`] (what belongs to a concept record, and how versions of it add up), [`segment`] and [`section`] (the file header,
//! the section table, the small rows of the sections), [`journal`] (the frame of one commit), [`checksum`] and [`hash`].
//!
//! Invariants:
//! * Every layout is `repr(C)` with alignment 1 and explicit little-endian integers, so any byte
//!   slice of the right length is a valid value and may be read where it lies.
//! * Decoding is total: any input gives a value or a [`FormatError`], never a panic.
//! * Every size and every offset is proven at compile time.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "std")]
extern crate std;

pub mod association;
mod check;
pub mod checksum;
pub mod concept;
pub mod error;
pub mod fold;
pub mod hash;
pub mod ids;
pub mod journal;
mod layout;
pub mod limits;
pub mod metric;
pub mod section;
pub mod segment;
pub mod text;
pub mod time;

pub use association::{AssociationFlags, AssociationRecord};
pub use concept::{ConceptFlags, ConceptRecord, FactKey};
pub use error::FormatError;
pub use fold::fold;
pub use ids::{AssociationKind, ConceptId, ParseIdError};
pub use metric::Metric;
pub use section::{
    Moment, PayloadHome, SectionEntry, SectionKind, TagLine, VectorIndexEntry, VectorRun,
    VertexTombstone,
};
pub use segment::{BlockExtent, SegmentHeader};
pub use text::TextEntries;
