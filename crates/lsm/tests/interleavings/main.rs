//! The threads of the engine in orders that a scheduler decides: committers, the flush, the
//! compaction, readers that hold snapshots, a backup, and the close.
//!
//! Every lock, every order-giving atomic and every signal of the engine is a point at which another
//! thread may go on (`src/sync`). Orders are drawn at random, and by PCT (Burckhardt et al., "A
//! randomized scheduler with probabilistic guarantees of finding bugs", 2010), which finds any
//! defect that needs few switches with a known probability. `SUTRA_INTERLEAVINGS` multiplies how many.
//! A failure prints the schedule; `shuttle::replay` runs it again.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod commits;
mod failures;
mod readers;
mod stage;
