//! Graphs, against models that are slow and plain.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
mod communities;
mod paths;
mod projection;
mod ranking;
mod searches;
mod vast;
mod whole;
