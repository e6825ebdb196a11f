//! Measures Sutra, and beside it LMDB, in one process and on the same data.
//!
//! Reading order: `graph` (the data, and the answers that are right), `engine` (what both engines
//! are asked), `sutra` and `lmdb` (how each does it), `load`, `reads` and `commits` (what is
//! measured), `system` (what the operating system says of it), `table` (what is printed). The
//! benchmarks in `benches` measure Sutra alone, at sizes that fit a quick run, on a `fixture`.
//!
//! Invariants:
//! * Both engines get the same data, and answer the same questions, one after the other.
//! * A figure counts only if the answer behind it was right. That is checked outside of the time.

pub mod commits;
pub mod engine;
pub mod fixture;
pub mod graph;
pub mod lmdb;
pub mod load;
pub mod reads;
pub mod sutra;
pub mod system;
pub mod table;

/// Whatever goes wrong ends the measurement.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
