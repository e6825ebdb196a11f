//! What the tests of Sutra share: a disk in memory that can fail and lose its power, and
//! deterministic chance and damage.
//!
//! [`SimDir`] stands in for a directory; [`SimDir::crashes`] lists what a power cut could leave
//! behind after each of its operations. [`flip_every_bit`] and [`truncations`] damage bytes,
//! [`SplitMix`] draws numbers from a seed, and [`FuzzRuns`] makes inputs for the targets of fuzzers.
//! Nothing here asks the system for time or randomness, so a failure happens again when it is run
//! again.
//!
//! ```
//! use sutra_fs::{Name, publish};
//! use sutra_testkit::{CrashPlan, Note, Profile, SimDir};
//!
//! let name = Name::new("greeting").expect("a plain name");
//! let dir = SimDir::new();
//! publish(&dir, &name, b"hello")?;
//! dir.note(Note::Ack(1));
//! for crash in dir.crashes(&CrashPlan::new(Profile::PosixWeak)) {
//!     let dir = SimDir::from_image(&crash.image); // What is tested would recover from this one.
//!     let kept = dir.image().read(&name);
//!     assert!(kept.as_deref() == Some(b"hello") || (kept.is_none() && crash.acked == 0));
//! }
//! # Ok::<(), sutra_fs::FsError>(())
//! ```

mod damage;
mod fuzz;
mod rng;
mod sim;

pub use damage::{flip_every_bit, truncations};
pub use fuzz::{FuzzRuns, FuzzTarget};
pub use rng::SplitMix;
pub use sim::{
    Call, Crash, CrashPlan, Crashes, Fault, Image, Logged, Note, Op, Profile, SimDir, SimFile,
    SimLock, SimMap, Tears, Times, Twist, Written,
};
