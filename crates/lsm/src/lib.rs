//! The engine of Sutra: all policy, all threads, all locks.
//!
//! The way of a write: a [`WriteBatch`] becomes one frame of the [`journal`]; commits that wait
//! for the disk share one sync ([`group`]); then the records go into the [`memtable`], where
//! readers find them. A full memtable becomes a segment of level 0, segments of one level merge
//! into one of the next, and the manifest says which ones count.
//!
//! The way of a read: a [`Snapshot`] pins a version (memtables and segments, newest first) and a
//! sequence number, and asks table after table until one has the answer. No lock is taken.
//!
//! Reading order: `tree` (what the parts share), `commit`, `flush`, `compaction`, `open` and
//! `recovery`, `version`, `snapshot`.
//!
//! Flushes, merges, recoveries, stalls and failures are told to whoever listens to `tracing`.
//!
//! Invariants:
//! * A commit is visible as a whole or not at all, and only after its frame is written and, if it
//!   asked for that, durable.
//! * A file is named by the manifest only once it is durable under its name, and removed only
//!   after the manifest that no longer names it is durable and no snapshot reads it.
//! * A flush or a merge keeps one row for each concept and association. Older versions that a
//!   snapshot still sees are in the memtables and segments that it pins.
#![forbid(unsafe_code)]

mod backup;
mod batch;
mod commit;
mod compaction;
mod config;
mod erase;
mod error;
mod expiry;
mod files;
mod flush;
mod graph;
pub mod group;
mod guard;
mod health;
mod history;
pub mod journal;
mod liveness;
pub mod memtable;
mod merge;
mod moves;
mod names;
mod neighbours;
mod open;
mod output;
mod plan;
#[cfg(not(feature = "planted"))]
#[expect(unreachable_pub, reason = "public only where defects can be planted")]
mod planted;
#[cfg(feature = "planted")]
pub mod planted;
mod poison;
mod pressure;
mod readback;
mod recovery;
mod salvage;
mod scan;
mod scrub;
mod snapshot;
mod stats;
mod strays;
mod sync;
mod tree;
mod vectors;
mod verify;
mod version;
mod words;
mod worker;

pub use backup::{BackupOptions, BackupReport, StoreIdentity, restore};
pub use batch::{ConceptPut, Touch, WriteBatch};
pub use commit::CommitInfo;
pub use config::{Background, CompactionConfig, Durability, Environment};
pub use erase::EraseReport;
pub use error::{LsmError, Result};
pub use graph::{EdgeFilter, GraphView};
pub use guard::{Reader, Reads};
pub use health::{Health, HealthReport};
pub use history::{Change, Changed, ConceptVersion, Retention};
pub use neighbours::Neighbors;
pub use recovery::Recovery;
pub use salvage::{Link, Loss, Lost, SalvageOptions, SalvageReport, salvage};
pub use scan::{Associations, Concepts};
pub use scrub::{ScrubPass, ScrubReport};
pub use snapshot::{Concept, Snapshot};
pub use stats::{LsmStats, SYNC_BUCKETS, SegmentInfo};
pub use sutra_manifest::{Expiry, ExpiryScope, HalfLife};
pub use tree::{LSMTree, LsmTree};
pub use vectors::{VectorHit, VectorQuery};
pub use verify::{Damage, VerifyReport};
pub use words::{Keep, WordHit};
