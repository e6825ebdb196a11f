//! What is done with the bytes of a fuzzer, one function for each target.
//!
//! The same functions run on the stored inputs in the ordinary tests of `sutra-lsm`, which take
//! this file in by its path; so nothing here knows libFuzzer, or itself by the name of its crate.
//!
//! * `tape` turns bytes into choices; `base` has sound stores to begin with.
//! * `damage` and `mutate` damage files as a tape says, and `repair` makes sums right again, so that what is
//!   behind them is reached.
//! * `look` reads all that a store says, and `ask` searches it.
//! * `past` is what a store that keeps history must still say.
//! * `life` is the simulator of the tests, taken in by its path.
//! * [`segment()`], [`manifest()`], [`journal()`], [`store_ops()`], [`open_dir()`] and
//!   [`sim_tape()`] are the targets. They panic when the engine does what it must not.
//! * `index` has those of the sections of indexes, which the tests of `sutra-index` run.
//! * [`bounded`] holds memory against the length of the files.

mod ask;
mod base;
mod bound;
mod damage;
#[cfg(not(test))] // The tests of `sutra-index` take it in themselves.
mod index;
mod journal;
#[expect(dead_code, reason = "the other tests of the engine use more of it")]
#[path = "../../crates/lsm/tests/crash/life/mod.rs"]
mod life;
mod look;
mod manifest;
mod mutate;
mod open_dir;
mod past;
mod repair;
mod segment;
mod sim_tape;
mod store_ops;
mod tape;

pub use bound::bounded;
#[cfg(not(test))]
pub use index::{vectors, words};
pub use journal::journal;
pub use manifest::manifest;
pub use open_dir::open_dir;
pub use segment::segment;
pub use sim_tape::sim_tape;
pub use store_ops::store_ops;
