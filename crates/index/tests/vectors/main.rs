//! The index of vectors from outside, held against a naive scan.

mod answers;
mod asking;
mod bytes;
mod common;
mod merging;
mod refusals;
