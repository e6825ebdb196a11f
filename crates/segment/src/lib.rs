//! The segment file: an immutable table of concepts and one of associations, with the payload
//! that belongs to them and the directories that find their rows.
//!
//! [`SegmentWriter`] streams sorted rows into a file that the engine then publishes; [`Segment`]
//! reads one where it lies, from any bytes: a map in production, a `Vec` in tests and fuzzers.
//! [`SegmentAppender`] is for those who want the file alone: it takes records in any order, and
//! what it writes has no directories.
//!
//! Invariants:
//! * A segment is written once, sealed, and never changed; a new state is a new file.
//! * No byte is served before the page that it is on has been checked against its sum; each page
//!   is checked once in the life of a [`Segment`], at its first use.
//! * Reading is total: any bytes give values or a [`SegmentError`], never a panic, and nothing is
//!   allocated by a number from the file that has not been held against its length.
//! * In a sorted segment concepts rise strictly by (placement, id), associations by (placement of
//!   source, source, kind, target). The writer asserts it; [`Segment::verify`] repeats the check.
//!
//! ```
//! use sutra_format::{ConceptId, ConceptRecord};
//! use sutra_segment::Segment;
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("data.seg");
//!
//! let mut segment = Segment::create(&path, 0)?;
//! let record = ConceptRecord::new(ConceptId::from_bytes([1; 16]), 0, 0, 0);
//! let offset = segment.append_concept(record)?;
//! let (content_offset, _length) = segment.append_content("Hello, Sutra!")?;
//! let (vector_offset, _dimension) = segment.append_vector(&[1.0, 2.0, 3.0, 4.0])?;
//! segment.sync()?;
//!
//! let segment = Segment::open_read(&path)?;
//! assert_eq!(segment.read_concept(offset)?.id, ConceptId::from_bytes([1; 16]));
//! assert_eq!(segment.read_content(content_offset)?, "Hello, Sutra!");
//! assert_eq!(segment.read_vector(vector_offset)?, [1.0, 2.0, 3.0, 4.0]);
//! assert_eq!(segment.iter_concepts()?.count(), 1);
//! assert_eq!(segment.stats().concept_count, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

#[cfg(target_endian = "big")]
compile_error!(
    "vectors are served as slices of the file, whose numbers are little-endian: a big-endian \
     machine would read other values"
);

mod appender;
mod assembly;
mod batch;
mod cursor;
mod directories;
mod ends;
mod error;
mod history;
mod incoming;
mod lines;
mod lookup;
mod offsets;
mod pages;
mod passes;
mod payload;
mod plan;
mod raw;
mod reader;
mod sections;
mod stats;
mod vector_index;
mod verify;
mod words;
mod writer;

pub use appender::{APPENDER_BYTES_MAX, SegmentAppender};
pub use assembly::SegmentSummary;
pub use error::SegmentError;
pub use history::shared_payload;
pub use incoming::Incoming;
pub use plan::{OlderVersions, SegmentPlan};
pub use reader::Segment;
pub use stats::SegmentStats;
pub use vector_index::VectorIndexPart;
pub use writer::SegmentWriter;
