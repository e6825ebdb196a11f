//! The manifest: its rules, its bytes, and how it is replaced.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod api;
mod bytes;
mod common;
mod disk;
mod paths;
mod rules;
