//! The engine on a disk that loses its power, fails, fills up, or rots.
//!
//! Each test runs a workload on the simulated disk and holds what is found afterwards, read
//! through the public calls alone, against a model that is plain maps.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod check;
mod content;
mod damage;
mod faults;
mod kills;
mod model;
mod random;
mod sim;
mod small;
mod states;
mod workload;
mod workloads;
#[cfg(debug_assertions)] // Without them nothing can be planted.
mod zoo;
