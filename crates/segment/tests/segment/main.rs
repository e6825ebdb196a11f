//! Segments: what is written is read, and what is damaged is refused.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod appender;
mod common;
mod corruption;
mod golden;
mod history;
mod places;
mod roundtrip;
mod vector_index;
mod verify;
mod writer;
