//! What the tests of Sutra share: a disk in memory that can fail and lose its power, and
//! deterministic chance and damage.
//!
//! [`SimDir`] stands in for a directory; [`SimDir::crashes`] lists what a power cut could leave
//! behind after each of its operations. [`flip_every_bit`] and [`truncations`] damage bytes,
//! [`SplitMix`] draws numbers from a seed. Nothing here asks the system for time or randomness, so
//! a failure happens again when it is run again.

mod damage;
mod rng;
mod sim;

pub use damage::{flip_every_bit, truncations};
pub use rng::SplitMix;
pub use sim::{
    Crash, CrashPlan, Crashes, Fault, Image, Logged, Note, Op, Profile, SimDir, SimFile, SimLock,
    SimMap, Tears, Times, Written,
};
