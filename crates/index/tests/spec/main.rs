//! FORMAT.md is enough: readers of sections that were written from its text alone, and its
//! examples against what the crate writes. The readers call nothing of the crate.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod analyser;
mod bits;
mod examples;
mod golden;
mod vectors;
mod vectors_reader;
mod words;
mod words_reader;
