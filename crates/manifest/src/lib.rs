//! The manifest: which files belong to a store, and what must be known before they are read.
//!
//! It is one JSON file, pretty-printed for people and closed by a checksum line:
//!
//! ```json
//! {
//!   "version": 1,
//!   "store_id": "000102030405060708090a0b0c0d0e0f",
//!   "hash_seed": "0123456789abcdef",
//!   "next_segment_id": 3,
//!   "last_seq": 40,
//!   "journal_floor": 2,
//!   "association_kinds": [
//!     "hypernym"
//!   ],
//!   "segments": [
//!     {
//!       "segment_id": 1,
//!       "path": "seg_00000001.dat",
//!       "concept_count": 30,
//!       "association_count": 10,
//!       "file_size": 16384,
//!       "created_at": 1729000000000,
//!       "compacted_at": 0,
//!       "level": 0,
//!       "min_seq": 1,
//!       "max_seq": 40,
//!       "header_crc": "89abcdef",
//!       "payload_only": false
//!     }
//!   ],
//!   "last_compaction": 0,
//!   "compaction_count": 0,
//!   "checksum": "fd58e7b3"
//! }
//! ```
//!
//! A store with vector spaces has one more field behind `association_kinds`, which others leave out:
//!
//! ```json
//! "vector_spaces": [
//!   {
//!     "code": 1,
//!     "name": "titles",
//!     "model": "all-MiniLM-L6-v2",
//!     "dimension": 384,
//!     "metric": "cosine"
//!   }
//! ]
//! ```
//!
//! One whose texts are indexed by another analyser than `unicode` in version 1 has this one behind them:
//!
//! ```json
//! "analyser": {
//!   "name": "unicode-en",
//!   "version": 1
//! }
//! ```
//!
//! What the fields mean is said on [`Manifest`], [`SegmentMetadata`] and [`VectorSpace`], which have
//! the same names. Codes of spaces are 1, 2, and so on, in this order; metrics are `cosine`, `dot` and
//! `euclidean`. `checksum` is the CRC-32 under [`PLAIN_SEED`](sutra_format::checksum::PLAIN_SEED) of
//! every byte before its line. That line, two spaces in, and the `}` and line feed after it are
//! compared byte for byte, so any flipped bit and any cut is noticed. This rule and the field
//! `version` are for all versions to come; nothing else is.
//!
//! Invariants:
//! * A manifest that was loaded, or that is written, satisfies every rule of [`Problem::Invalid`]:
//!   ids and paths are unique, paths are plain file names, and sequence ranges do not overlap.
//! * Under the name of the manifest there is at any moment a whole one, old or new; once
//!   [`Manifest::publish`] returned, the new one, durably.
//! * The files that it names were durable before it was: whoever publishes it sees to that.
//!
//! Reading order: [`manifest`](Manifest), `wire` (the JSON), `envelope` (the checksum), `check`
//! (the rules), `files` (the disk).
#![forbid(unsafe_code)]

mod analyser;
mod check;
mod envelope;
mod error;
mod expiry;
mod files;
mod history;
mod kinds;
mod manifest;
mod metadata;
mod spaces;
mod strict;
mod wire;

pub use analyser::AnalyserName;
pub use error::{ManifestError, Problem};
pub use expiry::{Expiry, ExpiryError, ExpiryPolicy, ExpiryScope, HalfLife};
pub use history::History;
pub use kinds::KindError;
pub use manifest::Manifest;
pub use metadata::SegmentMetadata;
pub use spaces::{SpaceError, VectorSpace};
pub use sutra_format::Metric;
