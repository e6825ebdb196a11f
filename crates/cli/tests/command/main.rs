//! The command `sutra`, run as a process.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod backups;
mod bad_lines;
mod changes;
mod commands;
mod common;
mod exit_codes;
mod expiry;
mod graph;
mod killed;
mod options;
mod past;
mod pipes;
mod round_trip;
mod searching;
mod spaces;
