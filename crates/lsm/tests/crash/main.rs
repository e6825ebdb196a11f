//! The engine on a disk that loses its power, fails, fills up, or rots.
//!
//! Each test runs a workload on the simulated disk and holds what is found afterwards, read
//! through the public calls alone, against a model that is plain maps.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod copies;
mod damage;
mod every;
mod faults;
mod kills;
mod life;
mod parallel;
mod places;
mod random;
mod reach;
mod sim;
mod small;
mod states;
mod workloads;
#[cfg(debug_assertions)] // Without them nothing can be planted.
mod zoo;

use life::{check, content, model, workload};
