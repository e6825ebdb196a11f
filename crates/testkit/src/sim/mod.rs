//! A directory in memory which knows what is durable.
//!
//! * `content`, `payload`: bytes of files in shared pages, so that a copy costs next to nothing.
//! * `op`: the log of everything that was done, from which every crash is derived.
//! * `state`, `fault`, `twist`: the living directory. `dir` is the handle of the test, `seam` the
//!   [`Dir`](sutra_fs::Dir) contract, both over it.
//! * `image`: a directory at rest, as it is found after a crash; can be damaged, can be opened.
//! * `frontier`: what is durable and what is pending, moved along the log one operation at a time.
//! * `plan`, `crashes`: which of the possible images to make, and the walk that makes them.

mod content;
mod crashes;
mod dir;
mod fault;
mod frontier;
mod image;
mod op;
mod payload;
mod plan;
mod seam;
mod state;
mod twist;

pub use crashes::{Crash, Crashes};
pub use dir::SimDir;
pub use fault::{Fault, Times};
pub use image::Image;
pub use op::{Logged, Note, Op, Written};
pub use plan::{CrashPlan, Profile, Tears};
pub use seam::{SimFile, SimLock, SimMap};
pub use twist::{Call, Twist};
