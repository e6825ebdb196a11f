//! Tests of the journal: what is written comes back, what a power cut leaves is told from damage.
#![expect(clippy::unwrap_used, reason = "a test fails where it panics")]

mod crash;
mod damage;
mod failure;
mod filler;
mod hostile;
mod on_disk;
mod round_trip;
mod support;
