//! The indexes of Sutra as sorted tables: rows in, bytes out; bytes in, answers out. No file is
//! opened here, no thread is started and no lock is taken.
//!
//! A segment holds the bytes of an index as sections; who composes segments gives them, together
//! with the rows that are alive, and gets back rows with scores. Rows are the numbers that a segment
//! gives its records, in the order of its table. A merge of segments yields for each one a map of old
//! rows to new ones that rises, and every index merges through these maps.
//!
//! Invariants:
//! * Bytes are not trusted: whatever they say, there is no panic, and no number of theirs decides on
//!   memory before it was held against their length.
//! * The same rows give the same bytes, on every processor and in every order of merging.

pub mod graph;
#[cfg(test)]
mod spec;
pub mod vectors;
pub mod words;
