//! The rows that have a term, and how often each has it.
//!
//! ```text
//! head and entries of the full blocks, if there are any | full blocks of 128: rows, then frequencies | the rest:
//! width of the rows, width of the frequencies, rows, frequencies
//! ```
//!
//! Rows are differences, frequencies one less than they are. A full block whose rows all have the
//! term once takes no byte for that. The number of rows is in the dictionary.

mod positions;
mod read;
mod write;

pub(crate) use positions::{PositionReader, put_positions};
pub(crate) use read::{ListReader, Refused};
pub(crate) use write::put_list;
