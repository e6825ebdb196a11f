//! A store as its users have it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod api_walkthrough;
mod carried_over;
mod defects;
mod error_kinds;
mod graph;
mod maps;
mod operations;
mod past;
mod permissions;
mod search;
mod spaces;
