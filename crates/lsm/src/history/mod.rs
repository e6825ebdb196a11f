//! History: what was, beside what is.
//!
//! A store that keeps history writes two segments at a flush: the one that is read for what is, and a
//! *history segment* with every version of every row that the memtable had. History segments merge
//! among themselves, by the same levels and thresholds; what is merges as if they were not there, and
//! is read without ever looking at them. A snapshot of the past reads memtables and history segments
//! only, each as of its sequence number; to search it, words and vectors of what is are asked, less what
//! came since.
//!
//! Text and vectors are not written twice: a version refers to where the other segment of the same
//! flush has them, and only what is in no other file is carried into the history segment.
//!
//! Invariants:
//! * From [`since_seq`](sutra_manifest::History::since_seq) on, memtables and history segments have
//!   every version that was ever committed.
//! * The ranges of history segments do not overlap. A version that is a delta has its base in an older
//!   one; changes of one and the same segment are folded.
//! * Times only order what numbers order: where the clock went back, commits count as made at the
//!   highest time before.

mod chains;
mod changes;
mod merge;
mod output;
mod past;
mod since;
mod timeline;
mod upkeep;
mod walk;

pub use changes::{Change, Changed};
pub(crate) use merge::write_memtable as write_history;
pub use past::ConceptVersion;
pub(crate) use since::Past;
pub use upkeep::Retention;
