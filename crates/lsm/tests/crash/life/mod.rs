//! A store and what it should say: the model, the steps of a workload, what is asked of a
//! directory after a crash, and a whole life that a tape of bytes decides.
//!
//! The fuzzer takes this folder in by its path, and other tests some of its files; so nothing here
//! knows the rest of the tests.

pub(crate) mod check;
#[path = "../content.rs"]
pub(crate) mod content;
pub(crate) mod driver;
#[path = "../expired.rs"]
pub(crate) mod expired;
#[path = "../model.rs"]
pub(crate) mod model;
#[path = "../moments.rs"]
pub(crate) mod moments;
#[path = "../past.rs"]
pub(crate) mod past;
#[path = "../step.rs"]
pub(crate) mod step;
#[path = "../told.rs"]
pub(crate) mod told;
#[path = "../workload.rs"]
pub(crate) mod workload;
