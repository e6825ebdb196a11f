//! Real processes on the real file system: killed at any moment and at every call to the system,
//! and refused every call once.
//!
//! The child is this program again, with one test chosen. It tells what it is about to commit and
//! what was acknowledged; whatever happens to it, the next open finds a whole number of its
//! commits, all that were acknowledged among them, no damage, and no file that is in no use.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calls;
mod child;
mod full;
mod history;
mod kills;
