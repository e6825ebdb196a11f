//! Words, from the analyser to what a section answers.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod analyser;
mod bytes;
mod found;
mod histories;
mod memory;
mod support;
