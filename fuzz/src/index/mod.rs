//! Sections of indexes as a fuzzer damages them: opening, checking, searching and merging them
//! never panics, takes bounded memory, and what was checked can be searched and merged.

mod vectors;
mod words;

pub use vectors::vectors;
pub use words::words;
